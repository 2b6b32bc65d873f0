//! The cluster as columns over nodes, the pods on them, and the log of which rows changed.

mod changes;
mod classes;
mod columns;
mod counted;
mod counter;
mod counters;
mod images;
mod interned;
mod label_keys;
mod node_order;
mod occupant;
mod owners;
mod resolved;
mod subjects;
mod topology;
mod verdicts;
mod view;
pub mod volumes;

pub use changes::ChangeLog;
pub use classes::{ClassId, Classes};
pub use columns::Columns;
pub use counted::{Counted, Eligibility, Role};
pub use counters::{CounterId, Counters};
pub use images::Images;
pub use interned::{Held, Interned};
pub use label_keys::LabelKeys;
pub use node_order::NodeOrder;
pub use occupant::{Occupant, Placed};
pub use owners::Owners;
pub use topology::{DomainId, KeyId, Topology};
pub use verdicts::{Moment, Verdict, Verdicts};
pub use view::NodeView;

use crate::framework::{Events, node_changes};
use crate::model::{HostPort, Labels, NodeSpec, Pod, PodClass, ResourceNames};
use resolved::Resolved;
use std::collections::HashMap;
use std::sync::Arc;
use volumes::Volumes;

/// Row of a node; reused after the node is gone.
pub type NodeIndex = u32;

/// Nodes and the pods on them. Every change of a row is logged, so that what was computed from rows
/// can be brought up to date by visiting the changed ones alone.
#[derive(Default)]
pub struct Cache {
    /// Resource names and their columns.
    pub resources: ResourceNames,
    /// Label keys of pods that matter.
    pub label_keys: LabelKeys,
    /// Interned pod classes.
    pub classes: Classes,
    /// What plugins outside the core said.
    pub verdicts: Verdicts,
    nodes: Vec<Option<NodeSpec>>,
    free: Vec<NodeIndex>,
    by_name: HashMap<Arc<str>, NodeIndex>,
    columns: Columns,
    host_ports: Vec<Vec<HostPort>>,
    images: Images,
    counters: Counters,
    owners: Owners,
    node_order: NodeOrder,
    volumes: Volumes,
    resolved: Resolved,
    placed: HashMap<Arc<str>, Placed>,
    /// Uids of the pods placed on a node, known or not.
    on_node: HashMap<Arc<str>, Vec<Arc<str>>>,
    /// Number of changes of nodes' objects.
    node_versions: u64,
    changes: ChangeLog,
    /// As `changes`, and rows on which a pod's own state changed.
    occupancy: ChangeLog,
}

