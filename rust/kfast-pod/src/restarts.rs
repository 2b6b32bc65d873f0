//! When containers restart: on exit, and when they are resized.

use crate::scope::Scope;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;

const POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];
const ACTIONS: [&str; 2] = ["Restart", "RestartAllContainers"];
const RULES_NEED_POLICY: &str = "must specify restartPolicy when restart rules are used";

/// The container's own restart policy and the rules that refine it.
pub(crate) fn rules(container: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (policy, rules) = (
        container.get(n::RESTART_POLICY),
        container.list(n::RESTART_POLICY_RULES),
    );
    match policy.and_then(Value::as_text) {
        None if rules.is_empty() => return,
        None => errors.required(&path.child(n::RESTART_POLICY), RULES_NEED_POLICY),
        Some(policy) => errors.one_of(&path.child(n::RESTART_POLICY), policy, &POLICIES),
    }
    let list = path.child(n::RESTART_POLICY_RULES);
    if rules.len() > 20 {
        errors.too_many(&list, rules.len(), 20);
    }
    for (i, rule) in rules.iter().enumerate() {
        let at = list.item(i);
        errors.one_of(&at.child(n::ACTION), rule.text(n::ACTION), &ACTIONS);
        let codes = at.child(n::EXIT_CODES);
        let Some(exit) = rule.get(n::EXIT_CODES) else {
            errors.required(&codes, "must be specified");
            continue;
        };
        errors.one_of(
            &codes.child(n::OPERATOR),
            exit.text(n::OPERATOR),
            &["In", "NotIn"],
        );
        let count = exit.list(n::VALUES).len();
        if count > 255 {
            errors.too_many(&codes.child(n::VALUES), count, 255);
        }
    }
}

/// The same of an init container, for which a policy makes it a sidecar.
pub(crate) fn init_rules(container: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    if container.get(n::RESTART_POLICY).is_some() {
        rules(container, path, errors);
    } else if !container.list(n::RESTART_POLICY_RULES).is_empty() {
        errors.required(&path.child(n::RESTART_POLICY), RULES_NEED_POLICY);
    }
}

pub(crate) fn resize_policy(
    container: &Value<'_>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let policies = container.list(n::RESIZE_POLICY);
    for (i, policy) in policies.iter().enumerate() {
        let (resource, restart) = (
            policy.text(n::RESOURCE_NAME),
            policy.text(n::RESTART_POLICY),
        );
        if policies[..i]
            .iter()
            .any(|other| other.text(n::RESOURCE_NAME) == resource)
        {
            errors.duplicate(&path.item(i), resource);
        }
        if errors.require(path, resource) {
            errors.one_of(path, resource, &["cpu", "memory"]);
        }
        if errors.require(path, restart) {
            errors.one_of(path, restart, &["NotRequired", "RestartContainer"]);
        }
        if scope.spec.text(n::RESTART_POLICY) == "Never" && restart != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            errors.invalid(path, restart, detail);
        }
    }
}
