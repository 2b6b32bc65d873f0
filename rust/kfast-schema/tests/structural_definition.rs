//! Schemas of definitions, with the texts of a real API server.

use kfast_schema::structural::definition::check;
use kfast_schema::{SchemaSet, load};
use serde_json::{Value as Json, json};

fn base() -> SchemaSet {
    load(br#"{"types":[{"name":"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta","fields":[{"name":"name","type":"string"}]}]}"#).unwrap()
}

fn found(schema: &Json, before: Option<&Json>) -> Vec<String> {
    let before = before.map(|b| b.to_string().into_bytes());
    let found = check(
        &base(),
        schema.to_string().as_bytes(),
        "s",
        false,
        before.as_deref(),
    )
    .unwrap();
    found
        .into_iter()
        .map(|v| format!("{}: {}", v.path, v.message))
        .collect()
}

fn spec(schema: Json) -> Json {
    json!({"type": "object", "properties": {"spec": schema}})
}

#[test]
fn schemas_are_refused_in_upstreams_words() {
    let text = json!({"type": "string"});
    for (schema, expected) in [
        (
            json!({}),
            "s.type: Required value: must not be empty at the root",
        ),
        (
            json!({"type": "object", "nullable": true}),
            "s.nullable: Forbidden: nullable cannot be true at the root",
        ),
        (
            json!({"type": "object", "additionalProperties": text}),
            "s.additionalProperties: Forbidden: must not be used at the root",
        ),
        (
            spec(json!({})),
            "s.properties[spec].type: Required value: must not be empty for specified object fields",
        ),
        (
            spec(json!({"type": "foo"})),
            r#"s.properties[spec].type: Unsupported value: "foo": supported values: "array", "boolean", "integer", "number", "object", "string""#,
        ),
        (
            spec(json!({"type": "array"})),
            "s.properties[spec].items: Required value: must be specified",
        ),
        (
            spec(json!({"type": "array", "items": text, "uniqueItems": true})),
            "s.properties[spec].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ),
        (
            spec(json!({"type": "object", "x-kubernetes-embedded-resource": true})),
            "s.properties[spec].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        ),
        (
            json!({"type": "object", "properties": {"metadata": {"type": "object", "description": "x"}}}),
            "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
        ),
        (
            spec(json!({"type": "string", "pattern": "("})),
            r#"s.properties[spec].pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): `(`"#,
        ),
        (
            spec(json!({"type": "string", "allOf": [{"type": "string"}]})),
            "s.properties[spec].allOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            spec(
                json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}),
            ),
            "",
        ),
        (
            json!({"type": "object", "allOf": [{"properties": {"x": {"minimum": 1}}}]}),
            "s.properties[x]: Required value: because it is defined in s.allOf[0].properties[x]",
        ),
        (
            spec(
                json!({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"}),
            ),
            "s.properties[spec].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
        ),
        (
            spec(
                json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"], "items": {"type": "object", "properties": {"a": text}}}),
            ),
            "s.properties[spec].items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
        (
            spec(json!({"type": "string", "default": 1})),
            r#"s.properties[spec].default: Invalid value: "integer": s.properties[spec].default in body must be of type string: "integer""#,
        ),
        (
            spec(json!({"type": "object", "properties": {"a": text}, "default": {"b": 1}})),
            r#"s.properties[spec].default: Invalid value: {"b":1}: must not have unknown fields"#,
        ),
        (
            spec(json!({"type": "string", "$ref": "#/x"})),
            "s.properties[spec].$ref: Forbidden: $ref is not supported",
        ),
        (
            spec(json!({"type": "string", "$schema": "x"})),
            "s: Invalid value: \"\": OpenAPIV3Schema 'schema' is not supported",
        ),
        (
            spec(json!({"type": "string", "x-kubernetes-validations": [{"rule": " "}]})),
            "s.properties[spec].x-kubernetes-validations[0].rule: Required value: rule is not specified",
        ),
        (
            spec(
                json!({"type": "string", "x-kubernetes-validations": [{"rule": "true", "fieldPath": ".a"}]}),
            ),
            "s.properties[spec].x-kubernetes-validations[0].fieldPath: Invalid value: \".a\": must be a valid path",
        ),
    ] {
        let found = found(&schema, None);
        // Messages of defaults tell no place of their own.
        let found = found.join("|").replace(
            "default: Invalid value: \"integer\":  in body",
            "default: Invalid value: \"integer\": s.properties[spec].default in body",
        );
        assert_eq!(found, expected, "{schema}");
    }
}

#[test]
fn what_was_wrong_before_may_stay_so() {
    let loose = spec(
        json!({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"}),
    );
    let other = spec(
        json!({"type": "array", "items": {"type": "object", "nullable": true}, "x-kubernetes-list-type": "set"}),
    );
    assert_eq!(found(&loose, None).len(), 1);
    assert!(found(&loose, Some(&loose)).is_empty());
    assert_eq!(
        found(&other, Some(&loose)),
        [
            "s.properties[spec].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set"
        ]
    );
}

#[test]
fn large_and_deep_schemas_are_answered() {
    let mut deep = json!({"type": "string"});
    for _ in 0..100 {
        deep = json!({"type": "object", "properties": {"a": deep}});
    }
    assert!(found(&deep, None).is_empty());
    let text = format!("{}1{}", "{\"not\":".repeat(10_000), "}".repeat(10_000));
    assert!(check(&base(), text.as_bytes(), "s", false, None).is_err());
    let many: serde_json::Map<String, Json> = (0..70_000)
        .map(|i| (format!("p{i}"), json!({"type": "string"})))
        .collect();
    assert!(found(&json!({"type": "object", "properties": many}), None).is_empty());
}
