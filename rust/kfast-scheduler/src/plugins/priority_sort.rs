//! PrioritySort: higher priority first, then the longer wait.

use crate::framework::{Plugin, QueueSort};
use crate::model::Pod;

/// The plugin.
pub struct PrioritySort;

impl Plugin for PrioritySort {
    fn name(&self) -> &'static str {
        "PrioritySort"
    }

    fn queue_sort(&self) -> Option<&dyn QueueSort> {
        Some(self)
    }
}

impl QueueSort for PrioritySort {
    fn rank(&self, pod: &Pod) -> i64 {
        -i64::from(pod.priority)
    }
}
