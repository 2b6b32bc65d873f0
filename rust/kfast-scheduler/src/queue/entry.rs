//! One pod in the queue.

use super::Time;
use crate::cache::ClassId;
use crate::framework::PluginSet;
use crate::model::Pod;

/// Where an entry stands in an ordered queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(i64, i64, i64, u64);

impl Key {
    /// The time a key made by `Entry::key` orders by.
    pub fn time(self) -> Time {
        self.0
    }
}

/// Which part of the queue holds a pod.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Held back by a PreEnqueue plugin.
    Gated,
    /// Ready to be tried.
    Active(Key),
    /// Ready, but its backoff is not over.
    Backoff(Key),
    /// Its last attempt ended in an error.
    Error(Key),
    /// Fits nowhere; waits for an event.
    Unschedulable((ClassId, PluginSet), Key),
    /// Placed; its binding is under way.
    Assumed,
    /// Popped by the cycle in progress.
    Taken,
}

/// A pod with its history in the queue.
pub struct Entry {
    /// The pod.
    pub pod: Pod,
    /// Its class; the entry holds it.
    pub class: ClassId,
    /// Rank by the QueueSort plugin.
    pub rank: i64,
    /// Order of arrival.
    pub seq: u64,
    /// When it was last put in the queue.
    pub queued: Time,
    /// End of its backoff.
    pub retry_at: Time,
    /// Times found unschedulable.
    pub attempts: u32,
    /// Errors in a row.
    pub errors: u32,
    /// Where it is.
    pub place: Place,
}

impl Entry {
    /// A pod new to the queue.
    #[must_use]
    pub fn new(pod: Pod, class: ClassId, rank: i64) -> Self {
        Self {
            pod,
            class,
            rank,
            seq: 0,
            queued: 0,
            retry_at: Time::MIN / 2,
            attempts: 0,
            errors: 0,
            place: Place::Taken,
        }
    }

    pub(super) fn take_history(&mut self, old: &Self) {
        self.seq = old.seq;
        self.queued = old.queued;
        self.retry_at = old.retry_at;
        self.attempts = old.attempts;
        self.errors = old.errors;
    }

    /// Orders by rank, then by waiting time.
    pub(super) fn ranked_key(&self) -> Key {
        Key(self.rank, self.queued, 0, self.seq)
    }

    /// Orders by `time`, then as `ranked_key`.
    pub(super) fn key(&self, time: Time) -> Key {
        Key(time, self.rank, self.queued, self.seq)
    }
}
