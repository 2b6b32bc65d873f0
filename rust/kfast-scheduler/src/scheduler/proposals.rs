//! Candidates of preemption, shown to others before one is picked: an inquiry of its own, answered by `propose`. The
//! cycle then runs again.

use super::attempt::{Failed, PostFiltered};
use super::{Inquiry, Nominating, PodRef, Scheduler};
use crate::preemption::{Cost, Victims};
use std::sync::Arc;

/// A node on which preemption would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its name.
    pub node: Arc<str>,
    /// How many victims PodDisruptionBudgets protect.
    pub violations: u32,
    /// Uids of the pods that would have to go.
    pub victims: Vec<Arc<str>>,
}

/// What others left of the candidates of a pod, or their error.
pub(super) struct Proposed {
    uid: Arc<str>,
    left: Result<Vec<Proposal>, String>,
}

impl Scheduler {
    /// The pods the scheduler counts on a node; None if it knows no such node.
    #[must_use]
    pub fn pods_on(&self, node: &str) -> Option<Vec<PodRef>> {
        self.cache.index(node)?;
        let pods = self.cache.pods_on(node);
        Some(pods.filter_map(|(uid, _)| self.placed_ref(uid)).collect())
    }

    /// Answers an inquiry about candidates with what is left of them, other victims perhaps, or with an error: the
    /// pod then stays where it is. An answer events have overtaken is asked for again.
    pub fn propose(&mut self, uid: &str, left: Result<Vec<Proposal>, String>) {
        let uid = uid.into();
        self.proposed = Some(Proposed { uid, left });
    }

    /// What an answer that still holds makes of a failed cycle: the cheapest proposal wins, the first of equals.
    pub(super) fn proposed(&mut self, uid: &str) -> Option<PostFiltered> {
        let proposed = self.proposed.take_if(|p| *p.uid == *uid)?;
        let kept =
            |why: &str| PostFiltered::without(format!("preemption: {why}"), Nominating::Keep);
        let left = match proposed.left {
            Ok(left) => left,
            Err(error) => return Some(kept(&error)),
        };
        let costs: Option<Vec<Cost>> = left.iter().map(|p| self.cost(p)).collect();
        let best = costs?.into_iter().zip(left).min_by_key(|(cost, _)| *cost);
        let Some((cost, Proposal { node, victims, .. })) = best else {
            return Some(kept("no candidate node for preemption"));
        };
        Some(PostFiltered {
            message: String::new(),
            nominating: Nominating::Node(node),
            victims: Some(Victims {
                pods: victims,
                cost,
            }),
        })
    }

    /// None if not all victims are on the node.
    fn cost(&self, proposal: &Proposal) -> Option<Cost> {
        let victims = proposal.victims.iter().map(|uid| {
            let placed = self.cache.placed(uid)?;
            let class = self.cache.classes.get(placed.class);
            let started = placed.occupant.started.unwrap_or(i64::MAX);
            (placed.node == proposal.node).then_some((class.priority, started))
        });
        let victims: Option<Vec<_>> = victims.collect();
        Some(Cost::of(proposal.violations, victims?.into_iter()))
    }

    /// Inquires about the candidates of a failed cycle, if it has any that others want to see.
    pub(super) fn shows_candidates(&mut self, failed: &Failed<'_>) -> bool {
        if !self.asks_about_preemption {
            return false;
        }
        let found = self.preempt(failed, |attempt, around, _, limits| {
            attempt.candidates(failed.id, around, limits, failed.offset)
        });
        let proposal = |(row, victims): (_, Victims)| {
            Some(Proposal {
                node: Arc::clone(&self.cache.node(row)?.spec().name),
                violations: victims.cost.violations,
                victims: victims.pods,
            })
        };
        let found = found.into_iter().flatten().filter_map(proposal);
        let found: Vec<Proposal> = found.collect();
        if found.is_empty() {
            return false;
        }
        self.inquiry = Some(Inquiry::about(failed, found));
        true
    }
}
