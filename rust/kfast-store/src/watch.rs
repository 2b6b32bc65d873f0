//! One watch: a queue of the events that concern it, filled by the hub, drained by its owner.

use crate::event::{Event, EventKind};
use crate::filter::Filter;
use crate::shared::Shared;
use crate::{Result, StoreError};
use kfast_core::{Object, Revision};
use kfast_selector::{FieldSelector, LabelSelector};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Names a watch in `Store::ready`.
pub type WatchId = u64;

/// What to watch.
#[derive(Clone, Debug, Default)]
pub struct WatchOptions {
    /// Only this namespace.
    pub namespace: Option<Box<str>>,
    /// Only objects of these labels.
    pub labels: LabelSelector,
    /// Only objects of these field values.
    pub fields: FieldSelector,
    /// Only events of a greater revision; 0: from now.
    pub since: Revision,
}

/// One event as a watch sees it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What the event is through the watch's selectors.
    pub kind: EventKind,
    /// The write.
    pub event: Arc<Event>,
}

impl Delivery {
    /// The object the event carries.
    ///
    /// # Panics
    /// Never: every event has a state of its kind.
    #[must_use]
    pub fn object(&self) -> &Object {
        let object = match self.kind {
            EventKind::Deleted => self.event.departed(),
            _ => self.event.next.as_ref().map(|v| &v.object),
        };
        object.expect("an event has the state its kind speaks of")
    }

    /// The state before, if it was inside the selectors.
    #[must_use]
    pub fn previous(&self) -> Option<&Object> {
        let previous = self.event.previous.as_ref().map(|v| &v.object);
        previous.filter(|_| self.kind != EventKind::Added)
    }

    /// The watch line `{"type":...,"object":...}\n`.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let kind = self.kind.as_str().as_bytes();
        let head = [&b"{\"type\":\""[..], kind, b"\",\"object\":"];
        let (object, end) = (self.object().pieces(), &b"}\n"[..]);
        let total = head.concat().len() + object.total() + end.len();
        let mut frame = Vec::with_capacity(total);
        let pieces = head.into_iter().chain(object).chain([end]);
        pieces.for_each(|piece| frame.extend_from_slice(piece));
        frame
    }
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Delivery>,
    /// Somebody wants to hear of the next event.
    armed: bool,
    closed: bool,
    /// Events were dropped: the revision the watch would go on from.
    lost: Option<Revision>,
}

#[derive(Debug)]
pub(crate) struct Cursor {
    pub(crate) id: WatchId,
    pub(crate) filter: Filter,
    since: Revision,
    queue: Mutex<Queue>,
}

impl Cursor {
    pub(crate) fn new(id: WatchId, filter: Filter, since: Revision) -> Self {
        Self {
            id,
            filter,
            since,
            queue: Mutex::default(),
        }
    }

    /// Queues the event if it concerns the watch; true if somebody is to be told.
    pub(crate) fn offer(&self, event: &Arc<Event>, limit: usize) -> bool {
        if event.revision <= self.since {
            return false;
        }
        let Some(kind) = event.seen_through(&self.filter) else {
            return false;
        };
        let mut queue = self.queue.lock();
        if queue.lost.is_some() {
            return false;
        }
        if queue.waiting.len() >= limit {
            let first = queue.waiting.front().map_or(0, |d| d.event.revision);
            queue.lost = Some(first.saturating_sub(1));
            queue.waiting.clear();
        } else {
            let event = event.clone();
            queue.waiting.push_back(Delivery { kind, event });
        }
        std::mem::take(&mut queue.armed)
    }

    /// Ends the watch as if history had been cut under it; true if somebody is to be told.
    pub(crate) fn lose(&self, revision: Revision) -> bool {
        let mut queue = self.queue.lock();
        queue.waiting.clear();
        queue.lost = Some(revision);
        std::mem::take(&mut queue.armed)
    }
}

/// A cursor over the events of one resource. Dropping it closes it.
#[derive(Debug)]
pub struct Watch {
    pub(crate) shared: Arc<Shared>,
    pub(crate) resource: Arc<str>,
    pub(crate) cursor: Arc<Cursor>,
}

impl Watch {
    /// Names this watch in `Store::ready`.
    #[must_use]
    pub fn id(&self) -> WatchId {
        self.cursor.id
    }

    /// All matching events up to here have been handed out.
    #[must_use]
    pub fn revision(&self) -> Revision {
        // Read before the queue: an event is queued before its revision shows.
        let committed = self.shared.committed.load(Ordering::Acquire);
        let queue = self.cursor.queue.lock();
        let reached = match (queue.lost, queue.waiting.front()) {
            (Some(lost), _) => lost,
            (None, Some(next)) => committed.min(next.event.revision - 1),
            (None, None) => committed,
        };
        reached.max(self.cursor.since)
    }

    /// Takes up to `limit` events; empty if none is ready or the watch is closed.
    ///
    /// # Errors
    /// `Compacted` if history was cut under the cursor; watch again from a new list.
    pub fn drain(&self, limit: usize) -> Result<Vec<Delivery>> {
        let compacted = self.shared.compacted.load(Ordering::Acquire);
        let mut queue = self.cursor.queue.lock();
        if let Some(next) = queue.waiting.front()
            && next.event.revision <= compacted
        {
            queue.lost = Some(next.event.revision - 1);
            queue.waiting.clear();
        }
        if let Some(requested) = queue.lost {
            return Err(StoreError::Compacted {
                requested,
                compacted: compacted.max(requested + 1),
            });
        }
        let count = limit.min(queue.waiting.len());
        Ok(queue.waiting.drain(..count).collect())
    }

    /// Asks for the watch to show up in `Store::ready` at its next event; false if there is no need to wait.
    #[must_use]
    pub fn arm(&self) -> bool {
        let mut queue = self.cursor.queue.lock();
        queue.armed = queue.waiting.is_empty() && !queue.closed && queue.lost.is_none();
        queue.armed
    }

    /// Gives the cursor up. Idempotent.
    pub fn close(&self) {
        let armed = {
            let mut queue = self.cursor.queue.lock();
            if std::mem::replace(&mut queue.closed, true) {
                return;
            }
            queue.waiting.clear();
            std::mem::take(&mut queue.armed)
        };
        let mut state = self.shared.state.write();
        state.hub.remove(&self.resource, &self.cursor);
        drop(state);
        if armed {
            self.shared.announce([self.cursor.id]);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}
