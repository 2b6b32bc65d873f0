//! NodeResourcesBalancedAllocation: prefers nodes on which the pod evens out cpu and memory use.

use crate::cache::{Cache, NodeView};
use crate::framework::{MAX_NODE_SCORE, Plugin, PreScored, Score};
use crate::model::{CPU, MEMORY, PodClass};

/// The plugin.
pub struct NodeResourcesBalancedAllocation;

impl Plugin for NodeResourcesBalancedAllocation {
    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }
}

impl Score for NodeResourcesBalancedAllocation {
    fn prepare(&self, class: &PodClass, _: &mut Cache) -> PreScored {
        if class.requests.get(CPU) == 0 && class.requests.get(MEMORY) == 0 {
            PreScored::Skip
        } else {
            PreScored::Row
        }
    }

    /// 50 plus half of how much the pod improves the balance (v1.36; neutral is 75).
    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        let half = MAX_NODE_SCORE / 2;
        let with = balance(node, class.requests.get(CPU), class.requests.get(MEMORY));
        half + (half + with - balance(node, 0, 0)) / 2
    }
}

/// `int((1 - std) * 100)` of the used fractions; of two fractions std is half their distance.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn balance(node: NodeView<'_>, cpu: i64, memory: i64) -> i64 {
    let fraction = |id, extra: i64| {
        let capacity = node.allocatable(id);
        (capacity != 0).then(|| {
            let used = node.requested(id).saturating_add(extra);
            (used as f64 / capacity as f64).min(1.0)
        })
    };
    let std = match (fraction(CPU, cpu), fraction(MEMORY, memory)) {
        (Some(a), Some(b)) => ((a - b) / 2.0).abs(),
        _ => 0.0,
    };
    ((1.0 - std) * MAX_NODE_SCORE as f64) as i64
}
