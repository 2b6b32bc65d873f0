//! The scheduler: objects in, decisions out.

use crate::SchedulerError;
use crate::cache::{Cache, NodeIndex, Occupant};
use crate::cycle::{Candidates, Diagnosis, Evaluation, Placement, Prepared};
use crate::explain::{Explanation, explain};
use crate::framework::{ClusterEvent, Events, Profile, ProfileSpec, Profiles};
use crate::model::{NodeSpec, OwnerKind, Pod, PodClass, PodInput};
use crate::queue::{Entry, Place, Queue, Time};
use kfast_core::Object;
use serde::Deserialize;
use std::sync::Arc;

/// What was decided about one pod.
#[derive(Debug)]
pub struct Decision {
    /// The pod.
    pub pod: Pod,
    /// Where it goes, or why nowhere.
    pub outcome: Outcome,
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
    },
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
}

impl Default for Config {
    fn default() -> Self {
        Self {
            profiles: vec![ProfileSpec::default()],
        }
    }
}

/// A scheduler for the pods of its profiles.
pub struct Scheduler {
    profiles: Profiles,
    cache: Cache,
    queue: Queue,
    placement: Placement,
}

impl Scheduler {
    /// A scheduler without nodes and pods. `seed` decides between equally good nodes.
    ///
    /// # Errors
    /// `Profile`.
    pub fn new(config: &Config, seed: u64) -> Result<Self, SchedulerError> {
        let mut cache = Cache::default();
        Ok(Self {
            profiles: Profiles::new(&config.profiles, &mut cache.resources)?,
            cache,
            queue: Queue::default(),
            placement: Placement::new(seed),
        })
    }

