//! Counts of pods by topology domain, kept up to date with every placement. Which counters a pod counts in is
//! found out once for all pods with the same namespace and labels, so that a placement costs an increment for
//! each of them, and nothing is ever counted again.

use super::counter::{Counter, Crowd};
use super::subjects::{Concern, Subject, SubjectRef, Subjects};
use super::{
    ClassId, Classes, Counted, DomainId, Eligibility, Held, Interned, KeyId, NodeIndex, Role,
    Topology,
};
use crate::model::{Labels, NodeSpec, PodClass, PodTerm};
use foldhash::HashMap;
use std::sync::Arc;

/// Number of a counter; void once nobody holds it.
pub type CounterId = u32;

/// All counters somebody holds.
#[derive(Debug, Default)]
pub struct Counters {
    topology: Topology,
    defined: Interned<(Counted, KeyId)>,
    counters: Vec<Option<Counter>>,
    subjects: Subjects,
    eligible: Interned<Eligibility>,
    /// Whether each row is eligible, by eligibility.
    eligible_rows: Vec<Vec<bool>>,
    namespaces: HashMap<Box<str>, Labels>,
    /// By class.
    footprints: Vec<Option<Footprint>>,
    clock: u64,
    /// Number of changes of what any subject is addressed by.
    owners_clock: u64,
}

/// What placing a pod of a class counts in.
#[derive(Debug)]
struct Footprint {
    class: Arc<PodClass>,
    subject: Held,
    owners: Vec<Held>,
}

impl Counters {
    /// Topology keys and domains.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The count in a domain of the counter's key.
    #[must_use]
    pub fn count(&self, counter: CounterId, domain: DomainId) -> u32 {
        self.counter(counter).get(domain)
    }

    /// The count in the domain of a row, 0 if it is in none.
    #[must_use]
    pub fn count_at(&self, counter: CounterId, row: NodeIndex) -> u32 {
        let counter = self.counter(counter);
        let domain = self.topology.domain(counter.key(), row);
        domain.map_or(0, |domain| counter.get(domain))
    }

    /// The sum over all domains. Pods on nodes without the key are in none.
    #[must_use]
    pub fn total(&self, counter: CounterId) -> u64 {
        self.counter(counter).total()
    }

    /// The topology key counted by.
    #[must_use]
    pub fn key(&self, counter: CounterId) -> KeyId {
        self.counter(counter).key()
    }

    /// What is counted.
    #[must_use]
    pub fn counted(&self, counter: CounterId) -> &Counted {
        self.counter(counter).counted()
    }

    /// The smallest count of a domain with eligible nodes; `None` if there is no such domain. For spreads only.
    #[must_use]
    pub fn min(&self, counter: CounterId) -> Option<u32> {
        self.counter(counter).min()
    }

    /// Number of domains with eligible nodes. For spreads only.
    #[must_use]
    pub fn eligible_domains(&self, counter: CounterId) -> usize {
        self.counter(counter).eligible_domains()
    }

    /// Whether a domain has eligible nodes. For spreads only.
    #[must_use]
    pub fn is_eligible(&self, counter: CounterId, domain: DomainId) -> bool {
        self.counter(counter).is_eligible(domain)
    }

    /// Another number after every change of any of the counter's counts.
    #[must_use]
    pub fn version(&self, counter: CounterId) -> u64 {
        self.counter(counter).changed
    }

    /// Another number after every change of what `owners_about` says.
    #[must_use]
    pub fn owners_version(&self, namespace: &Arc<str>, labels: &Labels) -> u64 {
        let known = self.subjects.names.find(&SubjectRef { namespace, labels });
        known.map_or(self.owners_clock, |held| {
            self.subjects.concern(held.id()).version
        })
    }

    /// The labels of a namespace; none if it is unknown.
    #[must_use]
    pub fn namespace_labels(&self, name: &str) -> &[(Box<str>, Box<str>)] {
        self.namespaces.get(name).map_or(&[], |labels| labels)
    }

    fn counter(&self, id: CounterId) -> &Counter {
        match &self.counters[id as usize] {
            Some(counter) => counter,
            None => unreachable!("counter {id} is not held"),
        }
    }

    /// A topology key, kept while it is held.
    pub(super) fn topology_key(&mut self, name: Option<&str>, nodes: &[Option<NodeSpec>]) -> Held {
        self.topology.key(name, nodes)
    }

    /// A counter, kept while it is held. A new one counts the pods there are, but one of owners starts at none.
    pub(super) fn define(
        &mut self,
        counted: Counted,
        key: &Held,
        nodes: &[Option<NodeSpec>],
    ) -> Held {
        if self.defined.is_due() {
            self.sweep();
        }
        let (held, new) = self.defined.intern((counted, key.id()));
        if new {
            self.start(held.id(), key, nodes);
        }
        held
    }

