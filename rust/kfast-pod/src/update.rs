//! What may change in a pod (core/validation `ValidatePodUpdate`, `ValidatePodEphemeralContainersUpdate`).

use crate::affinity::{REQUIRED, label_keys, node_selector, term_selectors};
use crate::annotations;
use crate::create::validate_pod;
use crate::resources::is_multiple;
use crate::scope::{Tolerated, each_container};
use crate::security::shared_with_host;
use crate::totals::HUGE_PAGES;
use crate::{paths, tolerations};
use kfast_core::quote;
use kfast_schema::field::{Errors, Path};
use kfast_schema::metadata::validate_selector;
use kfast_schema::names as n;
use kfast_schema::{Name, NameId, SchemaSet, Value};

const UPDATABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const ONLY_ADDED: &str = "only additions are allowed (no mutations or deletions)";
const GROUPS: [NameId; 2] = [n::CONTAINERS, n::INIT_CONTAINERS];

/// What a pod or template has already, and may keep.
pub(crate) fn tolerated(old: &Value<'_>) -> Tolerated {
    let spec = old.get(n::SPEC).unwrap_or(&Value::Null);
    let set = SchemaSet::default();
    let wrong = |check: &mut dyn FnMut(&mut Errors<'_>)| {
        let mut errors = Errors::new(&set);
        check(&mut errors);
        !errors.is_empty()
    };
    let root = Path::Root;
    let constraints = spec.list(n::TOPOLOGY_SPREAD_CONSTRAINTS);
    let annotations = old.look(&[n::METADATA, n::ANNOTATIONS]);
    let mapped = spec.bool(n::HOST_USERS) == Some(false);
    let mut devices = false;
    let mut huge_pages = false;
    each_container(spec, &root, |container, _| {
        devices |= !container.list(n::VOLUME_DEVICES).is_empty();
        for which in [n::LIMITS, n::REQUESTS] {
            let list = container
                .look(&[n::RESOURCES, which])
                .unwrap_or(&Value::Null);
            let mut pages = list
                .texts()
                .filter_map(|(name, a)| Some((name.strip_prefix(HUGE_PAGES)?, a)));
            huge_pages |= pages.any(|(size, amount)| !is_multiple(amount, size));
        }
    });
    let restarts = |c: &Value<'_>| {
        let mut policies = c.list(n::RESIZE_POLICY).iter();
        let restarts = policies.any(|policy| policy.text(n::RESTART_POLICY) == "RestartContainer");
        c.text(n::RESTART_POLICY) != "Always" && restarts
    };
    let sysctls = spec
        .look(&[n::SECURITY_CONTEXT, n::SYSCTLS])
        .map_or(&[][..], Value::items);
    Tolerated {
        deletion_cost: annotations.is_some_and(annotations::has_bad_cost),
        huge_pages,
        selector_values: wrong(&mut |errors| affinity_selectors(spec, errors)),
        node_affinity_values: spec
            .look(&[n::AFFINITY, n::NODE_AFFINITY, REQUIRED])
            .is_some_and(|selector| {
                wrong(&mut |errors| node_selector(selector, false, &root, errors))
                    && !wrong(&mut |errors| node_selector(selector, true, &root, errors))
            }),
        spread_selector: wrong(&mut |errors| {
            for selector in constraints.iter().filter_map(|c| c.get(n::LABEL_SELECTOR)) {
                validate_selector(selector, &root, false, errors);
            }
        }),
        spread_keys: wrong(&mut |errors| {
            constraints
                .iter()
                .for_each(|constraint| label_keys(constraint, &root, errors));
        }),
        token_path: wrong(&mut |errors| token_paths(spec, errors)),
        host_sysctls: sysctls
            .iter()
            .any(|s| shared_with_host(spec, s.text(n::NAME)).is_some()),
        init_restarts: spec.list(n::INIT_CONTAINERS).iter().any(restarts),
        mapped_devices: mapped && devices,
        host_network_users: mapped && spec.flag(n::HOST_NETWORK),
        comparisons: spec.list(n::TOLERATIONS).iter().any(tolerations::compares),
    }
}

