//! What happens while pods are in flight: taken out of the queue, their fate not yet known. A pod that comes back
//! rejected is judged by the events it missed.

use crate::framework::Happened;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Pods in flight, and the events since the first of them took off.
#[derive(Default)]
pub struct Flight {
    took_off: HashMap<Arc<str>, u64>,
    order: BTreeSet<(u64, Arc<str>)>,
    events: VecDeque<Happened>,
    /// Number of the first event kept.
    first: u64,
}

impl Flight {
    /// A pod takes off.
    pub fn start(&mut self, uid: &Arc<str>) {
        let end = self.first + self.events.len() as u64;
        if self.took_off.insert(Arc::clone(uid), end).is_none() {
            self.order.insert((end, Arc::clone(uid)));
        }
    }

    /// Whether no pod is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.took_off.is_empty()
    }

    /// Something happened; kept if any pod is in flight.
    pub fn record(&mut self, event: &Happened) {
        if !self.took_off.is_empty() {
            self.events.push_back(event.clone());
        }
    }

    /// The events since a pod took off.
    pub fn since(&self, uid: &str) -> impl Iterator<Item = &Happened> {
        let end = self.first + self.events.len() as u64;
        let start = self.took_off.get(uid).copied().unwrap_or(end);
        let skipped = usize::try_from(start - self.first).unwrap_or(usize::MAX);
        self.events.iter().skip(skipped)
    }

    /// A pod's fate is known.
    pub fn end(&mut self, uid: &str) {
        if self.took_off.is_empty() {
            return;
        }
        let Some(position) = self.took_off.remove(uid) else {
            return;
        };
        self.order.remove(&(position, Arc::from(uid)));
        let end = self.first + self.events.len() as u64;
        let needed = self.order.first().map_or(end, |(position, _)| *position);
        while self.first < needed {
            self.events.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Events;

    fn seen(flight: &Flight, uid: &str) -> Vec<Events> {
        flight.since(uid).map(|e| e.events).collect()
    }

    #[test]
    fn each_pod_sees_what_happened_since_it_took_off() {
        let mut flight = Flight::default();
        let (a, b) = (Arc::from("a"), Arc::from("b"));
        let happened = Happened::of;
        flight.record(&happened(Events::NODE_ADD));
        flight.start(&a);
        flight.record(&happened(Events::POD_DELETE));
        flight.start(&b);
        flight.record(&happened(Events::NODE_LABEL));
        assert_eq!(seen(&flight, "a"), [Events::POD_DELETE, Events::NODE_LABEL]);
        assert_eq!(seen(&flight, "b"), [Events::NODE_LABEL]);
        assert_eq!(seen(&flight, "c"), []);
        flight.end("a");
        assert_eq!(seen(&flight, "b"), [Events::NODE_LABEL]);
        assert_eq!(flight.events.len(), 1);
        flight.end("b");
        assert!(flight.events.is_empty() && flight.order.is_empty());
        flight.record(&happened(Events::NODE_ADD));
        assert!(flight.events.is_empty());
    }
}
