//! InterPodAffinity: required terms filter, preferred ones score, and the terms of the pods there are count too.

use crate::cache::{Cache, Counted, CounterId, Held, Role};
use crate::framework::{
    ClusterEvent, Code, CountedFilter, CountedScore, Events, Feasible, MAX_NODE_SCORE, Normalize,
    Plugin, PreFilter, PreFiltered, PreScored, Range, Reading, Reason, Reasons, Rejection, Score,
    Totals, Weights,
};
use crate::model::{PodAffinity, PodClass, PodSet, PodTerm};
use serde::Deserialize;
use smallvec::SmallVec;

const NAME: &str = "InterPodAffinity";

/// `InterPodAffinityArgs`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InterPodAffinityArgs {
    /// The weight of a required affinity term of a pod already placed, 0 to 100.
    pub hard_pod_affinity_weight: i32,
    /// Whether preferences of pods already placed do not matter to pods without preferences.
    pub ignore_preferred_terms_of_existing_pods: bool,
}

impl Default for InterPodAffinityArgs {
    fn default() -> Self {
        Self {
            hard_pod_affinity_weight: 1,
            ignore_preferred_terms_of_existing_pods: false,
        }
    }
}

/// The plugin.
pub struct InterPodAffinity {
    args: InterPodAffinityArgs,
}

impl InterPodAffinity {
    /// With arguments.
    #[must_use]
    pub fn new(args: InterPodAffinityArgs) -> Self {
        Self { args }
    }
}

impl Plugin for InterPodAffinity {
    fn name(&self) -> &'static str {
        NAME
    }

    fn pre_filter(&self) -> Option<&dyn PreFilter> {
        Some(self)
    }

    fn score(&self) -> Option<&dyn Score> {
        Some(self)
    }

    fn events(&self) -> Events {
        Events::NODE_ADD
            | Events::NODE_LABEL
            | Events::POD_ADD
            | Events::POD_LABEL
            | Events::POD_DELETE
            | Events::TARGET_LABEL
    }

    fn hint(&self, class: &PodClass, event: &ClusterEvent<'_>) -> bool {
        let PodAffinity {
            required,
            required_anti,
            ..
        } = &class.affinity;
        let wanted = |pod: &PodClass| {
            !required.is_empty() && required.iter().all(|t| may_contain(&t.pods, pod))
        };
        let about = |term: &PodTerm, pod: &PodClass| may_contain(&term.pods, pod);
        match (event.pod, event.pod_now, event.node) {
            (None, Some(now), _) => wanted(now),
            (Some(was), Some(now), _) => {
                let mut anti = required_anti.iter();
                (!wanted(was) && wanted(now)) || anti.any(|t| about(t, was) && !about(t, now))
            }
            (Some(was), None, _) => {
                required_anti.iter().any(|t| about(t, was))
                    || was.affinity.required_anti.iter().any(|t| about(t, class))
            }
            (None, None, Some(node)) => match event.node_was {
                None => {
                    let has = |t: &PodTerm| node.spec().label(&t.topology_key).is_some();
                    !required_anti.is_empty() || required.iter().any(has)
                }
                Some(was) => {
                    let spec = node.spec();
                    let moved =
                        |t: &&PodTerm| was.label(&t.topology_key) != spec.label(&t.topology_key);
                    let (now_in, was_in) = (
                        |t: &PodTerm| spec.label(&t.topology_key).is_some(),
                        |t: &PodTerm| was.label(&t.topology_key).is_some(),
                    );
                    required.iter().filter(moved).any(now_in)
                        || required_anti.iter().filter(moved).any(was_in)
                }
            },
            (None, None, None) => true,
        }
    }
}

/// Whether a pod may belong: namespaces that are selected are taken to match. Upstream takes them not to, and asks for
/// all anti-affinity terms at once, which leaves pods waiting that fit.
fn may_contain(set: &PodSet, pod: &PodClass) -> bool {
    (set.names(&pod.namespace) || !set.namespace_selector.is_nothing())
        && set.selector.matches(&pod.labels)
}

