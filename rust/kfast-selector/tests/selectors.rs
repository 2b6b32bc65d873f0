//! Grammar, messages and matching of selectors; a model evaluates requirements the naive way.

use kfast_selector::{FieldSelector, LabelSelector, Operator, Requirement};
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn labels(pairs: &[(&str, &str)]) -> Vec<(Box<str>, Box<str>)> {
    let map: BTreeMap<_, _> = pairs.iter().copied().collect();
    map.into_iter().map(|(k, v)| (k.into(), v.into())).collect()
}

fn error(text: &str) -> String {
    LabelSelector::parse(text).unwrap_err().to_string()
}

#[test]
fn written_form_is_canonical() {
    for (text, canonical) in [
        ("", ""),
        (" x ", "x"),
        ("x=a,b==c, a != d", "a!=d,b==c,x=a"),
        ("x in (b,a,a)", "x in (a,b)"),
        ("x in ()", "x in ()"),
        ("x in (,b)", "x in (,b)"),
        ("x notin (a,)", "x notin (,a)"),
        ("x=", "x="),
        ("x=,y", "x=,y"),
        ("!x,y>7,z<-1", "error"),
        ("!x,y>7", "!x,y>7"),
        ("in in (in,notin)", "in in (in,notin)"),
        ("x = in", "x=in"),
    ] {
        match LabelSelector::parse(text) {
            Ok(selector) => assert_eq!(selector.to_string(), canonical, "{text}"),
            Err(_) => assert_eq!(canonical, "error", "{text}"),
        }
    }
}

#[test]
fn messages_are_upstreams() {
    for (text, message) in [
        ("x,", "found '', expected: identifier after ','"),
        ("x=a)", "found ')', expected: ',' or 'end of string'"),
        (
            "(x)",
            "found '(', expected: !, identifier, or 'end of string'",
        ),
        (
            "!",
            "unable to parse requirement: found '', expected: identifier",
        ),
        (
            "x y",
            "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt",
        ),
        (
            "x in a",
            "unable to parse requirement: found 'a' expected: '('",
        ),
        (
            "x in (a b)",
            "unable to parse requirement: found 'b', expected: ',' or ')'",
        ),
        (
            "x in (=)",
            "unable to parse requirement: found '=', expected: ',', ')' or identifier",
        ),
        (
            "x in (a,",
            "unable to parse requirement: found '', expected: ',', or identifier",
        ),
        (
            "x==!",
            "unable to parse requirement: found '!', expected: identifier",
        ),
        (
            "/a",
            "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be non-empty",
        ),
        (
            "x>a",
            "unable to parse requirement: values[0]: Invalid value: \"a\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ] {
        assert_eq!(error(text), message, "{text}");
    }
}

#[test]
fn a_value_is_checked_with_its_place() {
    let message = error("x=a||y=b");
    let start =
        "unable to parse requirement: values[0][x]: Invalid value: \"a||y\": a valid label must be";
    assert!(message.starts_with(start), "{message}");
}

#[test]
fn objects_absent_select_nothing_and_empty_everything() {
    let from = |value: serde_json::Value| LabelSelector::from_value(Some(&value));
    assert!(LabelSelector::from_value(None).unwrap().is_nothing());
    assert!(!LabelSelector::from_value(None).unwrap().matches(&[]));
    assert!(from(json!({})).unwrap().is_empty());
    let selector = from(json!({"matchLabels": {"a": "1"}, "matchExpressions": [
        {"key": "b", "operator": "In", "values": ["x", "y"]}, {"key": "c", "operator": "DoesNotExist"}]}))
    .unwrap();
    assert_eq!(selector.to_string(), "a=1,b in (x,y),!c");
    assert!(selector.matches(&labels(&[("a", "1"), ("b", "y")])));
    assert!(!selector.matches(&labels(&[("a", "1"), ("b", "y"), ("c", "")])));
    for (bad, message) in [
        (
            json!({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}),
            "\"Gt\" is not a valid label selector operator",
        ),
        (
            json!({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["1"]}]}),
            "values: Invalid value: [\"1\"]: values set must be empty for exists and does not exist",
        ),
        (
            json!({"matchExpressions": [{"key": "a", "operator": "In"}]}),
            "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty",
        ),
    ] {
        assert_eq!(from(bad).unwrap_err().to_string(), message);
    }
    for bad in [
        json!([]),
        json!({"matchLabels": 1}),
        json!({"matchLabels": {"a": 1}}),
        json!({"matchExpressions": {}}),
    ] {
        assert!(from(bad).is_err());
    }
}

