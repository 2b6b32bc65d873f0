//! The scheduling queue: gated, active, backing off, unschedulable and assumed pods.

mod backoff;
mod entry;
mod flight;
mod incoming;
mod waiting;

pub use backoff::Backoff;
pub use entry::{Entry, Place};

use crate::cache::ClassId;
use crate::framework::{Happened, Rejectors, Requeue};
use crate::model::Pod;
use crate::preemption::Running;
use backoff::window;
use entry::Key;
use flight::Flight;
pub use incoming::Incoming;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use waiting::Waiting;

/// Microseconds on the caller's clock.
pub type Time = i64;

/// One second.
pub const SECOND: Time = 1_000_000;

type Ordered = BTreeMap<Key, Arc<str>>;

/// All pods not yet bound, by uid.
#[derive(Default)]
pub struct Queue {
    /// How long failed pods wait.
    pub backoff: Backoff,
    entries: HashMap<Arc<str>, Entry>,
    active: Ordered,
    /// Failed attempts woken by an event before their backoff was over.
    backing_off: Ordered,
    /// Attempts that ended in an error; never popped early.
    errors: Ordered,
    unschedulable: Waiting,
    flight: Flight,
    running: Running,
    incoming: Incoming,
    gated: usize,
    preempting: usize,
    assumed: usize,
    next_seq: u64,
}

impl Queue {
    /// The entry of a pod.
    #[must_use]
    pub fn get(&self, uid: &str) -> Option<&Entry> {
        self.entries.get(uid)
    }

    /// All entries, in no order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Number of pods that are active, backing off, unschedulable, gated, assumed.
    #[must_use]
    pub fn counts(&self) -> [usize; 5] {
        [
            self.active.len(),
            self.backing_off.len() + self.errors.len(),
            self.unschedulable.len() + self.preempting,
            self.gated,
            self.assumed,
        ]
    }

    /// How often pods came into which part of the queue, and why.
    #[must_use]
    pub fn incoming(&self) -> &Incoming {
        &self.incoming
    }

    /// Adds a pod: gated, or active at once. A pod of the same uid leaves; it is returned.
    pub fn add(&mut self, mut entry: Entry, gated: bool, now: Time) -> Option<Entry> {
        let old = self.remove(&entry.pod.uid);
        entry.seq = self.next_seq;
        self.next_seq += 1;
        entry.queued = now;
        let place = if gated {
            Place::Gated
        } else {
            Place::Active(entry.ranked_key())
        };
        self.enter(entry, place, incoming::ADDED);
        old
    }

    /// Replaces the pod of an entry, its class and rank, without moving it. Returns the old class.
    pub fn update(&mut self, pod: Pod, class: ClassId, rank: i64) -> Option<ClassId> {
        let mut entry = self.take(&pod.uid)?;
        let place = entry.place;
        let old = std::mem::replace(&mut entry.class, class);
        (entry.pod, entry.rank) = (pod, rank);
        let place = match place {
            Place::Active(_) => Place::Active(entry.ranked_key()),
            Place::Backoff(key) => Place::Backoff(entry.key(key.time())),
            Place::Error(key) => Place::Error(entry.key(key.time())),
            Place::Unschedulable(_, by, key) => {
                Place::Unschedulable(class, by, entry.key(key.time()))
            }
            place => place,
        };
        self.settle(entry, place);
        Some(old)
    }

    /// Takes a pod out for good.
    pub fn remove(&mut self, uid: &str) -> Option<Entry> {
        self.flight.end(uid);
        self.running.finish(uid);
        self.take(uid)
    }

    fn take(&mut self, uid: &str) -> Option<Entry> {
        let entry = self.entries.remove(uid)?;
        match entry.place {
            Place::Gated => self.gated -= 1,
            Place::Preempting(_) => self.preempting -= 1,
            Place::Assumed => self.assumed -= 1,
            Place::Taken => {}
            Place::Active(key) => drop(self.active.remove(&key)),
            Place::Backoff(key) => drop(self.backing_off.remove(&key)),
            Place::Error(key) => drop(self.errors.remove(&key)),
            Place::Unschedulable(class, by, key) => self.unschedulable.remove(class, by, key),
        }
        Some(entry)
    }

    /// The next pod to try; when no pod is active, the one whose backoff ends first.
    pub fn pop(&mut self, now: Time) -> Option<Entry> {
        self.wake(now);
        let active = self.active.first_key_value();
        let early = active.is_none();
        let uid = active
            .or_else(|| self.backing_off.first_key_value())
            .map(|(_, uid)| Arc::clone(uid))?;
        if early {
            self.incoming.count("active", incoming::POPPED_EARLY);
        }
        let mut entry = self.take(&uid)?;
        entry.place = Place::Taken;
        entry.attempts = entry.attempts.saturating_add(1);
        entry.first_tried.get_or_insert(now);
        Some(entry)
    }

