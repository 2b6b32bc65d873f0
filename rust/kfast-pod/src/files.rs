//! Volumes made of files: secrets, config maps, the downward API, host paths.

use crate::fields::{field_selector, resource_selector};
use crate::paths;
use crate::scope::Scope;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const FIELDS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];
const HOST_PATHS: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];

pub(crate) fn host_path(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    let text = source.text(n::PATH);
    if errors.require(&path.child(n::PATH), text) {
        paths::no_backsteps(text, &path.child(n::PATH), errors);
        errors.one_of(&path.child(n::TYPE), source.text(n::TYPE), &HOST_PATHS);
    }
}

pub(crate) fn secret(source: &Value<'_>, path: &Path<'_>, _: &Scope<'_>, errors: &mut Errors<'_>) {
    errors.require(&path.child(n::SECRET_NAME), source.text(n::SECRET_NAME));
    default_mode(source, path, errors);
    keys(source, path, errors);
}

pub(crate) fn config_map(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    errors.require(&path.child(n::NAME), source.text(n::NAME));
    default_mode(source, path, errors);
    keys(source, path, errors);
}

pub(crate) fn downward_api(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    default_mode(source, path, errors);
    for file in source.list(n::ITEMS) {
        downward_file(file, path, errors);
    }
}

/// The mode of files that state none.
pub(crate) fn default_mode(source: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    mode(
        source.int(n::DEFAULT_MODE),
        &path.child(n::DEFAULT_MODE),
        errors,
    );
}

fn mode(mode: Option<i64>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if let Some(mode) = mode.filter(|mode| !(0..=0o777).contains(mode)) {
        errors.invalid(path, &mode, MODE);
    }
}

/// The items of a secret or config map.
fn keys(source: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let items = path.child(n::ITEMS);
    for (i, item) in source.list(n::ITEMS).iter().enumerate() {
        key_to_path(item, &items.item(i), errors);
    }
}

pub(crate) fn key_to_path(item: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    errors.require(&path.child(n::KEY), item.text(n::KEY));
    errors.require(&path.child(n::PATH), item.text(n::PATH));
    paths::unreserved(item.text(n::PATH), &path.child(n::PATH), errors);
    mode(item.int(n::MODE), &path.child(n::MODE), errors);
}

pub(crate) fn downward_file(file: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    errors.require(&path.child(n::PATH), file.text(n::PATH));
    paths::unreserved(file.text(n::PATH), &path.child(n::PATH), errors);
    match (file.get(n::FIELD_REF), file.get(n::RESOURCE_FIELD_REF)) {
        (Some(field), resource) => {
            field_selector(field, &FIELDS, &path.child(n::FIELD_REF), errors);
            if resource.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(path, "resource", detail);
            }
        }
        (None, Some(resource)) => {
            resource_selector(resource, true, &path.child(n::RESOURCE_FIELD_REF), errors);
        }
        (None, None) => errors.required(path, "one of fieldRef and resourceFieldRef is required"),
    }
    mode(file.int(n::MODE), &path.child(n::MODE), errors);
}