fn affinity_selectors(spec: &Value<'_>, errors: &mut Errors<'_>) {
    for kind in [n::POD_AFFINITY, n::POD_ANTI_AFFINITY] {
        let Some(pods) = spec.look(&[n::AFFINITY, kind]) else {
            continue;
        };
        let weighted = pods.list(crate::affinity::PREFERRED).iter();
        let weighted = weighted.filter_map(|weighted| weighted.get(n::POD_AFFINITY_TERM));
        for term in pods.list(REQUIRED).iter().chain(weighted) {
            term_selectors(term, false, &Path::Root, errors);
        }
    }
}

fn token_paths(spec: &Value<'_>, errors: &mut Errors<'_>) {
    let volumes = spec.list(n::VOLUMES).iter();
    for source in volumes
        .filter_map(|v| v.look(&[n::PROJECTED, n::SOURCES]))
        .flat_map(Value::items)
    {
        if let Some(token) = source.get(n::SERVICE_ACCOUNT_TOKEN) {
            paths::unreserved(token.text(n::PATH), &Path::Root, errors);
        }
    }
}

/// The rules of any update: those of pods, as far as the old one kept them, and annotations that stay.
pub(crate) fn validate_both(new: &Value<'_>, old: &Value<'_>, errors: &mut Errors<'_>) {
    validate_pod(new, tolerated(old), errors);
    annotation_changes(new, old, errors);
}

pub(crate) fn annotation_changes(new: &Value<'_>, old: &Value<'_>, errors: &mut Errors<'_>) {
    let path = [n::METADATA, n::ANNOTATIONS];
    let of = |pod: &'_ Value<'_>| {
        pod.look(&path)
            .map_or(Value::Null, |a| a.clone().into_owned())
    };
    let (after, before) = (new.look(&path), old.look(&path));
    if after != before {
        let at = Path::Root.child(n::METADATA);
        annotations::validate_update(&of(new), &of(old), &at.child(n::ANNOTATIONS), errors);
    }
}

/// The rules of an update of the main resource, besides those of all metadata.
pub fn validate_update(new: &Value<'_>, old: &Value<'_>, errors: &mut Errors<'_>) {
    let null = Value::Null;
    let (spec, before) = (
        new.get(n::SPEC).unwrap_or(&null),
        old.get(n::SPEC).unwrap_or(&null),
    );
    let annotated =
        new.look(&[n::METADATA, n::ANNOTATIONS]) == old.look(&[n::METADATA, n::ANNOTATIONS]);
    if spec == before && annotated {
        return;
    }
    validate_both(new, old, errors);
    let path = Path::Root.child(n::SPEC);
    if spec == before
        || !images(spec, before, &path, errors)
        || !deadline(spec, before, &path, errors)
    {
        return;
    }
    let list = path.child(n::TOLERATIONS);
    added_tolerations(
        spec.list(n::TOLERATIONS),
        before.list(n::TOLERATIONS),
        &list,
        errors,
    );
    let list = path.child(n::SCHEDULING_GATES);
    let known = before.list(n::SCHEDULING_GATES);
    for (i, gate) in spec.list(n::SCHEDULING_GATES).iter().enumerate() {
        let name = gate.text(n::NAME);
        if !known.iter().any(|other| other.text(n::NAME) == name) {
            let detail =
                format!("only deletion is allowed, but found new scheduling gate '{name}'");
            let item = list.item(i);
            errors.forbidden(&item.child(n::NAME), &detail);
        }
    }
    let (mut fixed, unchanged) = (self::fixed(spec), self::fixed(before));
    if before
        .int(n::TERMINATION_GRACE_PERIOD_SECONDS)
        .is_some_and(|s| s < 0)
        && spec.int(n::TERMINATION_GRACE_PERIOD_SECONDS) == Some(1)
        && let Some(seconds) = before.get(n::TERMINATION_GRACE_PERIOD_SECONDS)
    {
        fixed.set(n::TERMINATION_GRACE_PERIOD_SECONDS, seconds.clone());
    }
    if !known.is_empty() {
        gated_changes(&mut fixed, before, &path, errors);
    }
    if fixed != unchanged {
        let detail = format!("{UPDATABLE}\n{}", difference(&fixed, &unchanged));
        errors.forbidden(&path, &detail);
    }
}

/// Whether containers were neither added nor removed.
fn images(spec: &Value<'_>, before: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) -> bool {
    for group in GROUPS {
        let (containers, list) = (spec.list(group), path.child(group));
        if containers.len() != before.list(group).len() {
            errors.forbidden(&list, "pod updates may not add or remove containers");
            return false;
        }
    }
    true
}

