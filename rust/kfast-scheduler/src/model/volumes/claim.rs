//! PersistentVolumeClaims.

use super::{BETA_CLASS, RawMetadata, Selector};
use crate::SchedulerError;
use crate::model::{Quantity, nullable};
use kfast_core::Object;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Uid.
    pub uid: Box<str>,
    /// `resourceVersion`.
    pub revision: u64,
    /// Marked for deletion.
    pub deleting: bool,
    /// `status.phase` is `Lost`.
    pub lost: bool,
    /// `spec.volumeName`, empty if it has none yet.
    pub volume: Arc<str>,
    /// The controller finished the binding.
    pub bind_completed: bool,
    /// The node chosen for it, as annotated.
    pub selected_node: Option<Arc<str>>,
    /// Storage class, empty for none.
    pub class: Arc<str>,
    /// Requested bytes, `None` if it asks for no amount.
    pub size: Option<i64>,
    /// Access modes.
    pub access_modes: Vec<Box<str>>,
    /// `Block`, not `Filesystem`.
    pub block: bool,
    /// Selector on volumes.
    pub selector: Option<Selector>,
    /// `spec.volumeAttributesClassName`, empty for none.
    pub attributes_class: Box<str>,
    /// Uid of the controlling owner.
    pub controller: Option<Box<str>>,
}

/// A reference to a claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimRef {
    /// Namespace.
    pub namespace: Box<str>,
    /// Name.
    pub name: Box<str>,
    /// Uid, empty if the volume waits for any claim of that name.
    pub uid: Box<str>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "nullable")]
    metadata: RawMetadata,
    #[serde(default, deserialize_with = "nullable")]
    spec: RawSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: RawStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawSpec {
    #[serde(deserialize_with = "nullable")]
    access_modes: Vec<Box<str>>,
    selector: Option<Value>,
    #[serde(deserialize_with = "nullable")]
    resources: RawResources,
    #[serde(deserialize_with = "nullable")]
    volume_name: String,
    storage_class_name: Option<String>,
    #[serde(deserialize_with = "nullable")]
    volume_mode: String,
    #[serde(deserialize_with = "nullable")]
    volume_attributes_class_name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawResources {
    #[serde(deserialize_with = "nullable")]
    requests: BTreeMap<String, Quantity>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStatus {
    #[serde(deserialize_with = "nullable")]
    phase: String,
}

impl Claim {
    /// Reads a claim.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object) -> Result<Self, SchedulerError> {
        let raw: Raw = super::read("PersistentVolumeClaim", object)?;
        let annotation = |key: &str| raw.metadata.annotations.get(key);
        let class = annotation(BETA_CLASS)
            .or(raw.spec.storage_class_name.as_ref())
            .map_or("", String::as_str);
        Ok(Self {
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid: object.uid().into(),
            revision: object.revision(),
            deleting: object.deleting(),
            lost: raw.status.phase == "Lost",
            volume: raw.spec.volume_name.as_str().into(),
            bind_completed: annotation("pv.kubernetes.io/bind-completed").is_some(),
            selected_node: annotation("volume.kubernetes.io/selected-node")
                .map(|n| n.as_str().into()),
            class: class.into(),
            size: raw
                .spec
                .resources
                .requests
                .get("storage")
                .map(|q| q.value()),
            access_modes: raw.spec.access_modes,
            block: raw.spec.volume_mode == "Block",
            selector: raw.spec.selector.map(Selector::new),
            attributes_class: raw.spec.volume_attributes_class_name,
            controller: object
                .owner_references()
                .into_iter()
                .find(|o| o.controller == Some(true))
                .map(|o| o.uid.into()),
        })
    }

    /// Whether claim and volume are bound to each other for good.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        !self.volume.is_empty() && self.bind_completed
    }

    /// Whether only one pod may use it at a time.
    #[must_use]
    pub fn once(&self) -> bool {
        self.access_modes.iter().any(|m| **m == *"ReadWriteOncePod")
    }
}
