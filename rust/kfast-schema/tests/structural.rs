//! Objects of custom resources: decoded, pruned, defaulted.

use kfast_schema::structural::{compile, reread};
use kfast_schema::{DecodeError, MediaType, SchemaSet, Validation, decode, load};
use serde_json::{Value as Json, json};

const KEY: &str = "example.com/v1/Foo";

fn base() -> SchemaSet {
    load(
        br#"{"types":[
        {"name":"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta","fields":[
            {"name":"name","type":"string"},{"name":"labels","type":"map[]string"}]}]}"#,
    )
    .unwrap()
}

fn structure(spec: &Json) -> SchemaSet {
    let schema = json!({"type": "object", "properties": {"spec": spec}});
    compile(&base(), KEY, schema.to_string().as_bytes(), false).unwrap()
}

fn object(spec: &str) -> String {
    format!(
        r#"{{"apiVersion":"example.com/v1","kind":"Foo","metadata":{{"name":"x"}},"spec":{spec}}}"#
    )
}

fn read(
    set: &SchemaSet,
    body: &str,
    validation: Validation,
) -> Result<(Json, Vec<String>), DecodeError> {
    decode(
        set,
        KEY,
        body.as_bytes(),
        MediaType::Json,
        validation,
        |(value, found)| (value.to_json(set), found),
    )
}

/// The spec as it is decoded, and what strict validation says.
fn spec(set: &SchemaSet, spec: &str) -> (Json, Vec<String>) {
    let (value, found) = read(set, &object(spec), Validation::Warn).unwrap();
    (value["spec"].clone(), found)
}

fn refusal(set: &SchemaSet, body: &str) -> String {
    read(set, body, Validation::Strict).unwrap_err().to_string()
}

fn strings(properties: Json) -> Json {
    json!({"type": "object", "properties": properties})
}