/// Whether the deadline may change this way.
fn deadline(
    spec: &Value<'_>,
    before: &Value<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) -> bool {
    let place = path.child(n::ACTIVE_DEADLINE_SECONDS);
    let known = before.int(n::ACTIVE_DEADLINE_SECONDS);
    match spec.int(n::ACTIVE_DEADLINE_SECONDS) {
        None if known.is_some() => {
            errors.invalid_null(
                &place,
                "must not update from a positive integer to nil value",
            );
        }
        None => {}
        Some(new) if !(0..=i64::from(i32::MAX)).contains(&new) => {
            errors.in_range(&place, new, 0, i64::from(i32::MAX));
            return false;
        }
        Some(new) if known.is_some_and(|known| known < new) => {
            errors.invalid(&place, &new, "must be less than or equal to previous value");
            return false;
        }
        Some(_) => {}
    }
    true
}

fn added_tolerations(
    new: &[Value<'_>],
    old: &[Value<'_>],
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let lasting = |toleration: &Value<'_>| {
        let mut lasting = toleration.clone().into_owned();
        lasting.remove(n::TOLERATION_SECONDS);
        lasting
    };
    let kept: Vec<_> = new.iter().map(lasting).collect();
    if old
        .iter()
        .any(|toleration| !kept.contains(&lasting(toleration)))
    {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.forbidden(path, detail);
    }
}

/// The part of a spec no update may touch.
fn fixed<'a>(spec: &Value<'a>) -> Value<'a> {
    let mut fixed = spec.clone();
    for name in [
        n::ACTIVE_DEADLINE_SECONDS,
        n::SCHEDULING_GATES,
        n::TOLERATIONS,
    ] {
        fixed.remove(name);
    }
    for group in GROUPS {
        for container in fixed.list_mut(group) {
            container.remove(n::IMAGE);
        }
    }
    without_empty(&mut fixed);
    fixed
}

/// Semantic equality: an empty list, map or text is as good as none.
fn without_empty(value: &mut Value<'_>) {
    match value {
        Value::Object(entries) => {
            entries.retain(|(_, value)| match value {
                Value::Null => false,
                Value::List(items) => !items.is_empty(),
                _ => true,
            });
            entries
                .iter_mut()
                .for_each(|(_, value)| without_empty(value));
        }
        Value::List(items) => items.iter_mut().for_each(without_empty),
        _ => {}
    }
}

/// A gated pod may narrow where it can go; what it did is judged and then undone.
fn gated_changes<'a>(
    fixed: &mut Value<'a>,
    before: &Value<'a>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let null = Value::Null;
    let selector = fixed.remove(n::NODE_SELECTOR).unwrap_or(Value::EMPTY);
    let known = before.get(n::NODE_SELECTOR).unwrap_or(&null);
    if known
        .texts()
        .any(|(key, value)| selector.at(key).and_then(Value::as_text) != Some(value))
    {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.invalid(&path.child(n::NODE_SELECTOR), &selector, detail);
    }
    if let Some(known) = before.get(n::NODE_SELECTOR) {
        fixed.set(n::NODE_SELECTOR, known.clone());
    }
    let nodes = [n::AFFINITY, n::NODE_AFFINITY];
    let (new, old) = (fixed.look(&nodes).cloned(), before.look(&nodes).cloned());
    if new == old {
        return;
    }
    let affinity = path.child(n::AFFINITY);
    node_affinity(
        new.as_ref(),
        old.as_ref(),
        &affinity.child(n::NODE_AFFINITY),
        errors,
    );
    let others = fixed.get(n::AFFINITY).is_some_and(|a| {
        [n::POD_AFFINITY, n::POD_ANTI_AFFINITY]
            .iter()
            .any(|kind| a.get(*kind).is_some())
    });
    match old {
        Some(old) => fixed.object_at(n::AFFINITY).set(n::NODE_AFFINITY, old),
        None if !others && before.get(n::AFFINITY).is_none() => drop(fixed.remove(n::AFFINITY)),
        None => drop(fixed.object_at(n::AFFINITY).remove(n::NODE_AFFINITY)),
    }
}

