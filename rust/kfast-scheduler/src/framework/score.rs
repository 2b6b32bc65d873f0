//! The PreScore, Score and NormalizeScore extension points.

use super::CountedScore;
use crate::cache::{Cache, NodeIndex, NodeView};
use crate::model::PodClass;

/// The highest score a plugin may give a node.
pub const MAX_NODE_SCORE: i64 = 100;

/// Ranks feasible nodes.
pub trait Score {
    /// Looks at the class once, before any node. The answer is kept and used for all pods of the class until
    /// `version` changes.
    fn prepare(&self, _class: &PodClass, _cache: &mut Cache) -> PreScored {
        PreScored::Row
    }

    /// Another number whenever `prepare` or the score of an unchanged row may differ for the same class.
    fn version(&self, _class: &PodClass, _cache: &Cache) -> u64 {
        0
    }

    /// The raw score of a feasible node, unless something was prepared to say it.
    fn score(&self, _class: &PodClass, _node: NodeView<'_>) -> i64 {
        0
    }

    /// The raw scores of `rows`, put into `out`: the same for many nodes at once.
    fn column(&self, class: &PodClass, cache: &Cache, rows: &[NodeIndex], out: &mut Vec<i64>) {
        let score = |&row| cache.node(row).map_or(0, |node| self.score(class, node));
        out.extend(rows.iter().map(score));
    }

    /// The NormalizeScore extension point, if the plugin has it.
    fn normalize(&self) -> Option<&dyn Normalize> {
        None
    }
}

/// How a plugin scores a class.
pub enum PreScored {
    /// Not at all.
    Skip,
    /// 0 on every node.
    Zero,
    /// By its own Score.
    Row,
    /// By what was prepared for the class, by row.
    Rows(Box<dyn NodeScore>),
    /// By what was prepared for the class, by counts in the node's topology domains.
    Counts(Box<dyn CountedScore>),
}

impl PreScored {
    /// `score` scores by row.
    #[must_use]
    pub fn rows(score: impl NodeScore + 'static) -> Self {
        Self::Rows(Box::new(score))
    }

    /// `score` scores by counts.
    #[must_use]
    pub fn counts(score: impl CountedScore + 'static) -> Self {
        Self::Counts(Box::new(score))
    }
}

/// Scores prepared for one class. Must depend on the class and the node's row alone.
pub trait NodeScore: Send + Sync {
    /// The raw score of a feasible node.
    fn score(&self, class: &PodClass, node: NodeView<'_>) -> i64;
}

/// Brings raw scores to 0..=100.
pub trait Normalize {
    /// The normalised score for a raw one, given the range over all feasible nodes the plugin did not ignore.
    /// Ignored nodes get 0 without being asked about.
    fn normalize(&self, raw: i64, range: Range) -> i64;
}

/// The raw scores of the feasible nodes lie between these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Lowest raw score.
    pub min: i64,
    /// Highest raw score.
    pub max: i64,
}

impl Range {
    /// The range of all values; of none it is 0 to 0.
    #[must_use]
    pub fn of(values: impl Iterator<Item = i64>) -> Self {
        values
            .fold(None, |range: Option<Self>, v| {
                Some(range.map_or(Self { min: v, max: v }, |r| Self {
                    min: r.min.min(v),
                    max: r.max.max(v),
                }))
            })
            .unwrap_or(Self { min: 0, max: 0 })
    }
}
