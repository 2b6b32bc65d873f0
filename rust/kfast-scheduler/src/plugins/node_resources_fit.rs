//! NodeResourcesFit: requests must fit what is left; LeastAllocated scores.

use crate::cache::NodeView;
use crate::framework::{
    ClusterEvent, Code, Events, Filter, MAX_NODE_SCORE, Plugin, Reason, Reasons, Rejection, Score,
};
use crate::model::{CPU, MEMORY, PodClass};

/// The plugin.
pub struct NodeResourcesFit;

impl Plugin for NodeResourcesFit {
    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn filter(&self) -> Option<&dyn Filter> {
        Some(self)
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::POD_DELETE | Events::NODE_ADD | Events::NODE_ALLOCATABLE
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        event.node.is_none_or(|n| self.check(class, n).is_none())
    }
}

impl Filter for NodeResourcesFit {
    fn check(&self, class: &PodClass, node: NodeView<'_>) -> Option<Rejection> {
        let mut reasons = Reasons::new();
        let mut code = Code::Unschedulable;
        if node.pods() + 1 > node.allowed_pods() {
            reasons.push(Reason::Text("Too many pods"));
        }
        for (resource, request) in class.requests.iter() {
            let allocatable = node.allocatable(resource);
            if request > allocatable.saturating_sub(node.requested(resource)) {
                reasons.push(Reason::Insufficient(resource));
                if request > allocatable {
                    code = Code::UnschedulableAndUnresolvable;
                }
            }
        }
        (!reasons.is_empty()).then(|| Rejection {
            plugin: self.name(),
            code,
            reasons,
        })
    }
}

impl Score for NodeResourcesFit {
    /// LeastAllocated over cpu and memory, on requests with defaults.
    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        let (cpu, memory) = node.nonzero_requested();
        let (pod_cpu, pod_memory) = class.nonzero_incoming;
        let (mut sum, mut weights) = (0, 0);
        for (capacity, used) in [
            (node.allocatable(CPU), cpu.saturating_add(pod_cpu)),
            (node.allocatable(MEMORY), memory.saturating_add(pod_memory)),
        ] {
            if capacity <= 0 {
                continue;
            }
            weights += 1;
            if used <= capacity {
                let free = i128::from(capacity - used) * i128::from(MAX_NODE_SCORE);
                sum += i64::try_from(free / i128::from(capacity)).unwrap_or(MAX_NODE_SCORE);
            }
        }
        if weights == 0 { 0 } else { sum / weights }
    }
}
