//! Scores by the share of a node's resources that is requested: the strategies of KubeSchedulerConfiguration.

use super::Shape;
use crate::cache::{Cache, NodeIndex, NodeView};
use crate::framework::MAX_NODE_SCORE;
use crate::model::{CPU, EPHEMERAL_STORAGE, MEMORY, PodClass, ResourceId, ResourceNames};
use serde::Deserialize;

/// A resource with the weight it has in a score.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ResourceSpec {
    /// Name.
    pub name: String,
    /// Weight; 0 reads as 1.
    #[serde(default)]
    pub weight: i64,
}

/// cpu and memory, alike.
#[must_use]
pub fn default_resources() -> Vec<ResourceSpec> {
    ["cpu", "memory"]
        .map(|name| ResourceSpec {
            name: name.to_owned(),
            weight: 1,
        })
        .into()
}

/// A resource that is scored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scored {
    pub id: ResourceId,
    pub weight: i64,
    /// Pods that do not ask for it are not scored on it.
    scalar: bool,
}

/// The resources to score; names that nobody counts (`foo`) are left out, as no node has them.
pub(crate) fn scored(specs: &[ResourceSpec], names: &mut ResourceNames) -> Vec<Scored> {
    let defaults = default_resources();
    let specs = if specs.is_empty() { &defaults } else { specs };
    specs
        .iter()
        .filter_map(|spec| {
            let id = names.id(&spec.name)?;
            Some(Scored {
                id,
                weight: if spec.weight == 0 { 1 } else { spec.weight },
                scalar: !matches!(id, CPU | MEMORY | EPHEMERAL_STORAGE),
            })
        })
        .collect()
}

/// One resource of a node, the pod to be placed included in `used`.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub used: i64,
    pub before: i64,
    pub capacity: i64,
    pub weight: i64,
}

impl Scored {
    /// Its share by real requests.
    pub fn real(self, class: &PodClass, node: NodeView<'_>) -> Option<Share> {
        self.share(class.requests.get(self.id), node.requested(self.id), node)
    }

    /// Its share with the defaults for missing cpu and memory requests.
    pub fn with_defaults(self, class: &PodClass, node: NodeView<'_>) -> Option<Share> {
        let before = match self.id {
            CPU => node.nonzero_requested().0,
            MEMORY => node.nonzero_requested().1,
            id => node.requested(id),
        };
        self.share(class.nonzero_incoming.get(self.id), before, node)
    }

    /// Its columns by real requests; `None` if the pod is not scored on it.
    pub fn real_column<'a>(self, class: &PodClass, cache: &'a Cache) -> Option<Column<'a>> {
        let (capacity, before) = cache.columns().of(self.id)?;
        self.column(class.requests.get(self.id), before, capacity)
    }

    /// Its columns with the defaults for missing cpu and memory requests.
    pub fn column_with_defaults<'a>(
        self,
        class: &PodClass,
        cache: &'a Cache,
    ) -> Option<Column<'a>> {
        let (capacity, before) = cache.columns().of(self.id)?;
        let before = match self.id {
            CPU => cache.columns().nonzero().0,
            MEMORY => cache.columns().nonzero().1,
            _ => before,
        };
        self.column(class.nonzero_incoming.get(self.id), before, capacity)
    }

    fn column<'a>(self, asked: i64, before: &'a [i64], capacity: &'a [i64]) -> Option<Column<'a>> {
        (asked > 0 || !self.scalar).then_some(Column {
            asked,
            before,
            capacity,
            weight: self.weight,
        })
    }

    fn share(self, asked: i64, before: i64, node: NodeView<'_>) -> Option<Share> {
        let capacity = node.allocatable(self.id);
        (capacity > 0 && (asked > 0 || !self.scalar)).then_some(Share {
            used: before.saturating_add(asked),
            before,
            capacity,
            weight: self.weight,
        })
    }
}

