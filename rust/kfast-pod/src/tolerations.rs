//! Tolerations of taints.

use kfast_core::names::{label_value, qualified_name};
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const ANY_KEY: &str =
    "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// The rules of each; `comparisons`: Lt and Gt are let pass, as an old pod has them.
pub(crate) fn validate(
    tolerations: &[Value<'_>],
    comparisons: bool,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    for (i, toleration) in tolerations.iter().enumerate() {
        one(toleration, comparisons, &path.item(i), errors);
    }
}

fn one(toleration: &Value<'_>, comparisons: bool, path: &Path<'_>, errors: &mut Errors<'_>) {
    let text = |name: NameId| toleration.text(name);
    let (operator, value, effect) = (text(n::OPERATOR), text(n::VALUE), text(n::EFFECT));
    let place = path.child(n::OPERATOR);
    if !text(n::KEY).is_empty() {
        errors.check(&path.child(n::KEY), text(n::KEY), qualified_name);
    } else if operator != "Exists" {
        errors.invalid(&place, operator, ANY_KEY);
    }
    if toleration.get(n::TOLERATION_SECONDS).is_some() && effect != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.invalid(&path.child(n::EFFECT), effect, detail);
    }
    match operator {
        "" | "Equal" => {
            let problems = label_value(value);
            if !problems.is_empty() {
                errors.invalid(&place, value, &problems.join(";"));
            }
        }
        "Exists" if !value.is_empty() => {
            errors.invalid(
                &place,
                value,
                "value must be empty when `operator` is 'Exists'",
            );
        }
        "Exists" => {}
        "Lt" | "Gt" if comparisons => number(value, &path.child(n::VALUE), errors),
        "Lt" | "Gt" => errors.unsupported(&place, operator, &["Equal", "Exists", "Lt", "Gt"]),
        _ => errors.unsupported(&place, operator, &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        errors.one_of(&path.child(n::EFFECT), effect, &EFFECTS);
    }
}

/// A decimal integer of 64 bits, written as a human would.
fn number(value: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let canonical = value == "0"
        || (!digits.starts_with('0')
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit()));
    if value.is_empty() {
        errors.invalid(path, value, "must be non-empty");
    } else if !canonical {
        errors.invalid(
            path,
            value,
            "must be a valid decimal integer in canonical form",
        );
    }
    if value.parse::<i64>().is_err() {
        let why = if canonical {
            "value out of range"
        } else {
            "invalid syntax"
        };
        let detail = format!(
            "strconv.ParseInt: parsing {}: {why}",
            kfast_core::quote(value)
        );
        errors.invalid(path, value, &detail);
    }
}

/// Whether a toleration compares numbers.
pub(crate) fn compares(toleration: &Value<'_>) -> bool {
    matches!(toleration.text(n::OPERATOR), "Lt" | "Gt")
}

/// The list an old annotation holds as JSON: read as far as the fields of tolerations go.
pub(crate) fn of_annotation(text: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    match kfast_schema::free_json(text) {
        Ok(list) => {
            let known = |item: &Value<'_>| {
                let mut toleration = Value::EMPTY;
                for name in [
                    n::KEY,
                    n::OPERATOR,
                    n::VALUE,
                    n::EFFECT,
                    n::TOLERATION_SECONDS,
                ] {
                    if let Some(value) = item.at(name.text()) {
                        toleration.set(name, value.clone().into_owned());
                    }
                }
                toleration
            };
            let tolerations: Vec<Value<'_>> = list.items().iter().map(known).collect();
            let place = path.named("scheduler.alpha.kubernetes.io/tolerations");
            validate(&tolerations, false, &place, errors);
        }
        Err(why) => errors.invalid(path, "scheduler.alpha.kubernetes.io/tolerations", &why),
    }
}
