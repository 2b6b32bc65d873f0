//! What makes a schema structural (upstream: `schema/validation.go`, `schema/complete.go`).

use super::props::{JUNCTORS, Props, must_be};
use crate::field::{Errors, Path};
use crate::value::Value;
use kfast_core::regexp;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Adds what keeps a schema from being structural, sorted as upstream does.
pub(super) fn check(schema: Props<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let mut found = errors.apart();
    structural(schema, Level::Root, path, &mut found);
    complete(schema, schema, path, path, &mut found);
    found.sort();
    errors.append(found);
}

fn structural(s: Props<'_>, level: Level, path: &Path<'_>, errors: &mut Errors<'_>) {
    let items = path.named("items");
    match s.schema("items") {
        Some(of) => structural(of, Level::Item, &items, errors),
        None if s.ty() == "array" => errors.required(&items, "must be specified"),
        None => {}
    }
    let properties = path.named("properties");
    for (name, of) in s.named("properties") {
        structural(of, Level::Field, &properties.key(name), errors);
    }
    let additional = path.named("additionalProperties");
    if let Some(of) = s.additional() {
        if level == Level::Root {
            errors.forbidden(&additional, "must not be used at the root");
        }
        if let Some(of) = of {
            structural(of, Level::Field, &additional, errors);
        }
    }
    let int_or_string = s.flag("x-kubernetes-int-or-string");
    let embedded = s.flag("x-kubernetes-embedded-resource");
    let preserve = s.flag("x-kubernetes-preserve-unknown-fields");
    let detail = "must be false if x-kubernetes-int-or-string is true";
    if int_or_string && preserve {
        let path = path.named("x-kubernetes-preserve-unknown-fields");
        errors.invalid(&path, &true, detail);
    }
    if int_or_string && embedded {
        let path = path.named("x-kubernetes-embedded-resource");
        errors.invalid(&path, &true, detail);
    }
    let first = s.schemas("allOf");
    let skip_first = first.first().is_some_and(|f| f.is_int_or_string());
    values(s, s.is_int_or_string(), skip_first, path, errors);
    typed(s, level, embedded, path, errors);
    if embedded && s.additional().is_some() {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.forbidden(&additional, detail);
    }
    if level == Level::Root && !s.ty().is_empty() && s.ty() != "object" {
        errors.invalid(&path.named("type"), s.ty(), "must be object at the root");
    }
    resource(s, level, embedded, &properties, errors);
    if embedded && !preserve && s.named("properties").is_empty() {
        errors.required(
            &properties,
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        );
    }
}

fn typed(s: Props<'_>, level: Level, embedded: bool, path: &Path<'_>, errors: &mut Errors<'_>) {
    let place = path.named("type");
    let free =
        s.flag("x-kubernetes-int-or-string") || s.flag("x-kubernetes-preserve-unknown-fields");
    if embedded && s.ty() != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        must_be(s.ty(), &place, detail, errors);
    } else if s.ty().is_empty() && !free {
        errors.required(
            &place,
            match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            },
        );
    }
}

/// Kind, version and metadata of a resource.
fn resource(s: Props<'_>, level: Level, embedded: bool, path: &Path<'_>, errors: &mut Errors<'_>) {
    let checked = level == Level::Root || embedded;
    for name in ["kind", "apiVersion"] {
        if let Some(of) = s.property(name).filter(|of| checked && of.ty() != "string") {
            errors.invalid(&path.key(name).named("type"), of.ty(), "must be string");
        }
    }
    let Some(metadata) = s.property("metadata") else {
        return;
    };
    let place = path.key("metadata");
    if checked && metadata.ty() != "object" {
        errors.invalid(&place.named("type"), metadata.ty(), "must be object");
    }
    if level != Level::Root {
        return;
    }
    let names = metadata.named("properties");
    let only_names = names
        .iter()
        .all(|(n, _)| matches!(*n, "name" | "generateName"));
    let entries = metadata.json().entries().iter();
    let mut others = entries.filter(|(n, v)| {
        let known = matches!(n, crate::value::Name::Free(t) if matches!(t.as_ref(), "type" | "properties" | "default"));
        !known && !v.is_empty()
    });
    if !only_names || others.next().is_some() {
        errors.forbidden(
            &place,
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
        );
    }
}

