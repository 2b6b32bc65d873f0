//! One attempt to schedule a pod.

use super::{Decision, Nominating, Outcome, Preemption, Scheduler};
use crate::cache::{Cache, ClassId, NodeIndex, Occupant};
use crate::cycle::{Candidates, Diagnosis, Prepared};
use crate::framework::{Code, Happened, Profile, Rejection, Rejectors, Requeue, Task};
use crate::model::{Pod, PodClass};
use crate::preemption::{
    CandidateStates, Found, Limits, Preemptor, Surroundings, Victims, all_candidates,
};
use crate::queue::{Entry, Time};
use std::sync::Arc;

/// What PostFilter made of a failed attempt.
pub(super) struct PostFiltered {
    /// The last part of the failure message.
    pub message: String,
    /// What becomes of the nomination.
    pub nominating: Nominating,
    /// Who has to go.
    pub victims: Option<Victims>,
}

impl PostFiltered {
    pub(super) fn without(message: String, nominating: Nominating) -> Self {
        Self {
            message,
            nominating,
            victims: None,
        }
    }
}

impl Scheduler {
    /// None: the pod is back in the queue until the inquiry is answered.
    pub(super) fn decide(&mut self, entry: Entry, id: ClassId, now: Time) -> Option<Decision> {
        let class = self.cache.classes.get(id);
        let profile = self.profiles.of(&class);
        let pod = entry.pod.clone();
        let (attempts, first_tried) = (entry.attempts, entry.first_tried.unwrap_or(now));
        let found = self.placement.find(
            profile,
            &mut self.cache,
            id,
            &class,
            (&self.nominator, &pod.uid),
        );
        let (outcome, tasks) = match found {
            Ok(node) => self.assume(entry, &class, node, now),
            Err(diagnosis) => {
                let outcome = match diagnosis.error(&self.cache.resources) {
                    Some(message) => {
                        self.queue.put_back_failed(entry, now);
                        Outcome::Failed { message }
                    }
                    None => self.reject(entry, (id, &class), &diagnosis, now)?,
                };
                (outcome, Vec::new())
            }
        };
        Some(Decision {
            pod,
            attempts,
            first_tried,
            outcome,
            tasks,
        })
    }

    fn assume(
        &mut self,
        entry: Entry,
        class: &Arc<PodClass>,
        node: Arc<str>,
        now: Time,
    ) -> (Outcome, Vec<Task>) {
        let uid = Arc::clone(&entry.pod.uid);
        let held = self.cache.classes.hold(entry.class);
        self.nominate(&uid, None);
        self.cache
            .place(&uid, held, &node, Occupant::of(&entry.pod));
        match self.reserve(&entry.pod, class, &node) {
            Ok(tasks) => {
                if self.profiles.of(class).may_turn_down() {
                    self.queue.assume_waiting(entry);
                } else {
                    self.queue.assume(entry);
                }
                (Outcome::Assumed(node), tasks)
            }
            Err(rejection) => {
                self.cache.unplace(&uid);
                (self.not_reserved(entry, class, rejection, now), Vec::new())
            }
        }
    }

    /// Puts back a pod that was turned down after a node was found for it.
    pub(super) fn turn_down(
        &mut self,
        entry: Entry,
        class: &Arc<PodClass>,
        diagnosis: &Diagnosis,
        now: Time,
    ) -> Outcome {
        let post = PostFiltered::without(String::new(), Nominating::Clear);
        self.put_back(entry, class, diagnosis, post, now)
    }

    fn reject(
        &mut self,
        entry: Entry,
        (id, class): (ClassId, &Arc<PodClass>),
        diagnosis: &Diagnosis,
        now: Time,
    ) -> Option<Outcome> {
        let offset = self.placement.draw(self.cache.rows());
        let failed = Failed {
            pod: &entry.pod,
            id,
            class,
            diagnosis,
            offset,
        };
        let post = match self.proposed(&entry.pod.uid) {
            Some(post) => post,
            None if self.shows_candidates(&failed) => {
                self.queue.put_back(entry);
                return None;
            }
            None => self.post_filter(&failed),
        };
        Some(self.put_back(entry, class, diagnosis, post, now))
    }

