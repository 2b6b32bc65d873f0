//! Verdicts on pods that need not be queued; nothing changes.

use super::attempt::Attempt;
use super::{PodRef, Scheduler};
use crate::SchedulerError;
use crate::cache::{Cache, NodeIndex};
use crate::cycle::{Candidates, Diagnosis, Evaluation, Prepared};
use crate::explain::{Explanation, explain};
use crate::model::{Pod, PodClass, PodInput};
use crate::preemption::{CandidateStates, Limits, Surroundings};
use kfast_core::Object;
use std::sync::Arc;

/// What preemption would do for a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreemptionVerdict {
    /// The pod fits somewhere.
    NotNeeded,
    /// It helps nowhere, as the message tells.
    Hopeless(String),
    /// These pods would have to leave the node.
    Helps(Arc<str>, Vec<PodRef>),
}

impl Scheduler {
    /// The verdict of every plugin on every node for a pod, from scratch; the pod need not be queued.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn evaluate(&mut self, pod: &Object) -> Result<(Candidates, Evaluation), SchedulerError> {
        let (_, class) = self.read(pod)?;
        let profile = self.profiles.of(&class);
        let prepared = Prepared::new(profile, &mut self.cache, &class);
        let found = prepared.candidates(&self.cache);
        let rows = rows(&found, &self.cache).into_iter();
        let evaluation = Evaluation::run(profile, &self.cache, &class, &prepared, rows);
        Ok((found, evaluation))
    }

    /// What preemption would do for a pod, from scratch; of equally good nodes the first.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn evaluate_preemption(
        &mut self,
        pod: &Object,
    ) -> Result<PreemptionVerdict, SchedulerError> {
        let (found, evaluation) = self.evaluate(pod)?;
        if !evaluation.feasible.is_empty() {
            return Ok(PreemptionVerdict::NotNeeded);
        }
        let (pod, class) = self.read(pod)?;
        let diagnosis = diagnosis(found, evaluation, self.cache.node_count());
        let profile = self.profiles.of(&class);
        let prepared = Prepared::new(profile, &mut self.cache, &class);
        let around = Surroundings {
            cache: &mut self.cache,
            nominator: &self.nominator,
            budgets: &self.budgets,
        };
        let attempt = Attempt {
            profile,
            prepared: &prepared,
            pod: &pod,
            class: &class,
            diagnosis: &diagnosis,
        };
        let limits = profile
            .post_filters()
            .next()
            .map_or_else(Limits::default, |p| p.limits());
        let post = attempt.run(None, around, &mut CandidateStates::default(), limits, 0);
        let Some(victims) = post.victims else {
            return Ok(PreemptionVerdict::Hopeless(post.message));
        };
        let pods: Vec<PodRef> = victims
            .pods
            .iter()
            .filter_map(|u| self.placed_ref(u))
            .collect();
        let node = victims.pods.first().and_then(|uid| self.cache.node_of(uid));
        Ok(
            node.map_or(PreemptionVerdict::Hopeless(post.message), |node| {
                PreemptionVerdict::Helps(Arc::clone(node), pods)
            }),
        )
    }

    /// Why a pod goes where it goes, from scratch; it may be queued, on a node, or neither.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn explain(&mut self, pod: &Object) -> Result<Explanation, SchedulerError> {
        let input = self.read_pod(pod)?;
        Ok(explain(&self.profiles, &mut self.cache, input))
    }

    fn read(&mut self, pod: &Object) -> Result<(Pod, PodClass), SchedulerError> {
        let PodInput { pod, mut class } = self.read_pod(pod)?;
        class.node_name = pod.node_name.as_deref().map(Into::into);
        let demand = self.cache.volumes().demand(&pod, &class.volumes);
        class.volumes.demand = demand.map(Arc::new);
        Ok((pod, class))
    }
}

fn rows(found: &Candidates, cache: &Cache) -> Vec<NodeIndex> {
    match found {
        Candidates::Rejected(_) => Vec::new(),
        Candidates::All => cache.nodes().map(|(row, _)| row).collect(),
        Candidates::Some(rows, _) => rows.clone(),
    }
}

fn diagnosis(found: Candidates, evaluation: Evaluation, total: usize) -> Diagnosis {
    let mut diagnosis = Diagnosis {
        total,
        ..Diagnosis::default()
    };
    let rejected = evaluation.rejected.into_iter();
    diagnosis.rejections = rejected.map(|(_, rejection)| (rejection, 1)).collect();
    match found {
        Candidates::Rejected(rejection) => diagnosis.pre_filter = Some(rejection),
        Candidates::Some(rows, outside) => {
            let others = total - rows.len();
            diagnosis.rejections.push((outside, others));
        }
        Candidates::All => {}
    }
    diagnosis
}
