//! The keywords of a schema, each with its own rules (upstream: `apiextensions/validation`).

use super::props::{JUNCTORS, Props, must_be};
use crate::field::{Errors, Path};
use crate::value::Value;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What holds on the way down.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    /// Why defaults may not be stated here.
    no_defaults: Option<&'c str>,
    in_metadata: bool,
    pub(super) demands: Demands,
}

/// Rules a definition that broke them before may go on breaking.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demands {
    pub(super) known_types: bool,
    pub(super) atomic_sets: bool,
    pub(super) sound_keys: bool,
}

impl Context<'_> {
    pub(super) fn new(demands: Demands) -> Self {
        Self {
            no_defaults: None,
            in_metadata: false,
            demands,
        }
    }
}

/// Adds what is wrong with a schema and those below it.
pub(super) fn check(
    s: Props<'_>,
    path: &Path<'_>,
    root: bool,
    context: Context<'_>,
    errors: &mut Errors<'_>,
) {
    standard(s, path, context, errors);
    if s.flag("uniqueItems") {
        let detail =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.forbidden(&path.named("uniqueItems"), detail);
    }
    additional(s, path, context, errors);
    let properties = path.named("properties");
    for (name, of) in s.named("properties") {
        let resource = root || s.flag("x-kubernetes-embedded-resource");
        let of_resource = resource && matches!(name, "metadata" | "kind" | "apiVersion");
        let why = format!("in top-level {name}");
        let below = Context {
            in_metadata: context.in_metadata || of_resource,
            no_defaults: if of_resource && root {
                Some(&why)
            } else {
                context.no_defaults
            },
            ..context
        };
        check(of, &properties.key(name), false, below, errors);
    }
    if let Some(of) = s.schema("not") {
        check(of, &path.named("not"), false, context, errors);
    }
    for junctor in JUNCTORS {
        let place = path.named(junctor);
        for (i, of) in s.schemas(junctor).into_iter().enumerate() {
            check(of, &place.item(i), false, context, errors);
        }
    }
    let definitions = path.named("definitions");
    for (name, of) in s.named("definitions") {
        check(of, &definitions.key(name), false, context, errors);
    }
    if let Some(of) = s.schema("items") {
        check(of, &path.named("items"), false, context, errors);
    }
    if matches!(
        s.get("x-kubernetes-preserve-unknown-fields"),
        Some(Value::Bool(false))
    ) {
        let place = path.named("x-kubernetes-preserve-unknown-fields");
        errors.invalid(&place, &false, "must be true or undefined");
    }
    kinds(s, path, context.demands, errors);
    keys(s, path, errors);
    if context.demands.sound_keys {
        sound_keys(s, path, errors);
    }
    rules(s, path, errors);
}

/// Keywords that are not supported.
fn standard(s: Props<'_>, path: &Path<'_>, context: Context<'_>, errors: &mut Errors<'_>) {
    let ty = s.ty();
    if context.demands.known_types && !ty.is_empty() {
        errors.one_of(&path.named("type"), ty, &TYPES);
    }
    if let (Some(_), Some(why)) = (s.get("default"), context.no_defaults) {
        let space = if why.is_empty() { "" } else { " " };
        errors.forbidden(
            &path.named("default"),
            &format!("must not be set{space}{why}"),
        );
    }
    for name in [
        "id",
        "additionalItems",
        "patternProperties",
        "definitions",
        "dependencies",
        "$ref",
    ] {
        let stated = match name {
            "id" | "patternProperties" | "definitions" => {
                s.get(name).is_some_and(|v| !v.is_empty())
            }
            _ => s.get(name).is_some(),
        };
        if stated {
            errors.forbidden(&path.named(name), &format!("{name} is not supported"));
        }
    }
    if ty == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.forbidden(&path.named("type"), detail);
    }
    if !s.schemas("items").is_empty() {
        let detail = "items must be a schema object and not an array";
        errors.forbidden(&path.named("items"), detail);
    }
    if context.in_metadata && s.flag("x-kubernetes-embedded-resource") {
        let place = path.named("x-kubernetes-embedded-resource");
        errors.forbidden(&place, "must not be used inside of resource meta");
    }
}

fn additional(s: Props<'_>, path: &Path<'_>, context: Context<'_>, errors: &mut Errors<'_>) {
    let Some(stated) = s.get("additionalProperties") else {
        return;
    };
    let place = path.named("additionalProperties");
    if !s.named("properties").is_empty() && !matches!(stated, Value::Bool(true)) {
        let detail = "additionalProperties and properties are mutual exclusive";
        errors.forbidden(&place, detail);
    }
    if let Some(of) = s.schema("additionalProperties") {
        let why = "inside additionalProperties applying to object metadata";
        let below = Context {
            no_defaults: if context.in_metadata {
                Some(why)
            } else {
                context.no_defaults
            },
            ..context
        };
        check(of, &place, false, below, errors);
    }
}

