//! Claims, volumes, storage classes and what CSI drivers say; which pods use what, and what is on which node.

mod binding;
mod claims;
mod countable;
mod demand;
mod matching;
mod pods;
mod rows;
mod storage;

pub use binding::{PodBinding, VolumesBound};
pub use claims::{ClaimState, Claims};
pub use countable::Countable;
pub use matching::{Matcher, NodeBinding, Unmatched};
pub use rows::{RowVolumes, Rows};

use super::NodeIndex;
use crate::model::PodClass;
use crate::model::volumes::{
    ClaimId, CsiDriver, CsiNode, CsiStorageCapacity, PersistentVolume, StorageClass,
    VolumeAttachment, VolumeId,
};
use pods::KnownPod;
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// An object as last read, and as supposed to become by what was decided since.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    read: Arc<T>,
    supposed: Option<Arc<T>>,
}

impl<T> Stored<T> {
    fn new(object: T) -> Self {
        Self {
            read: Arc::new(object),
            supposed: None,
        }
    }

    /// As last read or supposed.
    #[must_use]
    pub fn current(&self) -> &Arc<T> {
        self.supposed.as_ref().unwrap_or(&self.read)
    }
}

/// All of storage that placement depends on.
#[derive(Debug, Default)]
pub struct Volumes {
    claims: Claims,
    volumes: HashMap<Arc<str>, Stored<PersistentVolume>>,
    /// Names of volumes by storage class.
    by_class: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Claims by the volume they name.
    naming: HashMap<Arc<str>, SmallVec<[ClaimId; 1]>>,
    /// How many volumes are reserved to a claim of this namespace and name.
    reserved: HashMap<(Box<str>, Box<str>), u32>,
    classes: HashMap<Arc<str>, Arc<StorageClass>>,
    drivers: HashMap<Arc<str>, CsiDriver>,
    /// By namespace and name.
    capacities: BTreeMap<(Box<str>, Box<str>), CsiStorageCapacity>,
    /// When volumes or capacities of a storage class last changed.
    versions: HashMap<Arc<str>, u64>,
    clock: u64,
    /// By node.
    csi_nodes: HashMap<Arc<str>, Arc<CsiNode>>,
    attachments: HashMap<Arc<str>, Attachment>,
    /// Names of attachments by node.
    attached: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Names of attachments by volume.
    attached_to: HashMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Rows of the nodes there are.
    nodes: HashMap<Arc<str>, NodeIndex>,
    countable: Countable,
    rows: Rows,
    pods: HashMap<Arc<str>, KnownPod>,
    bindings: HashMap<Arc<str>, PodBinding>,
    touched: Vec<NodeIndex>,
}

/// An attachment and the volume it counts as.
#[derive(Debug)]
struct Attachment {
    object: VolumeAttachment,
    volume: Option<VolumeId>,
}

impl Volumes {
    /// All claims.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Numbers of drivers and volumes.
    #[must_use]
    pub fn countable(&self) -> &Countable {
        &self.countable
    }

    /// Volumes on a node.
    #[must_use]
    pub fn row(&self, row: NodeIndex) -> &RowVolumes {
        self.rows.get(row)
    }

    /// Rows changed since the last call.
    pub fn take_touched(&mut self) -> Vec<NodeIndex> {
        std::mem::take(&mut self.touched)
    }

    /// A node is there, without pods yet.
    pub fn add_node(&mut self, name: &Arc<str>, row: NodeIndex) {
        self.nodes.insert(Arc::clone(name), row);
        self.rows.set_csi(row, self.csi_nodes.get(name).cloned());
        let attached = self.attached.get(name).into_iter().flatten();
        for attachment in attached.filter_map(|a| self.attachments.get(a)) {
            if let Some(volume) = attachment.volume {
                let volume = (volume, self.countable.driver_of(volume));
                self.rows.change_attachment(row, volume, true);
            }
        }
    }

    /// A node is gone; pods on it are taken off first.
    pub fn remove_node(&mut self, name: &str, row: NodeIndex) {
        self.nodes.remove(name);
        self.rows.clear(row);
    }

    /// Counts what pods of a class name themselves, or no longer.
    pub fn account(&mut self, row: NodeIndex, class: &PodClass, add: bool) {
        if !class.volumes.disks.is_empty() {
            self.rows.account(row, class, add);
        }
    }

    fn tick(&mut self, class: &Arc<str>) {
        self.clock += 1;
        self.versions.insert(Arc::clone(class), self.clock);
    }

    /// A number that changes whenever volumes or capacities of the storage class do.
    #[must_use]
    pub fn version(&self, class: &str) -> u64 {
        self.versions.get(class).copied().unwrap_or(0)
    }
}
