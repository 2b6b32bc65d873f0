//! New pods (podStrategy `PrepareForCreate`, core/validation `ValidatePodCreate`).

use crate::affinity::{PREFERRED, REQUIRED};
use crate::annotations::{self, APP_ARMOR};
use crate::containers::padded_image;
use crate::scope::{GROUPS, Scope, Tolerated};
use crate::{qos, security, spec};
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use std::borrow::Cow;

/// Sets the status a new pod starts with, merges label keys into selectors and takes over AppArmor annotations. Returns
/// warnings.
pub fn prepare_create(pod: &mut Value<'_>) -> Vec<String> {
    let class = qos::class(pod.get(n::SPEC).unwrap_or(&Value::Null));
    let gated = !pod
        .look(&[n::SPEC, n::SCHEDULING_GATES])
        .is_none_or(Value::is_empty);
    let mut status = Value::EMPTY;
    status.set(n::PHASE, Value::fixed("Pending"));
    status.set(n::QOS_CLASS, Value::fixed(class));
    if gated {
        let mut condition = Value::EMPTY;
        for (name, text) in [
            (n::TYPE, "PodScheduled"),
            (n::STATUS, "False"),
            (n::REASON, "SchedulingGated"),
            (
                n::MESSAGE,
                "Scheduling is blocked due to non-empty scheduling gates",
            ),
        ] {
            condition.set(name, Value::fixed(text));
        }
        condition.set(n::LAST_PROBE_TIME, Value::Null);
        if let Some(now) = pod.look(&[n::METADATA, n::CREATION_TIMESTAMP]) {
            condition.set(n::LAST_TRANSITION_TIME, now.clone());
        }
        status.set(n::CONDITIONS, Value::List(vec![condition]));
    }
    pod.set(n::STATUS, status);
    let labels = pod.look(&[n::METADATA, n::LABELS]).cloned();
    let annotations = pod.look(&[n::METADATA, n::ANNOTATIONS]).cloned();
    let spec = pod.object_at(n::SPEC);
    merge_label_keys(spec, labels.as_ref().unwrap_or(&Value::Null));
    annotations.map_or_else(Vec::new, |annotations| adopt_app_armor(spec, &annotations))
}

/// Takes out what is behind feature gates that are off: nobody can have stored it.
pub(crate) fn drop_disabled(spec: &mut Value<'_>) {
    spec.remove(n::SCHEDULING_GROUP);
    for group in GROUPS {
        for container in spec.list_mut(group) {
            drop_stop_signal(container);
        }
    }
    for volume in spec.list_mut(n::VOLUMES) {
        if let Some(projected) = volume.get_mut(n::PROJECTED) {
            for source in projected.list_mut(n::SOURCES) {
                source.remove(n::CLUSTER_TRUST_BUNDLE);
                source.remove(n::POD_CERTIFICATE);
            }
        }
    }
}

fn drop_stop_signal(container: &mut Value<'_>) {
    let Some(lifecycle) = container.get_mut(n::LIFECYCLE) else {
        return;
    };
    let dropped = lifecycle.remove(n::STOP_SIGNAL).is_some();
    if dropped && lifecycle.is_empty() {
        container.remove(n::LIFECYCLE);
    }
}

/// Turns `matchLabelKeys` and `mismatchLabelKeys` into requirements for the pod's own values.
fn merge_label_keys(spec: &mut Value<'_>, labels: &Value<'_>) {
    if let Some(affinity) = spec.get_mut(n::AFFINITY) {
        for kind in [n::POD_AFFINITY, n::POD_ANTI_AFFINITY] {
            let Some(pods) = affinity.get_mut(kind) else {
                continue;
            };
            for weighted in pods.list_mut(PREFERRED) {
                if let Some(term) = weighted.get_mut(n::POD_AFFINITY_TERM) {
                    require_labels(term, labels);
                }
            }
            for term in pods.list_mut(REQUIRED) {
                require_labels(term, labels);
            }
        }
    }
    for constraint in spec.list_mut(n::TOPOLOGY_SPREAD_CONSTRAINTS) {
        require_labels(constraint, labels);
    }
}

fn require_labels(term: &mut Value<'_>, labels: &Value<'_>) {
    if term.get(n::LABEL_SELECTOR).is_none() {
        return;
    }
    let mut added = Vec::new();
    for (keys, operator) in [
        (n::MATCH_LABEL_KEYS, "In"),
        (n::MISMATCH_LABEL_KEYS, "NotIn"),
    ] {
        for key in term.list(keys).iter().filter_map(Value::as_text) {
            if let Some(value) = labels.at(key).and_then(Value::as_text) {
                let owned = |text: &str| Value::Text(Cow::Owned(text.to_owned()));
                let mut requirement = Value::EMPTY;
                requirement.set(n::KEY, owned(key));
                requirement.set(n::OPERATOR, Value::fixed(operator));
                requirement.set(n::VALUES, Value::List(vec![owned(value)]));
                added.push(requirement);
            }
        }
    }
    if added.is_empty() {
        return;
    }
    let selector = term.object_at(n::LABEL_SELECTOR);
    match selector.get_mut(n::MATCH_EXPRESSIONS) {
        Some(Value::List(expressions)) => expressions.append(&mut added),
        _ => selector.set(n::MATCH_EXPRESSIONS, Value::List(added)),
    }
}

