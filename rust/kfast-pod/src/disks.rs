//! Volumes on disks and network file systems, most of them long gone from the nodes.

use crate::paths;
use crate::scope::Scope;
use kfast_core::names::{dns_label, dns_subdomain};
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const PARTITION: &str = "must be between 1 and 255, inclusive";

/// Each field must be set.
fn require(source: &Value<'_>, names: &[NameId], path: &Path<'_>, errors: &mut Errors<'_>) {
    for name in names {
        errors.require(&path.child(*name), source.text(*name));
    }
}

/// A secret that is referred to has a name.
fn secret_name(source: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if let Some(secret) = source.get(n::SECRET_REF) {
        let at = path.child(n::SECRET_REF);
        errors.require(&at.child(n::NAME), secret.text(n::NAME));
    }
}

pub(crate) fn git_repo(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    require(source, &[n::REPOSITORY], path, errors);
    paths::descending(source.text(n::DIRECTORY), &path.child(n::DIRECTORY), errors);
}

fn partition(source: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if let Some(number) = source.int(n::PARTITION).filter(|p| !(0..=255).contains(p)) {
        errors.invalid(&path.child(n::PARTITION), &number, PARTITION);
    }
}

pub(crate) fn gce(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    require(source, &[n::PD_NAME], path, errors);
    partition(source, path, errors);
}

pub(crate) fn aws(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    require(source, &[n::VOLUME_ID], path, errors);
    partition(source, path, errors);
}

pub(crate) fn nfs(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    require(source, &[n::SERVER, n::PATH], path, errors);
    if !source.text(n::PATH).starts_with('/') {
        errors.invalid(
            &path.child(n::PATH),
            source.text(n::PATH),
            "must be an absolute path",
        );
    }
}

pub(crate) fn iscsi(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    require(source, &[n::TARGET_PORTAL, n::IQN], path, errors);
    if !source.text(n::IQN).is_empty() {
        initiator(source.text(n::IQN), &path.child(n::IQN), errors);
    }
    errors.in_range(&path.child(n::LUN), source.int(n::LUN).unwrap_or(0), 0, 255);
    let authenticated = source.flag(n::CHAP_AUTH_DISCOVERY) || source.flag(n::CHAP_AUTH_SESSION);
    if authenticated && source.get(n::SECRET_REF).is_none() {
        errors.required(&path.child(n::SECRET_REF), "");
    }
    if let Some(name) = source.get(n::INITIATOR_NAME).and_then(Value::as_text) {
        initiator(name, &path.named("initiatorname"), errors);
    }
}

/// An iSCSI name of one of the three forms.
fn initiator(name: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    let identifier = |count: usize| {
        let tail = &name.as_bytes()[3..];
        tail.len() == count + 1 && tail[1..].iter().all(u8::is_ascii_alphanumeric)
    };
    let valid = match name.get(..3) {
        Some("iqn") => is_iqn(name),
        Some("eui") => identifier(16),
        Some("naa") => identifier(32),
        _ => {
            let detail = "must be valid format starting with iqn, eui, or naa";
            return errors.invalid(path, name, detail);
        }
    };
    if !valid {
        errors.invalid(path, name, "must be valid format");
    }
}

/// `iqn.YYYY-MM.reversed.domain:anything`.
fn is_iqn(name: &str) -> bool {
    let Some((head, tail)) = name
        .strip_prefix("iqn.")
        .and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    let Some((date, domain)) = head.split_once('.') else {
        return false;
    };
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let dated = date
        .split_once('-')
        .is_some_and(|(y, m)| digits(y, 4) && digits(m, 2));
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let free = |c: char| !c.is_whitespace() && !",;*&$|".contains(c);
    dated
        && !domain.is_empty()
        && domain.bytes().all(named)
        && !tail.is_empty()
        && tail.chars().all(free)
}

pub(crate) fn glusterfs(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    require(source, &[n::ENDPOINTS, n::PATH], path, errors);
}

pub(crate) fn flocker(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    let (name, uuid) = (source.text(n::DATASET_NAME), source.text(n::DATASET_UUID));
    if name.is_empty() && uuid.is_empty() {
        errors.required(path, "one of datasetName and datasetUUID is required");
    }
    if !name.is_empty() && !uuid.is_empty() {
        let detail = "datasetName and datasetUUID can not be specified simultaneously";
        errors.invalid(path, "resource", detail);
    }
    if name.contains('/') {
        errors.invalid(&path.child(n::DATASET_NAME), name, "must not contain '/'");
    }
}

pub(crate) fn rbd(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    cephfs_monitors(source, path, errors);
    require(source, &[n::IMAGE], path, errors);
}

pub(crate) fn cephfs(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    cephfs_monitors(source, path, errors);
}

fn cephfs_monitors(source: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if source.list(n::MONITORS).is_empty() {
        errors.required(&path.child(n::MONITORS), "");
    }
}

pub(crate) fn cinder(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    require(source, &[n::VOLUME_ID], path, errors);
    secret_name(source, path, errors);
}

