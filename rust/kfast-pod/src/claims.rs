//! Claims: those made for ephemeral volumes, and those of devices (core/validation `ValidatePersistentVolumeClaimSpec`,
//! `validatePodResourceClaims`).

use crate::amount::milli;
use crate::scope::Scope;
use kfast_core::names::{Rule, dns_label, dns_subdomain};
use kfast_schema::field::{Errors, Path};
use kfast_schema::metadata::{validate_annotations, validate_labels, validate_selector};
use kfast_schema::names as n;
use kfast_schema::{Name, Value};

const ACCESS_MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
const MIRROR: &str = "kubernetes.io/config.mirror";

pub(crate) fn ephemeral(
    source: &Value<'_>,
    path: &Path<'_>,
    _: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    let at = path.child(n::VOLUME_CLAIM_TEMPLATE);
    let Some(template) = source.get(n::VOLUME_CLAIM_TEMPLATE) else {
        return errors.required(&at, "");
    };
    if let Some(metadata) = template.get(n::METADATA) {
        template_metadata(metadata, &at.child(n::METADATA), errors);
    }
    claim_spec(
        template.get(n::SPEC).unwrap_or(&Value::Null),
        &at.child(n::SPEC),
        errors,
    );
}

/// Labels and annotations, nothing else.
fn template_metadata(metadata: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if let Some(annotations) = metadata.get(n::ANNOTATIONS) {
        validate_annotations(annotations, &path.child(n::ANNOTATIONS), errors);
    }
    if let Some(labels) = metadata.get(n::LABELS) {
        validate_labels(labels, &path.child(n::LABELS), errors);
    }
    for (name, _) in metadata.entries() {
        if let Name::Known(id) = name
            && ![n::ANNOTATIONS, n::LABELS].contains(id)
        {
            errors.forbidden(&path.child(*id), "cannot be set");
        }
    }
}

/// The rules of a claim's spec.
fn claim_spec(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if spec.list(n::ACCESS_MODES).is_empty() {
        errors.required(
            &path.child(n::ACCESS_MODES),
            "at least 1 access mode is required",
        );
    }
    if let Some(selector) = spec.get(n::SELECTOR) {
        validate_selector(selector, &path.child(n::SELECTOR), false, errors);
    }
    access_modes(spec, path, errors);
    let at = path.child(n::RESOURCES);
    let place = at.key("storage");
    let storage = spec
        .look(&[n::RESOURCES, n::REQUESTS])
        .and_then(|r| r.at("storage"));
    match storage.and_then(Value::as_text) {
        None => errors.required(&place, ""),
        Some(amount) if milli(amount).is_none_or(|amount| amount <= 0) => {
            errors.invalid(&place, amount, "must be greater than zero");
        }
        Some(_) => {}
    }
    let class = |name, errors: &mut Errors<'_>| {
        if !spec.text(name).is_empty() {
            errors.check(&path.child(name), spec.text(name), dns_subdomain);
        }
    };
    class(n::STORAGE_CLASS_NAME, errors);
    if let Some(mode) = spec.get(n::VOLUME_MODE).and_then(Value::as_text) {
        errors.one_of(&path.child(n::VOLUME_MODE), mode, &["Block", "Filesystem"]);
    }
    data_sources(spec, path, errors);
    class(n::VOLUME_ATTRIBUTES_CLASS_NAME, errors);
}

fn access_modes(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (modes, place) = (spec.list(n::ACCESS_MODES), path.child(n::ACCESS_MODES));
    let modes: Vec<&str> = modes.iter().filter_map(Value::as_text).collect();
    for mode in &modes {
        errors.one_of(&place, mode, &ACCESS_MODES);
    }
    let (single, rest): (Vec<&str>, Vec<&str>) = modes
        .iter()
        .filter(|m| ACCESS_MODES.contains(m))
        .partition(|m| **m == "ReadWriteOncePod");
    if !single.is_empty() && !rest.is_empty() {
        errors.forbidden(
            &place,
            "may not use ReadWriteOncePod with other access modes",
        );
    }
}

