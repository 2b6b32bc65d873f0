//! Resizing a pod in place (podResizeStrategy, core/validation `ValidatePodResize`).

use crate::annotations::MIRROR;
use crate::create::validate_pod;
use crate::qos;
use crate::update::tolerated;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const GROUPS: [NameId; 2] = [n::CONTAINERS, n::INIT_CONTAINERS];
const LISTS: [NameId; 2] = [n::REQUESTS, n::LIMITS];
const MUTABLE: &str = "only cpu and memory resources are mutable";

/// Of a write to the subresource only resources and resize policies count; containers that do not match those of the pod
/// are left for the validation.
pub fn prepare_resize<'a>(new: &Value<'a>, old: &Value<'a>) -> Value<'a> {
    let null = Value::Null;
    let (spec, before) = (
        new.get(n::SPEC).unwrap_or(&null),
        old.get(n::SPEC).unwrap_or(&null),
    );
    let mut pod = old.clone();
    let merged = pod.object_at(n::SPEC);
    if GROUPS
        .iter()
        .any(|group| spec.list(*group).len() != before.list(*group).len())
    {
        for group in GROUPS {
            copy(spec, merged, group);
        }
        return pod;
    }
    copy(spec, merged, n::RESOURCES);
    for group in GROUPS {
        let names = |spec: &Value<'_>| {
            spec.list(group)
                .iter()
                .map(|c| c.text(n::NAME).to_owned())
                .collect::<Vec<_>>()
        };
        if names(spec) != names(before) {
            copy(spec, merged, group);
            continue;
        }
        for (container, stated) in merged.list_mut(group).iter_mut().zip(spec.list(group)) {
            copy(stated, container, n::RESOURCES);
            copy(stated, container, n::RESIZE_POLICY);
        }
    }
    pod
}

/// Sets a property as another object has it.
fn copy<'a>(from: &Value<'a>, to: &mut Value<'a>, name: NameId) {
    match from.get(name) {
        Some(value) => to.set(name, value.clone()),
        None => drop(to.remove(name)),
    }
}

/// The rules of a write to the resize subresource.
pub fn validate_resize(new: &Value<'_>, old: &Value<'_>, errors: &mut Errors<'_>) {
    let null = Value::Null;
    let (spec, before) = (
        new.get(n::SPEC).unwrap_or(&null),
        old.get(n::SPEC).unwrap_or(&null),
    );
    if old
        .look(&[n::METADATA, n::ANNOTATIONS])
        .is_some_and(|a| a.at(MIRROR).is_some())
    {
        return errors.forbidden(&Path::Root, "static pods cannot be resized");
    }
    if before
        .get(n::OS)
        .is_some_and(|os| os.text(n::NAME) == "windows")
    {
        return errors.forbidden(&Path::Root, "windows pods cannot be resized");
    }
    validate_pod(new, tolerated(old), errors);
    let path = Path::Root.child(n::SPEC);
    let known = old
        .get(n::STATUS)
        .map_or("", |status| status.text(n::QOS_CLASS));
    let class = if known.is_empty() {
        qos::class(before)
    } else {
        known
    };
    if class != qos::class(spec) {
        errors.invalid(
            &path,
            class,
            "Pod QOS Class may not change as a result of resizing",
        );
    }
    if !is_supported(old) {
        errors.forbidden(&path, "Pod running on node without support for resize");
    }
    pod_level(spec, before, &path, errors);
    let claims = old.look(&[n::STATUS, n::NODE_ALLOCATABLE_RESOURCE_CLAIM_STATUSES]);
    if !claims.is_none_or(Value::is_empty) {
        errors.forbidden(
            &path,
            "pods with node allocatable resource claims cannot be resized",
        );
    }
    let ordered = errors.count();
    order(spec, before, &path, errors);
    if errors.count() > ordered {
        return;
    }
    for group in [n::INIT_CONTAINERS, n::CONTAINERS] {
        let list = path.child(group);
        for (i, (new, old)) in spec.list(group).iter().zip(before.list(group)).enumerate() {
            let item = list.item(i);
            let place = item.child(n::RESOURCES);
            for (which, what) in [(n::REQUESTS, "requests"), (n::LIMITS, "limits")] {
                if removed(new.get(n::RESOURCES), old.get(n::RESOURCES), which) {
                    errors.forbidden(
                        &place.child(which),
                        &format!("resource {what} cannot be removed"),
                    );
                }
            }
        }
    }
    containers(spec, before, &path, errors);
}

