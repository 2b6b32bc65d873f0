//! Values of custom resources against their schema; the texts are those of a real API server.

mod definitions;

use definitions::{defined, with_spec};
use kfast_schema::structural::{validate, validate_status, validate_update};
use kfast_schema::{MediaType, SchemaSet, Validation, decode};
use serde_json::{Value as Json, json};

const KEY: &str = "example.com/v1/Foo";

fn set(schema: &Json) -> SchemaSet {
    defined(KEY, schema)
}

fn of_spec(spec: &Json) -> SchemaSet {
    with_spec(KEY, spec)
}

fn body(parts: &Json) -> Vec<u8> {
    let mut object =
        json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "x"}});
    for (name, part) in parts.as_object().unwrap() {
        object[name] = part.clone();
    }
    object.to_string().into_bytes()
}

/// `path: message` of every violation.
fn found(violations: Vec<kfast_schema::validate::Violation>) -> Vec<String> {
    violations
        .into_iter()
        .map(|v| format!("{}: {}", v.path, v.message))
        .collect()
}

fn create(set: &SchemaSet, spec: &Json) -> Vec<String> {
    let body = body(&json!({"spec": spec}));
    decode(
        set,
        KEY,
        &body,
        MediaType::Json,
        Validation::Ignore,
        |(value, _)| found(validate(set, &value)),
    )
    .unwrap()
}

fn update(set: &SchemaSet, new: &Json, old: &Json, status: bool) -> Vec<String> {
    let (new, old) = (body(new), body(old));
    let read = |body, then: &mut dyn FnMut(&kfast_schema::Value<'_>)| {
        decode(
            set,
            KEY,
            body,
            MediaType::Json,
            Validation::Ignore,
            |(value, _)| then(&value),
        )
        .unwrap();
    };
    let mut out = Vec::new();
    read(&new, &mut |new| {
        read(&old, &mut |old| {
            out = found(if status {
                validate_status(set, new, old)
            } else {
                validate_update(set, new, old)
            });
        });
    });
    out
}

#[test]
fn values_are_refused_in_upstreams_words() {
    for (schema, value, expected) in [
        (
            json!({"type": "string"}),
            json!(1),
            r#"spec: Invalid value: "integer": spec in body must be of type string: "integer""#,
        ),
        (
            json!({"type": "integer"}),
            json!(1.5),
            r#"spec: Invalid value: "number": spec in body must be of type integer: "number"|<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec"#,
        ),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(3_000_000_000_u64),
            r#"<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec"#,
        ),
        (
            json!({"type": "integer", "maximum": 10.5}),
            json!(11),
            r#"<nil>: Invalid value: "": Maximum boundary value must be of type integer (default format) in spec|spec: Invalid value: 11: spec in body should be less than or equal to 10.5"#,
        ),
        (
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
            json!(1),
            "spec: Invalid value: 1: spec in body should be greater than 1",
        ),
        (
            json!({"type": "integer", "multipleOf": 3}),
            json!(4),
            "spec: Invalid value: 4: spec in body should be a multiple of 3",
        ),
        (
            json!({"type": "number", "multipleOf": 0.25}),
            json!(1),
            "spec: Invalid value: 0: factor MultipleOf declared for spec must be positive: 0",
        ),
        (
            json!({"type": "string", "maxLength": 1}),
            json!("éé"),
            "spec: Too long: may not be more than 1 bytes",
        ),
        (
            json!({"type": "string", "minLength": 2}),
            json!("é"),
            r#"spec: Invalid value: "é": spec in body should be at least 2 chars long"#,
        ),
        (
            json!({"type": "string", "pattern": r"^\d$"}),
            json!("a"),
            r#"spec: Invalid value: "a": spec in body should match '^\d$'"#,
        ),
        (
            json!({"type": "string", "enum": ["a", "b c"]}),
            json!("x"),
            r#"spec: Unsupported value: "x": supported values: "a", "b c""#,
        ),
        (
            json!({"type": "string", "format": "date"}),
            json!("x"),
            r#"spec: Invalid value: "x": spec in body must be of type date: "x""#,
        ),
        (
            json!({"type": "string", "format": "unknown"}),
            json!("x"),
            "",
        ),
        (
            json!({"type": "array", "maxItems": 1, "items": {"type": "integer"}}),
            json!([1, "a"]),
            r#"spec[1]: Invalid value: "string": spec[1] in body must be of type integer: "string"|spec: Too many: 2: must have at most 1 items"#,
        ),
        (
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}),
            json!({}),
            "spec.a: Required value",
        ),
        (
            json!({"type": "integer", "allOf": [{"minimum": 3}, {"maximum": 5}]}),
            json!(6),
            r#"spec: Invalid value: 6: spec in body should be less than or equal to 5|<nil>: Invalid value: "": "spec" must validate all the schemas (allOf)"#,
        ),
        (
            json!({"type": "integer", "not": {"enum": [3]}}),
            json!(3),
            r#"<nil>: Invalid value: "": "spec" must not validate the schema (not)"#,
        ),
        (
            json!({"x-kubernetes-int-or-string": true}),
            json!(true),
            r#"spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean""#,
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}),
            json!(["a", "b", "a", "a"]),
            r#"spec[2]: Duplicate value: "a""#,
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string"}}}}),
            json!([{"k": "a"}, {"k": "a"}]),
            r#"spec[1]: Duplicate value: {"k":"a"}"#,
        ),
        (
            json!({"type": "object", "x-kubernetes-embedded-resource": true}),
            json!({"kind": "a_b", "metadata": {"name": "/"}}),
            r#"spec.apiVersion: Required value|spec.kind: Invalid value: "a_b": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')|spec.metadata.name: Invalid value: "/": may not contain '/'"#,
        ),
    ] {
        let expected: Vec<&str> = expected.split('|').filter(|t| !t.is_empty()).collect();
        assert_eq!(
            create(&of_spec(&schema), &value),
            expected,
            "{schema} {value}"
        );
    }
}