fn data_sources(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (source, reference) = (spec.get(n::DATA_SOURCE), spec.get(n::DATA_SOURCE_REF));
    if let Some(source) = source {
        data_source(source, &path.child(n::DATA_SOURCE), errors);
    }
    let Some(reference) = reference else {
        return;
    };
    let at = path.child(n::DATA_SOURCE_REF);
    data_source(reference, &at, errors);
    let namespace = reference.text(n::NAMESPACE);
    if !namespace.is_empty() {
        errors.check(&at.child(n::NAMESPACE), namespace, dns_label);
    }
    let Some(source) = source else {
        return;
    };
    let place = path.child(n::DATA_SOURCE).to_string();
    let same = |name| source.get(name) == reference.get(name);
    if !namespace.is_empty() {
        let detail = "may not be specified when dataSourceRef.namespace is specified";
        errors.invalid(path, place.as_str(), detail);
    } else if !(same(n::API_GROUP) && same(n::KIND) && same(n::NAME)) {
        errors.invalid(path, place.as_str(), "must match dataSourceRef");
    }
}

/// The API group is not looked at: any goes.
fn data_source(source: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    errors.require(&path.child(n::NAME), source.text(n::NAME));
    errors.require(&path.child(n::KIND), source.text(n::KIND));
    let kind = source.text(n::KIND);
    if source.text(n::API_GROUP).is_empty() && kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.invalid(path, kind, detail);
    }
}

/// The pod's claims of devices.
pub(crate) fn resource_claims(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let list = path.child(n::RESOURCE_CLAIMS);
    let annotations = scope.metadata.and_then(|m| m.get(n::ANNOTATIONS));
    let mirrored = annotations.is_some_and(|a| a.at(MIRROR).is_some());
    let claims = scope.spec.list(n::RESOURCE_CLAIMS);
    for (i, claim) in claims.iter().enumerate() {
        if mirrored {
            errors.forbidden(&Path::Root, "static pods do not support resource claims");
            continue;
        }
        let (at, name) = (list.item(i), claim.text(n::NAME));
        if errors.require(&at.child(n::NAME), name) {
            if claims[..i].iter().any(|other| other.text(n::NAME) == name) {
                errors.duplicate(&at.child(n::NAME), name);
            } else {
                errors.check(&at.child(n::NAME), name, dns_label);
            }
        }
        let stated = [n::RESOURCE_CLAIM_NAME, n::RESOURCE_CLAIM_TEMPLATE_NAME];
        match stated
            .iter()
            .filter(|name| claim.get(**name).is_some())
            .count()
        {
            0 => {
                let detail =
                    "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                errors.invalid(&at, claim, detail);
            }
            1 => {}
            _ => {
                let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
                errors.invalid(&at, claim, detail);
            }
        }
        for name in stated {
            if let Some(text) = claim.get(name).and_then(Value::as_text) {
                errors.check(&at.child(name), text, dns_subdomain as Rule);
            }
        }
    }
}

/// What a container takes of the pod's claims.
pub(crate) fn used_claims(
    claims: &[Value<'_>],
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (i, claim) in claims.iter().enumerate() {
        let (at, name, request) = (path.item(i), claim.text(n::NAME), claim.text(n::REQUEST));
        if !errors.require(&at, name) {
            continue;
        }
        let whole = seen.contains(&(name, ""));
        if whole {
            errors.duplicate(&at, name);
        } else {
            if !request.is_empty() {
                errors.check(&at.child(n::REQUEST), request, dns_label);
                if seen.contains(&(name, request)) {
                    errors.duplicate(&at, &format!("{name}/{request}"));
                }
            } else {
                for _ in seen.iter().filter(|(other, _)| *other == name) {
                    errors.duplicate(&at, name);
                }
            }
            seen.push((name, request));
        }
        if !scope.claims().any(|known| known == name) {
            let mut known: Vec<&str> = scope.claims().collect();
            known.sort_unstable();
            known.dedup();
            let detail = if known.is_empty() {
                "must be one of the names in pod.spec.resourceClaims which is empty".to_owned()
            } else {
                format!(
                    "must be one of the names in pod.spec.resourceClaims: {}",
                    known.join(", ")
                )
            };
            errors.not_found(&at, name, &detail);
        }
    }
}