/// A running container whose status tells resources shows that its node can resize.
fn is_supported(old: &Value<'_>) -> bool {
    let statuses = old
        .look(&[n::STATUS, n::CONTAINER_STATUSES])
        .map_or(&[][..], Value::items);
    let running = statuses
        .iter()
        .find(|status| status.look(&[n::STATE, n::RUNNING]).is_some());
    running.is_none_or(|status| status.get(n::RESOURCES).is_some())
}

fn removed(new: Option<&Value<'_>>, old: Option<&Value<'_>>, which: NameId) -> bool {
    let list = |resources: Option<&Value<'_>>| {
        let list = resources.and_then(|r| r.get(which)).unwrap_or(&Value::Null);
        list.texts()
            .map(|(name, _)| name.to_owned())
            .collect::<Vec<_>>()
    };
    let (new, old) = (list(new), list(old));
    old.iter().any(|name| !new.contains(name))
}

/// Requirements without cpu and memory.
fn immutable(resources: Option<&Value<'_>>) -> Value<'static> {
    let mut rest = resources.cloned().map_or(Value::EMPTY, Value::into_owned);
    for which in LISTS {
        if let Some(Value::Object(amounts)) = rest.get_mut(which) {
            amounts.retain(|(name, _)| {
                !matches!(name, kfast_schema::Name::Free(name) if matches!(name.as_ref(), "cpu" | "memory"))
            });
        }
        if rest.get(which).is_some_and(Value::is_empty) {
            rest.remove(which);
        }
    }
    rest
}

fn pod_level(spec: &Value<'_>, before: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (new, old) = (spec.get(n::RESOURCES), before.get(n::RESOURCES));
    let place = path.child(n::RESOURCES);
    if old.is_some() && new.is_none() {
        return errors.forbidden(&place, "pod-level resources cannot be removed");
    }
    for (which, what) in [(n::REQUESTS, "requests"), (n::LIMITS, "limits")] {
        if removed(new, old, which) {
            errors.forbidden(
                &place.child(which),
                &format!("pod-level resource {what} cannot be removed"),
            );
        }
    }
    if immutable(new) != immutable(old) {
        errors.forbidden(
            path,
            "only cpu and memory resources are mutable at pod-level",
        );
    }
}

fn order(spec: &Value<'_>, before: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    for (group, what) in [
        (n::CONTAINERS, "containers"),
        (n::INIT_CONTAINERS, "initContainers"),
    ] {
        let (new, old, list) = (spec.list(group), before.list(group), path.child(group));
        if new.len() != old.len() {
            errors.forbidden(
                &list,
                &format!("{what} may not be added or removed on resize"),
            );
            continue;
        }
        for (i, _) in old
            .iter()
            .enumerate()
            .filter(|(i, c)| new[*i].text(n::NAME) != c.text(n::NAME))
        {
            let item = list.item(i);
            errors.forbidden(
                &item.child(n::NAME),
                &format!("{what} may not be renamed or reordered on resize"),
            );
        }
    }
}

fn containers(spec: &Value<'_>, before: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let fixed = |container: &Value<'_>| {
        let mut rest = container.clone().into_owned();
        rest.set(n::RESOURCES, immutable(container.get(n::RESOURCES)));
        rest
    };
    for (new, old) in spec
        .list(n::CONTAINERS)
        .iter()
        .zip(before.list(n::CONTAINERS))
    {
        if fixed(new) != fixed(old) {
            errors.forbidden(path, MUTABLE);
        }
    }
    let list = path.child(n::INIT_CONTAINERS);
    for (i, (new, old)) in spec
        .list(n::INIT_CONTAINERS)
        .iter()
        .zip(before.list(n::INIT_CONTAINERS))
        .enumerate()
    {
        if fixed(new) != fixed(old) {
            let detail = "only cpu and memory resources for init or sidecar containers are mutable";
            errors.forbidden(&list.item(i), detail);
        }
        if new == old || new.text(n::RESTART_POLICY) == "Always" {
            continue;
        }
        let policies = new.list(n::RESIZE_POLICY).iter();
        for _ in policies.filter(|policy| policy.text(n::RESTART_POLICY) == "RestartContainer") {
            let detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
            errors.forbidden(&list.item(i), detail);
        }
    }
}