    /// Keeps a popped pod until its binding is confirmed or fails.
    pub fn assume(&mut self, entry: Entry) {
        self.settle(entry, Place::Assumed);
    }

    /// As `assume`, of a pod that may still be rejected: events are kept for it until it is bound or comes back.
    pub fn assume_waiting(&mut self, entry: Entry) {
        self.flight.start(&entry.pod.uid);
        self.assume(entry);
    }

    /// Puts back a popped pod that was rejected. It waits for an event, or not if `helps` says so of one it missed.
    pub fn reject(
        &mut self,
        mut entry: Entry,
        by: Rejectors,
        now: Time,
        helps: impl Fn(&Happened) -> Requeue,
    ) {
        if by.is_empty() {
            return self.put_back_failed(entry, now);
        }
        entry.unschedulable = entry.unschedulable.saturating_add(1);
        entry.errors = 0;
        entry.queued = now;
        entry.retry_at = now.saturating_add(self.backoff.after(entry.unschedulable));
        let missed = self.flight.since(&entry.pod.uid).map(helps).max();
        self.flight.end(&entry.pod.uid);
        let waiting = Place::Unschedulable(entry.class, by, entry.key(now));
        match missed.unwrap_or(Requeue::No) {
            _ if self.running.holds(&entry.pod.uid) => {
                self.enter(entry, Place::Preempting(by), incoming::FAILED);
            }
            Requeue::No => self.enter(entry, waiting, incoming::FAILED),
            how => self.make_ready(entry, how, incoming::FAILED, now),
        }
    }

    /// Takes an assumed pod out to reject it.
    pub fn take_assumed(&mut self, uid: &str) -> Option<Entry> {
        let assumed = matches!(self.entries.get(uid)?.place, Place::Assumed);
        assumed.then(|| self.take(uid)).flatten()
    }

    /// Puts back an assumed pod whose binding failed. Returns whether there was one.
    pub fn fail(&mut self, uid: &str, now: Time) -> bool {
        let entry = self.take_assumed(uid);
        let found = entry.is_some();
        if let Some(entry) = entry {
            self.put_back_failed(entry, now);
        }
        found
    }

    /// Puts back a popped pod as it was: it is tried later.
    pub fn put_back(&mut self, mut entry: Entry) {
        entry.attempts = entry.attempts.saturating_sub(1);
        self.flight.end(&entry.pod.uid);
        let place = Place::Active(entry.ranked_key());
        self.settle(entry, place);
    }

    /// Takes out a pod that is ready to be tried.
    pub fn take_ready(&mut self, uid: &str) -> Option<Entry> {
        let entry = self.entries.get(uid)?;
        matches!(entry.place, Place::Active(_)).then(|| self.remove(uid))?
    }

    /// Puts back a pod whose attempt ended in an error: it is tried again when its backoff is over.
    pub fn put_back_failed(&mut self, mut entry: Entry, now: Time) {
        self.flight.end(&entry.pod.uid);
        entry.errors = entry.errors.saturating_add(1);
        entry.queued = now;
        entry.retry_at = now.saturating_add(self.backoff.after(entry.errors));
        let place = Place::Error(entry.key(window(entry.retry_at)));
        self.enter(entry, place, incoming::FAILED);
    }

