//! Cluster events that may make a rejected pod schedulable.

use crate::cache::{Cache, NodeView};
use crate::model::{NodeSpec, PodClass};
use std::ops::BitOr;
use std::sync::Arc;

/// A set of event kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events(u64);

impl Events {
    /// No event.
    pub const NONE: Self = Self(0);
    /// All events.
    pub const ALL: Self = Self(u64::MAX);
    /// A node appeared.
    pub const NODE_ADD: Self = Self(1);
    /// A node's allocatable resources changed.
    pub const NODE_ALLOCATABLE: Self = Self(1 << 1);
    /// A node's labels changed.
    pub const NODE_LABEL: Self = Self(1 << 2);
    /// A node's taints or `unschedulable` changed.
    pub const NODE_TAINT: Self = Self(1 << 3);
    /// A placed pod went away, or a nomination was withdrawn.
    pub const POD_DELETE: Self = Self(1 << 4);
    /// The rejected pod itself changed in a way that has no event of its own.
    pub const TARGET_UPDATE: Self = Self(1 << 5);
    /// The rejected pod's tolerations changed.
    pub const TARGET_TOLERATION: Self = Self(1 << 6);
    /// The rejected pod's labels changed.
    pub const TARGET_LABEL: Self = Self(1 << 7);
    /// The rejected pod requests less.
    pub const TARGET_SCALE_DOWN: Self = Self(1 << 8);
    /// The rejected pod has no scheduling gates any more.
    pub const TARGET_GATES: Self = Self(1 << 9);
    /// A pod was placed.
    pub const POD_ADD: Self = Self(1 << 10);
    /// A placed pod's labels changed.
    pub const POD_LABEL: Self = Self(1 << 11);
    /// A placed pod requests less.
    pub const POD_SCALE_DOWN: Self = Self(1 << 12);
    /// A node went away.
    pub const NODE_DELETE: Self = Self(1 << 13);
    /// A node declares other features.
    pub const NODE_FEATURES: Self = Self(1 << 14);
    /// A claim appeared that the rejected pod uses.
    pub const CLAIM_ADD: Self = Self(1 << 33);
    /// A claim changed that the rejected pod uses.
    pub const CLAIM_UPDATE: Self = Self(1 << 34);
    /// A pod left that used a claim of the rejected pod.
    pub const CLAIM_FREE: Self = Self(1 << 35);
    /// A persistent volume appeared.
    pub const VOLUME_ADD: Self = Self(1 << 36);
    /// A persistent volume changed.
    pub const VOLUME_UPDATE: Self = Self(1 << 37);
    /// The zone or region labels of a persistent volume changed.
    pub const VOLUME_ZONES: Self = Self(1 << 38);
    /// A storage class appeared.
    pub const CLASS_ADD: Self = Self(1 << 39);
    /// A storage class appeared that binds volumes when a pod needs them.
    pub const WAITING_CLASS_ADD: Self = Self(1 << 40);
    /// A storage class's allowed topologies changed.
    pub const CLASS_TOPOLOGY: Self = Self(1 << 41);
    /// A CSINode appeared.
    pub const CSI_NODE_ADD: Self = Self(1 << 42);
    /// A node takes more volumes of a CSI driver.
    pub const CSI_LIMIT: Self = Self(1 << 43);
    /// Other in-tree plugins are replaced by CSI drivers on a node.
    pub const CSI_MIGRATED: Self = Self(1 << 44);
    /// There is room for larger volumes.
    pub const CAPACITY: Self = Self(1 << 45);
    /// A CSI driver no longer asks for its capacities to be respected.
    pub const CAPACITY_UNCHECKED: Self = Self(1 << 46);
    /// A volume attachment is gone.
    pub const DETACH: Self = Self(1 << 47);

    /// Whether the sets have an event in common.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What upstream's metrics call it; of several events the one upstream would look at first. New capacities count as
    /// updated ones.
    #[must_use]
    pub fn label(self) -> &'static str {
        let known = LABELS.iter().find(|(events, _)| self.meets(*events));
        known.map_or("", |(_, label)| label)
    }
}

