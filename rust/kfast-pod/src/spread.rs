//! Topology spread constraints (core/validation `validateTopologySpreadConstraints`).

use crate::affinity::label_keys;
use crate::scope::Scope;
use kfast_core::names::qualified_name;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::metadata::validate_selector;
use kfast_schema::names as n;

pub(crate) fn validate(scope: &Scope<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let constraints = scope.spec.list(n::TOPOLOGY_SPREAD_CONSTRAINTS);
    let list = path.child(n::TOPOLOGY_SPREAD_CONSTRAINTS);
    for (i, constraint) in constraints.iter().enumerate() {
        let at = list.item(i);
        let kind = |c: &Value<'_>| {
            (
                c.text(n::TOPOLOGY_KEY).to_owned(),
                c.text(n::WHEN_UNSATISFIABLE).to_owned(),
            )
        };
        let (key, when) = kind(constraint);
        positive(
            constraint.int(n::MAX_SKEW).unwrap_or(0),
            &at.child(n::MAX_SKEW),
            errors,
        );
        if key.is_empty() {
            errors.required(&at.child(n::TOPOLOGY_KEY), "can not be empty");
        }
        errors.one_of(
            &at.child(n::WHEN_UNSATISFIABLE),
            &when,
            &["DoNotSchedule", "ScheduleAnyway"],
        );
        if constraints[i + 1..]
            .iter()
            .any(|other| kind(other) == (key.clone(), when.clone()))
        {
            let place = at.named("{topologyKey, whenUnsatisfiable}");
            errors.duplicate(&place, &format!("{{{key}, {when}}}"));
        }
        if let Some(domains) = constraint.int(n::MIN_DOMAINS) {
            let place = at.child(n::MIN_DOMAINS);
            positive(domains, &place, errors);
            if when != "DoNotSchedule" {
                let detail = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}"
                );
                errors.invalid(&place, &domains, &detail);
            }
        }
        for name in [n::NODE_AFFINITY_POLICY, n::NODE_TAINTS_POLICY] {
            if let Some(policy) = constraint.get(name).and_then(Value::as_text) {
                errors.one_of(&at.child(name), policy, &["Honor", "Ignore"]);
            }
        }
        if scope.tolerated.spread_keys {
            legacy_label_keys(constraint, &at.child(n::MATCH_LABEL_KEYS), errors);
        } else {
            label_keys(constraint, &at, errors);
        }
        if let Some(selector) = constraint
            .get(n::LABEL_SELECTOR)
            .filter(|_| !scope.tolerated.spread_selector)
        {
            validate_selector(selector, &at.child(n::LABEL_SELECTOR), false, errors);
        }
    }
}

fn positive(number: i64, path: &Path<'_>, errors: &mut Errors<'_>) {
    if number <= 0 {
        errors.invalid(path, &number, "must be greater than zero");
    }
}

/// As it was before v1.34: keys are not to occur in the selector at all.
fn legacy_label_keys(constraint: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let keys = constraint.list(n::MATCH_LABEL_KEYS);
    if keys.is_empty() {
        return;
    }
    let selector = constraint.get(n::LABEL_SELECTOR);
    if selector.is_none() {
        errors.forbidden(path, "must not be specified when labelSelector is not set");
    }
    let selector = selector.unwrap_or(&Value::Null);
    for (i, key) in keys.iter().filter_map(Value::as_text).enumerate() {
        errors.check(&path.item(i), key, qualified_name);
        let labelled = selector
            .get(n::MATCH_LABELS)
            .is_some_and(|labels| labels.at(key).is_some());
        let mut expressions = selector.list(n::MATCH_EXPRESSIONS).iter();
        if labelled || expressions.any(|e| e.text(n::KEY) == key) {
            let detail = "exists in both matchLabelKeys and labelSelector";
            errors.invalid(&path.item(i), key, detail);
        }
    }
}
