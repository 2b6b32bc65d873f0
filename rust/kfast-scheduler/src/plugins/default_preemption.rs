//! DefaultPreemption: what removing lower-priority pods could do for a pod that fits nowhere.

use crate::framework::{Plugin, PostFilter};
use crate::model::Pod;

/// The plugin.
pub struct DefaultPreemption;

impl Plugin for DefaultPreemption {
    fn name(&self) -> &'static str {
        "DefaultPreemption"
    }

    fn post_filter(&self) -> Option<&dyn PostFilter> {
        Some(self)
    }
}

impl PostFilter for DefaultPreemption {
    fn message(&self, pod: &Pod, unschedulable: usize, total: usize) -> String {
        if pod.never_preempts {
            return "preemption: not eligible due to preemptionPolicy=Never.".to_owned();
        }
        let mut counts = Vec::with_capacity(2);
        if unschedulable > 0 {
            counts.push(format!(
                "{unschedulable} No preemption victims found for incoming pod"
            ));
        }
        if total > unschedulable {
            let rest = total - unschedulable;
            counts.push(format!("{rest} Preemption is not helpful for scheduling"));
        }
        counts.sort();
        format!(
            "preemption: 0/{total} nodes are available: {}.",
            counts.join(", ")
        )
    }
}