#[test]
fn unknown_fields_are_pruned_and_named() {
    let set = structure(&json!({"type": "object", "properties": {
        "a": {"type": "integer"},
        "map": {"type": "object", "additionalProperties": strings(json!({"q": {"type": "string"}}))},
        "any": {"type": "object", "additionalProperties": true},
        "list": {"type": "array", "items": strings(json!({"q": {"type": "string"}}))},
        "free": {"x-kubernetes-preserve-unknown-fields": true,
                 "properties": {"closed": strings(json!({"q": {"type": "string"}}))}},
    }}));
    for (body, kept, unknown) in [
        (r#"{"b":1,"a":1.0}"#, r#"{"a":1}"#, vec!["spec.b"]),
        (
            r#"{"map":{"k":{"q":"","z":1}}}"#,
            r#"{"map":{"k":{"q":""}}}"#,
            vec!["spec.map.k.z"],
        ),
        (
            r#"{"any":{"k":{"z":1},"l":2}}"#,
            r#"{"any":{"k":{},"l":2}}"#,
            vec!["spec.any.k.z"],
        ),
        (
            r#"{"list":[{"z":1},3]}"#,
            r#"{"list":[{},3]}"#,
            vec!["spec.list[0].z"],
        ),
        (
            r#"{"free":{"x":{"y":null},"closed":{"z":1}}}"#,
            r#"{"free":{"closed":{},"x":{"y":null}}}"#,
            vec!["spec.free.closed.z"],
        ),
    ] {
        let (value, found) = spec(&set, body);
        assert_eq!(value.to_string(), kept, "{body}");
        let unknown: Vec<_> = unknown
            .iter()
            .map(|p| format!("unknown field \"{p}\""))
            .collect();
        assert_eq!(found, unknown, "{body}");
    }
}

#[test]
fn duplicates_come_before_unknown_fields() {
    let set = structure(&strings(json!({"a": {"type": "integer"}})));
    let body = r#"{"kind":"Foo","metadata":{"name":"x","name":"y","zoo":1},"spec":{"z":{"c":1,"c":2},"a":1,"a":2}}"#;
    assert_eq!(
        refusal(&set, body),
        "Foo in version \"v1\" cannot be handled as a Foo: strict decoding error: duplicate field \"metadata.name\", \
         duplicate field \"spec.z.c\", duplicate field \"spec.a\", unknown field \"metadata.zoo\", unknown field \"spec.z\""
    );
    let (value, _) = read(&set, body, Validation::Ignore).unwrap();
    assert_eq!(value["spec"], json!({"a": 2}));
}

#[test]
fn nulls_give_way_to_defaults_or_go() {
    let set = structure(&strings(json!({
        "nullable": {"type": "string", "nullable": true, "default": "n"},
        "plain": {"type": "string"},
        "defaulted": {"type": "string", "default": "d"},
        "list": {"type": "array", "items": {"type": "string", "default": "i"}},
        "map": {"type": "object", "additionalProperties": {"type": "string", "default": "m"}},
        "nested": {"type": "object", "default": {}, "properties": {"x": {"type": "integer", "default": 1}}},
    })));
    let filled = json!({"defaulted": "d", "nested": {"x": 1}, "nullable": "n"});
    assert_eq!(spec(&set, "{}").0, filled);
    let (value, found) = spec(
        &set,
        r#"{"nullable":null,"plain":null,"defaulted":null,"list":[null],"map":{"a":null},"nested":null}"#,
    );
    assert_eq!(
        value,
        json!({"defaulted": "d", "list": ["i"], "map": {"a": "m"}, "nested": {"x": 1}, "nullable": null})
    );
    assert!(found.is_empty());
    assert_eq!(spec(&set, "7").0, json!(7));
}

#[test]
fn embedded_resources_have_metadata_of_their_own() {
    let set = structure(&strings(json!({"in": {
        "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}})));
    let (value, found) = spec(
        &set,
        r#"{"in":{"metadata":{"name":"n","zoo":1,"labels":{}},"spec":{"x":1}}}"#,
    );
    assert_eq!(
        value,
        json!({"in": {"metadata": {"name": "n"}, "spec": {"x": 1}}})
    );
    assert_eq!(found, ["unknown field \"spec.in.metadata.zoo\""]);
    for (body, message) in [
        (
            r#"{"in":{"kind":1}}"#,
            "spec.in.kind: Invalid value: 1: must be a string",
        ),
        (
            r#"{"in":{"metadata":{"name":1}}}"#,
            "spec.in.metadata: Invalid value: {\"name\":1}: json: cannot unmarshal number into Go struct field ObjectMeta.name of type string",
        ),
    ] {
        let expected = format!("Foo in version \"v1\" cannot be handled as a Foo: {message}");
        assert_eq!(refusal(&set, &object(body)), expected);
    }
}

#[test]
fn what_is_no_resource_is_refused() {
    let set = structure(&strings(json!({})));
    for (body, message) in [
        (
            "{\"spec\":{}}",
            "Object 'Kind' is missing in '{\"spec\":{}}'",
        ),
        (
            "{",
            "couldn't get version/kind; json parse error: unexpected end of JSON input",
        ),
        (
            "{\"kind\":1}",
            "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string",
        ),
    ] {
        let error = refusal(&set, body);
        assert!(error.contains(message), "{error}");
    }
    assert_eq!(
        refusal(&set, r#"{"kind":"Foo","metadata":{"name":1}}"#),
        "Foo in version \"v1\" cannot be handled as a Foo: json: cannot unmarshal number into Go struct field ObjectMeta.name of type string"
    );
}

#[test]
fn stored_objects_are_read_by_the_schema_of_today() {
    let set = structure(&strings(
        json!({"a": {"type": "integer"}, "d": {"type": "integer", "default": 1}}),
    ));
    let reread = |spec: &str| {
        let read = reread(&set, KEY, object(spec).as_bytes(), true).unwrap();
        read.map(|json| String::from_utf8(json).unwrap())
    };
    assert_eq!(reread(r#"{"d":2,"a":1}"#), None);
    assert_eq!(reread(r#"{"a":1}"#), Some(object(r#"{"a":1,"d":1}"#)));
    assert_eq!(reread(r#"{"d":2,"z":1}"#), Some(object(r#"{"d":2}"#)));
    let pruned =
        kfast_schema::structural::reread(&set, KEY, object(r#"{"z":1}"#).as_bytes(), false);
    let pruned = pruned.unwrap().unwrap();
    assert_eq!(String::from_utf8(pruned).unwrap(), object("{}"));
}

#[test]
fn nothing_is_pruned_where_the_definition_says_so() {
    let set = compile(&base(), KEY, br#"{"type":"object"}"#, true).unwrap();
    let (value, found) = read(&set, &object(r#"{"a":{"b":null}}"#), Validation::Strict).unwrap();
    assert_eq!(value["spec"], json!({"a": {"b": null}}));
    assert!(found.is_empty());
}