#[test]
fn fields_have_escapes() {
    let selector = FieldSelector::parse(r"b!=x\,y\=z\\,a==1,,c=").unwrap();
    assert_eq!(selector.to_string(), r"a=1,b!=x\,y\=z\\,c=");
    assert_eq!(selector.requirements()[1].value.as_ref(), r"x,y=z\");
    assert!(selector.matches(|f| if f == "a" { "1" } else { "" }));
    assert!(!selector.matches(|f| if f == "a" { "1" } else { "x,y=z\\" }));
    assert!(FieldSelector::parse("").unwrap().is_empty());
    for (text, message) in [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        (
            r"a=\x",
            r"invalid field selector: invalid escape sequence: \x",
        ),
        (
            "a=\\",
            "invalid field selector: invalid escape sequence: \\",
        ),
        (
            "a=b=c",
            "invalid field selector: unescaped character in value: 61",
        ),
    ] {
        assert_eq!(FieldSelector::parse(text).unwrap_err().to_string(), message);
    }
}

fn model(r: &Requirement, labels: &BTreeMap<String, String>) -> bool {
    let (present, listed) = match labels.get(r.key()) {
        None => (false, false),
        Some(value) => (true, r.values().iter().any(|v| **v == **value)),
    };
    match r.operator() {
        Operator::In | Operator::Equals | Operator::DoubleEquals => present && listed,
        Operator::NotIn | Operator::NotEquals => !present || !listed,
        Operator::Exists => present,
        Operator::DoesNotExist => !present,
        operator => {
            let number = labels.get(r.key()).and_then(|v| v.parse::<i64>().ok());
            let bound: i64 = r.values()[0].parse().unwrap();
            number.is_some_and(|n| {
                if operator == Operator::GreaterThan {
                    n > bound
                } else {
                    n < bound
                }
            })
        }
    }
}

fn requirement() -> impl Strategy<Value = String> {
    let (key, value) = ("[a-d]", "[0-3]?");
    prop_oneof![
        key.prop_map(String::from),
        key.prop_map(|k| format!("!{k}")),
        (key, prop_oneof![Just("="), Just("=="), Just("!=")], value)
            .prop_map(|(k, o, v)| format!("{k}{o}{v}")),
        (key, prop_oneof![Just(">"), Just("<")], "[0-3]")
            .prop_map(|(k, o, v)| format!("{k} {o} {v}")),
        (
            key,
            prop_oneof![Just("in"), Just("notin")],
            prop::collection::vec(value, 0..4)
        )
            .prop_map(|(k, o, v)| format!("{k} {o} ({})", v.join(","))),
    ]
}

proptest! {
    #[test]
    fn matching_agrees_with_the_model(
        terms in prop::collection::vec(requirement(), 0..5),
        map in prop::collection::btree_map("[a-d]", "[0-3]?", 0..4),
    ) {
        let selector = LabelSelector::parse(&terms.join(",")).unwrap();
        let sorted: Vec<_> = map.iter().map(|(k, v)| (k.as_str().into(), v.as_str().into())).collect();
        let expected = selector.requirements().iter().all(|r| model(r, &map));
        prop_assert_eq!(selector.matches(&sorted), expected);
        prop_assert_eq!(selector.matches_with(|k| map.get(k).map(String::as_str)), expected);
        let again = LabelSelector::parse(&selector.to_string()).unwrap();
        prop_assert_eq!(again.to_string(), selector.to_string());
        prop_assert_eq!(again.matches(&sorted), expected);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), glue in "[a-c=!(),<> \\\\]{0,20}") {
        for text in [text, glue] {
            if let Ok(selector) = LabelSelector::parse(&text) {
                prop_assert!(LabelSelector::parse(&selector.to_string()).is_ok());
            }
            if let Ok(selector) = FieldSelector::parse(&text) {
                // The order may change once: terms are sorted as they are written, and `==` is written `=`.
                let again = FieldSelector::parse(&selector.to_string()).unwrap();
                let terms = |s: &FieldSelector| {
                    let terms = s.requirements().iter();
                    terms.map(|r| (r.field.clone(), r.operator.as_str(), r.value.clone())).collect::<BTreeSet<_>>()
                };
                prop_assert_eq!(terms(&again), terms(&selector));
                prop_assert_eq!(FieldSelector::parse(&again.to_string()).unwrap(), again);
            }
        }
    }
}
