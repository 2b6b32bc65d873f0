//! The scheduling queue: gated, active, backing off, unschedulable and assumed pods.

mod entry;

pub use entry::{Entry, Place};

use crate::cache::ClassId;
use crate::framework::PluginSet;
use entry::Key;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Microseconds on the caller's clock.
pub type Time = i64;

/// One second.
pub const SECOND: Time = 1_000_000;
/// Backoff after the first failure; doubles up to `MAX_BACKOFF`.
const INITIAL_BACKOFF: Time = SECOND;
/// The longest backoff.
const MAX_BACKOFF: Time = 10 * SECOND;
/// Unschedulable pods are tried again after this long without an event.
const UNSCHEDULABLE_FLUSH: Time = 300 * SECOND;

type Ordered = BTreeMap<Key, Arc<str>>;

/// All pods not yet bound, by uid.
#[derive(Default)]
pub struct Queue {
    entries: HashMap<Arc<str>, Entry>,
    active: Ordered,
    /// Failed attempts woken by an event before their backoff was over.
    backoff: Ordered,
    /// Attempts that ended in an error; never popped early.
    errors: Ordered,
    /// Grouped by what an event is judged by; in a group by time of failure.
    unschedulable: BTreeMap<(ClassId, PluginSet), Ordered>,
    gated: usize,
    assumed: usize,
    next_seq: u64,
}

impl Queue {
    /// The entry of a pod.
    #[must_use]
    pub fn get(&self, uid: &str) -> Option<&Entry> {
        self.entries.get(uid)
    }

    /// Number of pods that are active, backing off, unschedulable, gated, assumed.
    #[must_use]
    pub fn counts(&self) -> [usize; 5] {
        let unschedulable = self.unschedulable.values().map(BTreeMap::len).sum();
        let backoff = self.backoff.len() + self.errors.len();
        [
            self.active.len(),
            backoff,
            unschedulable,
            self.gated,
            self.assumed,
        ]
    }

    /// Adds or replaces a pod: gated, or active at once. Keeps its attempts.
    pub fn put(&mut self, mut entry: Entry, gated: bool, now: Time) {
        if let Some(old) = self.remove(&entry.pod.uid) {
            entry.take_history(&old);
        } else {
            entry.seq = self.next_seq;
            self.next_seq += 1;
            entry.queued = now;
        }
        let place = if gated {
            Place::Gated
        } else {
            self.ready_place(&entry, now)
        };
        self.settle(entry, place);
    }

    /// Replaces the pod of an entry without moving it.
    pub fn refresh(&mut self, pod: crate::model::Pod) {
        if let Some(entry) = self.entries.get_mut(&pod.uid) {
            entry.pod = pod;
        }
    }

    /// Takes a pod out.
    pub fn remove(&mut self, uid: &str) -> Option<Entry> {
        let entry = self.entries.remove(uid)?;
        match entry.place {
            Place::Gated => self.gated -= 1,
            Place::Assumed => self.assumed -= 1,
            Place::Taken => {}
            Place::Active(key) => drop(self.active.remove(&key)),
            Place::Backoff(key) => drop(self.backoff.remove(&key)),
            Place::Error(key) => drop(self.errors.remove(&key)),
            Place::Unschedulable(group, key) => {
                if let Some(pods) = self.unschedulable.get_mut(&group) {
                    pods.remove(&key);
                    if pods.is_empty() {
                        self.unschedulable.remove(&group);
                    }
                }
            }
        }
        Some(entry)
    }

    /// The next pod to try; when no pod is active, the one whose backoff ends first.
    pub fn pop(&mut self, now: Time) -> Option<Entry> {
        self.wake(now);
        let uid = self
            .active
            .first_key_value()
            .or_else(|| self.backoff.first_key_value())
            .map(|(_, uid)| Arc::clone(uid))?;
        let mut entry = self.remove(&uid)?;
        entry.place = Place::Taken;
        Some(entry)
    }

    /// Keeps a popped pod until its binding is confirmed or fails.
    pub fn assume(&mut self, entry: Entry) {
        self.settle(entry, Place::Assumed);
    }

    /// Puts back a popped pod that fits nowhere; `plugins` rejected it.
    pub fn reject(&mut self, mut entry: Entry, plugins: PluginSet, now: Time) {
        entry.attempts += 1;
        entry.errors = 0;
        entry.queued = now;
        entry.retry_at = now + backoff(entry.attempts);
        let place = Place::Unschedulable((entry.class, plugins), entry.key(now));
        self.settle(entry, place);
    }

