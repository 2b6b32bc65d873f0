//! Affinity to nodes and to other pods (core/validation `validateAffinity`).

use crate::scope::Scope;
use kfast_core::names::{dns_label, dns_subdomain, label_value, qualified_name};
use kfast_schema::field::{Errors, Path};
use kfast_schema::metadata::validate_selector;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

pub(crate) const REQUIRED: NameId = n::REQUIRED_DURING_SCHEDULING_IGNORED_DURING_EXECUTION;
pub(crate) const PREFERRED: NameId = n::PREFERRED_DURING_SCHEDULING_IGNORED_DURING_EXECUTION;
const UNSELECTED: &str = "must not be specified when labelSelector is not set";

pub(crate) fn validate(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let Some(affinity) = scope.spec.get(n::AFFINITY) else {
        return;
    };
    let at = path.child(n::AFFINITY);
    if let Some(nodes) = affinity.get(n::NODE_AFFINITY) {
        node_affinity(
            nodes,
            scope.tolerated.node_affinity_values,
            &at.child(n::NODE_AFFINITY),
            errors,
        );
    }
    for kind in [n::POD_AFFINITY, n::POD_ANTI_AFFINITY] {
        let Some(pods) = affinity.get(kind) else {
            continue;
        };
        let (here, any_values) = (at.child(kind), scope.tolerated.selector_values);
        let list = here.child(REQUIRED);
        for (i, term) in pods.list(REQUIRED).iter().enumerate() {
            pod_term(term, any_values, &list.item(i), errors);
        }
        let list = here.child(PREFERRED);
        for (i, weighted) in pods.list(PREFERRED).iter().enumerate() {
            let item = list.item(i);
            weight(weighted, &item, errors);
            let term = weighted.get(n::POD_AFFINITY_TERM).unwrap_or(&Value::Null);
            pod_term(term, any_values, &item.child(n::POD_AFFINITY_TERM), errors);
        }
    }
}

fn weight(weighted: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let weight = weighted.int(n::WEIGHT).unwrap_or(0);
    if !(1..=100).contains(&weight) {
        errors.invalid(
            &path.child(n::WEIGHT),
            &weight,
            "must be in the range 1-100",
        );
    }
}

/// The rules of a NodeAffinity; `any_values`: required values that are no label values are let pass.
pub fn node_affinity(
    affinity: &Value<'_>,
    any_values: bool,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    if let Some(required) = affinity.get(REQUIRED) {
        node_selector(required, any_values, &path.child(REQUIRED), errors);
    }
    let list = path.child(PREFERRED);
    for (i, weighted) in affinity.list(PREFERRED).iter().enumerate() {
        let item = list.item(i);
        weight(weighted, &item, errors);
        let term = weighted.get(n::PREFERENCE).unwrap_or(&Value::Null);
        node_term(term, true, &item.child(n::PREFERENCE), errors);
    }
}

/// A NodeSelector; `any_values`: values that are no label values are let pass.
pub(crate) fn node_selector(
    selector: &Value<'_>,
    any_values: bool,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let (terms, list) = (
        selector.list(n::NODE_SELECTOR_TERMS),
        path.child(n::NODE_SELECTOR_TERMS),
    );
    if terms.is_empty() {
        errors.required(&list, "must have at least one node selector term");
    }
    for (i, term) in terms.iter().enumerate() {
        node_term(term, any_values, &list.item(i), errors);
    }
}

fn node_term(term: &Value<'_>, any_values: bool, path: &Path<'_>, errors: &mut Errors<'_>) {
    let list = path.child(n::MATCH_EXPRESSIONS);
    for (i, requirement) in term.list(n::MATCH_EXPRESSIONS).iter().enumerate() {
        label_requirement(requirement, any_values, &list.item(i), errors);
    }
    let list = path.child(n::MATCH_FIELDS);
    for (i, requirement) in term.list(n::MATCH_FIELDS).iter().enumerate() {
        field_requirement(requirement, &list.item(i), errors);
    }
}

