//! The verdict on a class over some nodes, from scratch: for classes bound to few nodes, for
//! explanations, and as the model the incremental state is tested against.

use super::{Prepared, ScoreKind};
use crate::cache::{Cache, NodeIndex};
use crate::framework::{
    CountedScore, Feasible, Profile, Range, Rejection, Values, Weights, values_of,
};
use crate::model::PodClass;

/// The nodes a class may go to, after PreFilter.
pub enum Candidates {
    /// A PreFilter plugin rejected the class.
    Rejected(Rejection),
    /// All nodes.
    All,
    /// These rows; all others count as rejected.
    Some(Vec<NodeIndex>, Rejection),
}

/// One plugin's scores over the feasible nodes.
pub struct NodeScores {
    /// The plugin.
    pub plugin: &'static str,
    /// Its weight.
    pub weight: i64,
    /// Raw scores.
    pub raw: Vec<i64>,
    /// Scores in 0..=100.
    pub normalized: Vec<i64>,
}

/// The verdict on a class over its candidates.
#[derive(Default)]
pub struct Evaluation {
    /// Rejected rows.
    pub rejected: Vec<(NodeIndex, Rejection)>,
    /// Feasible rows.
    pub feasible: Vec<NodeIndex>,
    /// Scores, each in the order of `feasible`.
    pub scores: Vec<NodeScores>,
    /// Weighted sums in the order of `feasible`.
    pub totals: Vec<i64>,
}

impl Evaluation {
    /// Filters and scores `rows`.
    #[must_use]
    pub fn run(
        profile: &Profile,
        cache: &Cache,
        class: &PodClass,
        prepared: &Prepared,
        rows: impl Iterator<Item = NodeIndex>,
    ) -> Self {
        let mut out = Self::default();
        let shared = prepared.totals(cache, class);
        for row in rows.filter(|&row| cache.node(row).is_some()) {
            match prepared.rejection(profile, cache, class, &shared, row) {
                Some(rejection) => out.rejected.push((row, rejection)),
                None => out.feasible.push(row),
            }
        }
        out.totals = vec![0; out.feasible.len()];
        for score in prepared.scores(profile) {
            let raw = match score.kind {
                ScoreKind::Counts(counted) => counted_scores(cache, class, counted, &out.feasible),
                by_row => Some(out.by_row(cache, class, by_row)),
            };
            let Some(raw) = raw else { continue };
            let normalized: Vec<i64> = match score.normalize {
                Some(n) => {
                    let range = Range::of(raw.iter().copied().flatten());
                    let one = |s: &Option<i64>| s.map_or(0, |s| n.normalize(s, range));
                    raw.iter().map(one).collect()
                }
                None => raw.iter().map(|s| s.unwrap_or(0)).collect(),
            };
            for (total, normalized) in out.totals.iter_mut().zip(&normalized) {
                *total += normalized * score.weight;
            }
            out.scores.push(NodeScores {
                plugin: score.plugin,
                weight: score.weight,
                raw: raw.into_iter().map(|s| s.unwrap_or(0)).collect(),
                normalized,
            });
        }
        out
    }

    fn by_row(&self, cache: &Cache, class: &PodClass, kind: ScoreKind<'_>) -> Vec<Option<i64>> {
        self.feasible
            .iter()
            .map(|&row| cache.node(row).map(|node| kind.by_row(class, node)))
            .collect()
    }

    /// The rows with the highest total.
    #[must_use]
    pub fn best(&self) -> Vec<NodeIndex> {
        let max = self.totals.iter().max();
        let paired = self.feasible.iter().zip(&self.totals);
        paired
            .filter(|(_, t)| Some(*t) == max)
            .map(|(&row, _)| row)
            .collect()
    }
}

/// Raw scores of feasible rows, `None` for those ignored; nothing if the plugin skips.
#[must_use]
pub fn counted_scores(
    cache: &Cache,
    class: &PodClass,
    score: &dyn CountedScore,
    rows: &[NodeIndex],
) -> Option<Vec<Option<i64>>> {
    let values: Vec<Values> = values_of(score.readings(), cache, rows);
    let seen = |v: &Values| !score.ignores_incomplete() || v.iter().all(Option::is_some);
    let mut feasible = Feasible {
        nodes: values.iter().filter(|v| seen(v)).count(),
        ..Feasible::default()
    };
    if score.counts_domains() {
        let rows = || rows.iter().zip(&values).filter(|(_, v)| seen(v));
        let topology = cache.counters().topology();
        let domains = |key| {
            let (mut met, mut absent) = (vec![false; topology.domain_bound(key)], false);
            for (&row, _) in rows() {
                match cache.domain(key, row) {
                    Some(domain) => met[domain as usize] = true,
                    None => absent = true,
                }
            }
            met.iter().filter(|m| **m).count() + usize::from(absent)
        };
        let keys = score.readings().iter().map(|r| r.key);
        feasible.domains = keys.map(domains).collect();
    }
    let weights: Weights = score.weights(class, cache, &feasible)?;
    let raw = |v: &Values| seen(v).then(|| score.score(&weights, v));
    Some(values.iter().map(raw).collect())
}