const LABELS: [(Events, &str); 26] = [
    (Events::NODE_ADD, "NodeAdd"),
    (Events::NODE_ALLOCATABLE, "NodeUpdateNodeAllocatable"),
    (Events::NODE_LABEL, "NodeUpdateNodeLabel"),
    (Events::NODE_TAINT, "NodeUpdateNodeTaint"),
    (Events::NODE_FEATURES, "NodeUpdateNodeDeclaredFeature"),
    (Events::NODE_DELETE, "NodeDelete"),
    (Events::TARGET_LABEL, "UnschedulablePodUpdatePodLabel"),
    (
        Events::TARGET_SCALE_DOWN,
        "UnschedulablePodUpdatePodScaleDown",
    ),
    (
        Events::TARGET_GATES,
        "UnschedulablePodUpdatePodSchedulingGatesEliminated",
    ),
    (
        Events::TARGET_TOLERATION,
        "UnschedulablePodUpdatePodToleration",
    ),
    (Events::TARGET_UPDATE, "UnschedulablePodUpdate"),
    (Events::POD_ADD, "AssignedPodAdd"),
    (Events::POD_LABEL, "AssignedPodUpdatePodLabel"),
    (Events::POD_SCALE_DOWN, "AssignedPodUpdatePodScaleDown"),
    (
        Events(Events::POD_DELETE.0 | Events::CLAIM_FREE.0),
        "AssignedPodDelete",
    ),
    (Events::CLAIM_ADD, "PersistentVolumeClaimAdd"),
    (Events::CLAIM_UPDATE, "PersistentVolumeClaimUpdate"),
    (Events::VOLUME_ADD, "PersistentVolumeAdd"),
    (
        Events(Events::VOLUME_UPDATE.0 | Events::VOLUME_ZONES.0),
        "PersistentVolumeUpdate",
    ),
    (
        Events(Events::CLASS_ADD.0 | Events::WAITING_CLASS_ADD.0),
        "storage.k8s.io/StorageClassAdd",
    ),
    (Events::CLASS_TOPOLOGY, "storage.k8s.io/StorageClassUpdate"),
    (Events::CSI_NODE_ADD, "storage.k8s.io/CSINodeAdd"),
    (
        Events(Events::CSI_LIMIT.0 | Events::CSI_MIGRATED.0),
        "storage.k8s.io/CSINodeUpdate",
    ),
    (Events::DETACH, "storage.k8s.io/VolumeAttachmentDelete"),
    (Events::CAPACITY, "storage.k8s.io/CSIStorageCapacityUpdate"),
    (Events::CAPACITY_UNCHECKED, "storage.k8s.io/CSIDriverUpdate"),
];

impl BitOr for Events {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One event with what it is about.
pub struct ClusterEvent<'a> {
    /// The kinds it falls under.
    pub events: Events,
    /// The node it is about.
    pub node: Option<NodeView<'a>>,
    /// The node as it was before, where its labels changed.
    pub node_was: Option<&'a NodeSpec>,
    /// The class of the placed pod that left, or of one that changed as it was before.
    pub pod: Option<&'a PodClass>,
    /// The class of the pod that was placed, or of one that changed as it is now.
    pub pod_now: Option<&'a PodClass>,
    /// The CSI driver it is about.
    pub driver: Option<&'a str>,
}

/// An event on its own, for those who learn of it later.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The kinds it falls under.
    pub events: Events,
    /// The node it is about.
    pub node: Option<Arc<str>>,
    /// As in `ClusterEvent`.
    pub node_was: Option<Arc<NodeSpec>>,
    /// As in `ClusterEvent`.
    pub pod: Option<Arc<PodClass>>,
    /// As in `ClusterEvent`.
    pub pod_now: Option<Arc<PodClass>>,
    /// The CSI driver it is about.
    pub driver: Option<Arc<str>>,
    /// It concerns pods of at most this priority.
    pub up_to: i32,
    /// It concerns this pod alone.
    pub only: Option<Arc<str>>,
    /// It does not concern this pod.
    pub except: Option<Arc<str>>,
}

impl Happened {
    /// An event about nothing in particular.
    #[must_use]
    pub fn of(events: Events) -> Self {
        Self {
            events,
            node: None,
            node_was: None,
            pod: None,
            pod_now: None,
            driver: None,
            up_to: i32::MAX,
            only: None,
            except: None,
        }
    }

    /// An event about a node.
    #[must_use]
    pub fn to_node(events: Events, name: &Arc<str>) -> Self {
        Self {
            node: Some(Arc::clone(name)),
            ..Self::of(events)
        }
    }

    /// A pod of a class left its node.
    #[must_use]
    pub fn left(class: Arc<PodClass>) -> Self {
        Self {
            pod: Some(class),
            ..Self::of(Events::POD_DELETE)
        }
    }

    /// Whether it is about a pod of this uid and priority at all.
    #[must_use]
    pub fn concerns(&self, uid: &str, priority: i32) -> bool {
        priority <= self.up_to
            && self.only.as_deref().is_none_or(|only| only == uid)
            && self.except.as_deref() != Some(uid)
    }

    /// The event as plugins are asked about it.
    #[must_use]
    pub fn view<'a>(&'a self, cache: &'a Cache) -> ClusterEvent<'a> {
        let row = self.node.as_ref().and_then(|name| cache.index(name));
        ClusterEvent {
            events: self.events,
            node: row.and_then(|row| cache.node(row)),
            node_was: self.node_was.as_deref(),
            pod: self.pod.as_deref(),
            pod_now: self.pod_now.as_deref(),
            driver: self.driver.as_deref(),
        }
    }
}
