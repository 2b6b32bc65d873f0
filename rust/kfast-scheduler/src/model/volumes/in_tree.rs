//! In-tree volume sources and the CSI drivers that replace them, after k8s.io/csi-translation-lib.

use super::persistent_volume::Translated;
use crate::model::{NodeSelector, NodeSelectorTerm, Requirement, nullable};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The sources of a volume that matter to placement.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    /// A CSI volume; in a pod an inline one, which has no handle.
    pub csi: Option<CsiSource>,
    /// EBS.
    pub aws_elastic_block_store: Option<VolumeIdSource>,
    /// GCE PD.
    pub gce_persistent_disk: Option<GceSource>,
    /// Azure disk.
    pub azure_disk: Option<AzureDiskSource>,
    /// Azure file.
    pub azure_file: Option<serde::de::IgnoredAny>,
    /// Cinder.
    pub cinder: Option<VolumeIdSource>,
    /// Portworx.
    pub portworx_volume: Option<VolumeIdSource>,
    /// vSphere.
    pub vsphere_volume: Option<serde::de::IgnoredAny>,
}

/// `csi`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsiSource {
    /// Driver.
    #[serde(deserialize_with = "nullable")]
    pub driver: Box<str>,
    /// Handle.
    #[serde(deserialize_with = "nullable")]
    pub volume_handle: Box<str>,
}

/// A source named by a volume id.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VolumeIdSource {
    /// The id.
    #[serde(rename = "volumeID", deserialize_with = "nullable")]
    pub volume_id: Box<str>,
}

/// `gcePersistentDisk`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GceSource {
    /// Name of the disk.
    #[serde(deserialize_with = "nullable")]
    pub pd_name: Box<str>,
    /// Mounted read-only.
    #[serde(deserialize_with = "nullable")]
    pub read_only: bool,
}

/// `azureDisk`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AzureDiskSource {
    /// Address of the disk.
    #[serde(rename = "diskURI", deserialize_with = "nullable")]
    pub disk_uri: Box<str>,
    /// `Managed`, or a kind CSI does not know.
    pub kind: Option<Box<str>>,
}

/// How one volume is seen by the CSI driver that replaced its in-tree plugin.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The in-tree plugin.
    pub plugin: &'static str,
    driver: &'static str,
    topology_key: Option<&'static str>,
    handle: Result<Box<str>, Box<str>>,
}

/// In-tree plugin, CSI driver and whether its volumes are counted under the driver.
const PLUGINS: [(&str, &str, bool); 7] = [
    ("kubernetes.io/aws-ebs", "ebs.csi.aws.com", true),
    ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io", true),
    ("kubernetes.io/azure-disk", "disk.csi.azure.com", true),
    ("kubernetes.io/cinder", "cinder.csi.openstack.org", true),
    ("kubernetes.io/portworx-volume", "pxd.portworx.com", true),
    ("kubernetes.io/azure-file", "file.csi.azure.com", false),
    (
        "kubernetes.io/vsphere-volume",
        "csi.vsphere.vmware.com",
        false,
    ),
];

const ZONE: &str = "topology.kubernetes.io/zone";
const REGION: &str = "topology.kubernetes.io/region";
const BETA_ZONE: &str = "failure-domain.beta.kubernetes.io/zone";
const BETA_REGION: &str = "failure-domain.beta.kubernetes.io/region";

type Labels = [(Box<str>, Box<str>)];

fn label<'a>(labels: &'a Labels, key: &str) -> Option<&'a str> {
    labels.iter().find(|(k, _)| **k == *key).map(|(_, v)| &**v)
}

impl Source {
    /// The migration of a persistent volume with these labels, `None` if no CSI driver replaces the source.
    #[must_use]
    pub fn migration(&self, labels: &Labels) -> Option<Migration> {
        let of = |at: usize, topology_key, handle| {
            let (plugin, driver, _) = PLUGINS[at];
            Migration {
                plugin,
                driver,
                topology_key,
                handle,
            }
        };
        if let Some(ebs) = &self.aws_elastic_block_store {
            let key = Some("topology.ebs.csi.aws.com/zone");
            return Some(of(0, key, ebs_handle(&ebs.volume_id)));
        }
        if let Some(gce) = &self.gce_persistent_disk {
            let key = Some("topology.gke.io/zone");
            return Some(of(1, key, gce_handle(&gce.pd_name, labels)));
        }
        if let Some(azure) = &self.azure_disk {
            let handle = match &azure.kind {
                Some(kind) if !kind.eq_ignore_ascii_case("Managed") => {
                    Err(format!("kind({kind}) is not supported in csi migration").into())
                }
                _ => Ok(azure.disk_uri.clone()),
            };
            return Some(of(2, None, handle));
        }
        if let Some(cinder) = &self.cinder {
            let key = Some("topology.cinder.csi.openstack.org/zone");
            return Some(of(3, key, Ok(cinder.volume_id.clone())));
        }
        if let Some(portworx) = &self.portworx_volume {
            return Some(of(4, None, Ok(portworx.volume_id.clone())));
        }
        let uncounted = || Ok(Box::default());
        (self.azure_file.is_some().then(|| of(5, None, uncounted()))).or_else(|| {
            self.vsphere_volume
                .is_some()
                .then(|| of(6, None, uncounted()))
        })
    }
}

