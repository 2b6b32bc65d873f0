//! What placement depends on in the claims of a pod, resolved against the claims and volumes there are. Pods whose
//! claims come to the same share a class, however their claims are named.

use super::{PvTopology, Selector, StorageClass, ZoneLabel};
use smallvec::SmallVec;
use std::sync::Arc;

/// Number of a claim that exists or is used.
pub type ClaimId = u32;
/// Number of a volume that counts on nodes.
pub type VolumeId = u32;
/// Number of a CSI driver; never reused.
pub type DriverId = u16;

/// Why a claim cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// The reason.
    pub text: Box<str>,
    /// Something went wrong: not a state of the cluster that may change by itself.
    pub error: bool,
}

impl Fault {
    /// A state of the cluster.
    #[must_use]
    pub fn state(text: String) -> Self {
        Self {
            text: text.into(),
            error: false,
        }
    }

    /// An error.
    #[must_use]
    pub fn error(text: String) -> Self {
        Self {
            text: text.into(),
            error: true,
        }
    }
}

/// The demand of one pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VolumeDemand {
    /// VolumeRestrictions: why it rejects the pod on all nodes.
    pub unknown_claim: Option<Fault>,
    /// ReadWriteOncePod claims that other pods use.
    pub once: SmallVec<[ClaimId; 1]>,
    /// NodeVolumeLimits: why it rejects the pod on every node.
    pub uncountable: Option<Fault>,
    /// Number of volumes that count as new on every node, by driver.
    pub fresh: SmallVec<[(DriverId, u32); 1]>,
    /// Volumes that count as new where no other pod uses them.
    pub shared: SmallVec<[(DriverId, VolumeId); 1]>,
    /// VolumeBinding: why it rejects the pod on all nodes.
    pub unusable_claim: Option<Fault>,
    /// Volumes that are bound and not usable everywhere, in the pod's order; `None` stands for one that is gone.
    pub bound: SmallVec<[Option<Arc<PvTopology>>; 1]>,
    /// Claims to be bound once a node is chosen, in the pod's order.
    pub delayed: SmallVec<[Arc<Delayed>; 1]>,
    /// VolumeZone: why it rejects the pod on all nodes.
    pub unknown_zone: Option<Fault>,
    /// Zones and regions of the bound volumes.
    pub zones: SmallVec<[Arc<ZoneLabel>; 1]>,
}

/// A claim to be bound once a node is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delayed {
    /// Its class.
    pub class: Arc<StorageClass>,
    /// Requested bytes, `None` if it asks for no amount.
    pub size: Option<i64>,
    /// Access modes.
    pub access_modes: Vec<Box<str>>,
    /// `Block`, not `Filesystem`.
    pub block: bool,
    /// Selector on volumes.
    pub selector: Option<Selector>,
    /// `spec.volumeAttributesClassName`.
    pub attributes_class: Box<str>,
    /// The node already chosen for it.
    pub selected_node: Option<Arc<str>>,
    /// The claim, if a volume is reserved to it by name.
    pub reserved: Option<ClaimId>,
    /// The driver publishes capacities.
    pub capacity_checked: bool,
    /// Another number whenever volumes or capacities of the class changed.
    pub version: u64,
}