    /// Whether anybody waits for events.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.unschedulable.len() > 0 || !self.flight.is_empty()
    }

    /// Keeps an event for the pods in flight.
    pub fn record(&mut self, event: &Happened) {
        self.flight.record(event);
    }

    /// Moves the unschedulable pods to the active or backoff queue whom an event may help. `concerns` tells
    /// which plugins care about it at all, `helps` whether it helps the pods of a class which they rejected, `event`
    /// what it is called.
    pub fn requeue(
        &mut self,
        event: &'static str,
        now: Time,
        concerns: impl Fn(Rejectors) -> bool,
        helps: impl Fn(ClassId, Rejectors) -> Requeue,
    ) {
        for (how, uids) in self.unschedulable.helped(concerns, helps) {
            for uid in uids {
                if let Some(entry) = self.take(&uid) {
                    self.make_ready(entry, how, event, now);
                }
            }
        }
    }

    /// Moves one unschedulable or gated pod on.
    pub fn requeue_one(&mut self, uid: &str, how: Requeue, event: &'static str, now: Time) {
        let moves = matches!(
            self.entries.get(uid).map(|e| e.place),
            Some(Place::Unschedulable(..) | Place::Gated)
        );
        if moves && let Some(entry) = self.take(uid) {
            self.make_ready(entry, how, event, now);
        }
    }

    /// Holds a preemptor back until the deletion of its victims is under way.
    pub fn hold(&mut self, preemptor: &Arc<str>, victims: impl Iterator<Item = Arc<str>>) {
        self.running.start(preemptor, victims);
    }

    /// The deletion of a pod is under way, or done.
    pub fn going(&mut self, victim: &str) {
        for uid in self.running.going(victim) {
            self.release(&uid);
        }
    }

    /// A preemption ended: in an error, the preemptor is tried again at once.
    pub fn preempted(&mut self, preemptor: &str, failed: bool, now: Time) {
        self.running.finish(preemptor);
        self.release(preemptor);
        if failed {
            match self.entries.get(preemptor).map(|e| e.place) {
                Some(Place::Unschedulable(..)) => {
                    self.requeue_one(preemptor, Requeue::Now, incoming::FORCED, now);
                }
                Some(Place::Backoff(_) | Place::Error(_)) => {
                    if let Some(entry) = self.take(preemptor) {
                        self.make_ready(entry, Requeue::Now, incoming::FORCED, now);
                    }
                }
                _ => {}
            }
        }
    }

    fn release(&mut self, uid: &str) {
        if let Some(Place::Preempting(by)) = self.entries.get(uid).map(|e| e.place)
            && let Some(entry) = self.take(uid)
        {
            let place = Place::Unschedulable(entry.class, by, entry.key(entry.queued));
            self.settle(entry, place);
        }
    }

    /// When the queue next has something to do by itself: now, later, or never.
    #[must_use]
    pub fn next_wakeup(&self, now: Time) -> Option<Time> {
        if !self.active.is_empty() || !self.backing_off.is_empty() {
            return Some(now);
        }
        let error = self.errors.first_key_value();
        let error = error.map(|(key, _)| key.time() + SECOND);
        let flush = self.unschedulable.flush_at();
        error.into_iter().chain(flush).min().map(|t| t.max(now))
    }

    /// Moves pods whose backoff is over, or that were unschedulable for long.
    fn wake(&mut self, now: Time) {
        let over = |queue: &Ordered| match queue.first_key_value() {
            Some((key, uid)) if key.time() < window(now) => Some(Arc::clone(uid)),
            _ => None,
        };
        while let Some(uid) = over(&self.backing_off).or_else(|| over(&self.errors)) {
            if let Some(entry) = self.take(&uid) {
                let place = Place::Active(entry.ranked_key());
                self.enter(entry, place, incoming::BACKOFF_OVER);
            }
        }
        for uid in self.unschedulable.leftovers(now) {
            if let Some(entry) = self.take(&uid) {
                self.make_ready(entry, Requeue::AfterBackoff, incoming::TIMEOUT, now);
            }
        }
    }

    fn make_ready(&mut self, entry: Entry, how: Requeue, event: &'static str, now: Time) {
        let ends = window(entry.retry_at);
        let place = if how == Requeue::AfterBackoff && ends >= window(now) {
            Place::Backoff(entry.key(ends))
        } else {
            Place::Active(entry.ranked_key())
        };
        self.enter(entry, place, event);
    }

    /// Settles a pod that comes from another place, or from outside, because of an event.
    fn enter(&mut self, entry: Entry, place: Place, event: &'static str) {
        let queue = match place {
            Place::Active(_) => "active",
            Place::Backoff(_) | Place::Error(_) => "backoff",
            _ => "unschedulable",
        };
        self.incoming.count(queue, event);
        self.settle(entry, place);
    }

    fn settle(&mut self, mut entry: Entry, place: Place) {
        let uid = Arc::clone(&entry.pod.uid);
        match place {
            Place::Gated => self.gated += 1,
            Place::Preempting(_) => self.preempting += 1,
            Place::Assumed => self.assumed += 1,
            Place::Taken => {}
            Place::Active(key) => drop(self.active.insert(key, Arc::clone(&uid))),
            Place::Backoff(key) => drop(self.backing_off.insert(key, Arc::clone(&uid))),
            Place::Error(key) => drop(self.errors.insert(key, Arc::clone(&uid))),
            Place::Unschedulable(class, by, key) => self.unschedulable.add(class, by, key, &uid),
        }
        entry.place = place;
        self.entries.insert(uid, entry);
    }
}