/// Counters and readings under way, and what keeps their numbers valid.
#[derive(Default)]
struct Readings {
    list: Vec<Reading>,
    held: Vec<Held>,
}

impl Readings {
    /// Adds a counter with a weight to the reading of its key from index `from` on.
    fn add(&mut self, cache: &Cache, counter: Held, weight: i64, cap: i64, from: usize) {
        let (id, key) = (counter.id(), cache.counters().key(counter.id()));
        self.held.push(counter);
        if let Some(reading) = self.list[from..].iter_mut().find(|r| r.key == key) {
            reading.terms.push((id, weight));
            return;
        }
        let terms = SmallVec::from_iter([(id, weight)]);
        self.list.push(Reading { key, terms, cap });
    }

    /// A counter of pods by a topology key.
    fn counter(&mut self, cache: &mut Cache, sets: Vec<PodSet>, topology_key: &str) -> Held {
        let key = cache.topology_key(topology_key);
        let counter = cache.counter(Counted::Pods(sets.into()), &key);
        self.held.push(key);
        counter
    }
}

/// The filter for one class. Of the readings, those of the class's affinity come first, then those of its
/// anti-affinity, then those of the anti-affinity of others.
struct Required {
    readings: Readings,
    /// Where the second and the third group begin.
    groups: (usize, usize),
    /// Counters of pods that match all of the class's affinity terms, by each of their keys.
    matching: Vec<CounterId>,
    /// Whether the class matches its own affinity terms.
    own: bool,
}

impl PreFilter for InterPodAffinity {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreFiltered {
        if let Some(error) = &class.affinity.invalid {
            return PreFiltered::Reject(Rejection {
                plugin: NAME,
                code: Code::UnschedulableAndUnresolvable,
                reasons: Reasons::from_iter([Reason::Made(format!("parsing pod: {error}").into())]),
            });
        }
        let required = Required::new(class, cache);
        if required.readings.list.is_empty() {
            PreFiltered::Skip
        } else {
            PreFiltered::counts(required)
        }
    }

    fn version(&self, class: &PodClass, cache: &Cache) -> u64 {
        cache
            .counters()
            .owners_version(&class.namespace, &class.labels)
    }
}

impl Required {
    fn new(class: &PodClass, cache: &mut Cache) -> Self {
        let mut readings = Readings::default();
        let affinity = &class.affinity;
        let all: Vec<PodSet> = affinity.required.iter().map(|t| t.pods.clone()).collect();
        for term in &affinity.required {
            let counter = readings.counter(cache, all.clone(), &term.topology_key);
            if readings.list.iter().all(|r| r.terms[0].0 != counter.id()) {
                readings.add(cache, counter, 1, 1, readings.list.len());
            }
        }
        let matching = readings.list.iter().map(|r| r.terms[0].0).collect();
        let second = readings.list.len();
        for term in &affinity.required_anti {
            let counter = readings.counter(cache, vec![term.pods.clone()], &term.topology_key);
            readings.add(cache, counter, 1, 1, second);
        }
        let third = readings.list.len();
        let (owners, subject) = cache.owners_about(&class.namespace, &class.labels);
        for owner in owners {
            let counted = cache.counters().counted(owner.id());
            if matches!(counted, Counted::Owners(Role::AntiAffinity, _)) {
                readings.add(cache, owner, 1, 1, third);
            }
        }
        readings.held.push(subject);
        let labels = cache.counters().namespace_labels(&class.namespace);
        let own = |t: &PodSet| {
            t.contains(&class.namespace, &class.labels, labels)
                || t.contains(&class.namespace, &class.labels, &[])
        };
        Self {
            own: all.iter().all(own),
            readings,
            groups: (second, third),
            matching,
        }
    }
}

