//! Cluster events that may make a rejected pod schedulable.

use crate::cache::NodeView;
use crate::model::PodClass;
use std::ops::BitOr;

/// A set of event kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events(u16);

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
}