    fn put_back(
        &mut self,
        entry: Entry,
        class: &Arc<PodClass>,
        diagnosis: &Diagnosis,
        post: PostFiltered,
        now: Time,
    ) -> Outcome {
        let (uid, priority) = (Arc::clone(&entry.pod.uid), class.priority);
        let plugins = diagnosis.plugins();
        let profile = self.profiles.of(class);
        let by = Rejectors {
            unschedulable: profile.set(&plugins),
            ..Rejectors::default()
        };
        let preemption = post.victims.as_ref().and_then(|victims| {
            let Nominating::Node(node) = &post.nominating else {
                return None;
            };
            Some(Box::new(self.preemption(&uid, priority, node, victims)))
        });
        self.wait(entry, class, by, now);
        match &post.nominating {
            Nominating::Keep => {}
            Nominating::Clear => self.renominate(&uid, None, now),
            Nominating::Node(node) => self.renominate(&uid, Some(node), now),
        }
        for pod in preemption.iter().flat_map(|p| &p.withdrawn) {
            self.renominate(&pod.uid, None, now);
        }
        Outcome::Unschedulable {
            message: diagnosis.message(&self.cache.resources, &post.message),
            plugins,
            nominating: post.nominating,
            preemption,
        }
    }

    /// Puts back a pod that plugins rejected, to wait for an event it has not missed.
    pub(super) fn wait(&mut self, entry: Entry, class: &PodClass, by: Rejectors, now: Time) {
        let (cache, profiles, uid) = (&self.cache, &self.profiles, Arc::clone(&entry.pod.uid));
        let helps = |event: &Happened| {
            if event.concerns(&uid, class.priority) {
                profiles.of(class).requeue(by, class, &event.view(cache))
            } else {
                Requeue::No
            }
        };
        self.queue.reject(entry, by, now, helps);
    }

    /// What is to be done for a preemption; the preemptor is held back until it is under way.
    fn preemption(
        &mut self,
        uid: &Arc<str>,
        priority: i32,
        node: &Arc<str>,
        victims: &Victims,
    ) -> Preemption {
        let deleting = |uid: &&Arc<str>| {
            let placed = self.cache.placed(uid);
            placed.is_none_or(|p| p.occupant.deleting)
        };
        let alive = victims.pods.iter().filter(|uid| !deleting(uid)).cloned();
        self.queue.hold(uid, alive);
        let lower = self.nominator.pods_for(node).iter();
        let lower = lower.filter(|n| n.priority < priority);
        Preemption {
            node: Arc::clone(node),
            victims: victims
                .pods
                .iter()
                .filter_map(|u| self.placed_ref(u))
                .collect(),
            withdrawn: lower.filter_map(|n| self.queued_ref(&n.uid)).collect(),
        }
    }

    fn post_filter(&mut self, failed: &Failed<'_>) -> PostFiltered {
        let (id, offset) = (Some(failed.id), failed.offset);
        self.preempt(failed, |attempt, around, states, limits| {
            attempt.run(id, around, states, limits, offset)
        })
        .unwrap_or_else(|| PostFiltered::without(String::new(), Nominating::Clear))
    }

    /// Runs a part of preemption; None if the profile has none, or there are no nodes.
    pub(super) fn preempt<T>(
        &mut self,
        failed: &Failed<'_>,
        run: impl FnOnce(&Attempt<'_>, Surroundings<'_>, &mut CandidateStates, Limits) -> T,
    ) -> Option<T> {
        let profile = self.profiles.of(failed.class);
        let limits = profile.post_filters().next().map(|p| p.limits());
        let limits = limits.filter(|_| failed.diagnosis.total > 0)?;
        let prepared = self.placement.prepared(failed.id)?;
        let around = Surroundings {
            cache: &mut self.cache,
            nominator: &self.nominator,
            budgets: &self.budgets,
        };
        let attempt = Attempt {
            profile,
            prepared,
            pod: failed.pod,
            class: failed.class,
            diagnosis: failed.diagnosis,
        };
        Some(run(&attempt, around, &mut self.candidates, limits))
    }
}

/// A cycle that found no node.
pub(super) struct Failed<'a> {
    pub pod: &'a Pod,
    pub id: ClassId,
    pub class: &'a Arc<PodClass>,
    pub diagnosis: &'a Diagnosis,
    /// Where the walk over candidates starts.
    pub offset: usize,
}

/// A pod that fits nowhere looks for room.
pub(super) struct Attempt<'a> {
    pub profile: &'a Profile,
    pub prepared: &'a Prepared,
    pub pod: &'a Pod,
    pub class: &'a PodClass,
    pub diagnosis: &'a Diagnosis,
}

