//! Structural validation on a small schema with the names upstream's rules are tied to.

use kfast_schema::validate::validate;
use kfast_schema::{SchemaSet, load};
use serde_json::{Value, json};

fn schema() -> SchemaSet {
    let types = json!([
        {"name": "t.Pod", "kinds": ["v1/Pod"], "fields": [
            {"name": "metadata", "type": "t.ObjectMeta", "required": true}, {"name": "spec", "type": "t.PodSpec", "required": true},
            {"name": "status", "type": "t.Status", "required": true}]},
        {"name": "t.PodSpec", "fields": [
            {"name": "containers", "type": "[]t.Container", "required": true}, {"name": "selector", "type": "t.Empty", "required": true, "pointer": true},
            {"name": "weights", "type": "map[]t.Container"}]},
        {"name": "t.Container", "fields": [
            {"name": "name", "type": "string", "required": true}, {"name": "port", "type": "int32", "required": true},
            {"name": "header", "type": "t.HTTPHeader"}]},
        {"name": "t.HTTPHeader", "fields": [
            {"name": "name", "type": "string", "required": true}, {"name": "value", "type": "string", "required": true}]},
        {"name": "t.ObjectMeta", "fields": [{"name": "uid", "type": "string", "required": true}]},
        {"name": "t.Status", "fields": [{"name": "phase", "type": "string", "required": true}]},
        {"name": "t.Empty"}
    ]);
    load(json!({ "types": types }).to_string().as_bytes()).unwrap()
}

fn found(object: &Value) -> Vec<String> {
    let violations = validate(&schema(), "v1/Pod", object).into_iter();
    violations
        .map(|v| format!("{}: {} ({})", v.path, v.message, v.reason))
        .collect()
}

#[test]
fn required_fields_are_named_with_their_paths() {
    let required = |path: &str| format!("{path}: Required value (FieldValueRequired)");
    assert_eq!(
        found(&json!({})),
        [required("spec.containers"), required("spec.selector")]
    );
    let pod = json!({"spec": {"selector": {}, "containers": [{"name": "a", "header": {"value": ""}}, {"name": ""}],
        "weights": {"x": {}}}, "status": {}});
    assert_eq!(
        found(&pod),
        [
            required("spec.containers[0].header.name"),
            required("spec.containers[1].name"),
            required("spec.weights[x].name")
        ]
    );
}

#[test]
fn keys_of_lists_may_not_repeat() {
    let named = |names: &[&str]| names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>();
    let pod = |names: &[&str]| json!({"spec": {"selector": {}, "containers": named(names)}});
    assert_eq!(found(&pod(&["a", "b"])), [""; 0]);
    let message =
        |i| format!("spec.containers[{i}].name: Duplicate value: \"a\" (FieldValueDuplicate)");
    assert_eq!(found(&pod(&["a", "b", "a", "a"])), [message(2), message(3)]);
}

#[test]
fn what_is_no_object_is_left_to_the_decoder() {
    assert_eq!(found(&json!([])), [""; 0]);
    assert_eq!(validate(&schema(), "v1/None", &json!({})), []);
    assert_eq!(
        found(&json!({"spec": {"containers": "x", "selector": 1}})),
        [""; 0]
    );
}
