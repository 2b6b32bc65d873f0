//! What the scheduler keeps of a pod's volumes, of claims, persistent volumes and the storage they come from.

mod claim;
mod csi;
mod demand;
mod in_tree;
mod persistent_volume;
mod pod_volumes;
mod selector;
mod storage_class;

pub use claim::{Claim, ClaimRef};
pub use csi::{CsiDriver, CsiNode, CsiStorageCapacity, VolumeAttachment};
pub use demand::{ClaimId, Delayed, DriverId, Fault, VolumeDemand, VolumeId};
pub use in_tree::{Migration, Source};
pub use persistent_volume::{PersistentVolume, PvTopology, ZoneLabel};
pub use pod_volumes::{Disk, InlineVolume, PodClaim, RawVolume, VolumeSpec};
pub use selector::Selector;
pub use storage_class::{StorageClass, TopologyTerm};

use crate::SchedulerError;
use kfast_core::Object;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The beta annotation that still goes before `storageClassName`.
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawMetadata {
    #[serde(deserialize_with = "super::nullable")]
    annotations: BTreeMap<String, String>,
}

fn read<T: DeserializeOwned>(kind: &'static str, object: &Object) -> Result<T, SchedulerError> {
    serde_json::from_slice(object.slim()).map_err(|e| SchedulerError::malformed(kind, object, &e))
}
