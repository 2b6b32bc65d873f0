//! Rules in the schemas of custom resources; the texts are those of a real API server.

#[path = "../../kfast-schema/tests/definitions/mod.rs"]
mod definitions;

use definitions::with_spec;
use kfast_cel::structural::{Rules, check};
use kfast_schema::validate::Violation;
use kfast_schema::{MediaType, SchemaSet, Validation, decode};
use serde_json::{Value as Json, json};

const KEY: &str = "example.com/v1/Foo";

fn of_spec(spec: &Json) -> SchemaSet {
    with_spec(KEY, spec)
}

fn told(found: Vec<Violation>) -> Vec<String> {
    found
        .into_iter()
        .map(|v| format!("{}: {}", v.path, v.message))
        .collect()
}

/// What the rules say of a spec that takes the place of another.
fn judge(set: &SchemaSet, new: &Json, old: Option<&Json>) -> Vec<String> {
    let body =
        |spec: &Json| json!({"kind": "Foo", "metadata": {"name": "x"}, "spec": spec}).to_string();
    let rules = Rules::new(&set.structure().unwrap().schema).unwrap();
    let (new, old) = (body(new), old.map(body));
    let read = |text: &str| {
        decode(
            set,
            KEY,
            text.as_bytes(),
            MediaType::Json,
            Validation::Ignore,
            |(value, _)| value.into_owned(),
        )
        .unwrap()
    };
    let (new, old) = (read(&new), old.map(|o| read(&o)));
    let mut found = Vec::new();
    rules.validate(set, &new, old.as_ref(), &mut found);
    told(found)
}

#[test]
fn rules_of_a_definition_must_compile_and_be_cheap() {
    let text = json!({"type": "string"});
    let budget = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    for (spec, expected) in [
        (json!({"type": "string", "x-kubernetes-validations": [{"rule": "self == 'a'"}]}), vec![]),
        (json!({"type": "string", "x-kubernetes-validations": [{"rule": "self"}]}), vec![r#"s.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool"#.to_owned()]),
        (json!({"type": "string", "x-kubernetes-validations": [{"rule": "true", "optionalOldSelf": true}]}), vec!["s.properties[spec].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule".into()]),
        (json!({"type": "array", "items": text, "x-kubernetes-validations": [{"rule": "self.all(x, self.all(y, x == y))"}]}), vec![
            format!("s.properties[spec].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x {budget}"),
            "s.properties[spec].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema".into(),
            format!("s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x {budget}"),
        ]),
        (json!({"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 5, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}}), vec!["s.properties[spec].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[spec]".into()]),
    ] {
        assert_eq!(told(check(&of_spec(&spec), "s")), expected, "{spec}");
    }
}

#[test]
fn rules_judge_objects_in_upstreams_words() {
    for (spec, value, expected) in [
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self < 5"}]}),
            json!(7),
            vec!["spec: Invalid value: 7: failed rule: self < 5"],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "self < 5", "message": "small!", "reason": "FieldValueForbidden"}]}),
            json!(7),
            vec!["spec: Forbidden: small!"],
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "integer"}}, "x-kubernetes-validations": [{"rule": "self.a < 5", "messageExpression": "'a is ' + 'large'", "fieldPath": ".a"}]}),
            json!({"a": 7}),
            vec!["spec.a: Invalid value: a is large"],
        ),
        (
            json!({"type": "integer", "x-kubernetes-validations": [{"rule": "1 / self > 0"}]}),
            json!(0),
            vec![
                r#"spec: Invalid value: "integer": division by zero evaluating rule: 1 / self > 0"#,
            ],
        ),
        (
            json!({"type": "object", "properties": {"if": {"type": "integer"}}, "x-kubernetes-validations": [{"rule": "self.__if__ > 1"}]}),
            json!({"if": 2}),
            vec![],
        ),
        (
            json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set", "x-kubernetes-validations": [{"rule": "self == ['b', 'a']"}]}),
            json!(["a", "b"]),
            vec![],
        ),
        (
            json!({"x-kubernetes-int-or-string": true, "x-kubernetes-validations": [{"rule": "type(self) == int ? self < 5 : self == 'five'"}]}),
            json!("six"),
            vec![
                r#"spec: Invalid value: "six": failed rule: type(self) == int ? self < 5 : self == 'five'"#,
            ],
        ),
        (
            json!({"type": "string", "nullable": true, "x-kubernetes-validations": [{"rule": "false"}]}),
            Json::Null,
            vec![],
        ),
        (
            json!({"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}),
            json!("a"),
            vec![],
        ),
    ] {
        assert_eq!(judge(&of_spec(&spec), &value, None), expected, "{spec}");
    }
}

#[test]
fn transitions_are_judged_and_old_faults_let_pass() {
    let fixed = of_spec(
        &json!({"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "fixed"}]}),
    );
    assert_eq!(
        judge(&fixed, &json!("b"), Some(&json!("a"))),
        ["spec: Invalid value: \"b\": fixed"]
    );
    let optional = of_spec(
        &json!({"type": "string", "x-kubernetes-validations": [{"rule": "oldSelf.hasValue() || self == 'new'", "optionalOldSelf": true}]}),
    );
    assert_eq!(judge(&optional, &json!("b"), None).len(), 1);
    assert!(judge(&optional, &json!("b"), Some(&json!("a"))).is_empty());
    let item = json!({"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}, "x-kubernetes-validations": [{"rule": "self.v < 5"}]});
    let list = of_spec(
        &json!({"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}),
    );
    let old = json!([{"k": "a", "v": 9}]);
    assert!(
        judge(
            &list,
            &json!([{"k": "b", "v": 1}, {"k": "a", "v": 9}]),
            Some(&old)
        )
        .is_empty()
    );
    assert_eq!(
        judge(&list, &json!([{"k": "a", "v": 8}]), Some(&old)),
        ["spec[0]: Invalid value: failed rule: self.v < 5"]
    );
}

#[test]
fn the_budget_ends_the_evaluation() {
    let rule = json!([{"rule": "self.all(x, self.all(y, x + y > 0))"}]);
    let set = of_spec(
        &json!({"type": "array", "items": {"type": "integer"}, "x-kubernetes-validations": rule}),
    );
    let found = judge(&set, &json!(vec![1; 2000]), None);
    assert_eq!(
        found,
        [
            "spec: Invalid value: \"array\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.all(x, self.all(y, x + y > 0))"
        ]
    );
}
