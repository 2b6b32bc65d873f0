//! Environment variables.

use crate::fields::{field_selector, resource_selector};
use crate::paths;
use crate::scope::each_container;
use kfast_core::names::{config_key, dns_label, dns_subdomain, env_var_name};
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const SOURCES: [NameId; 5] = [
    n::FIELD_REF,
    n::RESOURCE_FIELD_REF,
    n::CONFIG_MAP_KEY_REF,
    n::SECRET_KEY_REF,
    n::FILE_KEY_REF,
];
const TOO_MANY: &str = "may not have more than one field specified at a time";

pub(crate) fn validate(container: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let list = path.child(n::ENV);
    for (i, entry) in container.list(n::ENV).iter().enumerate() {
        let (at, name) = (list.item(i), entry.text(n::NAME));
        if errors.require(&at.child(n::NAME), name) {
            errors.check(&at.child(n::NAME), name, env_var_name);
        }
        if let Some(source) = entry.get(n::VALUE_FROM) {
            self::source(
                source,
                entry.text(n::VALUE),
                &at.child(n::VALUE_FROM),
                errors,
            );
        }
    }
    let list = path.child(n::ENV_FROM);
    for (i, entry) in container.list(n::ENV_FROM).iter().enumerate() {
        let (at, prefix) = (list.item(i), entry.text(n::PREFIX));
        if !prefix.is_empty() {
            errors.check(&at.child(n::PREFIX), prefix, env_var_name);
        }
        let mut given = 0;
        for kind in [n::CONFIG_MAP_REF, n::SECRET_REF] {
            if let Some(source) = entry.get(kind) {
                given += 1;
                let (place, name) = (at.child(kind), source.text(n::NAME));
                if errors.require(&place.child(n::NAME), name) {
                    errors.check(&place.child(n::NAME), name, dns_subdomain);
                }
            }
        }
        match given {
            0 => errors.invalid(
                &list,
                "",
                "must specify one of: `configMapRef` or `secretRef`",
            ),
            1 => {}
            _ => errors.invalid(&list, "", TOO_MANY),
        }
    }
}

fn source(source: &Value<'_>, value: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    let mut given = 0;
    for kind in SOURCES {
        let Some(reference) = source.get(kind) else {
            continue;
        };
        given += 1;
        let at = path.child(kind);
        if kind == n::FIELD_REF {
            field_selector(reference, &FIELDS, &at, errors);
        } else if kind == n::RESOURCE_FIELD_REF {
            resource_selector(reference, false, &at, errors);
        } else if kind == n::FILE_KEY_REF {
            file_key(reference, &at, errors);
        } else {
            errors.check(&at.child(n::NAME), reference.text(n::NAME), dns_subdomain);
            let key = reference.text(n::KEY);
            if errors.require(&at.child(n::KEY), key) {
                errors.check(&at.child(n::KEY), key, config_key);
            }
        }
    }
    if given == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or \
                      `fileKeyRef`";
        errors.invalid(path, "", detail);
    } else if !value.is_empty() {
        errors.invalid(path, "", "may not be specified when `value` is not empty");
    } else if given > 1 {
        errors.invalid(path, "", TOO_MANY);
    }
}

fn file_key(reference: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (key, volume, file) = (
        reference.text(n::KEY),
        reference.text(n::VOLUME_NAME),
        reference.text(n::PATH),
    );
    if errors.require(&path.child(n::KEY), key) {
        errors.check(&path.child(n::KEY), key, env_var_name);
    }
    if errors.require(&path.child(n::VOLUME_NAME), volume) {
        errors.check(&path.child(n::VOLUME_NAME), volume, dns_label);
    }
    if errors.require(&path.child(n::PATH), file) {
        paths::no_backsteps(file, &path.child(n::PATH), errors);
    }
}

/// Files that variables are read from lie in emptyDir volumes of the pod.
pub(crate) fn file_volumes(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    each_container(spec, path, |container, at| {
        let list = at.child(n::ENV);
        for (i, entry) in container.list(n::ENV).iter().enumerate() {
            let Some(reference) = entry.look(&[n::VALUE_FROM, n::FILE_KEY_REF]) else {
                continue;
            };
            let item = list.item(i);
            let (source, name) = (item.child(n::VALUE_FROM), reference.text(n::VOLUME_NAME));
            let file = source.child(n::FILE_KEY_REF);
            let place = file.child(n::VOLUME_NAME);
            let mut volumes = spec.list(n::VOLUMES).iter().rev();
            match volumes.find(|volume| volume.text(n::NAME) == name) {
                None => errors.not_found(&place, name, ""),
                Some(volume) if volume.get(n::EMPTY_DIR).is_none() => {
                    errors.invalid(&place, name, "referenced volume must be of type emptyDir");
                }
                Some(_) => {}
            }
        }
    });
}
