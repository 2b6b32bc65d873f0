//! Who rejected a pod, and what an event means to it.

use super::{ClusterEvent, Events, Profile};
use crate::model::PodClass;

/// A set of plugins of one profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PluginSet(u64);

impl PluginSet {
    /// How many plugins a profile may have.
    pub(super) const CAPACITY: usize = 64;
}

/// The plugins that rejected a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejectors {
    /// Plugins that found it unschedulable.
    pub unschedulable: PluginSet,
    /// Plugins that let it wait for something: an event that helps them makes it skip its backoff.
    pub pending: PluginSet,
}

/// What becomes of a rejected pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requeue {
    /// It keeps waiting.
    No,
    /// It is tried again when its backoff is over.
    AfterBackoff,
    /// It is tried again at once.
    Now,
}

impl Rejectors {
    /// Whether no plugin rejected the pod: its attempt ended in an error.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.unschedulable.0 | self.pending.0 == 0
    }

    fn has(self, at: usize) -> bool {
        (self.unschedulable.0 | self.pending.0) & 1 << at != 0
    }
}

impl Profile {
    /// The set of plugins of these names.
    #[must_use]
    pub fn set(&self, names: &[&'static str]) -> PluginSet {
        let at = |name| self.plugins().position(|p| p.name() == name);
        let set = names.iter().filter_map(|n| at(*n));
        PluginSet(set.fold(0, |set, i| set | 1 << i))
    }

    /// Whether any of the plugins cares about such events.
    #[must_use]
    pub fn concerned(&self, by: Rejectors, events: Events) -> bool {
        by.is_empty()
            || self
                .plugins()
                .enumerate()
                .any(|(at, plugin)| by.has(at) && plugin.events().meets(events))
    }

    /// What an event does to pods of a class which the plugins rejected. A pod no plugin rejected is helped by any.
    #[must_use]
    pub fn requeue(&self, by: Rejectors, class: &PodClass, event: &ClusterEvent<'_>) -> Requeue {
        if by.is_empty() {
            return Requeue::AfterBackoff;
        }
        let helped = self.plugins().enumerate().filter(|(at, plugin)| {
            by.has(*at) && plugin.events().meets(event.events) && plugin.hint(class, event)
        });
        let how = |(at, _): (usize, _)| {
            if by.pending.0 & (1 << at) != 0 {
                Requeue::Now
            } else {
                Requeue::AfterBackoff
            }
        };
        if by.pending == PluginSet::default() {
            return helped.map(how).next().unwrap_or(Requeue::No);
        }
        helped.map(how).max().unwrap_or(Requeue::No)
    }
}
