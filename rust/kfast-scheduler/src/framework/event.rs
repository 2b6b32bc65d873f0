//! Cluster events that may make a rejected pod schedulable.

use crate::cache::NodeView;
use crate::model::PodClass;
use std::ops::BitOr;

/// A set of event kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events(u64);

impl Events {
    /// No event.
    pub const NONE: Self = Self(0);
    /// A node appeared.
    pub const NODE_ADD: Self = Self(1);
    /// A node's allocatable resources changed.
    pub const NODE_ALLOCATABLE: Self = Self(1 << 1);
    /// A node's labels changed.
    pub const NODE_LABEL: Self = Self(1 << 2);
    /// A node's taints or `unschedulable` changed.
    pub const NODE_TAINT: Self = Self(1 << 3);
    /// A placed pod went away or needs less.
    pub const POD_DELETE: Self = Self(1 << 4);
    /// The rejected pod itself changed.
    pub const TARGET_UPDATE: Self = Self(1 << 5);
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
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

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
    /// The class of the placed pod that left.
    pub pod: Option<&'a PodClass>,
    /// The CSI driver it is about.
    pub driver: Option<&'a str>,
}
