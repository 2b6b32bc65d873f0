//! Pod specs as a whole (core/validation `ValidatePodSpec`).

use crate::scope::{Scope, each_container};
use crate::{
    affinity, claims, containers, dns, env, ports, resources, security, spread, tolerations,
    volumes, windows,
};
use kfast_core::names::{Rule, dns_label, dns_subdomain, qualified_name};
use kfast_schema::field::{Errors, Path};
use kfast_schema::metadata::validate_labels;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const MOST_SECONDS: i64 = i32::MAX as i64;
const UNMAPPED: &str = "when `hostUsers` is false";

/// The rules of a spec, defaults filled in.
pub(crate) fn validate(scope: &mut Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if scope.grace_period().is_none() {
        errors.required(&path.child(n::TERMINATION_GRACE_PERIOD_SECONDS), "");
    }
    volumes::validate(scope, path, errors);
    let (scope, spec) = (&*scope, scope.spec);
    claims::resource_claims(scope, path, errors);
    containers::validate(scope, path, errors);
    resources::of_pod(scope, path, errors);
    ports::host_network(spec, scope.is_pod(), path, errors);
    let policy = |name: NameId, values: &[&str], errors: &mut Errors<'_>| {
        if errors.require(&path.child(name), spec.text(name)) {
            errors.one_of(&path.child(name), spec.text(name), values);
        }
    };
    policy(n::RESTART_POLICY, &["Always", "OnFailure", "Never"], errors);
    policy(n::DNS_POLICY, &dns::POLICIES, errors);
    if let Some(selector) = spec.get(n::NODE_SELECTOR) {
        validate_labels(selector, &path.child(n::NODE_SELECTOR), errors);
    }
    security::of_pod(scope, path, errors);
    affinity::validate(scope, path, errors);
    dns::validate(spec, &path.child(n::DNS_CONFIG), errors);
    gates(spec, path, errors);
    spread::validate(scope, path, errors);
    windows::host_processes(spec, path, errors);
    host_users(scope, path, errors);
    host_name(spec, path, errors);
    names(spec, path, errors);
    let list = path.child(n::TOLERATIONS);
    tolerations::validate(
        spec.list(n::TOLERATIONS),
        scope.tolerated.comparisons,
        &list,
        errors,
    );
    dns::host_aliases(spec, &path.child(n::HOST_ALIASES), errors);
    for name in [n::PRIORITY_CLASS_NAME, n::RUNTIME_CLASS_NAME] {
        let stated = spec.get(name).and_then(Value::as_text);
        if let Some(text) = stated.filter(|text| name == n::RUNTIME_CLASS_NAME || !text.is_empty())
        {
            errors.check(&path.child(name), text, dns_subdomain);
        }
    }
    if spec.get(n::PREEMPTION_POLICY).is_some() {
        policy(
            n::PREEMPTION_POLICY,
            &["PreemptLowerPriority", "Never"],
            errors,
        );
    }
    if let Some(overhead) = spec.get(n::OVERHEAD) {
        resources::overhead(overhead, scope, &path.child(n::OVERHEAD), errors);
    }
    windows::system(scope, path, errors);
    scheduling_group(spec, path, errors);
    env::file_volumes(spec, path, errors);
}

fn names(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let check = |name: NameId, rule: Rule, errors: &mut Errors<'_>| {
        if !spec.text(name).is_empty() {
            errors.check(&path.child(name), spec.text(name), rule);
        }
    };
    check(n::SERVICE_ACCOUNT_NAME, dns_subdomain, errors);
    check(n::NODE_NAME, dns_subdomain, errors);
    if let Some(deadline) = spec.int(n::ACTIVE_DEADLINE_SECONDS) {
        errors.in_range(
            &path.child(n::ACTIVE_DEADLINE_SECONDS),
            deadline,
            1,
            MOST_SECONDS,
        );
    }
    check(n::HOSTNAME, dns_label, errors);
    check(n::SUBDOMAIN, dns_label, errors);
}

fn gates(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let list = path.child(n::READINESS_GATES);
    for (i, gate) in spec.list(n::READINESS_GATES).iter().enumerate() {
        let at = list.item(i);
        errors.check(
            &at.child(n::CONDITION_TYPE),
            gate.text(n::CONDITION_TYPE),
            qualified_name,
        );
    }
    let (gates, list) = (
        spec.list(n::SCHEDULING_GATES),
        path.child(n::SCHEDULING_GATES),
    );
    for (i, gate) in gates.iter().enumerate() {
        let name = gate.text(n::NAME);
        errors.check(&list.item(i), name, qualified_name);
        if gates[..i].iter().any(|other| other.text(n::NAME) == name) {
            errors.duplicate(&list.item(i), name);
        }
    }
}

/// Users of their own exclude the host's namespaces.
fn host_users(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if scope.host_users() {
        return;
    }
    let spec = scope.spec;
    if spec.flag(n::HOST_NETWORK) && !scope.tolerated.host_network_users {
        errors.forbidden(&path.child(n::HOST_NETWORK), UNMAPPED);
    }
    for (name, shown) in [(n::HOST_PID, "HostPID"), (n::HOST_IPC, "HostIPC")] {
        if spec.flag(name) {
            errors.forbidden(&path.named(shown), UNMAPPED);
        }
    }
    if scope.tolerated.mapped_devices {
        return;
    }
    each_container(spec, path, |container, at| {
        if !container.list(n::VOLUME_DEVICES).is_empty() {
            errors.forbidden(&at.child(n::VOLUME_DEVICES), UNMAPPED);
        }
    });
}

fn host_name(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let Some(name) = spec.get(n::HOSTNAME_OVERRIDE).and_then(Value::as_text) else {
        return;
    };
    let place = path.child(n::HOSTNAME_OVERRIDE);
    if spec.flag(n::SET_HOSTNAME_AS_FQDN) {
        errors.forbidden(
            &place,
            "may not be specified when setHostnameAsFQDN is true",
        );
    }
    if spec.flag(n::HOST_NETWORK) {
        errors.forbidden(&place, "may not be specified when hostNetwork is true");
    }
    if name.len() > 64 {
        errors.too_long(&place, 64);
    }
    errors.check(&place, name, dns_subdomain);
}

fn scheduling_group(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let Some(group) = spec.get(n::SCHEDULING_GROUP) else {
        return;
    };
    let at = path.child(n::SCHEDULING_GROUP);
    let place = at.child(n::POD_GROUP_NAME);
    match group.get(n::POD_GROUP_NAME).and_then(Value::as_text) {
        None => errors.invalid_null(&place, "must specify one of: `podGroupName`"),
        Some(name) => errors.check(&place, name, dns_subdomain),
    }
}