    fn start(&mut self, id: CounterId, key: &Held, nodes: &[Option<NodeSpec>]) {
        let defined = Arc::clone(&self.defined[id]);
        let owners = matches!(defined.0, Counted::Owners(..));
        let eligible = match &defined.0 {
            Counted::Spread { nodes: wanted, .. } => Some(self.eligibility(wanted, nodes)),
            _ => None,
        };
        self.clock += 1;
        let mut counter = Counter::new(defined, key.clone(), eligible, self.clock);
        for row in 0..NodeIndex::try_from(nodes.len()).unwrap_or(NodeIndex::MAX) {
            counter.set_row(&self.topology, &self.eligible_rows, row, true);
        }
        for subject in self.subjects.ids() {
            if !self.concerns(counter.counted(), subject) {
                continue;
            }
            let concern = self.subjects.concern_mut(subject);
            if owners {
                concern.addressed.push(id);
                self.owners_clock += 1;
                concern.version = self.owners_clock;
            } else {
                concern.counted.push(id);
                for (&row, crowd) in &concern.rows {
                    counter.place(&self.topology, &self.eligible_rows, row, *crowd, true);
                }
            }
        }
        let at = id as usize;
        if self.counters.len() <= at {
            self.counters.resize_with(at + 1, || None);
        }
        self.counters[at] = Some(counter);
    }

    fn eligibility(&mut self, wanted: &Eligibility, nodes: &[Option<NodeSpec>]) -> Held {
        let (held, new) = self.eligible.intern(wanted.clone());
        if new {
            let at = held.id() as usize;
            if self.eligible_rows.len() <= at {
                self.eligible_rows.resize_with(at + 1, Vec::new);
            }
            let admitted =
                |node: &Option<NodeSpec>| node.as_ref().is_some_and(|n| wanted.admits(n));
            self.eligible_rows[at] = nodes.iter().map(admitted).collect();
        }
        held
    }

    /// Drops counters and eligibilities nobody holds.
    fn sweep(&mut self) {
        let gone = self.defined.sweep();
        for &id in &gone {
            self.counters[id as usize] = None;
        }
        for subject in self.subjects.ids() {
            let concern = self.subjects.concern_mut(subject);
            let before = concern.addressed.len();
            concern
                .counted
                .retain(|id| self.counters[*id as usize].is_some());
            concern
                .addressed
                .retain(|id| self.counters[*id as usize].is_some());
            if concern.addressed.len() < before {
                self.owners_clock += 1;
                concern.version = self.owners_clock;
            }
        }
        for id in self.eligible.sweep() {
            self.eligible_rows[id as usize] = Vec::new();
        }
    }

    /// Counters of the owners of terms that are about pods of this namespace with these labels. The second keeps
    /// `owners_version` exact while it is held.
    pub(super) fn owners_about(
        &mut self,
        namespace: &Arc<str>,
        labels: &Labels,
    ) -> (Vec<Held>, Held) {
        let subject = self.subject(namespace, labels);
        let ids = &self.subjects.concern(subject.id()).addressed;
        let held = ids.iter().map(|&id| self.defined.held(id)).collect();
        (held, subject)
    }

    fn subject(&mut self, namespace: &Arc<str>, labels: &Labels) -> Held {
        if let Some(held) = self.subjects.names.find(&SubjectRef { namespace, labels }) {
            return held;
        }
        if self.subjects.names.is_due() {
            self.subjects.sweep();
        }
        let subject = Subject {
            namespace: Arc::clone(namespace),
            labels: labels.clone(),
        };
        let (held, _) = self.subjects.names.intern(subject);
        let (counted, addressed) = self.concerning(held.id());
        let concern = Concern {
            counted,
            addressed,
            version: self.owners_clock,
            rows: HashMap::default(),
        };
        self.subjects.put(held.id(), concern);
        held
    }

    /// The counters that concern a subject: those its pods count in, and those of owners of terms about it.
    fn concerning(&self, subject: u32) -> (Vec<CounterId>, Vec<CounterId>) {
        let (mut counted, mut addressed) = (Vec::new(), Vec::new());
        for (id, defined) in self.defined.iter() {
            if self.concerns(&defined.0, subject) {
                match defined.0 {
                    Counted::Owners(..) => addressed.push(id),
                    _ => counted.push(id),
                }
            }
        }
        (counted, addressed)
    }

    fn concerns(&self, counted: &Counted, subject: u32) -> bool {
        let Subject { namespace, labels } = &*self.subjects.names[subject];
        counted.concerns(namespace, labels, self.namespace_labels(namespace))
    }

