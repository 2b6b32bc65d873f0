//! Unschedulable pods, grouped by what an event is judged by: the rejecting plugins and the class.

use super::entry::Key;
use super::{SECOND, Time};
use crate::cache::ClassId;
use crate::framework::{Rejectors, Requeue};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Unschedulable pods are tried again after this long without an event.
const LONGEST: Time = 300 * SECOND;
/// How often that is looked at.
const CHECK: Time = 30 * SECOND;

/// Pods that wait for an event.
#[derive(Default)]
pub struct Waiting {
    groups: BTreeMap<Rejectors, BTreeMap<ClassId, BTreeSet<Key>>>,
    /// By the time since which they wait.
    by_age: BTreeMap<Key, Arc<str>>,
}

impl Waiting {
    /// How many.
    pub fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Adds a pod; `key` orders by the time since which it waits.
    pub fn add(&mut self, class: ClassId, by: Rejectors, key: Key, uid: &Arc<str>) {
        let classes = self.groups.entry(by).or_default();
        classes.entry(class).or_default().insert(key);
        self.by_age.insert(key, Arc::clone(uid));
    }

    /// Removes a pod.
    pub fn remove(&mut self, class: ClassId, by: Rejectors, key: Key) {
        self.by_age.remove(&key);
        let Some(classes) = self.groups.get_mut(&by) else {
            return;
        };
        if let Some(keys) = classes.get_mut(&class) {
            keys.remove(&key);
            if keys.is_empty() {
                classes.remove(&class);
            }
        }
        if classes.is_empty() {
            self.groups.remove(&by);
        }
    }

    /// The pods an event helps, by how.
    pub fn helped(
        &self,
        concerns: impl Fn(Rejectors) -> bool,
        helps: impl Fn(ClassId, Rejectors) -> Requeue,
    ) -> Vec<(Requeue, Vec<Arc<str>>)> {
        let mut found = Vec::new();
        for (&by, classes) in self.groups.iter().filter(|(by, _)| concerns(**by)) {
            for (&class, keys) in classes {
                let how = helps(class, by);
                if how != Requeue::No {
                    let uids = keys.iter().filter_map(|key| self.by_age.get(key).cloned());
                    found.push((how, uids.collect()));
                }
            }
        }
        found
    }

    /// The pods that have waited for too long.
    pub fn leftovers(&self, now: Time) -> Vec<Arc<str>> {
        let check = now - now.rem_euclid(CHECK);
        let old = self
            .by_age
            .iter()
            .take_while(|(key, _)| key.time() + LONGEST < check);
        old.map(|(_, uid)| Arc::clone(uid)).collect()
    }

    /// When there are next any.
    pub fn flush_at(&self) -> Option<Time> {
        let (key, _) = self.by_age.first_key_value()?;
        Some(((key.time() + LONGEST).div_euclid(CHECK) + 1) * CHECK)
    }
}