pub(crate) fn quobyte(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    const REGISTRY: &str = "must be a host:port pair or multiple pairs separated by commas";
    let (registry, tenant) = (source.text(n::REGISTRY), source.text(n::TENANT));
    if registry.is_empty() {
        errors.required(&path.child(n::REGISTRY), REGISTRY);
    } else if tenant.len() >= 65 {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        errors.required(&path.child(n::TENANT), detail);
    } else {
        for _ in registry.split(',').filter(|pair| !is_host_port(pair)) {
            errors.invalid(&path.child(n::REGISTRY), registry, REGISTRY);
        }
    }
    require(source, &[n::VOLUME], path, errors);
}

/// What Go's `net.SplitHostPort` takes.
fn is_host_port(pair: &str) -> bool {
    let Some((host, port)) = pair.rsplit_once(':') else {
        return false;
    };
    let plain = |text: &str| !text.contains([':', '[', ']']);
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    !port.contains(['[', ']']) && inner.map_or_else(|| plain(host), |h| !h.contains(['[', ']']))
}

pub(crate) fn fc(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    let (targets, wwids) = (source.list(n::TARGET_WWNS), source.list(n::WWIDS));
    let place = path.child(n::TARGET_WWNS);
    if targets.is_empty() && wwids.is_empty() {
        errors.required(
            &place,
            "must specify either targetWWNs or wwids, but not both",
        );
    }
    if targets.is_empty() {
        return;
    }
    if !wwids.is_empty() {
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        errors.invalid(&place, &Value::List(targets.to_vec()), detail);
    }
    match source.int(n::LUN) {
        None => errors.required(
            &path.child(n::LUN),
            "lun is required if targetWWNs is specified",
        ),
        Some(lun) => errors.in_range(&path.child(n::LUN), lun, 0, 255),
    }
}

pub(crate) fn flex(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    require(source, &[n::DRIVER], path, errors);
    let options = path.child(n::OPTIONS);
    for (key, _) in source.get(n::OPTIONS).unwrap_or(&Value::Null).texts() {
        let namespace = key.split('/').next().unwrap_or(key).to_lowercase();
        let dotted = format!(".{namespace}");
        if dotted.ends_with(".kubernetes.io") || dotted.ends_with(".k8s.io") {
            let detail = "kubernetes.io and k8s.io namespaces are reserved";
            errors.invalid(&options.key(key), key, detail);
        }
    }
}

pub(crate) fn azure_file(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    require(source, &[n::SECRET_NAME, n::SHARE_NAME], path, errors);
}

pub(crate) fn azure_disk(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    require(source, &[n::DISK_NAME, n::DISK_URI], path, errors);
    if let Some(mode) = source.get(n::CACHING_MODE).and_then(Value::as_text) {
        errors.one_of(
            &path.child(n::CACHING_MODE),
            mode,
            &["None", "ReadOnly", "ReadWrite"],
        );
    }
    let Some(kind) = source.get(n::KIND).and_then(Value::as_text) else {
        return;
    };
    errors.one_of(
        &path.child(n::KIND),
        kind,
        &["Dedicated", "Managed", "Shared"],
    );
    let uri = source.text(n::DISK_URI);
    if kind == "Managed" && !uri.starts_with("/subscriptions/") {
        let form = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
        errors.unsupported(&path.child(n::DISK_URI), uri, &[form]);
    }
    if kind != "Managed" && !uri.starts_with("https://") {
        let form = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
        errors.unsupported(&path.child(n::DISK_URI), uri, &[form]);
    }
}

pub(crate) fn vsphere(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    require(source, &[n::VOLUME_PATH], path, errors);
}

pub(crate) fn photon(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    require(source, &[n::PD_ID], path, errors);
}

pub(crate) fn portworx(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    require(source, &[n::VOLUME_ID], path, errors);
}

pub(crate) fn scale_io(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    require(
        source,
        &[n::GATEWAY, n::SYSTEM, n::VOLUME_NAME],
        path,
        errors,
    );
}

pub(crate) fn storageos(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    let (name, namespace) = (
        source.text(n::VOLUME_NAME),
        source.text(n::VOLUME_NAMESPACE),
    );
    if errors.require(&path.child(n::VOLUME_NAME), name) {
        errors.check(&path.child(n::VOLUME_NAME), name, dns_label);
    }
    if !namespace.is_empty() {
        errors.check(&path.child(n::VOLUME_NAMESPACE), namespace, dns_label);
    }
    secret_name(source, path, errors);
}

pub(crate) fn csi(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    let (driver, place) = (source.text(n::DRIVER), path.child(n::DRIVER));
    if errors.require(&place, driver) {
        if driver.len() > 63 {
            errors.too_long(&place, 63);
        }
        for problem in dns_subdomain(&driver.to_lowercase()) {
            errors.invalid(&place, driver, &problem);
        }
    }
    if let Some(secret) = source.get(n::NODE_PUBLISH_SECRET_REF) {
        let (at, name) = (path.child(n::NODE_PUBLISH_SECRET_REF), secret.text(n::NAME));
        if errors.require(&at.child(n::NAME), name) {
            errors.check(&path.child(n::NAME), name, dns_subdomain);
        }
    }
}
