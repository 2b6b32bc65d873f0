//! What a definition's schema must be before it becomes a structure (upstream: `apiextensions/validation`).

mod defaults;
pub mod field_path;
mod invariants;
mod keywords;
mod props;

use crate::field::{Errors, Path};
use crate::model::SchemaSet;
use crate::validate::Violation;
use crate::value::{Name, Value};
use keywords::{Context, Demands};
use props::{JUNCTORS, Props};

/// Fields of the root besides which there may be none if the status is a subresource.
const AT_ROOT: [&str; 22] = [
    "description",
    "type",
    "format",
    "title",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "required",
    "items",
    "properties",
    "externalDocs",
    "example",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
];

/// What is wrong with the schema of a definition at `path`. `status`: it has a status subresource; `before` is the
/// schema until now, which may go on breaking some rules. What rules compile to is not looked at.
///
/// # Errors
/// JSON that is malformed.
pub fn check(
    base: &SchemaSet,
    schema: &[u8],
    path: &str,
    status: bool,
    before: Option<&[u8]>,
) -> Result<Vec<Violation>, String> {
    let text = String::from_utf8_lossy(schema);
    let json = crate::free_json(&text)?;
    let old_text = before.map(String::from_utf8_lossy);
    let old = match &old_text {
        Some(text) => Some(crate::free_json(text)?),
        None => None,
    };
    let old = old.as_ref().map(Props::of);
    let props = Props::of(&json);
    let at = Path::Field(&Path::Root, path);
    let mut errors = Errors::new(base);
    if status {
        root(props, &at, &mut errors);
    }
    if props.flag("nullable") {
        errors.forbidden(&at.named("nullable"), "nullable cannot be true at the root");
    }
    let unsupported = unsupported(props);
    let structural = old.is_none_or(|old| is_structural(base, old));
    if structural && unsupported.is_none() {
        let before = errors.count();
        invariants::check(props, &at, &mut errors);
        if errors.count() == before {
            let pruned = old.is_none() || before_is_pruned(base, old_text.as_deref());
            check_defaults(base, schema, &at, pruned, &mut errors);
        }
    }
    let demands = Demands {
        known_types: !breaks(old, &|s| {
            !s.ty().is_empty() && crate::structural::JsonType::parse(s.ty()).is_none()
        }),
        atomic_sets: !breaks(old, &|s| has_loose_set(s)),
        sound_keys: !breaks(old, &|s| {
            let mut found = Errors::new(base);
            keywords::sound_keys(s, &Path::Root, &mut found);
            !found.is_empty()
        }),
    };
    let mut found = errors.apart();
    keywords::check(props, &at, true, Context::new(demands), &mut found);
    errors.append(found);
    if let (Some(why), true) = (unsupported, errors.is_empty()) {
        errors.invalid(&at, "", &why);
    }
    Ok(errors.found())
}

fn breaks(old: Option<Props<'_>>, rule: &dyn Fn(Props<'_>) -> bool) -> bool {
    old.is_some_and(|old| old.any(rule))
}

fn is_structural(base: &SchemaSet, schema: Props<'_>) -> bool {
    let mut errors = Errors::new(base);
    invariants::check(schema, &Path::Root, &mut errors);
    errors.is_empty() && unsupported(schema).is_none()
}

fn before_is_pruned(base: &SchemaSet, schema: Option<&str>) -> bool {
    let mut errors = Errors::new(base);
    if let Some(text) = schema {
        check_defaults(base, text.as_bytes(), &Path::Root, true, &mut errors);
    }
    let found = errors.found();
    !found
        .iter()
        .any(|v| v.message.ends_with("must not have unknown fields"))
}

fn check_defaults(
    base: &SchemaSet,
    schema: &[u8],
    at: &Path<'_>,
    pruned: bool,
    errors: &mut Errors<'_>,
) {
    let compiled = super::compile(base, "validation/v1/Validation", schema, false);
    let Ok(set) = &compiled else { return };
    if let Some(structure) = set.structure() {
        let mut found = Errors::new(set);
        defaults::check(set, structure, &structure.schema, at, pruned, &mut found);
        for violation in found.found() {
            errors.add(violation);
        }
    }
}

fn has_loose_set(s: Props<'_>) -> bool {
    let Some(item) = s.schema("items").filter(|_| s.list_type() == Some("set")) else {
        return false;
    };
    match item.ty() {
        "array" => item.list_type().is_some_and(|t| t != "atomic"),
        "object" => item.map_type() != Some("atomic"),
        _ => false,
    }
}

/// The root, if the status is validated by itself.
fn root(schema: Props<'_>, at: &Path<'_>, errors: &mut Errors<'_>) {
    for (name, value) in schema.json().entries() {
        let Name::Free(name) = name else { continue };
        if value.is_empty() || AT_ROOT.contains(&name.as_ref()) {
            continue;
        }
        let detail = format!(
            "only {} fields are allowed at the root of the schema if the status subresource is enabled",
            allowed()
        );
        errors.invalid(at, schema.json(), &detail);
        return;
    }
    if !schema.ty().is_empty() && schema.ty() != "object" {
        let detail = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        errors.invalid(&at.named("type"), schema.ty(), detail);
    }
}

/// The fields of the root by their names in Go.
fn allowed() -> String {
    let name = |json: &str| match json {
        "x-kubernetes-preserve-unknown-fields" => "XPreserveUnknownFields".to_owned(),
        "x-kubernetes-validations" => "XValidations".to_owned(),
        other => other[..1].to_uppercase() + &other[1..],
    };
    let names: Vec<String> = AT_ROOT.iter().map(|n| name(n)).collect();
    format!("[{}]", names.join(" "))
}

/// A keyword that no structure can have, here or below.
fn unsupported(schema: Props<'_>) -> Option<String> {
    for name in [
        "id",
        "$schema",
        "$ref",
        "patternProperties",
        "dependencies",
        "additionalItems",
        "definitions",
    ] {
        let stated = match name {
            "additionalItems" => schema.get(name).is_some(),
            _ => schema.get(name).is_some_and(|v| !v.is_empty()),
        };
        if stated {
            let shown = if name == "$schema" { "schema" } else { name };
            return Some(format!("OpenAPIV3Schema '{shown}' is not supported"));
        }
    }
    if !schema.schemas("items").is_empty() {
        return Some("OpenAPIV3Schema 'items' must be a schema, but is an array".into());
    }
    let preserve = "x-kubernetes-preserve-unknown-fields";
    if matches!(schema.get(preserve), Some(Value::Bool(false))) {
        return Some(format!(
            "internal error: '{preserve}' must be true or undefined"
        ));
    }
    let singles = ["not", "items", "additionalProperties"].into_iter();
    let singles = singles.filter_map(|name| schema.schema(name));
    let lists = JUNCTORS.iter().flat_map(|name| schema.schemas(name));
    let named = schema.named("properties").into_iter().map(|(_, s)| s);
    singles.chain(lists).chain(named).find_map(unsupported)
}
