//! NodeResourcesBalancedAllocation: prefers nodes on which the pod evens out the use of resources.

use crate::cache::{Cache, NodeIndex, NodeView};
use crate::framework::{MAX_NODE_SCORE, Plugin, PreScored, Score};
use crate::model::{PodClass, ResourceNames};
use crate::scoring::{Column, ResourceSpec, Scored, Share, scored};
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
        improvement(&shares)
    }

    fn column(&self, class: &PodClass, cache: &Cache, rows: &[NodeIndex], out: &mut Vec<i64>) {
        let columns = self.scored.iter();
        let columns = columns.filter_map(|r| r.real_column(class, cache));
        let columns: SmallVec<[Column<'_>; 2]> = columns.collect();
        out.extend(rows.iter().map(|&row| {
            if let [a, b] = columns[..]
                && let (Some(a), Some(b)) = (a.share(row), b.share(row))
            {
                return improvement(&[a, b]);
            }
            let shares = columns.iter().filter_map(|c| c.share(row));
            improvement(&shares.collect::<SmallVec<[Share; 2]>>())
        }));
    }
}

/// 50 plus half of how much the pod improves the balance.
fn improvement(shares: &[Share]) -> i64 {
    let half = MAX_NODE_SCORE / 2;
    let (with, without) = match shares {
        // The usual case, without a list of fractions.
        [a, b] => (
            percent(deviation(used(a.used, a), used(b.used, b))),
            percent(deviation(used(a.before, a), used(b.before, b))),
        ),
        _ => (
            balance(shares.iter().map(|s| used(s.used, s))),
            balance(shares.iter().map(|s| used(s.before, s))),
        ),
    };
    half + (half + with - without) / 2
}

#[allow(clippy::cast_precision_loss)]
fn used(amount: i64, share: &Share) -> f64 {
    (amount as f64 / share.capacity as f64).min(1.0)
}

/// The standard deviation of two fractions: half their distance.
fn deviation(a: f64, b: f64) -> f64 {
    ((a - b) / 2.0).abs()
}

/// `int((1 - std) * 100)`.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn percent(std: f64) -> i64 {
    ((1.0 - std) * MAX_NODE_SCORE as f64) as i64
}

/// 100 when all fractions are the same, less the more they differ.
#[allow(clippy::cast_precision_loss)]
fn balance(fractions: impl Iterator<Item = f64>) -> i64 {
    let fractions: SmallVec<[f64; 4]> = fractions.collect();
    percent(match *fractions {
        [] | [_] => 0.0,
        [a, b] => deviation(a, b),
        _ => {
            let count = fractions.len() as f64;
            let mean = fractions.iter().sum::<f64>() / count;
            let squares: f64 = fractions.iter().map(|f| (f - mean) * (f - mean)).sum();
            (squares / count).sqrt()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::balance;

    #[test]
    fn balance_falls_with_the_standard_deviation() {
        for (fractions, expected) in [
            (vec![], 100),
            (vec![0.5], 100),
            (vec![0.5, 0.5], 100),
            (vec![0.0, 1.0], 50),
            (vec![0.0, 0.5, 1.0], 59),
        ] {
            assert_eq!(
                balance(fractions.clone().into_iter()),
                expected,
                "{fractions:?}"
            );
        }
    }
}