impl Migration {
    /// Whether volumes of the plugin are handled as the driver's.
    #[must_use]
    pub fn is_on(&self) -> bool {
        PLUGINS.iter().any(|(p, _, on)| *p == self.plugin && *on)
    }

    /// The driver and handle the volume is counted under.
    #[must_use]
    pub fn attachable(&self) -> Option<(Arc<str>, Box<str>)> {
        let handle = self.handle.as_ref().ok().filter(|h| !h.is_empty())?;
        self.is_on().then(|| (self.driver.into(), handle.clone()))
    }

    /// Why the volume cannot be translated.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.handle.as_ref().err().map(AsRef::as_ref)
    }

    /// The driver counted for volumes a provisioner makes: its own name, or the one that replaced it; `None` if
    /// the provisioner is an in-tree plugin whose volumes are not counted.
    #[must_use]
    pub fn driver_of(provisioner: &str) -> Option<&str> {
        match PLUGINS.iter().find(|(p, _, _)| *p == provisioner) {
            None => Some(provisioner),
            Some((_, driver, true)) => Some(driver),
            Some(_) => None,
        }
    }

    /// The node affinity in the driver's topology keys.
    pub(super) fn translated(
        &self,
        required: Option<&NodeSelector>,
        labels: &Labels,
    ) -> Translated {
        if let Err(fault) = &self.handle {
            return Err(fault.clone());
        }
        let mut required = required.cloned();
        let Some(key) = self.topology_key else {
            return Ok(required);
        };
        let has = |r: &Option<NodeSelector>, key: &str| expressions(r).any(|e| e.key == key);
        let beta = !has(&required, ZONE)
            && (has(&required, BETA_ZONE)
                || (label(labels, ZONE).is_none() && label(labels, BETA_ZONE).is_some()));
        let zone = if beta { BETA_ZONE } else { ZONE };
        let named = expressions(&required).any(|e| e.key == zone && !e.values.is_empty());
        if named {
            rename(&mut required, zone, key);
        } else if let Some(zones) = label(labels, zone) {
            add(&mut required, key, zones);
        }
        if beta && expressions(&required).any(|e| e.key == BETA_REGION && !e.values.is_empty()) {
            rename(&mut required, BETA_REGION, REGION);
        }
        Ok(required)
    }
}

fn expressions(selector: &Option<NodeSelector>) -> impl Iterator<Item = &Requirement> {
    let terms = selector.iter().flat_map(|s| &s.node_selector_terms);
    terms.flat_map(|t| &t.match_expressions)
}

fn rename(selector: &mut Option<NodeSelector>, from: &str, to: &str) {
    let terms = selector.iter_mut().flat_map(|s| &mut s.node_selector_terms);
    for expression in terms.flat_map(|t| &mut t.match_expressions) {
        if expression.key == from {
            to.clone_into(&mut expression.key);
        }
    }
}

/// Demands one of the `__`-separated zones in every term.
fn add(selector: &mut Option<NodeSelector>, key: &str, zones: &str) {
    let zones: BTreeSet<_> = zones.split("__").map(str::trim).collect();
    let values: Vec<_> = zones
        .into_iter()
        .filter(|z| !z.is_empty())
        .map(str::to_owned)
        .collect();
    if values.is_empty() {
        return;
    }
    let terms = &mut selector.get_or_insert_default().node_selector_terms;
    if terms.is_empty() {
        terms.push(NodeSelectorTerm::default());
    }
    for term in terms {
        term.match_expressions.push(Requirement {
            key: key.to_owned(),
            operator: "In".to_owned(),
            values: values.clone(),
        });
    }
}

/// `aws://zone/vol-1`, `aws:///vol-1` or a bare id.
fn ebs_handle(id: &str) -> Result<Box<str>, Box<str>> {
    let Some(rest) = id.strip_prefix("aws://") else {
        return Ok(id.into());
    };
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    let path = path.trim_matches('/');
    if path.starts_with("vol-") && !path.contains('/') {
        Ok(path.into())
    } else {
        Err(format!("Invalid format for AWS volume ({id})").into())
    }
}

fn gce_handle(disk: &str, labels: &Labels) -> Result<Box<str>, Box<str>> {
    let beta = label(labels, BETA_ZONE).filter(|z| !z.is_empty());
    let zones = beta.or_else(|| label(labels, ZONE)).unwrap_or_default();
    let place = match zones.split("__").collect::<Vec<_>>()[..] {
        [""] => "zones/UNSPECIFIED".to_owned(),
        [zone] => format!("zones/{zone}"),
        ref zones => format!("regions/{}", gce_region(zones)?),
    };
    Ok(format!("projects/UNSPECIFIED/{place}/disks/{disk}").into())
}

fn gce_region(zones: &[&str]) -> Result<String, Box<str>> {
    let mut regions = BTreeSet::new();
    for zone in zones {
        let parts: Vec<_> = zone.split('-').collect();
        let [place, region, _] = parts[..] else {
            return Err(format!(
                "failed to get region from zones: zone in unexpected format, expected: {{locale}}-{{region}}-{{zone}}, got: {zone}"
            )
            .into());
        };
        regions.insert(format!("{place}-{region}"));
    }
    match (regions.len(), regions.pop_first()) {
        (1, Some(region)) => Ok(region),
        _ => Err("failed to get region from zones: multiple or no regions".into()),
    }
}
