//! Why a pod goes where it goes: every plugin's verdict on every node, from scratch.

mod near_miss;

pub use near_miss::{NearMiss, Need};

use crate::cache::{Cache, NodeIndex};
use crate::cycle::{Candidates, Evaluation, Prepared};
use crate::framework::{Profiles, Rejection};
use crate::model::{PodClass, PodInput};
use std::sync::Arc;

/// The verdict on a pod over all nodes.
pub struct Explanation {
    /// Why no node at all can do.
    pub pre_filter: Option<Rejection>,
    /// The rejected nodes with all plugins' reasons; the first is what decides.
    pub rejected: Vec<(NodeIndex, Vec<Rejection>)>,
    /// Feasible nodes and their scores.
    pub evaluation: Evaluation,
    /// The nodes on which a single plugin is in the way, the nearest first.
    pub near_misses: Vec<NearMiss>,
}

/// Explains a pod. One that is on a node is explained as if it were not there and had not been told where to go.
#[must_use]
pub fn explain(profiles: &Profiles, cache: &mut Cache, input: PodInput) -> Explanation {
    let PodInput { pod, mut class } = input;
    class.profile = profiles.named(&pod.scheduler_name).unwrap_or_default();
    let there = cache.placed(&pod.uid).and_then(|placed| {
        let row = cache.index(&placed.node)?;
        Some((row, placed.class, placed.occupant.deleting))
    });
    if cache.placed(&pod.uid).is_none() {
        class.node_name = pod.node_name.as_deref().map(Into::into);
    }
    if let Some((row, placed, deleting)) = there {
        cache.suppose(row, &pod.uid, (placed, deleting), false);
    }
    let demand = cache.volumes().demand(&pod, &class.volumes);
    class.volumes.demand = demand.map(Arc::new);
    let explanation = verdicts(profiles, cache, &class);
    if let Some((row, placed, deleting)) = there {
        cache.suppose(row, &pod.uid, (placed, deleting), true);
    }
    explanation
}

fn verdicts(profiles: &Profiles, cache: &mut Cache, class: &PodClass) -> Explanation {
    let profile = profiles.of(class);
    let prepared = Prepared::new(profile, cache, class);
    let mut explanation = Explanation {
        pre_filter: None,
        rejected: Vec::new(),
        evaluation: Evaluation::default(),
        near_misses: Vec::new(),
    };
    let all = || cache.nodes().map(|(row, _)| row);
    let rows: Vec<NodeIndex> = match prepared.candidates(cache) {
        Candidates::Rejected(rejection) => {
            explanation.pre_filter = Some(rejection);
            return explanation;
        }
        Candidates::All => all().collect(),
        Candidates::Some(rows, outside) => {
            let left_out = all().filter(|row| !rows.contains(row));
            explanation.rejected = left_out.map(|row| (row, vec![outside.clone()])).collect();
            rows
        }
    };
    let outside = explanation.rejected.len();
    let mut evaluation = Evaluation::run(profile, cache, class, &prepared, rows.into_iter());
    let totals = prepared.totals(cache, class);
    for (row, _) in std::mem::take(&mut evaluation.rejected) {
        let reasons = prepared.rejections(profile, cache, class, &totals, row);
        explanation.rejected.push((row, reasons.collect()));
    }
    explanation.near_misses = near_miss::all(cache, class, &explanation.rejected[outside..]);
    explanation.evaluation = evaluation;
    explanation
}
