//! What brought pods into the active, backoff and unschedulable queue: upstream's `queue_incoming_pods_total`.

use std::collections::BTreeMap;

/// A pending pod appeared.
pub const ADDED: &str = "UnschedulablePodAdd";
/// An attempt failed.
pub const FAILED: &str = "ScheduleAttemptFailure";
/// A backoff ended.
pub const BACKOFF_OVER: &str = "BackoffComplete";
/// No pod was active, so one was tried before its backoff ended.
pub const POPPED_EARLY: &str = "PopFromBackoffQ";
/// A preemption failed.
pub const FORCED: &str = "ForceActivate";
/// A pod was unschedulable for long.
pub const TIMEOUT: &str = "UnschedulableTimeout";

/// Counts by queue and event, under upstream's names.
#[derive(Debug, Default)]
pub struct Incoming(BTreeMap<(&'static str, &'static str), u64>);

impl Incoming {
    pub(super) fn count(&mut self, queue: &'static str, event: &'static str) {
        *self.0.entry((queue, event)).or_default() += 1;
    }

    /// Queue, event, and how many pods.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.0
            .iter()
            .map(|((queue, event), n)| (*queue, *event, *n))
    }
}
