//! Writes on their way to the log: checked, numbered, not yet visible.

use crate::event::Event;
use foldhash::HashMap;
use kfast_core::{FieldTexts, Revision};
use std::sync::Arc;

/// Names a pending write; never used twice.
pub type Ticket = u64;

/// Events for the log, and the tickets of their writes, which are consecutive.
pub(crate) struct Batch {
    pub(crate) first: Ticket,
    pub(crate) events: Vec<Arc<Event>>,
}

#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// The last revision given out.
    pub(crate) revision: Revision,
    pub(crate) closed: bool,
    /// What the managers of stored objects own.
    pub(crate) texts: FieldTexts,
    /// The last ticket given out.
    issued: Ticket,
    queue: Vec<Arc<Event>>,
    /// The newest pending write of each key.
    newest: HashMap<Arc<str>, HashMap<Box<str>, Arc<Event>>>,
}

impl Pending {
    /// The pending write a new one of this key has to be checked against.
    pub(crate) fn newest(&self, resource: &str, key: &str) -> Option<&Arc<Event>> {
        self.newest.get(resource)?.get(key)
    }

    pub(crate) fn push(&mut self, event: Arc<Event>) -> Ticket {
        self.revision = event.revision;
        let keys = self.newest.entry(event.resource.clone()).or_default();
        keys.insert(event.key.clone(), event.clone());
        self.queue.push(event);
        self.issued += 1;
        self.issued
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Writes that wait for the next batch.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// What the next batch is made of.
    pub(crate) fn take(&mut self) -> Batch {
        let events = std::mem::take(&mut self.queue);
        Batch {
            first: self.issued + 1 - events.len() as Ticket,
            events,
        }
    }

    /// Forgets writes that became visible.
    pub(crate) fn settle(&mut self, batch: &[Arc<Event>]) {
        for event in batch {
            if let Some(keys) = self.newest.get_mut(&event.resource)
                && keys
                    .get(&event.key)
                    .is_some_and(|e| e.revision == event.revision)
            {
                keys.remove(&event.key);
            }
        }
    }

    /// Gives up everything pending, which builds on a write that failed; adds what was queued to the batch.
    pub(crate) fn roll_back(&mut self, committed: Revision, batch: &mut Batch) {
        self.newest.clear();
        self.revision = committed;
        batch.events.append(&mut self.queue);
    }
}