impl CountedFilter for Required {
    fn readings(&self) -> &[Reading] {
        &self.readings.list
    }

    /// Whether any pod matches all affinity terms, on a node with one of their keys.
    fn totals(&self, _: &PodClass, cache: &Cache) -> Totals {
        let counters = cache.counters();
        let any = self.matching.iter().any(|&id| counters.total(id) > 0);
        Totals::from_iter([i64::from(any)])
    }

    fn check(&self, totals: &[i64], values: &[Option<i64>]) -> Option<Rejection> {
        let (second, third) = self.groups;
        let some = |v: &Option<i64>| v.is_some_and(|n| n > 0);
        let affinity = &values[..second];
        let first_of_its_kind = || totals[0] == 0 && self.own;
        if affinity.iter().any(Option::is_none)
            || !(affinity.iter().all(some) || first_of_its_kind())
        {
            let reason = "node(s) didn't match pod affinity rules";
            return Some(Rejection::unresolvable(NAME, reason));
        }
        if values[second..third].iter().any(some) {
            let reason = "node(s) didn't match pod anti-affinity rules";
            return Some(Rejection::unschedulable(NAME, reason));
        }
        values[third..].iter().any(some).then(|| {
            let reason = "node(s) didn't satisfy existing pods anti-affinity rules";
            Rejection::unschedulable(NAME, reason)
        })
    }
}

/// The score for one class.
struct Preferred {
    readings: Readings,
}

impl Score for InterPodAffinity {
    fn prepare(&self, class: &PodClass, cache: &mut Cache) -> PreScored {
        let own = &class.affinity.preferred;
        if own.is_empty() && self.args.ignore_preferred_terms_of_existing_pods {
            return PreScored::Skip;
        }
        let mut readings = Readings::default();
        for (weight, term) in own {
            let counter = readings.counter(cache, vec![term.pods.clone()], &term.topology_key);
            readings.add(cache, counter, i64::from(*weight), i64::MAX, 0);
        }
        let (owners, subject) = cache.owners_about(&class.namespace, &class.labels);
        for owner in owners {
            let weight = match cache.counters().counted(owner.id()) {
                Counted::Owners(Role::Preferred(weight), _) => *weight,
                Counted::Owners(Role::Affinity, _) if self.args.hard_pod_affinity_weight > 0 => {
                    self.args.hard_pod_affinity_weight
                }
                _ => continue,
            };
            readings.add(cache, owner, i64::from(weight), i64::MAX, 0);
        }
        readings.held.push(subject);
        if readings.list.is_empty() {
            PreScored::Skip
        } else {
            PreScored::counts(Preferred { readings })
        }
    }

    fn version(&self, class: &PodClass, cache: &Cache) -> u64 {
        cache
            .counters()
            .owners_version(&class.namespace, &class.labels)
    }

    fn normalize(&self) -> Option<&dyn Normalize> {
        Some(self)
    }
}

impl CountedScore for Preferred {
    fn readings(&self) -> &[Reading] {
        &self.readings.list
    }

    /// Skips where no preference concerns any pod on a node with its key.
    fn weights(&self, _: &PodClass, cache: &Cache, _: &Feasible) -> Option<Weights> {
        let mut counters = self.readings.list.iter().flat_map(|r| &r.terms);
        let any = counters.any(|&(id, _)| cache.counters().total(id) > 0);
        any.then(Weights::new)
    }

    fn score(&self, _: &[f64], values: &[Option<i64>]) -> i64 {
        values.iter().flatten().sum()
    }
}

impl Normalize for InterPodAffinity {
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    fn normalize(&self, raw: i64, range: Range) -> i64 {
        let width = range.max - range.min;
        if width <= 0 {
            return 0;
        }
        // The division comes first: 100 * (29 / 100) is 28.99... and gives 28, as upstream.
        (MAX_NODE_SCORE as f64 * ((raw - range.min) as f64 / width as f64)) as i64
    }
}
