//! NodeResourcesBalancedAllocation: prefers nodes on which the pod evens out the use of resources.

use crate::cache::{Cache, NodeView};
use crate::framework::{MAX_NODE_SCORE, Plugin, PreScored, Score};
use crate::model::{PodClass, ResourceNames};
use crate::scoring::{ResourceSpec, Scored, Share, scored};
use serde::Deserialize;
use smallvec::SmallVec;

/// Arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeResourcesBalancedAllocationArgs {
    /// Resources to even out; cpu and memory if empty.
    pub resources: Vec<ResourceSpec>,
}

/// The plugin.
pub struct NodeResourcesBalancedAllocation {
    scored: Vec<Scored>,
}

impl NodeResourcesBalancedAllocation {
    /// The plugin with its arguments; resources they name are numbered in `names`.
    #[must_use]
    pub fn new(args: &NodeResourcesBalancedAllocationArgs, names: &mut ResourceNames) -> Self {
        Self {
            scored: scored(&args.resources, names),
        }
    }
}

impl Default for NodeResourcesBalancedAllocation {
    fn default() -> Self {
        let args = NodeResourcesBalancedAllocationArgs::default();
        Self::new(&args, &mut ResourceNames::default())
    }
}

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
        if self.scored.iter().all(|r| class.requests.get(r.id) == 0) {
            PreScored::Skip
        } else {
            PreScored::Row
        }
    }

    /// 50 plus half of how much the pod improves the balance (v1.36; neutral is 75).
    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64 {
        let shares: SmallVec<[Share; 2]> = self
            .scored
            .iter()
            .filter_map(|r| r.real(class, node))
            .collect();
        let half = MAX_NODE_SCORE / 2;
        let with = balance(shares.iter().map(|s| (s.used, s.capacity)));
        let without = balance(shares.iter().map(|s| (s.before, s.capacity)));
        half + (half + with - without) / 2
    }
}

/// `int((1 - std) * 100)` of the used fractions; of two fractions std is half their distance.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn balance(shares: impl Iterator<Item = (i64, i64)>) -> i64 {
    let fractions: SmallVec<[f64; 2]> = shares
        .map(|(used, capacity)| (used as f64 / capacity as f64).min(1.0))
        .collect();
    let std = match *fractions {
        [] | [_] => 0.0,
        [a, b] => ((a - b) / 2.0).abs(),
        _ => {
            let count = fractions.len() as f64;
            let mean = fractions.iter().sum::<f64>() / count;
            let squares: f64 = fractions.iter().map(|f| (f - mean) * (f - mean)).sum();
            (squares / count).sqrt()
        }
    };
    ((1.0 - std) * MAX_NODE_SCORE as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::balance;

    #[test]
    fn balance_falls_with_the_standard_deviation() {
        for (shares, expected) in [
            (vec![], 100),
            (vec![(1, 2)], 100),
            (vec![(1, 2), (1, 2)], 100),
            (vec![(0, 2), (9, 2)], 50),
            (vec![(0, 4), (2, 4), (4, 4)], 59),
        ] {
            assert_eq!(balance(shares.clone().into_iter()), expected, "{shares:?}");
        }
    }
}
