//! The volumes of a pod.

use super::in_tree::{AzureDiskSource, CsiSource, GceSource, VolumeIdSource};
use super::{Source, VolumeDemand};
use crate::model::nullable;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;

/// One entry of `spec.volumes`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawVolume {
    #[serde(deserialize_with = "nullable")]
    name: String,
    persistent_volume_claim: Option<RawClaimSource>,
    ephemeral: Option<IgnoredAny>,
    /// `image`.
    pub image: Option<RawImageVolume>,
    iscsi: Option<RawIscsi>,
    rbd: Option<RawRbd>,
    csi: Option<CsiSource>,
    aws_elastic_block_store: Option<VolumeIdSource>,
    gce_persistent_disk: Option<GceSource>,
    azure_disk: Option<AzureDiskSource>,
    azure_file: Option<IgnoredAny>,
    cinder: Option<VolumeIdSource>,
    portworx_volume: Option<VolumeIdSource>,
    vsphere_volume: Option<IgnoredAny>,
}

/// An image mounted as a volume.
#[derive(Deserialize)]
pub struct RawImageVolume {
    /// The image.
    #[serde(default, deserialize_with = "nullable")]
    pub reference: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawClaimSource {
    #[serde(default, deserialize_with = "nullable")]
    claim_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIscsi {
    #[serde(default, deserialize_with = "nullable")]
    iqn: Box<str>,
    #[serde(default, deserialize_with = "nullable")]
    read_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRbd {
    #[serde(default, deserialize_with = "nullable")]
    monitors: Vec<Box<str>>,
    #[serde(default, deserialize_with = "nullable")]
    pool: Box<str>,
    #[serde(default, deserialize_with = "nullable")]
    image: Box<str>,
    #[serde(default, deserialize_with = "nullable")]
    read_only: bool,
}

/// A claim a pod uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodClaim {
    /// Name of the claim.
    pub name: Arc<str>,
    /// Made for the pod, which must own it.
    pub ephemeral: bool,
}

/// What pods of a class have in common in their volumes. Claims are each pod's own: the class has what
/// placement depends on in them, found out anew for every attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VolumeSpec {
    /// Disks that cannot be mounted twice.
    pub disks: Vec<Disk>,
    /// In-tree volumes named in the pod that are counted under a CSI driver.
    pub inline: Vec<InlineVolume>,
    /// Why an in-tree volume cannot be counted.
    pub inline_fault: Option<Box<str>>,
    /// Drivers of CSI volumes named in the pod.
    pub csi_drivers: Vec<Box<str>>,
    /// Has volumes that use existing claims.
    pub claims: bool,
    /// Has volumes for which claims are made.
    pub ephemeral: bool,
    /// Has in-tree volumes that a CSI driver took over.
    pub migratable: bool,
    /// What the claims come to; `None` in the class of a pod that is not being placed.
    pub demand: Option<Arc<VolumeDemand>>,
}

/// An in-tree volume as its CSI driver knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InlineVolume {
    /// Driver.
    pub driver: Arc<str>,
    /// Handle.
    pub handle: Box<str>,
}

/// A disk that two pods on a node cannot share, but for some if both only read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Disk {
    /// EBS volume.
    Ebs(Box<str>),
    /// GCE PD, and whether it is only read.
    Gce(Box<str>, bool),
    /// iSCSI target.
    Iscsi(Box<str>, bool),
    /// RADOS block device: monitors, pool, image.
    Rbd(Vec<Box<str>>, Box<str>, Box<str>, bool),
}

impl Disk {
    /// Whether two pods with these disks cannot run on one node.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ebs(a), Self::Ebs(b)) => a == b,
            (Self::Gce(a, a_reads), Self::Gce(b, b_reads))
            | (Self::Iscsi(a, a_reads), Self::Iscsi(b, b_reads)) => {
                a == b && !(*a_reads && *b_reads)
            }
            (Self::Rbd(a, a_pool, a_image, a_reads), Self::Rbd(b, b_pool, b_image, b_reads)) => {
                a.iter().any(|monitor| b.contains(monitor))
                    && (a_pool, a_image) == (b_pool, b_image)
                    && !(*a_reads && *b_reads)
            }
            _ => false,
        }
    }
}