    /// Counts a pod of a class on a row, or no longer.
    pub(super) fn place(
        &mut self,
        class: (ClassId, &Arc<PodClass>),
        row: NodeIndex,
        deleting: bool,
        there: bool,
        nodes: &[Option<NodeSpec>],
    ) {
        self.learn(class, nodes);
        let Some(footprint) = &self.footprints[class.0 as usize] else {
            return;
        };
        let pod = Crowd {
            all: 1,
            lasting: u32::from(!deleting),
        };
        self.clock += 1;
        let concern = self.subjects.concern_mut(footprint.subject.id());
        concern.place(row, pod, there);
        let owned = footprint.owners.iter().map(Held::id);
        for id in concern.counted.iter().copied().chain(owned) {
            if let Some(counter) = &mut self.counters[id as usize]
                && counter.place(&self.topology, &self.eligible_rows, row, pod, there)
            {
                counter.changed = self.clock;
            }
        }
    }

    /// Finds out what a class counts in, the first time it is placed.
    fn learn(&mut self, (id, class): (ClassId, &Arc<PodClass>), nodes: &[Option<NodeSpec>]) {
        let at = id as usize;
        if self.footprints.len() <= at {
            self.footprints.resize_with(at + 1, || None);
        }
        let known = self.footprints[at].as_ref();
        if known.is_some_and(|f| Arc::ptr_eq(&f.class, class)) {
            return;
        }
        let affinity = &class.affinity;
        let roles = (affinity.required.iter().map(|t| (Role::Affinity, t)))
            .chain(
                affinity
                    .required_anti
                    .iter()
                    .map(|t| (Role::AntiAffinity, t)),
            )
            .chain(
                affinity
                    .preferred
                    .iter()
                    .map(|(w, t)| (Role::Preferred(*w), t)),
            );
        let roles: Vec<(Role, PodTerm)> = roles.map(|(role, term)| (role, term.clone())).collect();
        let owners = roles.into_iter().map(|(role, term)| {
            let key = self.topology.key(Some(&term.topology_key), nodes);
            self.define(Counted::Owners(role, term), &key, nodes)
        });
        let owners = owners.collect();
        self.footprints[at] = Some(Footprint {
            class: Arc::clone(class),
            subject: self.subject(&class.namespace, &class.labels),
            owners,
        });
    }

    /// Forgets what classes count in whose numbers were given up, unless they stand for another class by now.
    pub(super) fn forget(&mut self, given_up: &[ClassId], classes: &Classes) {
        for &class in given_up {
            if let Some(slot) = self.footprints.get_mut(class as usize) {
                slot.take_if(|footprint| !classes.is(class, &footprint.class));
            }
        }
    }

    /// Takes over labels and taints of the node in a row, `None` when it is gone. No pod may be counted there.
    pub(super) fn set_row(&mut self, row: NodeIndex, node: Option<&NodeSpec>) {
        self.clock += 1;
        self.show_row(row, false);
        self.topology.set_row(row, node);
        for (id, eligibility) in self.eligible.iter() {
            let rows = &mut self.eligible_rows[id as usize];
            if rows.len() <= row as usize {
                rows.resize(row as usize + 1, false);
            }
            rows[row as usize] = node.is_some_and(|n| eligibility.admits(n));
        }
        self.show_row(row, true);
    }

    fn show_row(&mut self, row: NodeIndex, there: bool) {
        for counter in self.counters.iter_mut().flatten() {
            if counter.set_row(&self.topology, &self.eligible_rows, row, there) {
                counter.changed = self.clock;
            }
        }
    }

    /// Sets the labels of a namespace, `None` when it is gone. Returns rows whose counts changed.
    pub(super) fn set_namespace(&mut self, name: &str, labels: Option<Labels>) -> Vec<NodeIndex> {
        if self.namespaces.get(name) == labels.as_ref() {
            return Vec::new();
        }
        match labels {
            Some(labels) => self.namespaces.insert(name.into(), labels),
            None => self.namespaces.remove(name),
        };
        self.clock += 1;
        let mut rows = Vec::new();
        for id in self.subjects.ids() {
            if *self.subjects.names[id].namespace != *name {
                continue;
            }
            let (counted, addressed) = self.concerning(id);
            let concern = self.subjects.concern_mut(id);
            concern.addressed.sort_unstable();
            if concern.addressed != addressed {
                concern.addressed = addressed;
                self.owners_clock += 1;
                concern.version = self.owners_clock;
            }
            let before = std::mem::replace(&mut concern.counted, counted);
            let now = &concern.counted;
            let lost = before
                .iter()
                .filter(|id| !now.contains(id))
                .map(|id| (*id, false));
            let gained = now
                .iter()
                .filter(|id| !before.contains(id))
                .map(|id| (*id, true));
            for (id, there) in lost.chain(gained) {
                if let Some(counter) = &mut self.counters[id as usize] {
                    for (&row, crowd) in &concern.rows {
                        counter.place(&self.topology, &self.eligible_rows, row, *crowd, there);
                    }
                    counter.changed = self.clock;
                    rows.extend(concern.rows.keys());
                }
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}