/// The schemas that only judge values.
fn values(
    s: Props<'_>,
    skip_any: bool,
    skip_first: bool,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    for junctor in JUNCTORS {
        let place = path.named(junctor);
        if junctor == "anyOf" && skip_any {
            continue;
        }
        for (i, of) in s.schemas(junctor).into_iter().enumerate() {
            let skip = junctor == "allOf" && i == 0 && skip_first;
            nested(of, skip, &place.item(i), errors);
        }
    }
    if let Some(of) = s.schema("not") {
        nested(of, false, &path.named("not"), errors);
    }
    let pattern = s.text("pattern");
    if !pattern.is_empty()
        && let Err(error) = regexp::compile(pattern)
    {
        let detail = format!("must be a valid regular expression, but isn't: {error}");
        errors.invalid(&path.named("pattern"), pattern, &detail);
    }
}

fn nested(s: Props<'_>, skip_any: bool, path: &Path<'_>, errors: &mut Errors<'_>) {
    values(s, skip_any, false, path, errors);
    if let Some(of) = s.schema("items") {
        nested(of, false, &path.named("items"), errors);
    }
    let properties = path.named("properties");
    for (name, of) in s.named("properties") {
        nested(of, false, &properties.key(name), errors);
    }
    let additional = s.get("additionalProperties");
    let stated = |name: &str| match name {
        "additionalProperties" => additional.is_some_and(|v| !matches!(v, Value::Bool(false))),
        "default" | "x-kubernetes-list-type" | "x-kubernetes-map-type" => s.get(name).is_some(),
        _ => s.get(name).is_some_and(|v| !v.is_empty()),
    };
    for (name, what) in [
        ("type", "empty"),
        ("additionalProperties", "undefined"),
        ("default", "undefined"),
        ("title", "empty"),
        ("description", "empty"),
        ("nullable", "false"),
        ("x-kubernetes-preserve-unknown-fields", "false"),
        ("x-kubernetes-embedded-resource", "false"),
        ("x-kubernetes-int-or-string", "false"),
        ("x-kubernetes-list-map-keys", "empty"),
        ("x-kubernetes-list-type", "undefined"),
        ("x-kubernetes-map-type", "undefined"),
        ("x-kubernetes-validations", "empty"),
    ] {
        if stated(name) {
            errors.forbidden(
                &path.named(name),
                &format!("must be {what} to be structural"),
            );
        }
    }
    if s.property("metadata").is_some() {
        let detail = "must not be specified in a nested context";
        errors.forbidden(&properties.key("metadata"), detail);
    }
}

/// What a schema judges must be part of its structure.
fn complete(v: Props<'_>, s: Props<'_>, at: &Path<'_>, from: &Path<'_>, errors: &mut Errors<'_>) {
    if let Some(of) = v.schema("not") {
        nested_complete(of, s, at, &from.named("not"), errors);
    }
    for junctor in JUNCTORS {
        let place = from.named(junctor);
        for (i, of) in v.schemas(junctor).into_iter().enumerate() {
            nested_complete(of, s, at, &place.item(i), errors);
        }
    }
}

fn nested_complete(
    v: Props<'_>,
    s: Props<'_>,
    at: &Path<'_>,
    from: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    complete(v, s, at, from, errors);
    if let Some(of) = v.schema("items") {
        let (at, from) = (at.named("items"), from.named("items"));
        match s.schema("items") {
            Some(items) => nested_complete(of, items, &at, &from, errors),
            None => errors.required(&at, &format!("because it is defined in {from}")),
        }
    }
    let (at, from) = (at.named("properties"), from.named("properties"));
    for (name, of) in v.named("properties") {
        let (at, from) = (at.key(name), from.key(name));
        match s.property(name) {
            Some(property) => nested_complete(of, property, &at, &from, errors),
            None => errors.required(&at, &format!("because it is defined in {from}")),
        }
    }
}
