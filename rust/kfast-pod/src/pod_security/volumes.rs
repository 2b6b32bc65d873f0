//! What kinds of volumes a pod has.

use super::{Finding, Pod, Texts, finding, plural, quoted};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

pub(super) fn host_paths(pod: &Pod<'_>) -> Option<Finding> {
    let volumes = pod.spec.list(n::VOLUMES).iter();
    let bad = volumes.filter(|volume| volume.get(n::HOST_PATH).is_some());
    let bad: Vec<&str> = bad.map(|volume| volume.text(n::NAME)).collect();
    let what = plural("volume", "volumes", bad.len());
    (!bad.is_empty()).then(|| finding("hostPath volumes", format!("{what} {}", quoted(&bad))))
}

const ALLOWED: [NameId; 9] = [
    n::CONFIG_MAP,
    n::CSI,
    n::DOWNWARD_API,
    n::EMPTY_DIR,
    n::EPHEMERAL,
    n::IMAGE,
    n::PERSISTENT_VOLUME_CLAIM,
    n::PROJECTED,
    n::SECRET,
];
const OTHERS: [(NameId, &str); 21] = [
    (n::HOST_PATH, "hostPath"),
    (n::GCE_PERSISTENT_DISK, "gcePersistentDisk"),
    (n::AWS_ELASTIC_BLOCK_STORE, "awsElasticBlockStore"),
    (n::GIT_REPO, "gitRepo"),
    (n::NFS, "nfs"),
    (n::ISCSI, "iscsi"),
    (n::GLUSTERFS, "glusterfs"),
    (n::RBD, "rbd"),
    (n::FLEX_VOLUME, "flexVolume"),
    (n::CINDER, "cinder"),
    (n::CEPHFS, "cephfs"),
    (n::FLOCKER, "flocker"),
    (n::FC, "fc"),
    (n::AZURE_FILE, "azureFile"),
    (n::VSPHERE_VOLUME, "vsphereVolume"),
    (n::QUOBYTE, "quobyte"),
    (n::AZURE_DISK, "azureDisk"),
    (n::PHOTON_PERSISTENT_DISK, "photonPersistentDisk"),
    (n::PORTWORX_VOLUME, "portworxVolume"),
    (n::SCALE_IO, "scaleIO"),
    (n::STORAGEOS, "storageos"),
];

fn kind(volume: &Value<'_>) -> &'static str {
    let other = OTHERS.iter().find(|(name, _)| volume.get(*name).is_some());
    other.map_or("unknown", |(_, text)| text)
}

pub(super) fn types(pod: &Pod<'_>) -> Option<Finding> {
    let allowed = |volume: &Value<'_>| ALLOWED.iter().any(|name| volume.get(*name).is_some());
    let bad = pod
        .spec
        .list(n::VOLUMES)
        .iter()
        .filter(|volume| !allowed(volume));
    let (bad, types): (Vec<&str>, Texts<'_>) = bad
        .map(|volume| (volume.text(n::NAME), kind(volume)))
        .unzip();
    if bad.is_empty() {
        return None;
    }
    let (volumes, uses) = (
        plural("volume", "volumes", bad.len()),
        plural("uses", "use", bad.len()),
    );
    let what = plural(
        "restricted volume type",
        "restricted volume types",
        types.len(),
    );
    let detail = format!("{volumes} {} {uses} {what} {}", quoted(&bad), quoted(types));
    Some(finding("restricted volume types", detail))
}