#[test]
fn of_several_schemas_the_one_that_fits_best_is_told_about() {
    let branches =
        json!([{"required": ["x"]}, {"required": ["y"], "properties": {"y": {"minLength": 3}}}]);
    let properties = json!({"x": {"type": "integer"}, "y": {"type": "string"}});
    let any = of_spec(&json!({"type": "object", "properties": properties, "anyOf": branches}));
    let one = of_spec(&json!({"type": "object", "properties": properties, "oneOf": branches}));
    let short = r#"spec.y: Invalid value: "a": spec.y in body should be at least 3 chars long"#;
    let told = |what: &str| format!("<nil>: Invalid value: \"\": \"spec\" must validate {what}");
    assert_eq!(
        create(&any, &json!({"y": "a"})),
        [told("at least one schema (anyOf)"), short.into()]
    );
    assert_eq!(
        create(&one, &json!({"y": "a"})),
        [
            told("one and only one schema (oneOf). Found none valid"),
            short.into()
        ]
    );
    assert_eq!(
        create(&one, &json!({"x": 1, "y": "abc"})),
        [told(
            "one and only one schema (oneOf). Found 2 valid alternatives"
        )]
    );
    assert!(create(&any, &json!({"x": 1, "y": "abc"})).is_empty());
}

#[test]
fn what_did_not_change_is_let_pass() {
    let few = json!({"type": "integer", "maximum": 3});
    let item =
        json!({"type": "object", "properties": {"k": {"type": "string"}, "v": few, "w": few}});
    let set = set(&json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "a": few,
            "list": {"type": "array", "items": few},
            "map": {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]},
            "all": {"type": "object", "properties": {"x": {"type": "integer"}}, "allOf": [{"properties": {"x": few}}]},
        }},
        "status": {"type": "object", "properties": {"x": few, "y": few}},
    }}));
    let old = json!({"spec": {"a": 9, "list": [9], "map": [{"k": "a", "v": 9}, {"k": "b", "v": 9}], "all": {"x": 9}}, "status": {"x": 9}});
    let message = |path: &str, value: i64| {
        format!("{path}: Invalid value: {value}: {path} in body should be less than or equal to 3")
    };
    for (pointer, value, expected) in [
        ("/spec/a", json!(9), vec![]),
        ("/spec/a", json!(8), vec![message("spec.a", 8)]),
        (
            "/spec/list",
            json!([9, 1]),
            vec![message("spec.list[0]", 9)],
        ),
        (
            "/spec/map",
            json!([{"k": "b", "v": 9}, {"k": "a", "v": 9}]),
            vec![],
        ),
        ("/spec/map/0", json!({"k": "a", "v": 9, "w": 1}), vec![]),
        (
            "/spec/map/0",
            json!({"k": "c", "v": 9}),
            vec![message("spec.map[0].v", 9)],
        ),
        ("/status", json!({"x": 7}), vec![message("status.x", 7)]),
    ] {
        let mut new = old.clone();
        *new.pointer_mut(pointer).unwrap() = value;
        assert_eq!(update(&set, &new, &old, false), expected, "{pointer}");
    }
    let status = |x| json!({"spec": {"a": 8}, "status": {"x": x, "y": 1}});
    assert!(update(&set, &status(9), &old, true).is_empty());
    let expected = "status.x: Invalid value: 8: x in body should be less than or equal to 3";
    assert_eq!(update(&set, &status(8), &old, true), [expected]);
}