impl Attempt<'_> {
    fn check(&self, cache: &Cache, row: NodeIndex) -> Option<Rejection> {
        self.prepared
            .rejection_alone(self.profile, cache, self.class, row)
    }

    /// Looks for room. Without the number of the class nothing is kept of it.
    pub(super) fn run(
        &self,
        id: Option<ClassId>,
        mut around: Surroundings<'_>,
        states: &mut CandidateStates,
        limits: Limits,
        offset: usize,
    ) -> PostFiltered {
        if let Some(why) = self.ineligible(&mut around) {
            return PostFiltered::without(format!("preemption: {why}"), Nominating::Keep);
        }
        let found = self.search(id, &mut around, |of, around| {
            states.find(of, around, limits, offset)
        });
        match found.unwrap_or(Found::Nothing(Vec::new())) {
            Found::Candidate(row, victims) => {
                let node = around.cache.node(row).map(|n| Arc::clone(&n.spec().name));
                PostFiltered {
                    message: String::new(),
                    nominating: node.map_or(Nominating::Clear, Nominating::Node),
                    victims: Some(victims),
                }
            }
            Found::Nothing(reasons) => {
                let message = self.hopeless(around.cache, reasons);
                PostFiltered::without(message, Nominating::Clear)
            }
        }
    }

    /// Looks for candidates, if removing pods may help anywhere.
    fn search<T>(
        &self,
        id: Option<ClassId>,
        around: &mut Surroundings<'_>,
        find: impl FnOnce(&Preemptor<'_>, &mut Surroundings<'_>) -> T,
    ) -> Option<T> {
        if self.diagnosis.unschedulable() == 0 {
            return None;
        }
        let rows = match self.prepared.candidates(around.cache) {
            Candidates::Some(rows, _) => Some(rows),
            Candidates::All | Candidates::Rejected(_) => None,
        };
        let check = |cache: &Cache, row| self.check(cache, row);
        let preemptor = Preemptor {
            id: id.unwrap_or_default(),
            class: self.class,
            uid: &self.pod.uid,
            check: &check,
            shared: id.is_none() || self.prepared.filters_count(),
            version: self.prepared.versions(),
            rows: rows.as_deref(),
            everywhere: self.diagnosis.pre_filter.is_some(),
        };
        Some(find(&preemptor, around))
    }

    /// All candidates among which `run` chooses.
    pub(super) fn candidates(
        &self,
        id: ClassId,
        mut around: Surroundings<'_>,
        limits: Limits,
        offset: usize,
    ) -> Vec<(NodeIndex, Victims)> {
        if self.ineligible(&mut around).is_some() {
            return Vec::new();
        }
        let found = self.search(Some(id), &mut around, |of, around| {
            all_candidates(of, around, limits, offset)
        });
        found.unwrap_or_default()
    }

    /// Why the pod may not preempt.
    fn ineligible(&self, around: &mut Surroundings<'_>) -> Option<&'static str> {
        if self.pod.never_preempts {
            return Some("not eligible due to preemptionPolicy=Never.");
        }
        let node = around.nominator.node_of(&self.pod.uid)?;
        let row = around.cache.index(node)?;
        let rejection = match &self.diagnosis.pre_filter {
            Some(rejection) => Some(rejection.clone()),
            None => self.check(around.cache, row),
        };
        if rejection.is_some_and(|r| r.code == Code::UnschedulableAndUnresolvable) {
            return None;
        }
        let terminating = around.cache.pods_on(node).any(|(_, p)| {
            let lower = around.cache.classes.get(p.class).priority < self.class.priority;
            lower && p.occupant.deleting && p.occupant.preempted
        });
        terminating.then_some("not eligible due to a terminating pod on the nominated node.")
    }

    /// The message when preemption helps nowhere.
    fn hopeless(&self, cache: &Cache, mut rejections: Vec<(Rejection, usize)>) -> String {
        let total = self.diagnosis.total;
        let tried: usize = rejections.iter().map(|(_, count)| count).sum();
        if tried < total {
            let text = "Preemption is not helpful for scheduling";
            let rest = Rejection::unresolvable("DefaultPreemption", text);
            rejections.push((rest, total - tried));
        }
        let diagnosis = Diagnosis {
            total,
            pre_filter: None,
            rejections,
        };
        format!("preemption: {}", diagnosis.message(&cache.resources, ""))
    }
}
