//! The verdict on a class over some nodes, from scratch: for classes bound to few nodes, for
//! explanations, and as the model the incremental state is tested against.

use crate::cache::{Cache, NodeIndex};
use crate::framework::{
    Code, Filter, PreFiltered, PreScored, Profile, Range, Reason, Reasons, Rejection, Score,
};
use crate::model::PodClass;
use std::collections::BTreeSet;

/// The nodes a class may go to, after PreFilter.
pub enum Candidates {
    /// A PreFilter plugin rejected the class.
    Rejected(Rejection),
    /// All nodes.
    All,
    /// These rows; all others count as rejected.
    Some(Vec<NodeIndex>, Rejection),
}

/// Runs PreFilter. Returns the candidates and the filters that need running.
pub fn candidates<'p>(
    profile: &'p Profile,
    cache: &Cache,
    class: &PodClass,
) -> (Candidates, Vec<&'p dyn Filter>) {
    let mut filters = Vec::new();
    let mut restricted: Option<(BTreeSet<String>, BTreeSet<&'static str>)> = None;
    let mut rejected = None;
    for plugin in profile.plugins() {
        match plugin
            .pre_filter()
            .map_or(PreFiltered::All, |p| p.check(class, cache))
        {
            PreFiltered::Skip => continue,
            PreFiltered::All => {}
            PreFiltered::Reject(r) if r.code == Code::UnschedulableAndUnresolvable => {
                return (Candidates::Rejected(r), filters);
            }
            PreFiltered::Reject(r) => rejected = rejected.or(Some(r)),
            PreFiltered::Nodes(names) => {
                let (set, plugins) =
                    restricted.get_or_insert_with(|| (names.clone(), BTreeSet::new()));
                set.retain(|n| names.contains(n));
                plugins.insert(plugin.name());
                if set.is_empty() {
                    return (Candidates::Rejected(empty_set(plugins)), filters);
                }
            }
        }
        filters.extend(plugin.filter());
    }
    let found = match (rejected, restricted) {
        (Some(rejection), _) => Candidates::Rejected(rejection),
        (None, None) => Candidates::All,
        (None, Some((names, plugins))) => {
            let rows = names.iter().filter_map(|n| cache.index(n)).collect();
            let text = format!("node(s) didn't satisfy plugin(s) {}", listed(&plugins));
            Candidates::Some(rows, outside(&plugins, text))
        }
    };
    (found, filters)
}

fn listed(plugins: &BTreeSet<&'static str>) -> String {
    format!(
        "[{}]",
        plugins.iter().copied().collect::<Vec<_>>().join(" ")
    )
}

fn empty_set(plugins: &BTreeSet<&'static str>) -> Rejection {
    let text = match plugins.first() {
        Some(one) if plugins.len() == 1 => format!("node(s) didn't satisfy plugin {one}"),
        _ => format!(
            "node(s) didn't satisfy plugin(s) {} simultaneously",
            listed(plugins)
        ),
    };
    outside(plugins, text)
}

fn outside(plugins: &BTreeSet<&'static str>, text: String) -> Rejection {
    Rejection {
        plugin: plugins.first().copied().unwrap_or_default(),
        code: Code::UnschedulableAndUnresolvable,
        reasons: Reasons::from_iter([Reason::Made(text.into())]),
    }
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
        filters: &[&dyn Filter],
        rows: impl Iterator<Item = NodeIndex>,
    ) -> Self {
        let mut out = Self::default();
        for row in rows {
            let Some(node) = cache.node(row) else {
                continue;
            };
            match filters.iter().find_map(|f| f.check(class, node)) {
                Some(rejection) => out.rejected.push((row, rejection)),
                None => out.feasible.push(row),
            }
        }
        out.totals = vec![0; out.feasible.len()];
        for (plugin, scorer, weight) in profile.scorers() {
            let prepared = scorer.prepare(class, cache);
            if prepared == PreScored::Skip {
                continue;
            }
            let raw: Vec<i64> = out
                .feasible
                .iter()
                .filter_map(|&row| cache.node(row))
                .map(|node| {
                    if prepared == PreScored::Zero {
                        0
                    } else {
                        scorer.score(class, node)
                    }
                })
                .collect();
            let normalized = normalized(scorer, &raw);
            for (total, score) in out.totals.iter_mut().zip(&normalized) {
                *total += score * weight;
            }
            out.scores.push(NodeScores {
                plugin,
                weight,
                raw,
                normalized,
            });
        }
        out
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

fn normalized(scorer: &dyn Score, raw: &[i64]) -> Vec<i64> {
    match (scorer.normalize(), raw.iter().min(), raw.iter().max()) {
        (Some(n), Some(&min), Some(&max)) => raw
            .iter()
            .map(|&s| n.normalize(s, Range { min, max }))
            .collect(),
        _ => raw.to_vec(),
    }
}
