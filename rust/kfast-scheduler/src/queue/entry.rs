//! One pod in the queue.

use super::Time;
use crate::cache::ClassId;
use crate::framework::Rejectors;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Unschedulable(ClassId, Rejectors, Key),
    /// The same, but held until the deletion of its victims is under way.
    Preempting(Rejectors),
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
    /// When it was first tried; `None` before.
    pub first_tried: Option<Time>,
    /// End of its backoff.
    pub retry_at: Time,
    /// Times tried.
    pub attempts: u32,
    /// Times found unschedulable.
    pub unschedulable: u32,
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
            first_tried: None,
            retry_at: Time::MIN / 2,
            attempts: 0,
            unschedulable: 0,
            errors: 0,
            place: Place::Taken,
        }
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
