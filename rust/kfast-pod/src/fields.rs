//! References to fields of the pod itself: the downward API.

use crate::amount::milli;
use kfast_core::names::qualified_name;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
/// Field labels a pod has, besides the old name of `spec.nodeName`.
const LABELS: [&str; 14] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.phase",
    "status.podIP",
    "status.podIPs",
];
const BYTES: [&str; 13] = [
    "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
];

/// `metadata.labels['app']` as path and subscript.
fn subscripted(text: &str) -> Option<(&str, &str)> {
    let (path, rest) = text.strip_suffix("']")?.split_once("['")?;
    (!path.is_empty()).then_some((path, rest))
}

/// A fieldRef to one of the fields that have a value here.
pub(crate) fn field_selector(
    reference: &Value<'_>,
    supported: &[&str],
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let (version, text) = (
        reference.text(n::API_VERSION),
        reference.text(n::FIELD_PATH),
    );
    let place = path.child(n::FIELD_PATH);
    if !errors.require(&path.child(n::API_VERSION), version) || !errors.require(&place, text) {
        return;
    }
    let fail = |errors: &mut Errors<'_>, why: &str| {
        errors.invalid(&place, text, &format!("error converting fieldPath: {why}"));
    };
    if version != "v1" {
        return fail(errors, &format!("unsupported pod version: {version}"));
    }
    if let Some((map, key)) = subscripted(text) {
        return match map {
            "metadata.annotations" => errors.check(path, &key.to_lowercase(), qualified_name),
            "metadata.labels" => errors.check(path, key, qualified_name),
            _ => fail(
                errors,
                &format!("field label does not support subscript: {text}"),
            ),
        };
    }
    let label = if text == "spec.host" {
        "spec.nodeName"
    } else {
        text
    };
    if LABELS.contains(&label) {
        errors.one_of(&place, label, supported);
    } else {
        fail(errors, &format!("field label not supported: {text}"));
    }
}

/// A resourceFieldRef; in a volume it must name the container.
pub(crate) fn resource_selector(
    reference: &Value<'_>,
    in_volume: bool,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let resource = reference.text(n::RESOURCE);
    let huge =
        resource.starts_with("requests.hugepages-") || resource.starts_with("limits.hugepages-");
    if in_volume && reference.text(n::CONTAINER_NAME).is_empty() {
        errors.required(&path.child(n::CONTAINER_NAME), "");
    } else if errors.require(&path.child(n::RESOURCE), resource) && !huge {
        errors.one_of(&path.child(n::RESOURCE), resource, &RESOURCES);
    }
    let divisor = reference.text(n::DIVISOR);
    if milli(divisor).unwrap_or(0) == 0 {
        return;
    }
    let bytes = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
    let (allowed, text, what): (&[&str], &str, &str) = match resource {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"], "1m and 1", "cpu"),
        "limits.memory" | "requests.memory" => (&BYTES, bytes, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => {
            (&BYTES, bytes, "local ephemeral storage")
        }
        _ if huge => (&BYTES, bytes, "hugepages"),
        _ => return,
    };
    if !allowed.contains(&divisor) {
        let detail = format!("only divisor's values {text} are supported with the {what} resource");
        errors.invalid(&path.child(n::DIVISOR), resource, &detail);
    }
}