fn label_requirement(
    requirement: &Value<'_>,
    any_values: bool,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let (operator, values) = (requirement.text(n::OPERATOR), requirement.list(n::VALUES));
    let place = path.child(n::VALUES);
    match operator {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(
                &place,
                "must be specified when `operator` is 'In' or 'NotIn'",
            );
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.forbidden(&place, detail);
        }
        "Gt" | "Lt" if values.len() != 1 => {
            let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            errors.required(&place, detail);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        _ => errors.invalid(
            &path.child(n::OPERATOR),
            operator,
            "not a valid selector operator",
        ),
    }
    errors.check(
        &path.child(n::KEY),
        requirement.text(n::KEY),
        qualified_name,
    );
    if !any_values {
        for (i, value) in values.iter().filter_map(Value::as_text).enumerate() {
            errors.check(&place.item(i), value, label_value);
        }
    }
}

fn field_requirement(requirement: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (operator, values) = (requirement.text(n::OPERATOR), requirement.list(n::VALUES));
    let place = path.child(n::VALUES);
    match operator {
        "In" | "NotIn" if values.len() != 1 => {
            let detail =
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.required(&place, detail);
        }
        "In" | "NotIn" => {}
        _ => errors.invalid(
            &path.child(n::OPERATOR),
            operator,
            "not a valid selector operator",
        ),
    }
    let key = requirement.text(n::KEY);
    if key != "metadata.name" {
        return errors.invalid(&path.child(n::KEY), key, "not a valid field selector key");
    }
    for (i, value) in values.iter().filter_map(Value::as_text).enumerate() {
        errors.check(&place.item(i), value, dns_subdomain);
    }
}

/// The two selectors of a term.
pub(crate) fn term_selectors(
    term: &Value<'_>,
    any_values: bool,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    for name in [n::LABEL_SELECTOR, n::NAMESPACE_SELECTOR] {
        if let Some(selector) = term.get(name) {
            validate_selector(selector, &path.child(name), any_values, errors);
        }
    }
}

fn pod_term(term: &Value<'_>, any_values: bool, path: &Path<'_>, errors: &mut Errors<'_>) {
    term_selectors(term, any_values, path, errors);
    for namespace in term.list(n::NAMESPACES).iter().filter_map(Value::as_text) {
        errors.check(&path.named("namespace"), namespace, dns_label);
    }
    label_keys(term, path, errors);
    let topology = term.text(n::TOPOLOGY_KEY);
    if topology.is_empty() {
        errors.required(&path.child(n::TOPOLOGY_KEY), "can not be empty");
    }
    errors.check(&path.child(n::TOPOLOGY_KEY), topology, qualified_name);
}

/// `matchLabelKeys` and `mismatchLabelKeys` of a term or constraint: label names, none twice.
pub(crate) fn label_keys(term: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (matched, mismatched) = (
        term.list(n::MATCH_LABEL_KEYS),
        term.list(n::MISMATCH_LABEL_KEYS),
    );
    if matched.is_empty() && mismatched.is_empty() {
        return;
    }
    let selector = term.get(n::LABEL_SELECTOR);
    for (name, keys) in [
        (n::MATCH_LABEL_KEYS, matched),
        (n::MISMATCH_LABEL_KEYS, mismatched),
    ] {
        let list = path.child(name);
        if !keys.is_empty() && selector.is_none() {
            errors.forbidden(&list, UNSELECTED);
            continue;
        }
        for (i, key) in keys.iter().filter_map(Value::as_text).enumerate() {
            errors.check(&list.item(i), key, qualified_name);
        }
    }
    let selector = selector.unwrap_or(&Value::Null);
    let mut selected: Vec<&str> = selector
        .get(n::MATCH_LABELS)
        .unwrap_or(&Value::Null)
        .texts()
        .map(|(key, _)| key)
        .collect();
    for expression in selector.list(n::MATCH_EXPRESSIONS) {
        let key = expression.text(n::KEY);
        let at = matched.iter().rposition(|m| m.as_text() == Some(key));
        if let Some(at) = at.filter(|_| selected.contains(&key)) {
            errors.invalid(
                &path.item(at),
                key,
                "exists in both matchLabelKeys and labelSelector",
            );
        }
        selected.push(key);
    }
    let list = path.child(n::MATCH_LABEL_KEYS);
    for (i, key) in matched
        .iter()
        .enumerate()
        .filter(|(_, key)| mismatched.contains(key))
    {
        let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
        errors.invalid(&list.item(i), key, detail);
    }
}