    /// The cluster as the scheduler sees it.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Adds or replaces a node.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_node(&mut self, node: &Object, now: Time) -> Result<(), SchedulerError> {
        let spec = NodeSpec::read(node, &mut self.cache.resources)?;
        let (index, events) = self.cache.set_node(spec);
        if events != Events::NONE {
            self.react(events, Some(index), None, now);
        }
        Ok(())
    }

    /// Removes a node.
    pub fn remove_node(&mut self, name: &str) {
        self.cache.remove_node(name);
    }

    /// Adds or replaces a namespace.
    pub fn set_namespace(&mut self, namespace: &Object) {
        let labels = namespace.labels().into();
        self.cache.set_namespace(namespace.name(), Some(labels));
    }

    /// Removes a namespace: its pods count as in one without labels.
    pub fn remove_namespace(&mut self, name: &str) {
        self.cache.set_namespace(name, None);
    }

    /// Adds or replaces a Service.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_service(&mut self, service: &Object) -> Result<(), SchedulerError> {
        self.cache.owners_mut().set_service(service).map(drop)
    }

    /// Removes a Service.
    pub fn remove_service(&mut self, namespace: &str, name: &str) {
        self.cache.owners_mut().remove_service(namespace, name);
    }

    /// Adds or replaces a ReplicationController, ReplicaSet or StatefulSet.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_owner(&mut self, kind: OwnerKind, owner: &Object) -> Result<(), SchedulerError> {
        self.cache
            .owners_mut()
            .set_controller(kind, owner)
            .map(drop)
    }

    /// Removes one of these.
    pub fn remove_owner(&mut self, kind: OwnerKind, namespace: &str, name: &str) {
        let owners = self.cache.owners_mut();
        owners.remove_controller(kind, namespace, name);
    }

    /// Adds or replaces a pod, pending or assigned. Pods that ended are forgotten; pending pods of
    /// other schedulers are ignored. Returns whether the pod is held back by a gate.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn set_pod(&mut self, object: &Object, now: Time) -> Result<bool, SchedulerError> {
        let PodInput { pod, mut class } = PodInput::read(object, &mut self.cache.resources)?;
        let ours = self.profiles.named(&pod.scheduler_name);
        class.profile = ours.unwrap_or_default();
        if pod.terminal {
            self.remove_pod(&pod.uid, now);
        } else if let Some(node) = pod.node_name.clone() {
            let class = self.cache.classes.intern(class);
            self.drop_entry(&pod.uid);
            if let Some(freed) = self.cache.place(&pod.uid, class, &node, Occupant::of(&pod)) {
                self.react(Events::POD_DELETE, None, Some(&freed), now);
            }
        } else if ours.is_some() && !pod.deleting {
            return Ok(self.queue_pod(pod, class, now));
        } else if !self.is_assumed(&pod.uid) {
            self.drop_entry(&pod.uid);
        }
        Ok(false)
    }

    fn queue_pod(&mut self, pod: Pod, class: PodClass, now: Time) -> bool {
        let known = self.queue.get(&pod.uid).map(|e| {
            let same = *self.cache.classes.get(e.class) == class
                && e.pod.gated == pod.gated
                && e.pod.priority == pod.priority;
            same || matches!(e.place, Place::Assumed)
        });
        if known == Some(true) {
            let gated = pod.gated;
            self.queue.refresh(pod);
            return gated;
        }
        let profile = self.profiles.of(&class);
        let gated = profile.gate(&pod).is_some();
        let rank = profile.rank(&pod);
        let class = self.cache.classes.intern(class);
        if let Some(old) = self.queue.get(&pod.uid) {
            self.cache.classes.release(old.class);
        }
        self.queue.put(Entry::new(pod, class, rank), gated, now);
        gated
    }

    /// Removes a pod.
    pub fn remove_pod(&mut self, uid: &str, now: Time) {
        self.drop_entry(uid);
        if let Some((class, _)) = self.cache.unplace(uid) {
            self.react(Events::POD_DELETE, None, Some(&class), now);
        }
    }

    /// Takes back an assumed pod whose binding failed; it is retried after a backoff. Returns whether
    /// the pod was assumed.
    pub fn bind_failed(&mut self, uid: &str, now: Time) -> bool {
        let failed = self.queue.fail(uid, now);
        if failed && let Some((class, _)) = self.cache.unplace(uid) {
            self.react(Events::POD_DELETE, None, Some(&class), now);
        }
        failed
    }

    /// Decides about up to `max` pods.
    pub fn step(&mut self, now: Time, max: usize) -> Vec<Decision> {
        let released = self.cache.classes.take_released();
        self.placement.forget(&released);
        self.cache.forget(&released);
        let mut decisions = Vec::new();
        while decisions.len() < max
            && let Some(entry) = self.queue.pop(now)
        {
            decisions.push(self.decide(entry, now));
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

    /// When `step` next has something to do without new objects: now, later, or never.
    #[must_use]
    pub fn next_wakeup(&self, now: Time) -> Option<Time> {
        self.queue.next_wakeup(now)
    }

    /// The verdict of every plugin on every node for a pod, from scratch; the pod need not be queued.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn evaluate(&mut self, pod: &Object) -> Result<(Candidates, Evaluation), SchedulerError> {
        let PodInput { pod, mut class } = PodInput::read(pod, &mut self.cache.resources)?;
        class.node_name = pod.node_name.as_deref().map(Into::into);
        class.profile = self.profiles.named(&pod.scheduler_name).unwrap_or_default();
        let profile = self.profiles.of(&class);
        let prepared = Prepared::new(profile, &mut self.cache, &class);
        let found = prepared.candidates(&self.cache);
        let rows: Vec<NodeIndex> = match &found {
            Candidates::Rejected(_) => Vec::new(),
            Candidates::All => self.cache.nodes().map(|(row, _)| row).collect(),
            Candidates::Some(rows, _) => rows.clone(),
        };
        let rows = rows.into_iter();
        let evaluation = Evaluation::run(profile, &self.cache, &class, &prepared, rows);
        Ok((found, evaluation))
    }

    /// Why a pod goes where it goes, from scratch; it may be queued, on a node, or neither.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn explain(&mut self, pod: &Object) -> Result<Explanation, SchedulerError> {
        let input = PodInput::read(pod, &mut self.cache.resources)?;
        Ok(explain(&self.profiles, &mut self.cache, input))
    }

    fn decide(&mut self, entry: Entry, now: Time) -> Decision {
        let class = self.cache.classes.get(entry.class);
        let profile = self.profiles.of(&class);
        let outcome = match self
            .placement
            .find(profile, &mut self.cache, entry.class, &class)
        {
            Ok(node) => {
                let held = self.cache.classes.hold(entry.class);
                let occupant = Occupant::of(&entry.pod);
                self.cache.place(&entry.pod.uid, held, &node, occupant);
                Outcome::Assumed(node)
            }
            Err(diagnosis) => self.explain_failure(profile, &entry.pod, &diagnosis),
        };
        let pod = entry.pod.clone();
        match &outcome {
            Outcome::Assumed(_) => self.queue.assume(entry),
            Outcome::Unschedulable { plugins, .. } => {
                let plugins = profile.set(plugins);
                self.queue.reject(entry, plugins, now);
            }
        }
        Decision { pod, outcome }
    }

    fn explain_failure(&self, profile: &Profile, pod: &Pod, diagnosis: &Diagnosis) -> Outcome {
        let post_filter = profile
            .post_filters()
            .next()
            .map(|p| p.message(pod, diagnosis.unschedulable(), diagnosis.total));
        Outcome::Unschedulable {
            message: diagnosis.message(&self.cache.resources, &post_filter.unwrap_or_default()),
            plugins: diagnosis.plugins(),
        }
    }

    fn is_assumed(&self, uid: &str) -> bool {
        self.queue
            .get(uid)
            .is_some_and(|e| matches!(e.place, Place::Assumed))
    }

    fn drop_entry(&mut self, uid: &str) {
        if let Some(entry) = self.queue.remove(uid) {
            self.cache.classes.release(entry.class);
        }
    }

    /// Requeues unschedulable pods which an event may help.
    fn react(
        &mut self,
        events: Events,
        node: Option<NodeIndex>,
        pod: Option<&PodClass>,
        now: Time,
    ) {
        let (cache, profiles) = (&self.cache, &self.profiles);
        let event = ClusterEvent {
            events,
            node: node.and_then(|row| cache.node(row)),
            pod,
            driver: None,
        };
        self.queue.requeue(now, |class, plugins| {
            let class = cache.classes.get(class);
            profiles.of(&class).helps(plugins, &class, &event)
        });
    }
}
