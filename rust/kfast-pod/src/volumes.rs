//! Volumes (core/validation `ValidateVolumes`).

use crate::scope::Scope;
use crate::{disks, files, projected};
use kfast_core::names::{dns_label, dns_subdomain};
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

type Check = fn(&Value<'_>, &Path<'_>, &Scope<'_>, &mut Errors<'_>);

/// Every source in the order they are looked at: (name, name in its path if another, rules).
const SOURCES: [(NameId, &str, Check); 30] = [
    (n::EMPTY_DIR, "", empty_dir),
    (n::HOST_PATH, "", files::host_path),
    (n::GIT_REPO, "", disks::git_repo),
    (n::GCE_PERSISTENT_DISK, "persistentDisk", disks::gce),
    (n::AWS_ELASTIC_BLOCK_STORE, "", disks::aws),
    (n::SECRET, "", files::secret),
    (n::NFS, "", disks::nfs),
    (n::ISCSI, "", disks::iscsi),
    (n::GLUSTERFS, "", disks::glusterfs),
    (n::FLOCKER, "", disks::flocker),
    (n::PERSISTENT_VOLUME_CLAIM, "", claim),
    (n::RBD, "", disks::rbd),
    (n::CINDER, "", disks::cinder),
    (n::CEPHFS, "", disks::cephfs),
    (n::QUOBYTE, "", disks::quobyte),
    (n::DOWNWARD_API, "", files::downward_api),
    (n::FC, "", disks::fc),
    (n::FLEX_VOLUME, "", disks::flex),
    (n::CONFIG_MAP, "", files::config_map),
    (n::AZURE_FILE, "", disks::azure_file),
    (n::VSPHERE_VOLUME, "", disks::vsphere),
    (n::PHOTON_PERSISTENT_DISK, "", disks::photon),
    (n::PORTWORX_VOLUME, "", disks::portworx),
    (n::AZURE_DISK, "", disks::azure_disk),
    (n::STORAGEOS, "", disks::storageos),
    (n::PROJECTED, "", projected::volume),
    (n::SCALE_IO, "", disks::scale_io),
    (n::CSI, "", disks::csi),
    (n::EPHEMERAL, "", crate::claims::ephemeral),
    (n::IMAGE, "", image),
];

/// The rules of all volumes; those without errors are noted in the scope.
pub(crate) fn validate(scope: &mut Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let spec = scope.spec;
    let volumes = spec.list(n::VOLUMES);
    let list = path.child(n::VOLUMES);
    for (i, volume) in volumes.iter().enumerate() {
        let (at, before, name) = (list.item(i), errors.count(), volume.text(n::NAME));
        source(volume, &at, scope, errors);
        if errors.require(&at.child(n::NAME), name) {
            errors.check(&at.child(n::NAME), name, dns_label);
        }
        if scope.volume(name).is_some() {
            errors.duplicate(&at.child(n::NAME), name);
        }
        if errors.count() == before {
            scope.volumes.push(volume);
        }
        created_claim(volume, volumes, scope, &at, errors);
    }
}

/// A claim made for an ephemeral volume of the pod is not to be referred to.
fn created_claim(
    volume: &Value<'_>,
    volumes: &[Value<'_>],
    scope: &Scope<'_>,
    at: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let (pod, claim) = (scope.pod_name(), volume.get(n::PERSISTENT_VOLUME_CLAIM));
    let Some(claim) = claim.map(|claim| claim.text(n::CLAIM_NAME)) else {
        return;
    };
    let created = |v: &Value<'_>| {
        let rest = claim
            .strip_prefix(pod)
            .and_then(|rest| rest.strip_prefix('-'));
        v.get(n::EPHEMERAL).is_some() && rest == Some(v.text(n::NAME))
    };
    if !pod.is_empty() && volumes.iter().any(created) {
        let detail = "must not reference a PVC that gets created for an ephemeral volume";
        let source = at.child(n::PERSISTENT_VOLUME_CLAIM);
        errors.invalid(&source.child(n::CLAIM_NAME), claim, detail);
    }
}

fn source(volume: &Value<'_>, at: &Path<'_>, scope: &Scope<'_>, errors: &mut Errors<'_>) {
    // One source is the rule; the order of the table only matters beyond it.
    let given = volume.entries().len() - usize::from(volume.get(n::NAME).is_some());
    let mut found = false;
    for (name, shown, check) in &SOURCES {
        let Some(source) = volume.get(*name) else {
            continue;
        };
        if found {
            let place = match *name {
                n::CEPHFS => at.named("cephFS"),
                n::DOWNWARD_API => at.named("downwarAPI"), // upstream's spelling
                name => at.child(name),
            };
            errors.forbidden(&place, "may not specify more than 1 volume type");
        } else {
            found = true;
            let path = if shown.is_empty() {
                at.child(*name)
            } else {
                at.named(shown)
            };
            check(source, &path, scope, errors);
        }
        about_name(*name, source, volume.text(n::NAME), at, scope, errors);
        if given == 1 {
            break;
        }
    }
    if !found {
        errors.required(at, "must specify a volume type");
    }
}

/// Names that are made of the volume's have limits of their own.
fn about_name(
    kind: NameId,
    source: &Value<'_>,
    name: &str,
    at: &Path<'_>,
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    let place = at.child(n::NAME);
    if kind == n::ISCSI {
        let length = name.len() + 1 + source.text(n::TARGET_PORTAL).len();
        if source.get(n::INITIATOR_NAME).is_some() && length > 64 {
            let detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if \
                          iscsi.initiatorName is specified.";
            errors.invalid(&place, name, detail);
        }
    } else if kind == n::EPHEMERAL && !scope.pod_name().is_empty() && !name.is_empty() {
        let claim = format!("{}-{name}", scope.pod_name());
        for problem in dns_subdomain(&claim) {
            let detail = format!("PVC name {}: {problem}", kfast_core::quote(&claim));
            errors.invalid(&place, name, &detail);
        }
    }
}

fn empty_dir(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    let negative = crate::amount::milli(source.text(n::SIZE_LIMIT)).is_some_and(|limit| limit < 0);
    if negative {
        let detail = "SizeLimit field must be a valid resource quantity";
        errors.forbidden(&path.child(n::SIZE_LIMIT), detail);
    }
}

fn claim(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    errors.require(&path.child(n::CLAIM_NAME), source.text(n::CLAIM_NAME));
}

fn image(source: &Value<'_>, path: &Path<'_>, scope: &Scope<'_>, errors: &mut Errors<'_>) {
    if scope.is_pod() {
        errors.require(&path.child(n::REFERENCE), source.text(n::REFERENCE));
    }
    pull_policy(
        source.text(n::PULL_POLICY),
        &path.child(n::PULL_POLICY),
        errors,
    );
}

/// Always, IfNotPresent or Never.
pub(crate) fn pull_policy(policy: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    if errors.require(path, policy) {
        errors.one_of(path, policy, &["Always", "IfNotPresent", "Never"]);
    }
}
