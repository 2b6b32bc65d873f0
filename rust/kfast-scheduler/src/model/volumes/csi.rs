//! CSINodes, CSIDrivers, CSIStorageCapacities and VolumeAttachments.

use super::{RawMetadata, Selector};
use crate::SchedulerError;
use crate::model::{Quantity, nullable};
use kfast_core::Object;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// What CSI drivers say of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsiNode {
    /// How many volumes of a driver the node takes; drivers without a limit are left out.
    pub limits: Vec<(Box<str>, i64)>,
    /// In-tree plugins replaced by their CSI driver on the node.
    pub migrated: Vec<Box<str>>,
}

#[derive(Deserialize)]
struct RawNode {
    #[serde(default, deserialize_with = "nullable")]
    metadata: RawMetadata,
    #[serde(default, deserialize_with = "nullable")]
    spec: RawNodeSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawNodeSpec {
    #[serde(deserialize_with = "nullable")]
    drivers: Vec<RawNodeDriver>,
}

#[derive(Deserialize)]
struct RawNodeDriver {
    #[serde(default, deserialize_with = "nullable")]
    name: Box<str>,
    #[serde(default, deserialize_with = "nullable")]
    allocatable: RawAllocatable,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawAllocatable {
    count: Option<i64>,
}

impl CsiNode {
    /// Reads a CSINode; its name is the node's.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object) -> Result<Self, SchedulerError> {
        let raw: RawNode = super::read("CSINode", object)?;
        let migrated = raw
            .metadata
            .annotations
            .get("storage.alpha.kubernetes.io/migrated-plugins");
        Ok(Self {
            limits: raw
                .spec
                .drivers
                .into_iter()
                .filter_map(|d| Some((d.name, d.allocatable.count?)))
                .collect(),
            migrated: migrated
                .filter(|m| !m.is_empty())
                .map(|m| m.split(',').map(Into::into).collect())
                .unwrap_or_default(),
        })
    }

    /// The limit of a driver.
    #[must_use]
    pub fn limit(&self, driver: &str) -> Option<i64> {
        let of = |(name, limit): &(Box<str>, i64)| (**name == *driver).then_some(*limit);
        self.limits.iter().find_map(of)
    }
}

/// A CSI driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsiDriver {
    /// It publishes capacities, which placement respects.
    pub storage_capacity: bool,
}

#[derive(Deserialize)]
struct RawDriver {
    #[serde(default, deserialize_with = "nullable")]
    spec: RawDriverSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawDriverSpec {
    #[serde(deserialize_with = "nullable")]
    storage_capacity: bool,
}

impl CsiDriver {
    /// Reads a CSIDriver.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object) -> Result<Self, SchedulerError> {
        let raw: RawDriver = super::read("CSIDriver", object)?;
        Ok(Self {
            storage_capacity: raw.spec.storage_capacity,
        })
    }
}

/// Room for volumes of a storage class in a part of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsiStorageCapacity {
    /// Storage class.
    pub class: Arc<str>,
    /// Nodes from which it can be reached; `None` if from none.
    pub topology: Option<Selector>,
    /// `capacity` in bytes.
    pub capacity: Option<i64>,
    /// `maximumVolumeSize` in bytes.
    pub maximum_volume_size: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCapacity {
    node_topology: Option<Value>,
    #[serde(default, deserialize_with = "nullable")]
    storage_class_name: String,
    capacity: Option<Quantity>,
    maximum_volume_size: Option<Quantity>,
}

impl CsiStorageCapacity {
    /// Reads a CSIStorageCapacity.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object) -> Result<Self, SchedulerError> {
        let raw: RawCapacity = super::read("CSIStorageCapacity", object)?;
        Ok(Self {
            class: raw.storage_class_name.as_str().into(),
            topology: raw.node_topology.map(Selector::new),
            capacity: raw.capacity.map(Quantity::value),
            maximum_volume_size: raw.maximum_volume_size.map(Quantity::value),
        })
    }

    /// The largest volume it has room for.
    #[must_use]
    pub fn limit(&self) -> Option<i64> {
        self.maximum_volume_size.or(self.capacity)
    }
}

/// A volume attached to a node, or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeAttachment {
    /// The driver; may be empty.
    pub attacher: Arc<str>,
    /// The node.
    pub node: Arc<str>,
    /// The persistent volume, `None` for an inline one.
    pub volume: Option<Arc<str>>,
}

#[derive(Deserialize)]
struct RawAttachment {
    #[serde(default, deserialize_with = "nullable")]
    spec: RawAttachmentSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawAttachmentSpec {
    #[serde(deserialize_with = "nullable")]
    attacher: String,
    #[serde(deserialize_with = "nullable")]
    node_name: String,
    #[serde(deserialize_with = "nullable")]
    source: RawAttachmentSource,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawAttachmentSource {
    persistent_volume_name: Option<String>,
}

impl VolumeAttachment {
    /// Reads a VolumeAttachment.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object) -> Result<Self, SchedulerError> {
        let raw: RawAttachment = super::read("VolumeAttachment", object)?;
        Ok(Self {
            attacher: raw.spec.attacher.as_str().into(),
            node: raw.spec.node_name.as_str().into(),
            volume: raw.spec.source.persistent_volume_name.map(Into::into),
        })
    }
}
