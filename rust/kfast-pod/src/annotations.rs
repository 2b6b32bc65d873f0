//! Annotations that mean something for pods.

use crate::scope::{Scope, each_container};
use crate::{paths, tolerations};
use kfast_core::quote;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;

pub(crate) const MIRROR: &str = "kubernetes.io/config.mirror";
pub(crate) const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
pub(crate) const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
pub(crate) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
const LOCALHOST: &str = "localhost/";

/// The rules of the annotations of a pod or template.
pub(crate) fn validate(
    annotations: &Value<'_>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    for (key, value) in annotations.texts() {
        match key {
            MIRROR if scope.spec.text(n::NODE_NAME).is_empty() => {
                let detail = "must set spec.nodeName if mirror pod annotation is set";
                errors.invalid(&path.key(MIRROR), value, detail);
            }
            TOLERATIONS if !value.is_empty() => tolerations::of_annotation(value, path, errors),
            DELETION_COST if !scope.tolerated.deletion_cost && !is_cost(value) => {
                errors.invalid(&path.key(key), value, "must be a 32bit integer");
            }
            SECCOMP_POD => seccomp(value, &path.named(key), errors),
            _ if key.starts_with(SECCOMP_CONTAINER) => seccomp(value, &path.named(key), errors),
            _ => {}
        }
        if let Some(container) = key.strip_prefix(APP_ARMOR) {
            app_armor(value, container, scope.spec, &path.key(key), errors);
        }
    }
}

fn is_cost(value: &str) -> bool {
    let first = value.bytes().next();
    let plain = value == "0" || matches!(first, Some(b'-' | b'1'..=b'9'));
    plain && value.parse::<i32>().is_ok()
}

/// Whether the deletion cost of an object is malformed.
pub(crate) fn has_bad_cost(annotations: &Value<'_>) -> bool {
    let cost = annotations.at(DELETION_COST).and_then(Value::as_text);
    cost.is_some_and(|cost| !is_cost(cost))
}

fn seccomp(profile: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    if let Some(local) = profile.strip_prefix(LOCALHOST) {
        paths::descending(local, path, errors);
    } else if !matches!(profile, "runtime/default" | "docker/default" | "unconfined") {
        errors.invalid(path, profile, "must be a valid seccomp profile");
    }
}

fn app_armor(
    profile: &str,
    container: &str,
    spec: &Value<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let mut known = false;
    each_container(spec, &Path::Root, |c, _| {
        known |= c.text(n::NAME) == container
    });
    if !known {
        errors.invalid(path, container, "container not found");
    }
    let named =
        matches!(profile, "" | "runtime/default" | "unconfined") || profile.starts_with(LOCALHOST);
    if !named {
        let detail = format!("invalid AppArmor profile name: {}", quote(profile));
        errors.invalid(path, profile, &detail);
    }
}

/// Seccomp and AppArmor, where both annotation and field state them, must agree.
pub(crate) fn agree(
    annotations: &Value<'_>,
    spec: &Value<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    if annotations.entries().is_empty() {
        return;
    }
    let seccomp = [n::SECURITY_CONTEXT, n::SECCOMP_PROFILE];
    let stated = |key: &str| annotations.at(key).and_then(Value::as_text);
    let context = path.child(n::SECURITY_CONTEXT);
    if let (Some(text), Some(field)) = (stated(SECCOMP_POD), spec.look(&seccomp)) {
        same(
            "seccomp",
            text,
            field,
            &context.child(n::SECCOMP_PROFILE),
            errors,
        );
    }
    each_container(spec, path, |container, at| {
        let key = format!("{SECCOMP_CONTAINER}{}", container.text(n::NAME));
        if let (Some(text), Some(field)) = (stated(&key), container.look(&seccomp)) {
            let context = at.child(n::SECURITY_CONTEXT);
            same(
                "seccomp",
                text,
                field,
                &context.child(n::SECCOMP_PROFILE),
                errors,
            );
        }
    });
    if spec
        .get(n::OS)
        .is_some_and(|os| os.text(n::NAME) == "windows")
    {
        return;
    }
    let app_armor = [n::SECURITY_CONTEXT, n::APP_ARMOR_PROFILE];
    each_container(spec, path, |container, at| {
        let key = format!("{APP_ARMOR}{}", container.text(n::NAME));
        let field = container.look(&app_armor).or_else(|| spec.look(&app_armor));
        if let (Some(text), Some(field)) = (stated(&key), field) {
            let context = at.child(n::SECURITY_CONTEXT);
            same(
                "apparmor",
                text,
                field,
                &context.child(n::APP_ARMOR_PROFILE),
                errors,
            );
        }
    });
}

fn same(what: &str, annotation: &str, field: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let local = annotation.strip_prefix(LOCALHOST);
    let agrees = match field.text(n::TYPE) {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => {
            annotation == "runtime/default" || (what == "seccomp" && annotation == "docker/default")
        }
        "Localhost" => local.is_some(),
        _ => true,
    };
    if !agrees {
        let detail = format!("{what} type in annotation and field must match");
        errors.forbidden(&path.child(n::TYPE), &detail);
    } else if field.text(n::TYPE) == "Localhost"
        && local != field.get(n::LOCALHOST_PROFILE).and_then(Value::as_text)
    {
        let detail = format!("{what} profile in annotation and field must match");
        errors.forbidden(&path.child(n::LOCALHOST_PROFILE), &detail);
    }
}

/// The rules of an update: mirror and AppArmor annotations are neither added nor changed.
pub(crate) fn validate_update(
    new: &Value<'_>,
    old: &Value<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let mut refuse = |key: &str, verb: &str| {
        if key.starts_with(APP_ARMOR) {
            errors.forbidden(
                &path.key(key),
                &format!("may not {verb} AppArmor annotations"),
            );
        }
        if key == MIRROR {
            errors.forbidden(
                &path.key(key),
                &format!("may not {verb} mirror pod annotation"),
            );
        }
    };
    for (key, value) in old.texts() {
        if new.at(key).and_then(Value::as_text) != Some(value) {
            refuse(key, "remove or update");
        }
    }
    for (key, _) in new.texts() {
        if old.at(key).is_none() {
            refuse(key, "add");
        }
    }
}