fn node_affinity(
    new: Option<&Value<'_>>,
    old: Option<&Value<'_>>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let terms = |affinity: Option<&Value<'_>>| {
        let terms = affinity.and_then(|a| a.look(&[REQUIRED, n::NODE_SELECTOR_TERMS]));
        terms.map_or_else(Vec::new, |terms| {
            terms.clone().into_owned().items().to_vec()
        })
    };
    let (new, old) = (terms(new), terms(old));
    let required = path.child(REQUIRED);
    let list = required.child(n::NODE_SELECTOR_TERMS);
    if !old.is_empty() && old.len() != new.len() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        return errors.invalid(&list, &Value::List(new), detail);
    }
    for (i, (new, old)) in new.iter().zip(&old).enumerate() {
        if !only_added(new, old) {
            errors.invalid(&list.item(i), new, ONLY_ADDED);
        }
    }
}

/// Whether a term has all its old requirements, in place; one without any stays so.
fn only_added(new: &Value<'_>, old: &Value<'_>) -> bool {
    let kinds = [n::MATCH_EXPRESSIONS, n::MATCH_FIELDS];
    let empty = |term: &Value<'_>| kinds.iter().all(|kind| term.list(*kind).is_empty());
    let kept = |kind: &NameId| new.list(*kind).starts_with(old.list(*kind));
    (!empty(old) || empty(new)) && kinds.iter().all(kept)
}

/// The properties that differ, old and new.
pub(crate) fn difference(new: &Value<'_>, old: &Value<'_>) -> String {
    let names = old
        .entries()
        .iter()
        .chain(new.entries())
        .map(|(name, _)| name);
    let mut names: Vec<NameId> = names
        .filter_map(|name| match name {
            Name::Known(id) => Some(*id),
            Name::Free(_) => None,
        })
        .collect();
    names.sort_unstable_by_key(|name| name.text());
    names.dedup();
    let set = SchemaSet::default();
    let text = |value: Option<&Value<'_>>| {
        let mut out = Vec::new();
        value.unwrap_or(&Value::Null).write_json(&set, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    let differ = names
        .into_iter()
        .filter(|name| new.get(*name) != old.get(*name));
    let lines = differ.map(|name| {
        format!(
            "-  {name}: {}\n+  {name}: {}",
            text(old.get(name)),
            text(new.get(name)),
            name = name.text()
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Of a write to the subresource only the ephemeral containers count.
pub fn prepare_ephemeral<'a>(new: &Value<'a>, old: &Value<'a>) -> Value<'a> {
    let mut pod = old.clone();
    let spec = pod.object_at(n::SPEC);
    match new.look(&[n::SPEC, n::EPHEMERAL_CONTAINERS]) {
        Some(containers) => spec.set(n::EPHEMERAL_CONTAINERS, containers.clone()),
        None => drop(spec.remove(n::EPHEMERAL_CONTAINERS)),
    }
    pod
}

/// The rules of a write to the ephemeralcontainers subresource: containers are added, never changed.
pub fn validate_ephemeral(new: &Value<'_>, old: &Value<'_>, errors: &mut Errors<'_>) {
    if old
        .look(&[n::METADATA, n::ANNOTATIONS])
        .is_some_and(|a| a.at(annotations::MIRROR).is_some())
    {
        return errors.forbidden(
            &Path::Root,
            "static pods do not support ephemeral containers",
        );
    }
    validate_both(new, old, errors);
    let spec = Path::Root.child(n::SPEC);
    let path = spec.child(n::EPHEMERAL_CONTAINERS);
    let of = |pod: &'_ Value<'_>| {
        let list = pod.look(&[n::SPEC, n::EPHEMERAL_CONTAINERS]);
        list.map_or_else(Vec::new, |list| list.clone().into_owned().items().to_vec())
    };
    let (new, old) = (of(new), of(old));
    for container in &old {
        let name = container.text(n::NAME);
        match new.iter().rfind(|other| other.text(n::NAME) == name) {
            None => {
                let detail = format!(
                    "existing ephemeral containers {} may not be removed\n",
                    quote(name)
                );
                errors.forbidden(&path, &detail);
            }
            Some(other) if other != container => {
                let changes = difference(other, container);
                let detail = format!(
                    "existing ephemeral containers {} may not be changed\n{changes}",
                    quote(name)
                );
                errors.forbidden(&path, &detail);
            }
            Some(_) => {}
        }
    }
}