impl Cache {
    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.by_name.len()
    }

    /// Number of rows, those of removed nodes included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.nodes.len()
    }

    /// The node in a row.
    #[must_use]
    pub fn node(&self, index: NodeIndex) -> Option<NodeView<'_>> {
        let spec = self.nodes.get(index as usize)?.as_ref()?;
        Some(NodeView::new(self, spec, index))
    }

    /// The row of a node.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<NodeIndex> {
        self.by_name.get(name).copied()
    }

    /// All nodes with their rows, by row.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIndex, NodeView<'_>)> {
        (0..).zip(&self.nodes).filter_map(|(index, spec)| {
            spec.as_ref()
                .map(|spec| (index, NodeView::new(self, spec, index)))
        })
    }

    /// Images on all nodes.
    #[must_use]
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// Topology domains and counts of pods in them.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The order in which nodes are looked at where not all are.
    #[must_use]
    pub fn node_order(&self) -> &NodeOrder {
        &self.node_order
    }

    /// What pods without spread constraints are spread by.
    #[must_use]
    pub fn owners(&self) -> &Owners {
        &self.owners
    }

    /// The same, to be told of changes, and the label keys that matter.
    pub fn owners_mut(&mut self) -> (&mut Owners, &mut LabelKeys) {
        (&mut self.owners, &mut self.label_keys)
    }

    /// The domain of a row, `None` where the node lacks the key.
    #[must_use]
    pub fn domain(&self, key: KeyId, row: NodeIndex) -> Option<DomainId> {
        self.counters.topology().domain(key, row)
    }

    /// A counter's count in the domain of a row.
    #[must_use]
    pub fn count_at(&self, counter: CounterId, row: NodeIndex) -> i64 {
        self.counters.count_at(counter, row).into()
    }

    /// A topology key, kept while it is held.
    pub fn topology_key(&mut self, name: &str) -> Held {
        self.counters.topology_key(Some(name), &self.nodes)
    }

    /// The key by which every node is a domain of its own.
    pub fn node_key(&mut self) -> Held {
        self.counters.topology_key(None, &self.nodes)
    }

    /// A counter by a topology key, kept while it is held.
    pub fn counter(&mut self, counted: Counted, key: &Held) -> Held {
        self.counters.define(counted, key, &self.nodes)
    }

    /// Counters of the owners of terms that are about pods of this namespace with these labels. The second keeps
    /// `Counters::owners_version` exact while it is held.
    pub fn owners_about(&mut self, namespace: &Arc<str>, labels: &Labels) -> (Vec<Held>, Held) {
        self.counters.owners_about(namespace, labels)
    }

    /// Sets the labels of a namespace, `None` when it is gone.
    pub fn set_namespace(&mut self, name: &str, labels: Option<Labels>) {
        for row in self.counters.set_namespace(name, labels) {
            self.touch(row);
        }
    }

    /// Forgets what was kept of classes whose numbers were given up.
    pub fn forget(&mut self, classes: &[ClassId]) {
        self.counters.forget(classes, &self.classes);
        self.verdicts.forget(classes);
        self.resolved.forget(classes, &mut self.classes);
    }

    /// How far the cluster has come.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment {
            nodes: self.node_versions,
            changes: self.changes.end(),
        }
    }

    /// Storage, and what of it is on which node.
    #[must_use]
    pub fn volumes(&self) -> &Volumes {
        &self.volumes
    }

    /// Changes storage and logs the rows it is on.
    pub fn change_volumes<R>(&mut self, change: impl FnOnce(&mut Volumes) -> R) -> R {
        let result = change(&mut self.volumes);
        for row in self.volumes.take_touched() {
            self.touch(row);
        }
        result
    }

    /// The class to place a pod by: `class` with what the pod's claims come to now. Valid for one attempt.
    pub fn resolve(&mut self, pod: &Pod, class: ClassId) -> ClassId {
        let shared = self.classes.get(class);
        match self.volumes.demand(pod, &shared.volumes) {
            None => class,
            Some(demand) => self.resolved.get(class, &shared, demand, &mut self.classes),
        }
    }

    /// The log of changed rows.
    #[must_use]
    pub fn changes(&self) -> &ChangeLog {
        &self.changes
    }

    /// The log of rows that changed for preemption: as `changes`, and where a pod started or is to go.
    #[must_use]
    pub fn occupancy(&self) -> &ChangeLog {
        &self.occupancy
    }

    /// Logs a change of a row.
    pub fn touch(&mut self, row: NodeIndex) {
        self.changes.push(row);
        self.occupancy.push(row);
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) fn host_ports(&self, index: NodeIndex) -> &[HostPort] {
        &self.host_ports[index as usize]
    }

    /// Adds or replaces a node. Returns what changed, and the node as it was before.
    pub fn set_node(&mut self, spec: NodeSpec) -> (Events, Option<NodeSpec>) {
        if let Some(&index) = self.by_name.get(&spec.name) {
            return self.replace_node(index, spec);
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(None);
            self.host_ports.push(Vec::new());
            self.columns.add_row();
            NodeIndex::try_from(self.nodes.len() - 1).unwrap_or(NodeIndex::MAX)
        });
        let name = Arc::clone(&spec.name);
        self.by_name.insert(Arc::clone(&name), index);
        self.columns
            .set_allocatable(index, &spec.allocatable, spec.allowed_pods);
        self.images.add(&spec.images);
        self.images.nodes_changed();
        self.counters.set_row(index, Some(&spec));
        self.node_order.add(index, &spec);
        self.nodes[index as usize] = Some(spec);
        self.volumes.add_node(&name, index);
        for (class, deleting) in self.pods_known_on(&name) {
            self.account(index, class, deleting, true);
        }
        self.node_versions += 1;
        for uid in self.on_node.get(&name).into_iter().flatten() {
            self.volumes.place(uid, index);
        }
        self.touch(index);
        (Events::NODE_ADD, None)
    }

    fn replace_node(&mut self, index: NodeIndex, spec: NodeSpec) -> (Events, Option<NodeSpec>) {
        let Some(old) = self.nodes[index as usize].take_if(|old| *old != spec) else {
            return (Events::NONE, None);
        };
        if old.images != spec.images {
            self.images.remove(&old.images);
            self.images.add(&spec.images);
        }
        self.columns
            .set_allocatable(index, &spec.allocatable, spec.allowed_pods);
        let events = node_changes(&old, &spec);
        let mut recounted = Vec::new();
        if old.labels != spec.labels || old.taints != spec.taints {
            recounted = self.pods_known_on(&spec.name);
            for &(class, deleting) in &recounted {
                self.count(index, class, deleting, false);
            }
            self.counters.set_row(index, Some(&spec));
            self.node_order.replace(index, &old, &spec);
        }
        self.nodes[index as usize] = Some(spec);
        for (class, deleting) in recounted {
            self.count(index, class, deleting, true);
        }
        self.node_versions += 1;
        self.touch(index);
        (events, Some(old))
    }

    /// Removes a node; pods on it stay known, should it come back.
    pub fn remove_node(&mut self, name: &str) {
        let Some(index) = self.by_name.remove(name) else {
            return;
        };
        for (class, deleting) in self.pods_known_on(name) {
            self.count(index, class, deleting, false);
        }
        for uid in self.on_node.get(name).into_iter().flatten() {
            self.volumes.unplace(uid);
        }
        self.volumes.remove_node(name, index);
        self.counters.set_row(index, None);
        if let Some(spec) = self.nodes[index as usize].take() {
            self.images.remove(&spec.images);
            self.node_order.remove(index, &spec);
        }
        self.images.nodes_changed();
        self.columns.clear_row(index);
        self.host_ports[index as usize].clear();
        self.free.push(index);
        self.node_versions += 1;
        self.touch(index);
    }

    /// Counts a pod on a node, or moves it there; only its state is taken over if it is there with the same
    /// class. Takes over the caller's hold on `class`.
    pub fn place(
        &mut self,
        uid: &Arc<str>,
        class: ClassId,
        node: &Arc<str>,
        occupant: Occupant,
    ) -> Option<Arc<PodClass>> {
        let freed = match self.placed.get_mut(uid) {
            Some(old) if old.class == class && old.node == *node => {
                let changed = old.occupant.differs(&occupant);
                let (was, deleting) = (old.occupant.deleting, occupant.deleting);
                old.occupant = occupant;
                self.classes.release(class);
                if changed && let Some(&index) = self.by_name.get(node) {
                    self.occupancy.push(index);
                    if was != deleting {
                        self.count(index, class, was, false);
                        self.count(index, class, deleting, true);
                        self.changes.push(index);
                    }
                }
                return None;
            }
            Some(_) => self.unplace(uid).map(|(class, _)| class),
            None => None,
        };
        let deleting = occupant.deleting;
        let placed = Placed {
            class,
            node: Arc::clone(node),
            occupant,
        };
        self.placed.insert(Arc::clone(uid), placed);
        self.on_node
            .entry(Arc::clone(node))
            .or_default()
            .push(Arc::clone(uid));
        if let Some(&index) = self.by_name.get(node) {
            self.account(index, class, deleting, true);
            self.volumes.place(uid, index);
            self.touch(index);
        }
        freed
    }

    /// Stops counting a pod. Returns its class and node if it was counted.
    pub fn unplace(&mut self, uid: &str) -> Option<(Arc<PodClass>, Arc<str>)> {
        let Placed {
            class,
            node,
            occupant,
        } = self.placed.remove(uid)?;
        if let Some(pods) = self.on_node.get_mut(&node) {
            pods.retain(|u| **u != *uid);
            if pods.is_empty() {
                self.on_node.remove(&node);
            }
        }
        if let Some(&index) = self.by_name.get(&node) {
            self.account(index, class, occupant.deleting, false);
            self.volumes.unplace(uid);
            self.touch(index);
        }
        let shared = self.classes.get(class);
        self.classes.release(class);
        Some((shared, node))
    }

    /// The node a pod is counted on.
    #[must_use]
    pub fn node_of(&self, uid: &str) -> Option<&Arc<str>> {
        self.placed.get(uid).map(|p| &p.node)
    }

    /// A pod counted on a node.
    #[must_use]
    pub fn placed(&self, uid: &str) -> Option<&Placed> {
        self.placed.get(uid)
    }

    /// All pods counted on nodes.
    pub fn all_placed(&self) -> impl Iterator<Item = (&Arc<str>, &Placed)> {
        self.placed.iter()
    }

    /// The pods counted on a node, in the order they came.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = (&Arc<str>, &Placed)> {
        let uids = self.on_node.get(node).into_iter().flatten();
        uids.filter_map(|uid| Some((uid, self.placed.get(uid)?)))
    }

    /// Counts a pod on a row, or no longer, without logging it: a supposition, to be taken back before anything
    /// else is done. `pod` is its class and whether it is being deleted.
    pub fn suppose(&mut self, row: NodeIndex, uid: &str, pod: (ClassId, bool), there: bool) {
        self.account(row, pod.0, pod.1, there);
        self.volumes.suppose(uid, row, there);
    }

    /// Number of pods counted on nodes.
    #[must_use]
    pub fn placed_count(&self) -> usize {
        self.placed.len()
    }

    fn pods_known_on(&self, node: &str) -> Vec<(ClassId, bool)> {
        let pods = self.pods_on(node);
        pods.map(|(_, pod)| (pod.class, pod.occupant.deleting))
            .collect()
    }

    fn count(&mut self, row: NodeIndex, class: ClassId, deleting: bool, there: bool) {
        let shared = self.classes.get(class);
        self.counters
            .place((class, &shared), row, deleting, there, &self.nodes);
    }

    fn account(&mut self, index: NodeIndex, class: ClassId, deleting: bool, add: bool) {
        self.count(index, class, deleting, add);
        let class = self.classes.get(class);
        self.columns.account(index, &class, add);
        self.volumes.account(index, &class, add);
        let ports = &mut self.host_ports[index as usize];
        for port in &class.host_ports {
            if add {
                ports.push(port.clone());
            } else if let Some(at) = ports.iter().position(|p| p == port) {
                ports.swap_remove(at);
            }
        }
    }
}
