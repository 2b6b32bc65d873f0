//! Defaults must be what they are defaults of: pruned and valid (upstream: `schema/defaulting/validation.go`).

use crate::error::Failure;
use crate::field::{Errors, Path};
use crate::model::SchemaSet;
use crate::structural::{Schema, Structure, decode, embedded, validate};
use crate::validate::Violation;

/// Adds what is wrong with the defaults of a schema and those below it; those of additional properties are looked at
/// nowhere.
pub(super) fn check(
    set: &SchemaSet,
    structure: &Structure,
    schema: &Schema,
    path: &Path<'_>,
    pruned: bool,
    errors: &mut Errors<'_>,
) {
    if !schema.defaults() {
        return;
    }
    if let Some(default) = &schema.default {
        let place = path.named("default");
        let mut json = Vec::new();
        default.write_json(set, &mut json);
        let text = String::from_utf8_lossy(&json);
        let found = judge(set, structure, schema, &text, &place, pruned);
        for violation in found {
            errors.add(violation);
        }
    }
    if let Some(items) = &schema.items {
        check(set, structure, items, &path.named("items"), pruned, errors);
    }
    let properties = path.named("properties");
    for property in &schema.properties {
        let place = properties.key(&property.name);
        check(set, structure, &property.schema, &place, pruned, errors);
    }
}

fn judge(
    set: &SchemaSet,
    structure: &Structure,
    schema: &Schema,
    text: &str,
    place: &Path<'_>,
    pruned: bool,
) -> Vec<Violation> {
    let (default, unknown) = match decode::part(set, structure, schema, text) {
        Err(Failure::Unfit(message) | Failure::Malformed(message)) => {
            return vec![refused(place, &message)];
        }
        Ok(read) => read,
    };
    let mut errors = Errors::new(set);
    if unknown && pruned {
        let message = format!("Invalid value: {text}: must not have unknown fields");
        errors.add(violation(place, "", message));
    }
    let before = errors.count();
    embedded::check(set, schema, &default, place, &mut errors);
    if errors.count() == before {
        let base = place.to_string();
        let walk = validate::Walk { set, base: &base };
        let outcome = walk.value(schema, &default, &Path::Root, None);
        for fault in outcome.faults {
            errors.add(fault.violation);
        }
    }
    errors.found()
}

fn violation(at: &Path<'_>, below: &str, message: String) -> Violation {
    let dot = if below.is_empty() { "" } else { "." };
    Violation {
        path: format!("{at}{dot}{below}"),
        reason: "FieldValueInvalid",
        message,
    }
}

/// `<path below the default>: <message>`
fn refused(at: &Path<'_>, text: &str) -> Violation {
    let (below, message) = text
        .split_once(": ")
        .filter(|(_, message)| message.starts_with("Invalid value"))
        .unwrap_or(("", text));
    violation(at, below, message.to_owned())
}
