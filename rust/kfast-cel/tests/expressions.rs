//! Expressions with what upstream says of them: errors with their places, types, estimates, results and costs.

mod support;

use serde_json::Value;

/// Runs every case of a table; a case states what it expects under `expect`.
fn check(table: &str) {
    let mut wrong = Vec::new();
    let mut schema = Value::Null;
    let mut data = Value::Null;
    for line in table.lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        // The first line states what the others share.
        if case["expr"].is_null() {
            (schema, data) = (case["schema"].take(), case["data"].take());
            continue;
        }
        if !schema.is_null() {
            case["schema"] = schema.clone();
            case["data"] = data.clone();
        }
        let found = support::run(&case);
        for (key, expected) in case["expect"].as_object().unwrap() {
            let found = found.get(key).unwrap_or(&Value::Null);
            if found != expected {
                wrong.push(format!(
                    "{}: {key}: expected {expected}, found {found}",
                    case["expr"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn libraries() {
    check(include_str!("tables/libraries.jsonl"));
}

#[test]
fn rules_of_custom_resources() {
    check(include_str!("tables/custom_resources.jsonl"));
}

#[test]
fn odd_arguments_of_libraries() {
    check(include_str!("tables/odd_arguments.jsonl"));
}

#[test]
fn time_zones() {
    check(include_str!("tables/time_zones.jsonl"));
}

#[test]
fn errors_of_syntax_and_types() {
    check(include_str!("tables/errors.jsonl"));
}