/// Kinds of lists and maps.
fn kinds(s: Props<'_>, path: &Path<'_>, demands: Demands, errors: &mut Errors<'_>) {
    if let Some(kind) = s.map_type() {
        if s.ty() != "object" {
            let detail = "must be object if x-kubernetes-map-type is specified";
            must_be(s.ty(), &path.named("type"), detail, errors);
        }
        let place = path.named("x-kubernetes-map-type");
        errors.one_of(&place, kind, &["atomic", "granular"]);
    }
    let Some(kind) = s.list_type() else { return };
    let items = s.schema("items");
    if s.ty() != "array" {
        let detail = "must be array if x-kubernetes-list-type is specified";
        must_be(s.ty(), &path.named("type"), detail, errors);
    } else if let (true, "set", Some(item)) = (demands.atomic_sets, kind, items) {
        let items = path.named("items");
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let mut refuse = |name: &str| {
            let place = items.named(name);
            match item.list_type() {
                Some(kind) => errors.invalid(&place, kind, detail),
                None => errors.invalid_null(&place, detail),
            }
        };
        match item.ty() {
            "array" if item.list_type().is_some_and(|t| t != "atomic") => {
                refuse("x-kubernetes-list-type")
            }
            "object" if item.map_type() != Some("atomic") => refuse("x-kubernetes-map-type"),
            _ => {}
        }
    }
    let place = path.named("x-kubernetes-list-type");
    errors.one_of(&place, kind, &["atomic", "set", "map"]);
}

/// The keys of a list of type map.
fn keys(s: Props<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let keys = s.texts("x-kubernetes-list-map-keys");
    let place = path.named("x-kubernetes-list-type");
    let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    match s.list_type() {
        None if !keys.is_empty() => errors.required(&place, detail),
        Some(kind) if kind != "map" && !keys.is_empty() => errors.invalid(&place, kind, detail),
        _ => {}
    }
    if s.list_type() != Some("map") {
        return;
    }
    let place = path.named("x-kubernetes-list-map-keys");
    let items = path.named("items");
    if keys.is_empty() {
        let detail = "must not be empty if x-kubernetes-list-type is map";
        errors.required(&place, detail);
    }
    let Some(item) = s.schema("items") else {
        if s.get("items").is_none() {
            let detail = "must have a schema if x-kubernetes-list-type is map";
            errors.required(&items, detail);
        }
        return;
    };
    if item.ty() != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        errors.invalid(&items.named("type"), item.ty(), detail);
        return;
    }
    let stated = s.get("x-kubernetes-list-map-keys").unwrap_or(&Value::Null);
    for (i, key) in keys.iter().enumerate() {
        match item.property(key) {
            Some(property) if matches!(property.ty(), "array" | "object") => {
                let properties = items.named("properties");
                let detail =
                    "must be a scalar type if parent array's x-kubernetes-list-type is map";
                let place = properties.key(key);
                errors.invalid(&place.named("type"), item.ty(), detail);
            }
            Some(_) => {}
            None => errors.invalid(
                &place,
                stated,
                "entries must all be names of item properties",
            ),
        }
        if keys[..i].contains(key) {
            errors.invalid(&place, stated, "must not contain duplicate entries");
        }
    }
}

/// Keys and items that cannot be null, keys that are always there.
pub(super) fn sound_keys(s: Props<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (Some(item), Some(kind @ ("set" | "map"))) = (s.schema("items"), s.list_type()) else {
        return;
    };
    let items = path.named("items");
    if item.flag("nullable") {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        errors.forbidden(&items.named("nullable"), &detail);
    }
    if kind != "map" {
        return;
    }
    let required = item.texts("required");
    let properties = items.named("properties");
    for key in s.texts("x-kubernetes-list-map-keys") {
        let Some(property) = item.property(key) else {
            continue;
        };
        let place = properties.key(key);
        if !required.contains(&key) && property.get("default").is_none() {
            errors.required(
                &place.named("default"),
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            );
        }
        if property.flag("nullable") {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.forbidden(&place.named("nullable"), detail);
        }
    }
}

/// The texts of rules; what they compile to is looked at elsewhere.
fn rules(s: Props<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    const REASONS: [&str; 4] = [
        "FieldValueDuplicate",
        "FieldValueForbidden",
        "FieldValueInvalid",
        "FieldValueRequired",
    ];
    let place = path.named("x-kubernetes-validations");
    for (i, rule) in s
        .schemas("x-kubernetes-validations")
        .into_iter()
        .enumerate()
    {
        let at = place.item(i);
        let (text, message) = (rule.text("rule"), rule.text("message"));
        let lines = |t: &str| t.trim().contains(['\n', '\r']);
        if text.trim().is_empty() {
            errors.required(&at.named("rule"), "rule is not specified");
        } else if !message.is_empty() && message.trim().is_empty() {
            errors.invalid(
                &at.named("message"),
                message,
                "must be non-empty if specified",
            );
        } else if lines(message) {
            errors.invalid(
                &at.named("message"),
                message,
                "must not contain line breaks",
            );
        } else if lines(text) && message.trim().is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            errors.required(&at.named("message"), detail);
        }
        let expression = rule.text("messageExpression");
        if !expression.is_empty() && expression.trim().is_empty() {
            let detail = "messageExpression must be non-empty if specified";
            errors.required(&at.named("messageExpression"), detail);
        }
        if let Some(reason) = rule.get("reason").and_then(Value::as_text) {
            errors.one_of(&at.named("reason"), reason, &REASONS);
        }
        let field = rule.text("fieldPath");
        let place = at.named("fieldPath");
        if !field.is_empty() && field.trim().is_empty() {
            errors.invalid(&place, field, "must be non-empty if specified");
        }
        if field.contains(['\n', '\r']) {
            errors.invalid(&place, field, "must not contain line breaks");
        }
        if !field.is_empty() && super::field_path::read(field, s.json()).is_none() {
            errors.invalid(&place, field, "must be a valid path");
        }
    }
}