    /// Puts back an assumed pod whose binding failed. Returns whether there was one.
    pub fn fail(&mut self, uid: &str, now: Time) -> bool {
        if !matches!(self.entries.get(uid), Some(e) if matches!(e.place, Place::Assumed)) {
            return false;
        }
        let Some(mut entry) = self.remove(uid) else {
            return false;
        };
        entry.errors += 1;
        entry.queued = now;
        entry.retry_at = now + backoff(entry.errors);
        let place = Place::Error(entry.key(window(entry.retry_at)));
        self.settle(entry, place);
        true
    }

    /// Moves the unschedulable pods of every group for which `helps` holds to the active or backoff queue.
    pub fn requeue(&mut self, now: Time, mut helps: impl FnMut(ClassId, PluginSet) -> bool) {
        if self.unschedulable.is_empty() {
            return;
        }
        let groups: Vec<_> = self
            .unschedulable
            .keys()
            .copied()
            .filter(|&(class, plugins)| helps(class, plugins))
            .collect();
        for group in groups {
            let pods = self.unschedulable.get(&group).cloned().unwrap_or_default();
            for uid in pods.into_values() {
                self.move_on(&uid, now);
            }
        }
    }

    /// When the queue next has something to do by itself: now, later, or never.
    #[must_use]
    pub fn next_wakeup(&self, now: Time) -> Option<Time> {
        if !self.active.is_empty() || !self.backoff.is_empty() {
            return Some(now);
        }
        let error = self.errors.first_key_value().map(|(key, _)| key.time());
        let flush = self
            .unschedulable
            .values()
            .filter_map(|pods| pods.first_key_value())
            .map(|(key, _)| key.time() + UNSCHEDULABLE_FLUSH)
            .min();
        error.into_iter().chain(flush).min().map(|t| t.max(now))
    }

    /// Moves pods whose backoff is over, or that were unschedulable for long.
    fn wake(&mut self, now: Time) {
        let mut due = Vec::new();
        for queue in [&self.backoff, &self.errors] {
            let ready = queue
                .iter()
                .take_while(|(key, _)| key.time() <= window(now));
            due.extend(ready.map(|(_, uid)| Arc::clone(uid)));
        }
        for pods in self.unschedulable.values() {
            let old = pods
                .iter()
                .take_while(|(key, _)| key.time() + UNSCHEDULABLE_FLUSH <= now);
            due.extend(old.map(|(_, uid)| Arc::clone(uid)));
        }
        for uid in due {
            self.move_on(&uid, now);
        }
    }

    fn move_on(&mut self, uid: &str, now: Time) {
        if let Some(entry) = self.remove(uid) {
            let place = self.ready_place(&entry, now);
            self.settle(entry, place);
        }
    }

    fn ready_place(&self, entry: &Entry, now: Time) -> Place {
        if window(entry.retry_at) <= window(now) {
            Place::Active(entry.ranked_key())
        } else {
            Place::Backoff(entry.key(window(entry.retry_at)))
        }
    }

    fn settle(&mut self, mut entry: Entry, place: Place) {
        let uid = Arc::clone(&entry.pod.uid);
        match place {
            Place::Gated => self.gated += 1,
            Place::Assumed => self.assumed += 1,
            Place::Taken => {}
            Place::Active(key) => drop(self.active.insert(key, Arc::clone(&uid))),
            Place::Backoff(key) => drop(self.backoff.insert(key, Arc::clone(&uid))),
            Place::Error(key) => drop(self.errors.insert(key, Arc::clone(&uid))),
            Place::Unschedulable(group, key) => {
                let pods = self.unschedulable.entry(group).or_default();
                pods.insert(key, Arc::clone(&uid));
            }
        }
        entry.place = place;
        self.entries.insert(uid, entry);
    }
}

/// `min(10 s, 1 s << (attempts - 1))`.
fn backoff(attempts: u32) -> Time {
    let doublings = attempts.saturating_sub(1).min(10);
    (INITIAL_BACKOFF << doublings).min(MAX_BACKOFF)
}

/// Backoffs end on whole seconds, so that pods ending together are ordered by rank.
fn window(time: Time) -> Time {
    time - time.rem_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_ten_seconds() {
        let seconds: Vec<_> = (1..7).map(|n| backoff(n) / SECOND).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 10, 10]);
        assert_eq!(backoff(u32::MAX), 10 * SECOND);
    }
}