impl VolumeSpec {
    /// The volumes of a pod: those common to its class, and its claims.
    #[must_use]
    pub fn read(pod: &str, volumes: Vec<RawVolume>) -> (Self, Vec<PodClaim>) {
        let (mut spec, mut claims) = (Self::default(), Vec::new());
        for volume in volumes {
            if let Some(source) = &volume.persistent_volume_claim {
                spec.claims = true;
                claims.push(PodClaim {
                    name: source.claim_name.as_str().into(),
                    ephemeral: false,
                });
            } else if volume.ephemeral.is_some() {
                spec.ephemeral = true;
                claims.push(PodClaim {
                    name: format!("{pod}-{}", volume.name).into(),
                    ephemeral: true,
                });
            } else {
                spec.add_inline(volume);
            }
        }
        (spec, claims)
    }

    /// Whether placement depends on any of the volumes.
    #[must_use]
    pub fn matters(&self) -> bool {
        *self != Self::default()
    }

    /// Whether any of the volumes may count towards a node's limit.
    #[must_use]
    pub fn attaches(&self) -> bool {
        self.claims || self.ephemeral || self.migratable
    }

    fn add_inline(&mut self, volume: RawVolume) {
        self.disks.extend(volume.disk());
        if let Some(csi) = volume.csi {
            self.csi_drivers.push(csi.driver);
            return;
        }
        let source = Source {
            csi: None,
            aws_elastic_block_store: volume.aws_elastic_block_store,
            gce_persistent_disk: volume.gce_persistent_disk,
            azure_disk: volume.azure_disk,
            azure_file: volume.azure_file,
            cinder: volume.cinder,
            portworx_volume: volume.portworx_volume,
            vsphere_volume: volume.vsphere_volume,
        };
        let Some(migration) = source.migration(&[]) else {
            return;
        };
        self.migratable = true;
        if let Some(fault) = migration.fault() {
            let text = format!(
                "converting volume({}) from inline to csi: {fault}",
                volume.name
            );
            self.inline_fault.get_or_insert(text.into());
        } else if let Some((driver, handle)) = migration.attachable() {
            self.inline.push(InlineVolume { driver, handle });
        }
    }
}

impl RawVolume {
    fn disk(&self) -> Option<Disk> {
        if let Some(gce) = &self.gce_persistent_disk {
            return Some(Disk::Gce(gce.pd_name.clone(), gce.read_only));
        }
        if let Some(ebs) = &self.aws_elastic_block_store {
            return Some(Disk::Ebs(ebs.volume_id.clone()));
        }
        if let Some(iscsi) = &self.iscsi {
            return Some(Disk::Iscsi(iscsi.iqn.clone(), iscsi.read_only));
        }
        let rbd = self.rbd.as_ref()?;
        let (monitors, pool, image) = (&rbd.monitors, &rbd.pool, &rbd.image);
        Some(Disk::Rbd(
            monitors.clone(),
            pool.clone(),
            image.clone(),
            rbd.read_only,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn disk(volume: &Value) -> Disk {
        let raw: RawVolume = serde_json::from_value(volume.clone()).unwrap();
        raw.disk().unwrap()
    }

    #[test]
    fn disks_conflict_unless_both_only_read() {
        let gce =
            |name, read_only| json!({"gcePersistentDisk": {"pdName": name, "readOnly": read_only}});
        let ebs = |id| json!({"awsElasticBlockStore": {"volumeID": id, "readOnly": true}});
        let iscsi = |iqn, read_only| json!({"iscsi": {"iqn": iqn, "readOnly": read_only}});
        let rbd = |monitors: &[&str], image| json!({"rbd": {"monitors": monitors, "pool": "p", "image": image}});
        for (a, b, expected) in [
            (gce("a", true), gce("a", true), false),
            (gce("a", true), gce("a", false), true),
            (gce("a", false), gce("b", false), false),
            (ebs("a"), ebs("a"), true),
            (iscsi("a", true), iscsi("a", true), false),
            (iscsi("a", false), iscsi("a", true), true),
            (rbd(&["m", "n"], "i"), rbd(&["n"], "i"), true),
            (rbd(&["m"], "i"), rbd(&["n"], "i"), false),
            (rbd(&["m"], "i"), rbd(&["m"], "j"), false),
            (gce("a", false), ebs("a"), false),
        ] {
            assert_eq!(disk(&a).conflicts(&disk(&b)), expected, "{a} {b}");
        }
    }
}
