//! Mounts and block devices of containers.

use crate::paths;
use crate::scope::Scope;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;

const PROPAGATIONS: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];
const RECURSIONS: [&str; 3] = ["Disabled", "Enabled", "IfPossible"];

pub(crate) fn validate(
    container: &Value<'_>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    mounts(container, scope, &path.child(n::VOLUME_MOUNTS), errors);
    devices(container, scope, &path.child(n::VOLUME_DEVICES), errors);
}

/// Of several entries of a name the last one counts.
fn last_paths<'v>(
    entries: &'v [Value<'v>],
    path: kfast_schema::NameId,
) -> impl Iterator<Item = &'v str> {
    let overridden = move |at: usize, entry: &Value<'_>| {
        let name = entry.text(n::NAME);
        entries[at + 1..]
            .iter()
            .any(|later| later.text(n::NAME) == name)
    };
    let last = entries
        .iter()
        .enumerate()
        .filter(move |(at, entry)| !overridden(*at, entry));
    last.map(move |(_, entry)| entry.text(path))
}

fn mounts(container: &Value<'_>, scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (mounts, devices) = (
        container.list(n::VOLUME_MOUNTS),
        container.list(n::VOLUME_DEVICES),
    );
    for (i, mount) in mounts.iter().enumerate() {
        let at = path.item(i);
        let (name, target) = (mount.text(n::NAME), mount.text(n::MOUNT_PATH));
        errors.require(&at.child(n::NAME), name);
        if scope.volume(name).is_none() {
            errors.not_found(&at.child(n::NAME), name, "");
        }
        errors.require(&at.child(n::MOUNT_PATH), target);
        if mounts[..i]
            .iter()
            .any(|other| other.text(n::MOUNT_PATH) == target)
        {
            errors.invalid(&at.child(n::MOUNT_PATH), target, "must be unique");
        }
        if devices.iter().any(|device| device.text(n::NAME) == name) {
            errors.invalid(
                &at.child(n::NAME),
                name,
                "must not already exist in volumeDevices",
            );
        }
        if last_paths(devices, n::DEVICE_PATH).any(|device| device == target) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.invalid(&at.child(n::MOUNT_PATH), target, detail);
        }
        let (inner, expression) = (mount.text(n::SUB_PATH), mount.text(n::SUB_PATH_EXPR));
        if !inner.is_empty() {
            paths::descending(inner, &path.child(n::SUB_PATH), errors);
        }
        if !expression.is_empty() {
            if !inner.is_empty() {
                let detail = "subPathExpr and subPath are mutually exclusive";
                errors.invalid(&at.child(n::SUB_PATH_EXPR), expression, detail);
            }
            paths::descending(expression, &path.child(n::SUB_PATH_EXPR), errors);
        }
        propagation(mount, container, path, errors);
    }
}

fn propagation(mount: &Value<'_>, container: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let stated = mount.get(n::MOUNT_PROPAGATION).and_then(Value::as_text);
    if let Some(mode) = stated {
        let place = path.child(n::MOUNT_PROPAGATION);
        errors.one_of(&place, mode, &PROPAGATIONS);
        let privileged = container
            .get(n::SECURITY_CONTEXT)
            .is_some_and(|c| c.flag(n::PRIVILEGED));
        if mode == "Bidirectional" && !privileged {
            let detail =
                "Bidirectional mount propagation is available only to privileged containers";
            errors.forbidden(&place, detail);
        }
    }
    let Some(mode) = mount.get(n::RECURSIVE_READ_ONLY).and_then(Value::as_text) else {
        return;
    };
    let place = path.child(n::RECURSIVE_READ_ONLY);
    errors.one_of(&place, mode, &RECURSIONS);
    if matches!(mode, "Enabled" | "IfPossible") {
        if !mount.flag(n::READ_ONLY) {
            errors.forbidden(&place, "may only be specified when readOnly is true");
        }
        if stated.is_some_and(|mode| mode != "None") {
            let detail = "may only be specified when mountPropagation is None or not specified";
            errors.forbidden(&place, detail);
        }
    }
}

fn devices(container: &Value<'_>, scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (mounts, devices) = (
        container.list(n::VOLUME_MOUNTS),
        container.list(n::VOLUME_DEVICES),
    );
    let backs = |text: &str| text.split('/').any(|part| part == "..");
    for (i, device) in devices.iter().enumerate() {
        let at = path.item(i);
        let (name, target) = (device.text(n::NAME), device.text(n::DEVICE_PATH));
        let (titled, placed) = (at.child(n::NAME), at.child(n::DEVICE_PATH));
        errors.require(&titled, name);
        if !name.is_empty() && devices[..i].iter().any(|other| other.text(n::NAME) == name) {
            errors.invalid(&titled, name, "must be unique");
        }
        match scope.volume(name) {
            None => errors.not_found(&titled, name, ""),
            Some(volume) => {
                let claims = [n::PERSISTENT_VOLUME_CLAIM, n::EPHEMERAL];
                if !claims.iter().any(|kind| volume.get(*kind).is_some()) {
                    let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                    errors.invalid(&titled, name, detail);
                }
            }
        }
        errors.require(&placed, target);
        let mut before = devices[..i].iter().map(|other| other.text(n::DEVICE_PATH));
        if !backs(target) && before.any(|other| other == target) {
            errors.invalid(&placed, target, "must be unique");
        }
        if backs(target) {
            errors.invalid(&placed, target, "can not contain backsteps ('..')");
        }
        if mounts.iter().any(|mount| mount.text(n::NAME) == name) {
            errors.invalid(&titled, name, "must not already exist in volumeMounts");
        }
        if last_paths(mounts, n::MOUNT_PATH).any(|mount| mount == target) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.invalid(&placed, target, detail);
        }
    }
}
