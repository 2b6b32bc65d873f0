//! StorageClasses.

use crate::SchedulerError;
use crate::model::{NodeSpec, nullable};
use kfast_core::Object;
use serde::Deserialize;
use std::sync::Arc;

/// A storage class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StorageClass {
    /// Name.
    pub name: Arc<str>,
    /// Who makes its volumes.
    pub provisioner: Box<str>,
    /// Volumes are bound when the first pod needs them; `None` if the object does not say.
    pub wait_for_consumer: Option<bool>,
    /// Where volumes can be made; anywhere if empty.
    pub allowed_topologies: Vec<TopologyTerm>,
}

/// Requirements that must all hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopologyTerm {
    /// The requirements; a term without any matches nothing.
    #[serde(default, deserialize_with = "nullable")]
    pub match_label_expressions: Vec<TopologyRequirement>,
}

/// A label that must have one of some values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct TopologyRequirement {
    /// The label's key.
    #[serde(default, deserialize_with = "nullable")]
    pub key: Box<str>,
    /// The values.
    #[serde(default, deserialize_with = "nullable")]
    pub values: Vec<Box<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default, deserialize_with = "nullable")]
    provisioner: Box<str>,
    volume_binding_mode: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    allowed_topologies: Vec<TopologyTerm>,
}

impl StorageClass {
    /// Reads a storage class.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object) -> Result<Self, SchedulerError> {
        let raw: Raw = super::read("StorageClass", object)?;
        Ok(Self {
            name: object.name().into(),
            provisioner: raw.provisioner,
            wait_for_consumer: raw
                .volume_binding_mode
                .map(|mode| mode == "WaitForFirstConsumer"),
            allowed_topologies: raw.allowed_topologies,
        })
    }

    /// Whether a volume can be made for the node.
    #[must_use]
    pub fn allows(&self, node: &NodeSpec) -> bool {
        let holds = |r: &TopologyRequirement| {
            node.label(&r.key)
                .is_some_and(|v| r.values.iter().any(|w| **w == *v))
        };
        let matches = |t: &TopologyTerm| {
            !t.match_label_expressions.is_empty() && t.match_label_expressions.iter().all(holds)
        };
        self.allowed_topologies.is_empty() || self.allowed_topologies.iter().any(matches)
    }

    /// Whether volumes can be made at all.
    #[must_use]
    pub fn provisions(&self) -> bool {
        !self.provisioner.is_empty() && *self.provisioner != *"kubernetes.io/no-provisioner"
    }
}
