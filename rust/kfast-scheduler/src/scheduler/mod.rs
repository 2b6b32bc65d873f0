//! The scheduler: objects in, decisions out.

mod attempt;
mod binding;
mod change;
mod input;
mod inquiry;
mod labels;
mod proposals;
mod storage;
mod what_if;

pub use inquiry::{Answer, Inquiry};
pub use proposals::Proposal;
use proposals::Proposed;
pub use what_if::PreemptionVerdict;

use crate::SchedulerError;
use crate::cache::Cache;
use crate::cycle::Placement;
use crate::framework::{ProfileSpec, Profiles, Task};
use crate::model::Pod;
use crate::preemption::{Budgets, CandidateStates, Nominator};
use crate::queue::{Backoff, Incoming, Queue, SECOND, Time};
use serde::Deserialize;
use std::sync::Arc;

/// What was decided about one pod.
#[derive(Debug)]
pub struct Decision {
    /// The pod.
    pub pod: Pod,
    /// Times it was tried, this one included.
    pub attempts: u32,
    /// When it was first tried.
    pub first_tried: Time,
    /// Where it goes, or why nowhere.
    pub outcome: Outcome,
    /// What is to be done, in order, before the pod is bound.
    pub tasks: Vec<Task>,
}

/// The outcome of one cycle.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Assumed on a node; a binding is due.
    Assumed(Arc<str>),
    /// No node fits.
    Unschedulable {
        /// Upstream's message.
        message: String,
        /// Plugins that rejected it.
        plugins: Vec<&'static str>,
        /// What becomes of `status.nominatedNodeName`.
        nominating: Nominating,
        /// Pods that are to make room for it.
        preemption: Option<Box<Preemption>>,
    },
    /// The attempt ended in an error: the condition's reason is `SchedulerError`.
    Failed {
        /// Upstream's message.
        message: String,
    },
}

/// What becomes of a pod's nomination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nominating {
    /// It stays as it is.
    Keep,
    /// It is withdrawn.
    Clear,
    /// The pod is nominated for this node.
    Node(Arc<str>),
}

/// A pod by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRef {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Uid.
    pub uid: Arc<str>,
}

/// What the caller has to do so that a pod will fit. The pod is held back until the deletion of all victims is seen
/// or `preempted` is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preemption {
    /// The node.
    pub node: Arc<str>,
    /// Pods to delete, the most important first; those being deleted already are among them.
    pub victims: Vec<PodRef>,
    /// Pods of lower priority whose `status.nominatedNodeName` is to be cleared.
    pub withdrawn: Vec<PodRef>,
}

/// Number of pods by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PendingCounts {
    /// Ready to be tried.
    pub active: usize,
    /// Waiting for the end of their backoff.
    pub backoff: usize,
    /// Waiting for an event.
    pub unschedulable: usize,
    /// Held back by gates.
    pub gated: usize,
    /// Placed, binding under way.
    pub assumed: usize,
}

/// What a scheduler is made from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// One for each `schedulerName`; all share the queue and the cache.
    pub profiles: Vec<ProfileSpec>,
    /// How long a pod waits after its first failure.
    pub pod_initial_backoff_seconds: u32,
    /// How long at most.
    pub pod_max_backoff_seconds: u32,
    /// Candidates of preemption are inquired about before one is picked.
    pub asks_about_preemption: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profiles: vec![ProfileSpec::default()],
            pod_initial_backoff_seconds: 1,
            pod_max_backoff_seconds: 10,
            asks_about_preemption: false,
        }
    }
}

/// A scheduler for the pods of its profiles.
pub struct Scheduler {
    profiles: Profiles,
    cache: Cache,
    queue: Queue,
    placement: Placement,
    nominator: Nominator,
    budgets: Budgets,
    candidates: CandidateStates,
    inquiry: Option<Inquiry>,
    asks_about_preemption: bool,
    proposed: Option<Proposed>,
    /// The latest time told.
    clock: Time,
}

impl Scheduler {
    /// A scheduler without nodes and pods. `seed` decides between equally good nodes.
    ///
    /// # Errors
    /// `Profile`.
    pub fn new(config: &Config, seed: u64) -> Result<Self, SchedulerError> {
        let mut cache = Cache::default();
        let mut queue = Queue::default();
        queue.backoff = Backoff {
            initial: Time::from(config.pod_initial_backoff_seconds) * SECOND,
            max: Time::from(config.pod_max_backoff_seconds) * SECOND,
        };
        Ok(Self {
            profiles: Profiles::new(&config.profiles, &mut cache.resources)?,
            cache,
            queue,
            placement: Placement::new(seed),
            nominator: Nominator::default(),
            budgets: Budgets::default(),
            candidates: CandidateStates::default(),
            inquiry: None,
            asks_about_preemption: config.asks_about_preemption,
            proposed: None,
            clock: 0,
        })
    }

    /// The cluster as the scheduler sees it.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The pods nominated for nodes.
    #[must_use]
    pub fn nominator(&self) -> &Nominator {
        &self.nominator
    }

    /// Decides about up to `max` pods; about none more once something is to be asked: see `inquiry`.
    pub fn step(&mut self, now: Time, max: usize) -> Vec<Decision> {
        self.clock = now;
        let released = self.cache.classes.take_released();
        self.placement.forget(&released);
        self.candidates.forget(&released);
        self.cache.forget(&released);
        let mut decisions = Vec::new();
        while decisions.len() < max
            && let Some(entry) = self.queue.pop(now)
        {
            let class = self.cache.resolve(&entry.pod, entry.class);
            self.inquiry = self.inquire(&entry, class);
            if self.inquiry.is_some() {
                self.queue.put_back(entry);
                break;
            }
            let Some(decision) = self.decide(entry, class, now) else {
                break;
            };
            decisions.push(decision);
            self.spend(class);
        }
        decisions
    }

    /// Number of pods by state.
    #[must_use]
    pub fn pending(&self) -> PendingCounts {
        let [active, backoff, unschedulable, gated, assumed] = self.queue.counts();
        PendingCounts {
            active,
            backoff,
            unschedulable,
            gated,
            assumed,
        }
    }

    /// How often pods came into which queue, and why.
    #[must_use]
    pub fn incoming(&self) -> &Incoming {
        self.queue.incoming()
    }

    /// When `step` next has something to do without new objects: now, later, or never.
    #[must_use]
    pub fn next_wakeup(&self, now: Time) -> Option<Time> {
        self.queue.next_wakeup(now)
    }

    fn placed_ref(&self, uid: &Arc<str>) -> Option<PodRef> {
        let occupant = &self.cache.placed(uid)?.occupant;
        Some(PodRef {
            namespace: Arc::clone(&occupant.namespace),
            name: Arc::clone(&occupant.name),
            uid: Arc::clone(uid),
        })
    }

    fn queued_ref(&self, uid: &Arc<str>) -> Option<PodRef> {
        let pod = &self.queue.get(uid)?.pod;
        Some(PodRef {
            namespace: Arc::clone(&pod.namespace),
            name: Arc::clone(&pod.name),
            uid: Arc::clone(uid),
        })
    }
}
