//! Node objects.

use super::{Quantity, ResourceNames, Resources, Taint, nullable};
use crate::SchedulerError;
use kfast_core::Object;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// A container image on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// All names the node knows it by.
    pub names: Vec<String>,
    /// Size in bytes.
    pub size: i64,
}

/// What placement depends on in a node's object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSpec {
    /// Name.
    pub name: Arc<str>,
    /// Labels, sorted by key.
    pub labels: Box<[(Box<str>, Box<str>)]>,
    /// Taints in the object's order.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    /// `status.allocatable` without `pods`.
    pub allocatable: Resources,
    /// `status.allocatable.pods`.
    pub allowed_pods: i64,
    /// `status.images`.
    pub images: Vec<Image>,
    /// `status.declaredFeatures`.
    pub declared_features: Vec<Box<str>>,
}

#[derive(Deserialize)]
struct RawNode {
    #[serde(default, deserialize_with = "nullable")]
    spec: RawSpec,
    #[serde(default, deserialize_with = "nullable")]
    status: RawStatus,
}

#[derive(Default, Deserialize)]
struct RawSpec {
    #[serde(default, deserialize_with = "nullable")]
    taints: Vec<Taint>,
    #[serde(default, deserialize_with = "nullable")]
    unschedulable: bool,
}

#[derive(Default, Deserialize)]
struct RawStatus {
    #[serde(default, deserialize_with = "nullable")]
    allocatable: HashMap<String, Quantity>,
    #[serde(default, deserialize_with = "nullable")]
    images: Vec<RawImage>,
    #[serde(default, rename = "declaredFeatures", deserialize_with = "nullable")]
    declared_features: Vec<Box<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawImage {
    #[serde(default, deserialize_with = "nullable")]
    names: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    size_bytes: i64,
}

impl NodeSpec {
    /// Reads a node.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object, names: &mut ResourceNames) -> Result<Self, SchedulerError> {
        let raw: RawNode = serde_json::from_slice(object.slim())
            .map_err(|e| SchedulerError::malformed("Node", object, &e))?;
        let mut allocatable = Resources::default();
        let mut allowed_pods = 0;
        for (name, quantity) in raw.status.allocatable {
            if name == "pods" {
                allowed_pods = quantity.value();
            } else if let Some(id) = names.id(&name) {
                let amount = if id == super::CPU {
                    quantity.milli()
                } else {
                    quantity.value()
                };
                allocatable.set(id, amount);
            }
        }
        Ok(Self {
            name: object.name().into(),
            labels: object.labels().into(),
            taints: raw.spec.taints,
            unschedulable: raw.spec.unschedulable,
            allocatable,
            allowed_pods,
            declared_features: raw.status.declared_features,
            images: raw
                .status
                .images
                .into_iter()
                .map(|i| Image {
                    names: i.names,
                    size: i.size_bytes,
                })
                .collect(),
        })
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels
            .binary_search_by(|(k, _)| k.as_ref().cmp(key))
            .ok()
            .map(|at| self.labels[at].1.as_ref())
    }
}
