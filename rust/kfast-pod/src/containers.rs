//! Containers of all three kinds (core/validation `validateContainers`, `validateInitContainers`,
//! `validateEphemeralContainers`).

use crate::scope::Scope;
use crate::{env, mounts, ports, probes, resources, restarts, security, volumes};
use kfast_core::names::dns_label;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{Name, NameId, Value};
use std::collections::HashSet;

const NO_SIDECAR: &str = "may not be set for init containers without restartPolicy=Always";
const NOT_EPHEMERAL: &str = "cannot be set for an Ephemeral Container";
/// What an ephemeral container may say.
const EPHEMERAL: [NameId; 17] = [
    n::NAME,
    n::IMAGE,
    n::COMMAND,
    n::ARGS,
    n::WORKING_DIR,
    n::ENV_FROM,
    n::ENV,
    n::VOLUME_MOUNTS,
    n::VOLUME_DEVICES,
    n::TERMINATION_MESSAGE_PATH,
    n::TERMINATION_MESSAGE_POLICY,
    n::IMAGE_PULL_POLICY,
    n::SECURITY_CONTEXT,
    n::STDIN,
    n::STDIN_ONCE,
    n::TTY,
    n::TARGET_CONTAINER_NAME,
];

/// The rules of all containers.
pub(crate) fn validate(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    regular(scope, &path.child(n::CONTAINERS), errors);
    init(scope, &path.child(n::INIT_CONTAINERS), errors);
    ephemeral(scope, &path.child(n::EPHEMERAL_CONTAINERS), errors);
}

fn regular(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let containers = scope.spec.list(n::CONTAINERS);
    if containers.is_empty() {
        return errors.required(path, "");
    }
    for (i, container) in containers.iter().enumerate() {
        let (at, name) = (path.item(i), container.text(n::NAME));
        common(container, scope, &at, errors);
        if containers[..i]
            .iter()
            .any(|other| other.text(n::NAME) == name)
        {
            errors.duplicate(&at.child(n::NAME), name);
        }
        probes::validate(container, scope, &at, errors);
        restarts::rules(container, &at, errors);
    }
    ports::host_conflicts(containers, path, errors);
}

fn init(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let containers = scope.spec.list(n::INIT_CONTAINERS);
    if containers.is_empty() {
        return;
    }
    let regular = scope.spec.list(n::CONTAINERS).iter();
    let mut names: HashSet<&str> = regular.map(|container| container.text(n::NAME)).collect();
    for (i, container) in containers.iter().enumerate() {
        let (at, name) = (path.item(i), container.text(n::NAME));
        common(container, scope, &at, errors);
        restarts::init_rules(container, &at, errors);
        if names.contains(name) {
            errors.duplicate(&at.child(n::NAME), name);
        } else if !name.is_empty() {
            names.insert(name);
        }
        ports::host_conflicts(std::slice::from_ref(container), path, errors);
        let sidecar = container.text(n::RESTART_POLICY) == "Always";
        if sidecar {
            probes::validate(container, scope, &at, errors);
        } else {
            for field in [
                n::LIFECYCLE,
                n::LIVENESS_PROBE,
                n::READINESS_PROBE,
                n::STARTUP_PROBE,
            ] {
                if container.get(field).is_some() {
                    errors.forbidden(&at.child(field), NO_SIDECAR);
                }
            }
        }
        if sidecar || scope.tolerated.init_restarts {
            continue;
        }
        let policies = at.child(n::RESIZE_POLICY);
        for (j, policy) in container.list(n::RESIZE_POLICY).iter().enumerate() {
            if policy.text(n::RESTART_POLICY) == "RestartContainer" {
                let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                let here = policies.item(j);
                errors.invalid(&here.child(n::RESTART_POLICY), "RestartContainer", detail);
            }
        }
    }
}

fn ephemeral(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let containers = scope.spec.list(n::EPHEMERAL_CONTAINERS);
    if containers.is_empty() {
        return;
    }
    let groups = [n::CONTAINERS, n::INIT_CONTAINERS].into_iter();
    let others = groups.flat_map(|group| scope.spec.list(group));
    let others: HashSet<&str> = others.map(|container| container.text(n::NAME)).collect();
    let mut names = others.clone();
    for (i, container) in containers.iter().enumerate() {
        let (at, name) = (path.item(i), container.text(n::NAME));
        common(container, scope, &at, errors);
        padded_image(container, &at, errors);
        if !names.insert(name) {
            errors.duplicate(&at.child(n::NAME), name);
        }
        let target = container.text(n::TARGET_CONTAINER_NAME);
        if !target.is_empty() && !others.contains(target) {
            errors.not_found(&at.child(n::TARGET_CONTAINER_NAME), target, "");
        }
        for (field, value) in container.entries() {
            if let Name::Known(id) = field
                && !EPHEMERAL.contains(id)
                && (*id != n::RESOURCES || !value.is_empty())
            {
                errors.forbidden(&at.child(*id), NOT_EPHEMERAL);
            }
        }
        let mounts = at.child(n::VOLUME_MOUNTS);
        for (j, mount) in container.list(n::VOLUME_MOUNTS).iter().enumerate() {
            for field in [n::SUB_PATH, n::SUB_PATH_EXPR] {
                if !mount.text(field).is_empty() {
                    let here = mounts.item(j);
                    errors.forbidden(&here.child(field), NOT_EPHEMERAL);
                }
            }
        }
    }
}

/// A pod's image, unlike a template's, has no white space around it.
pub(crate) fn padded_image(container: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let image = container.text(n::IMAGE);
    if image.trim().len() != image.len() {
        let detail = "must not have leading or trailing whitespace";
        errors.invalid(&path.child(n::IMAGE), image, detail);
    }
}

fn common(container: &Value<'_>, scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let name = container.text(n::NAME);
    if errors.require(&path.child(n::NAME), name) {
        errors.check(&path.child(n::NAME), name, dns_label);
    }
    errors.require(&path.child(n::IMAGE), container.text(n::IMAGE));
    let (policy, place) = (
        container.text(n::TERMINATION_MESSAGE_POLICY),
        path.child(n::TERMINATION_MESSAGE_POLICY),
    );
    if errors.require(&place, policy) {
        errors.one_of(&place, policy, &["File", "FallbackToLogsOnError"]);
    }
    ports::validate(container, &path.child(n::PORTS), errors);
    env::validate(container, path, errors);
    mounts::validate(container, scope, path, errors);
    volumes::pull_policy(
        container.text(n::IMAGE_PULL_POLICY),
        &path.child(n::IMAGE_PULL_POLICY),
        errors,
    );
    if let Some(resources) = container.get(n::RESOURCES) {
        resources::of_container(resources, scope, &path.child(n::RESOURCES), errors);
    }
    restarts::resize_policy(container, scope, &path.child(n::RESIZE_POLICY), errors);
    if let Some(context) = container.get(n::SECURITY_CONTEXT) {
        security::of_container(context, scope, &path.child(n::SECURITY_CONTEXT), errors);
    }
}
