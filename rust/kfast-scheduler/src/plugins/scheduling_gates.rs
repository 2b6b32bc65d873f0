//! SchedulingGates: a pod with `spec.schedulingGates` waits outside the queue.

use crate::framework::{Events, Plugin, PreEnqueue, Rejection};
use crate::model::Pod;

/// The plugin.
pub struct SchedulingGates;

impl Plugin for SchedulingGates {
    fn name(&self) -> &'static str {
        "SchedulingGates"
    }

    fn pre_enqueue(&self) -> Option<&dyn PreEnqueue> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::TARGET_GATES
    }
}

impl PreEnqueue for SchedulingGates {
    fn check(&self, pod: &Pod) -> Option<Rejection> {
        pod.gated.then(|| {
            Rejection::unresolvable(
                self.name(),
                "Scheduling is blocked due to non-empty scheduling gates",
            )
        })
    }
}
