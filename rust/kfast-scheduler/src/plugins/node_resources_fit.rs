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
            sum += free_share(capacity, used);
        }
        if weights == 0 { 0 } else { sum / weights }
    }
}

/// `(capacity - used) * 100 / capacity`, 0 beyond capacity.
fn free_share(capacity: i64, used: i64) -> i64 {
    if used > capacity {
        return 0;
    }
    // Exact in 64 bits for all but absurd capacities.
    match (capacity - used).checked_mul(MAX_NODE_SCORE) {
        Some(scaled) => scaled / capacity,
        None => (capacity - used) / (capacity / MAX_NODE_SCORE),
    }
}
