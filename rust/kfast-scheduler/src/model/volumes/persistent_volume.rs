//! PersistentVolumes.

use super::{BETA_CLASS, Claim, ClaimRef, Migration, RawMetadata, Source};
use crate::SchedulerError;
use crate::model::{NodeSelector, NodeSpec, Quantity, nullable};
use kfast_core::Object;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Labels by which volumes and nodes name their zone and region, in the order they are compared.
const ZONE_LABELS: [&str; 4] = [
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistentVolume {
    /// Name.
    pub name: Arc<str>,
    /// `resourceVersion`.
    pub revision: u64,
    /// Labels, sorted by key.
    pub labels: Box<[(Box<str>, Box<str>)]>,
    /// Marked for deletion.
    pub deleting: bool,
    /// Storage class, empty for none.
    pub class: Arc<str>,
    /// Capacity in bytes.
    pub capacity: i64,
    /// Access modes.
    pub access_modes: Vec<Box<str>>,
    /// `Block`, not `Filesystem`.
    pub block: bool,
    /// `spec.volumeAttributesClassName`, empty for none.
    pub attributes_class: Box<str>,
    /// The claim it is bound or reserved to.
    pub claim: Option<ClaimRef>,
    /// `status.phase` is `Available`.
    pub available: bool,
    /// The driver and the handle by which volumes on a node are counted, `None` if they are not.
    pub attachable: Option<(Arc<str>, Box<str>)>,
    /// Is a CSI volume, not one translated to CSI.
    pub is_csi: bool,
    /// Where it can be used, `None` if anywhere.
    pub topology: Option<Arc<PvTopology>>,
    /// Its zone and region labels.
    pub zones: Vec<Arc<ZoneLabel>>,
}

/// A node affinity in a CSI driver's topology keys, or why there is none.
pub type Translated = Result<Option<NodeSelector>, Box<str>>;

/// Nodes that can use a volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PvTopology {
    /// `spec.nodeAffinity.required`.
    pub required: Option<NodeSelector>,
    /// The same on nodes on which the in-tree plugin was replaced by its CSI driver, or why it has none.
    pub migrated: Option<(&'static str, Translated)>,
}

impl PvTopology {
    /// Whether the node can use the volume; `migrated` are the in-tree plugins replaced on it.
    ///
    /// # Errors
    /// Why the volume cannot be translated to CSI.
    pub fn allows(&self, node: &NodeSpec, migrated: &[Box<str>]) -> Result<bool, &str> {
        let required = match &self.migrated {
            Some((plugin, translated)) if migrated.iter().any(|m| **m == **plugin) => {
                translated.as_ref().map_err(AsRef::as_ref)?.as_ref()
            }
            _ => self.required.as_ref(),
        };
        Ok(required.is_none_or(|r| r.matches(node)))
    }
}

/// A zone or region label of a volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ZoneLabel {
    /// The label's key.
    pub key: &'static str,
    /// The values a node may have.
    pub values: Vec<Box<str>>,
}

impl ZoneLabel {
    /// Whether a node has one of the values, be it under the key that replaced a beta one.
    #[must_use]
    pub fn allows(&self, node: &NodeSpec) -> bool {
        let successor = match self.key {
            "failure-domain.beta.kubernetes.io/zone" => "topology.kubernetes.io/zone",
            "failure-domain.beta.kubernetes.io/region" => "topology.kubernetes.io/region",
            key => key,
        };
        let value = node.label(self.key).or_else(|| node.label(successor));
        value.is_some_and(|v| self.values.iter().any(|w| **w == *v))
    }

    /// Whether a node has any label that says where it is.
    #[must_use]
    pub fn concerns(node: &NodeSpec) -> bool {
        ZONE_LABELS.iter().any(|key| node.label(key).is_some())
    }
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
    capacity: BTreeMap<String, Quantity>,
    #[serde(deserialize_with = "nullable")]
    access_modes: Vec<Box<str>>,
    claim_ref: Option<RawClaimRef>,
    #[serde(deserialize_with = "nullable")]
    storage_class_name: String,
    #[serde(deserialize_with = "nullable")]
    volume_mode: String,
    #[serde(deserialize_with = "nullable")]
    volume_attributes_class_name: Box<str>,
    #[serde(deserialize_with = "nullable")]
    node_affinity: RawAffinity,
    #[serde(flatten)]
    source: Source,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawAffinity {
    required: Option<NodeSelector>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawClaimRef {
    #[serde(deserialize_with = "nullable")]
    namespace: Box<str>,
    #[serde(deserialize_with = "nullable")]
    name: Box<str>,
    #[serde(deserialize_with = "nullable")]
    uid: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStatus {
    #[serde(deserialize_with = "nullable")]
    phase: String,
}

impl PersistentVolume {
    /// Reads a volume.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object) -> Result<Self, SchedulerError> {
        let raw: Raw = super::read("PersistentVolume", object)?;
        let spec = raw.spec;
        let labels = object.labels();
        let migration = spec.source.migration(labels);
        let is_csi = spec.source.csi.is_some();
        let class = raw
            .metadata
            .annotations
            .get(BETA_CLASS)
            .unwrap_or(&spec.storage_class_name);
        Ok(Self {
            name: object.name().into(),
            revision: object.revision(),
            deleting: object.deleting(),
            class: class.as_str().into(),
            capacity: spec.capacity.get("storage").map_or(0, |q| q.value()),
            access_modes: spec.access_modes,
            block: spec.volume_mode == "Block",
            attributes_class: spec.volume_attributes_class_name,
            claim: spec.claim_ref.map(|c| ClaimRef {
                namespace: c.namespace,
                name: c.name,
                uid: c.uid,
            }),
            available: raw.status.phase == "Available",
            attachable: match (&spec.source.csi, &migration) {
                (Some(csi), _) if csi.driver.is_empty() || csi.volume_handle.is_empty() => None,
                (Some(csi), _) => Some((csi.driver.as_ref().into(), csi.volume_handle.clone())),
                (None, Some(migration)) => migration.attachable(),
                (None, None) => None,
            },
            is_csi,
            topology: topology(spec.node_affinity.required, migration, labels),
            zones: zones(labels),
            labels: labels.into(),
        })
    }

    /// Whether the volume is reserved to the claim.
    #[must_use]
    pub fn is_bound_to(&self, claim: &Claim) -> bool {
        self.claim.as_ref().is_some_and(|c| {
            *c.name == *claim.name
                && *c.namespace == *claim.namespace
                && (c.uid.is_empty() || c.uid == claim.uid)
        })
    }
}

fn topology(
    required: Option<NodeSelector>,
    migration: Option<Migration>,
    labels: &[(Box<str>, Box<str>)],
) -> Option<Arc<PvTopology>> {
    let migrated = migration
        .filter(Migration::is_on)
        .map(|m| (m.plugin, m.translated(required.as_ref(), labels)))
        .filter(|(_, translated)| translated.as_ref() != Ok(&required));
    (required.is_some() || migrated.is_some()).then(|| Arc::new(PvTopology { required, migrated }))
}

fn zones(labels: &[(Box<str>, Box<str>)]) -> Vec<Arc<ZoneLabel>> {
    ZONE_LABELS
        .iter()
        .filter_map(|&key| {
            let (_, value) = labels.iter().find(|(k, _)| **k == *key)?;
            let mut values: Vec<Box<str>> =
                value.split("__").map(|zone| zone.trim().into()).collect();
            values.sort();
            values.dedup();
            let whole = values.iter().all(|v| !v.is_empty());
            whole.then(|| Arc::new(ZoneLabel { key, values }))
        })
        .collect()
}
