//! What containers and pods ask for (core/validation `validateResourceRequirements`, `validatePodResources`).

use crate::amount::milli;
use crate::claims::used_claims;
use crate::scope::Scope;
use crate::totals::{HUGE_PAGES, is_native, is_overcommitted, is_pod_level, of_containers};
use kfast_core::names::qualified_name;
use kfast_core::quantity::Quantity;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const MALFORMED: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const STANDARD: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
];

type NameRule = fn(&str, &Path<'_>, &mut Errors<'_>);

/// The requirements of a container.
pub(crate) fn of_container(
    resources: &Value<'_>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    requirements(resources, container_name, scope, path, errors);
    used_claims(
        resources.list(n::CLAIMS),
        scope,
        &path.child(n::CLAIMS),
        errors,
    );
}

/// What a pod needs beyond its containers.
pub(crate) fn overhead(
    amounts: &Value<'_>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let at = path.child(n::LIMITS);
    for (name, amount) in amounts.texts() {
        entry(name, amount, container_name, scope, &at.key(name), errors);
    }
}

/// The requirements of a pod as a whole.
pub(crate) fn of_pod(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let Some(resources) = scope.spec.get(n::RESOURCES) else {
        return;
    };
    let at = path.child(n::RESOURCES);
    if scope.os() == Some("windows") {
        return errors.forbidden(&at, "may not be set for a windows pod");
    }
    if resources.get(n::CLAIMS).is_some() {
        errors.forbidden(
            &at.child(n::CLAIMS),
            "claims may not be set for Resources at pod-level",
        );
    }
    requirements(resources, pod_name, scope, &at, errors);
    used_claims(
        resources.list(n::CLAIMS),
        scope,
        &at.child(n::CLAIMS),
        errors,
    );
    consistency(scope.spec, resources, &at, errors);
}

fn native_name(name: &str, path: &Path<'_>, errors: &mut Errors<'_>) -> bool {
    let problems = qualified_name(name);
    for problem in &problems {
        errors.invalid(path, name, problem);
    }
    let standard = STANDARD.contains(&name)
        || name == "services.loadbalancers"
        || name.starts_with(HUGE_PAGES)
        || name.starts_with("requests.hugepages-");
    if problems.is_empty() && !name.contains('/') && !standard {
        errors.invalid(
            path,
            name,
            "must be a standard resource type or fully qualified",
        );
        return false;
    }
    problems.is_empty()
}

fn container_name(name: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    if matches!(name, "cpu" | "memory" | "ephemeral-storage") {
        return;
    }
    native_name(name, path, errors);
    if !name.contains('/') {
        if !name.starts_with(HUGE_PAGES) {
            errors.invalid(path, name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.invalid(path, name, "doesn't follow extended resource name standard");
    }
}

fn pod_name(name: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    if native_name(name, path, errors) && !is_pod_level(name) {
        errors.unsupported(path, name, &["cpu", HUGE_PAGES, "memory"]);
    }
}

/// A resource that is somebody's own, and whose name leaves room for the prefix of quotas.
fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && qualified_name(&format!("requests.{name}")).is_empty()
}

/// The rules of one amount; its thousandths.
fn entry(
    name: &str,
    amount: &str,
    rule: NameRule,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) -> Option<i64> {
    rule(name, path, errors);
    let Some(milli) = milli(amount) else {
        errors.invalid(path, amount, MALFORMED);
        return None;
    };
    if milli < 0 {
        errors.invalid(path, amount, "must be greater than or equal to 0");
    }
    if milli % 1000 != 0 && is_extended(name) {
        errors.invalid(path, amount, "must be an integer");
    }
    if let Some(size) = name.strip_prefix(HUGE_PAGES)
        && !scope.tolerated.huge_pages
        && !is_multiple(amount, size)
    {
        let detail = format!("{amount} is not positive integer multiple of {name}");
        errors.invalid(path, amount, &detail);
    }
    Some(milli)
}

/// Whether an amount is a whole number of pages.
pub(crate) fn is_multiple(amount: &str, size: &str) -> bool {
    let (Ok(amount), Ok(size)) = (Quantity::parse(amount), Quantity::parse(size)) else {
        return false;
    };
    let whole = size.sign() > 0 && size.milli_value() % 1000 == 0;
    whole && amount.value() % size.value() == 0
}

fn requirements(
    resources: &Value<'_>,
    rule: NameRule,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let list = |which: NameId| resources.get(which).unwrap_or(&Value::Null);
    let (limits, requests) = (list(n::LIMITS), list(n::REQUESTS));
    let (limited, requested) = (path.child(n::LIMITS), path.child(n::REQUESTS));
    let (mut huge, mut ordinary) = (false, false);
    let mut note = |name: &str| {
        huge |= name.starts_with(HUGE_PAGES);
        ordinary |= matches!(name, "cpu" | "memory");
    };
    for (name, amount) in limits.texts() {
        entry(name, amount, rule, scope, &limited.key(name), errors);
        note(name);
    }
    for (name, amount) in requests.texts() {
        let asked = entry(name, amount, rule, scope, &requested.key(name), errors);
        note(name);
        let Some(limit) = limits.at(name).and_then(Value::as_text) else {
            if !is_overcommitted(name) {
                let detail = "Limit must be set for non overcommitable resources";
                errors.required(&limited, detail);
            }
            continue;
        };
        let (Some(asked), Some(most)) = (asked, milli(limit)) else {
            continue;
        };
        if asked != most && !is_overcommitted(name) {
            errors.invalid(
                &requested,
                amount,
                &format!("must be equal to {name} limit of {limit}"),
            );
        } else if asked > most {
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            errors.invalid(&requested, amount, &detail);
        }
    }
    if huge && !ordinary {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
}

/// The pod asks for at least what its containers ask for together, and none of them has a higher limit.
fn consistency(spec: &Value<'_>, resources: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let stated = |which, name: &str| resources.get(which)?.at(name)?.as_text();
    let read = |text: &str| Quantity::parse(text).ok();
    let requests = path.child(n::REQUESTS);
    for (name, needed) in of_containers(spec, n::REQUESTS) {
        let asked = stated(n::REQUESTS, &name);
        if let Some(asked) = asked.filter(|asked| read(asked).is_some_and(|asked| needed > asked)) {
            let detail = format!(
                "must be greater than or equal to aggregate container requests of {needed}"
            );
            errors.invalid(&requests.key(&name), asked, &detail);
        }
    }
    let limits = path.child(n::LIMITS);
    for (name, needed) in of_containers(spec, n::LIMITS) {
        let most = stated(n::LIMITS, &name).filter(|_| name.starts_with(HUGE_PAGES));
        if let Some(most) = most.filter(|most| read(most).is_some_and(|most| needed > most)) {
            let detail =
                format!("must be greater than or equal to aggregate container limits of {needed}");
            errors.invalid(&limits.key(&name), most, &detail);
        }
    }
    let containers = path.child(n::CONTAINERS);
    for (i, container) in spec.list(n::CONTAINERS).iter().enumerate() {
        let limits = container
            .look(&[n::RESOURCES, n::LIMITS])
            .unwrap_or(&Value::Null);
        for (name, limit) in limits.texts() {
            let most = stated(n::LIMITS, name);
            let above = |most: &&str| milli(limit) > milli(most);
            if let Some(most) = most.filter(above) {
                let at = containers.item(i);
                let detail = format!("must be less than or equal to pod limits of {most}");
                errors.invalid(&at.key(name).child(n::LIMITS), limit, &detail);
            }
        }
    }
}
