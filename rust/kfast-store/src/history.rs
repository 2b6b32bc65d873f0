//! The events of all resources that are still retained, oldest first.

use crate::event::Event;
use foldhash::HashMap;
use kfast_core::Revision;
use std::collections::VecDeque;
use std::sync::Arc;

/// How much history may pile up between compactions; the oldest goes first.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Events retained.
    pub events: usize,
    /// Bytes of superseded states retained.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: 200_000,
            bytes: 64 << 20,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct History {
    order: VecDeque<Arc<str>>,
    by_resource: HashMap<Arc<str>, VecDeque<Arc<Event>>>,
    /// Bytes of superseded states.
    bytes: usize,
}

impl History {
    pub(crate) fn push(&mut self, event: Arc<Event>) {
        self.bytes += superseded(&event);
        self.order.push_back(event.resource.clone());
        match self.by_resource.get_mut(&event.resource) {
            Some(events) => events.push_back(event),
            None => {
                let resource = event.resource.clone();
                self.by_resource.insert(resource, VecDeque::from([event]));
            }
        }
    }

    /// The retained events of a resource after `revision`.
    pub(crate) fn after(
        &self,
        resource: &str,
        revision: Revision,
    ) -> impl Iterator<Item = &Arc<Event>> {
        let events = self.by_resource.get(resource);
        let start = events.map_or(0, |e| e.partition_point(|e| e.revision <= revision));
        events.into_iter().flat_map(move |e| e.range(start..))
    }

    pub(crate) fn exceeds(&self, limits: Limits) -> bool {
        self.order.len() > limits.events || self.bytes > limits.bytes
    }

    /// Takes out the oldest event if `wanted`.
    pub(crate) fn pop_if(&mut self, wanted: impl FnOnce(&Event) -> bool) -> Option<Arc<Event>> {
        let events = self.by_resource.get_mut(self.order.front()?)?;
        if !wanted(events.front()?) {
            return None;
        }
        self.order.pop_front();
        let event = events.pop_front()?;
        self.bytes -= superseded(&event);
        Some(event)
    }

    /// Replaces the events of a resource by what `rebuilt` makes of them.
    pub(crate) fn rebuild(&mut self, resource: &str, rebuilt: impl Fn(&Event) -> Event) {
        for event in self.by_resource.get_mut(resource).into_iter().flatten() {
            *event = Arc::new(rebuilt(event));
        }
    }
}

fn superseded(event: &Event) -> usize {
    event
        .previous
        .as_ref()
        .map_or(0, |v| v.object.pieces().total())
}