/// The field an AppArmor annotation stands for.
pub(crate) fn app_armor_field(annotation: &str) -> Option<Value<'static>> {
    let mut profile = Value::EMPTY;
    match (annotation, annotation.strip_prefix("localhost/")) {
        ("unconfined", _) => profile.set(n::TYPE, Value::fixed("Unconfined")),
        ("runtime/default", _) => profile.set(n::TYPE, Value::fixed("RuntimeDefault")),
        (_, Some(local)) if !local.is_empty() => {
            profile.set(n::TYPE, Value::fixed("Localhost"));
            profile.set(n::LOCALHOST_PROFILE, Value::Text(local.to_owned().into()));
        }
        _ => return None,
    }
    Some(profile)
}

/// Copies AppArmor annotations into the fields of containers that state none; warns of their deprecation.
fn adopt_app_armor(spec: &mut Value<'_>, annotations: &Value<'_>) -> Vec<String> {
    let windows = spec
        .get(n::OS)
        .is_some_and(|os| os.text(n::NAME) == "windows");
    let mut stated = annotations
        .texts()
        .filter(|(key, _)| key.starts_with(APP_ARMOR))
        .peekable();
    if windows || stated.peek().is_none() {
        return Vec::new();
    }
    let of_pod = spec
        .look(&[n::SECURITY_CONTEXT, n::APP_ARMOR_PROFILE])
        .cloned();
    let mut warnings = Vec::new();
    for group in GROUPS {
        for container in spec.list_mut(group) {
            let key = format!("{APP_ARMOR}{}", container.text(n::NAME));
            let Some(annotation) = annotations.at(&key).and_then(Value::as_text) else {
                continue;
            };
            if container
                .look(&[n::SECURITY_CONTEXT, n::APP_ARMOR_PROFILE])
                .is_some()
            {
                continue;
            }
            let field = app_armor_field(annotation).filter(is_valid_profile);
            let adopts = field.is_some() && field != of_pod;
            if adopts || field.is_none() {
                warnings.push(format!(
                    "metadata.annotations[{key}]: deprecated since v1.30; use the \"appArmorProfile\" field instead"
                ));
            }
            if let Some(field) = field.filter(|_| adopts) {
                container
                    .object_at(n::SECURITY_CONTEXT)
                    .set(n::APP_ARMOR_PROFILE, field);
            }
        }
    }
    warnings
}

fn is_valid_profile(profile: &Value<'_>) -> bool {
    let set = kfast_schema::SchemaSet::default();
    let mut errors = Errors::new(&set);
    security::app_armor(Some(profile), &Path::Root, &mut errors);
    errors.is_empty()
}

/// The rules of a pod to be created, besides those of all metadata.
pub fn validate_create(pod: &Value<'_>, errors: &mut Errors<'_>) {
    validate_pod(pod, Tolerated::default(), errors);
    let spec = pod.get(n::SPEC).unwrap_or(&Value::Null);
    let path = Path::Root.child(n::SPEC);
    if !spec.list(n::EPHEMERAL_CONTAINERS).is_empty() {
        errors.forbidden(
            &path.child(n::EPHEMERAL_CONTAINERS),
            "cannot be set on create",
        );
    }
    if !spec.text(n::NODE_NAME).is_empty() && !spec.list(n::SCHEDULING_GATES).is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        errors.forbidden(&path.child(n::NODE_NAME), detail);
    }
    let annotations = pod.look(&[n::METADATA, n::ANNOTATIONS]);
    annotations::agree(annotations.unwrap_or(&Value::Null), spec, &path, errors);
}

/// The rules of any pod, old or new.
pub(crate) fn validate_pod(pod: &Value<'_>, tolerated: Tolerated, errors: &mut Errors<'_>) {
    let metadata = pod.get(n::METADATA).unwrap_or(&Value::Null);
    let spec = pod.get(n::SPEC).unwrap_or(&Value::Null);
    let mut scope = Scope::new(spec, Some(metadata));
    scope.tolerated = tolerated;
    let at = Path::Root.child(n::METADATA);
    if let Some(annotations) = metadata.get(n::ANNOTATIONS) {
        annotations::validate(annotations, &scope, &at.child(n::ANNOTATIONS), errors);
    }
    let path = Path::Root.child(n::SPEC);
    spec::validate(&mut scope, &path, errors);
    if spec.text(n::SERVICE_ACCOUNT_NAME).is_empty() {
        tokens_without_account(spec, &path, errors);
    }
    for group in [n::CONTAINERS, n::INIT_CONTAINERS] {
        let list = path.child(group);
        for (i, container) in spec.list(group).iter().enumerate() {
            padded_image(container, &list.item(i), errors);
        }
    }
}

fn tokens_without_account(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let list = path.child(n::VOLUMES);
    for (i, volume) in spec.list(n::VOLUMES).iter().enumerate() {
        let Some(projected) = volume.get(n::PROJECTED) else {
            continue;
        };
        let at = list.item(i);
        let source: [NameId; 2] = [n::PROJECTED, n::SOURCES];
        let (projection, token) = (at.child(source[0]), n::SERVICE_ACCOUNT_TOKEN);
        let sources = projection.child(source[1]);
        for (j, source) in projected.list(n::SOURCES).iter().enumerate() {
            if source.get(token).is_some() {
                let here = sources.item(j);
                let detail = "must not be specified when serviceAccountName is not set";
                errors.forbidden(&here.child(token), detail);
            }
        }
    }
}