/// One resource of all nodes.
#[derive(Clone, Copy)]
pub(crate) struct Column<'a> {
    asked: i64,
    before: &'a [i64],
    capacity: &'a [i64],
    weight: i64,
}

impl Column<'_> {
    /// The share of a row.
    pub fn share(&self, row: NodeIndex) -> Option<Share> {
        let (before, capacity) = (self.before[row as usize], self.capacity[row as usize]);
        (capacity > 0).then(|| Share {
            used: before.saturating_add(self.asked),
            before,
            capacity,
            weight: self.weight,
        })
    }
}

/// How Fit ranks nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// The emptier the better.
    #[default]
    LeastAllocated,
    /// The fuller the better.
    MostAllocated,
    /// A function of the used percentage.
    RequestedToCapacityRatio(Shape),
}

impl Strategy {
    /// The weighted mean over the shares, 0..=100.
    pub(crate) fn score(&self, shares: impl Iterator<Item = Share>) -> i64 {
        let (mut sum, mut weights) = (0, 0);
        for share in shares {
            let score = self.of(share);
            if score > 0 || !matches!(self, Self::RequestedToCapacityRatio(_)) {
                sum += score * share.weight;
                weights += share.weight;
            }
        }
        match (self, weights) {
            (_, 0) => 0,
            (Self::RequestedToCapacityRatio(_), _) => rounded(sum, weights),
            _ => sum / weights,
        }
    }

    fn of(&self, share: Share) -> i64 {
        let Share { used, capacity, .. } = share;
        match self {
            Self::LeastAllocated if used > capacity => 0,
            Self::LeastAllocated => percent(capacity - used, capacity),
            Self::MostAllocated => percent(used.min(capacity), capacity),
            Self::RequestedToCapacityRatio(shape) => shape.of_share(used, capacity),
        }
    }
}

/// `part * 100 / whole`, rounded down.
pub(crate) fn percent(part: i64, whole: i64) -> i64 {
    match part.checked_mul(MAX_NODE_SCORE) {
        Some(scaled) => scaled / whole,
        None => i64::try_from(i128::from(part) * i128::from(MAX_NODE_SCORE) / i128::from(whole))
            .unwrap_or(i64::MAX),
    }
}

/// `sum / count` rounded half away from zero.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
pub(crate) fn rounded(sum: i64, count: i64) -> i64 {
    (sum as f64 / count as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(used: i64, capacity: i64, weight: i64) -> Share {
        Share {
            used,
            before: 0,
            capacity,
            weight,
        }
    }

    #[test]
    fn strategies_follow_upstreams_formulas() {
        let shape: Shape =
            serde_json::from_str(r#"[{"utilization":0,"score":0},{"utilization":100,"score":10}]"#)
                .unwrap();
        let ratio = Strategy::RequestedToCapacityRatio(shape);
        for (strategy, shares, expected) in [
            (
                Strategy::LeastAllocated,
                vec![share(1, 3, 1), share(1, 2, 1)],
                58,
            ),
            (
                Strategy::LeastAllocated,
                vec![share(9, 3, 1), share(1, 2, 3)],
                37,
            ),
            (
                Strategy::MostAllocated,
                vec![share(1, 3, 1), share(1, 2, 1)],
                41,
            ),
            (
                Strategy::MostAllocated,
                vec![share(9, 3, 1), share(1, 2, 3)],
                62,
            ),
            (ratio.clone(), vec![share(1, 3, 1), share(1, 2, 1)], 42),
            (ratio.clone(), vec![share(0, 3, 5), share(1, 2, 1)], 50),
            (ratio, vec![share(0, 3, 5)], 0),
            (Strategy::LeastAllocated, vec![], 0),
            (
                Strategy::MostAllocated,
                vec![share(i64::MAX, i64::MAX, 1)],
                100,
            ),
        ] {
            assert_eq!(strategy.score(shares.into_iter()), expected, "{strategy:?}");
        }
    }
}
