//! Properties of decoding by generated schemas: it is idempotent, and says the same as a naive model.

mod definitions;

use definitions::with_spec;
use kfast_schema::structural::{compile, reread, validate};
use kfast_schema::{MediaType, SchemaSet, Validation, decode, load};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

const KEY: &str = "g/v1/K";

fn set(spec: &Json) -> SchemaSet {
    with_spec(KEY, spec)
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

fn leaf() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!({"type": "string"})),
        Just(json!({"type": "string", "nullable": true, "default": "d"})),
        Just(json!({"type": "integer", "default": 1, "maximum": 2})),
        Just(json!({"x-kubernetes-preserve-unknown-fields": true})),
        Just(json!({"type": "object", "additionalProperties": true})),
    ]
}

fn schema() -> impl Strategy<Value = Json> {
    leaf().prop_recursive(3, 20, 3, |inner| {
        prop_oneof![
            (
                prop::collection::btree_map(name(), inner.clone(), 0..3),
                any::<bool>()
            )
                .prop_map(|(properties, open)| {
                    let mut schema = json!({"type": "object", "properties": properties});
                    if open {
                        schema["x-kubernetes-preserve-unknown-fields"] = json!(true);
                    }
                    schema
                }),
            inner
                .clone()
                .prop_map(|of| json!({"type": "object", "additionalProperties": of})),
            inner.prop_map(|of| json!({"type": "array", "items": of})),
        ]
    })
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (0..4i64).prop_map(Json::from),
        name().prop_map(Json::from)
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::btree_map(name(), inner, 0..3)
                .prop_map(|m| m.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// Pruning, as upstream's two functions do it: `keep` while inside what preserves unknown fields.
fn pruned(value: &Json, schema: Option<&Json>, keep: bool) -> Json {
    let keep = keep || schema.is_some_and(|s| s["x-kubernetes-preserve-unknown-fields"] == true);
    match value {
        Json::Object(entries) => {
            let kept = entries.iter().filter_map(|(name, value)| {
                let property = schema.and_then(|s| s.get("properties")?.get(name));
                let additional = schema.and_then(|s| s.get("additionalProperties"));
                let value = match (property, additional) {
                    (Some(of), _) => pruned(value, Some(of), false),
                    (None, Some(of)) => pruned(value, Some(of).filter(|of| of.is_object()), false),
                    (None, None) if keep => value.clone(),
                    (None, None) => return None,
                };
                Some((name.clone(), value))
            });
            kept.collect::<Map<_, _>>().into()
        }
        Json::Array(items) => {
            let of = schema.and_then(|s| s.get("items"));
            let item = |i: &Json| {
                if keep && of.is_none() {
                    i.clone()
                } else {
                    pruned(i, of, keep)
                }
            };
            items.iter().map(item).collect()
        }
        other => other.clone(),
    }
}

fn child<'s>(schema: Option<&'s Json>, name: &str) -> Option<&'s Json> {
    let schema = schema?;
    let property = schema.get("properties").and_then(|p| p.get(name));
    property.or_else(|| schema.get("additionalProperties").filter(|a| a.is_object()))
}

fn without_nulls(value: Json, schema: Option<&Json>) -> Json {
    match value {
        Json::Object(entries) => {
            let kept = entries.into_iter().filter(|(name, value)| {
                let of = child(schema, name);
                !(value.is_null()
                    && of.is_some_and(|of| of["nullable"] != true && of["default"].is_null()))
            });
            let kept: Vec<_> = kept.collect();
            kept.into_iter()
                .map(|(name, value)| {
                    let of = child(schema, &name);
                    (name, without_nulls(value, of))
                })
                .collect::<Map<_, _>>()
                .into()
        }
        Json::Array(items) => items
            .into_iter()
            .map(|i| without_nulls(i, schema.and_then(|s| s.get("items"))))
            .collect(),
        other => other,
    }
}

fn defaulted(value: Json, schema: Option<&Json>) -> Json {
    let Some(schema) = schema else { return value };
    let filled = |value: Json, of: &Json| {
        if value.is_null() && of["nullable"] != true && !of["default"].is_null() {
            of["default"].clone()
        } else {
            value
        }
    };
    match value {
        Json::Object(mut entries) => {
            for (name, of) in schema["properties"].as_object().into_iter().flatten() {
                if !of["default"].is_null() && !entries.contains_key(name) {
                    entries.insert(name.clone(), of["default"].clone());
                }
            }
            let done = entries
                .into_iter()
                .map(|(name, value)| match child(Some(schema), &name) {
                    Some(of) => {
                        let value = filled(value, of);
                        (name, defaulted(value, Some(of)))
                    }
                    None => (name, value),
                });
            done.collect::<Map<_, _>>().into()
        }
        Json::Array(items) => items
            .into_iter()
            .map(|i| match schema.get("items") {
                Some(of) => defaulted(filled(i, of), Some(of)),
                None => i,
            })
            .collect(),
        other => other,
    }
}

proptest! {
    #[test]
    fn decoding_prunes_and_defaults_as_the_model_does(schema in schema(), value in value()) {
        let whole = json!({"type": "object", "properties": {"spec": schema}});
        let set = set(&schema);
        let body = json!({"kind": "K", "metadata": {}, "spec": value}).to_string();
        let (read, violations) = decode(&set, KEY, body.as_bytes(), MediaType::Json, Validation::Strict, |(v, _)| {
            (v.canonical(&set), validate(&set, &v))
        }).or_else(|_| decode(&set, KEY, body.as_bytes(), MediaType::Json, Validation::Ignore, |(v, _)| {
            (v.canonical(&set), validate(&set, &v))
        })).unwrap();
        let found: Json = serde_json::from_slice(&read).unwrap();
        let object = json!({"spec": value});
        let expected = defaulted(without_nulls(pruned(&object, Some(&whole), false), Some(&whole)), Some(&whole));
        prop_assert_eq!(found.get("spec"), expected.get("spec"));
        // What was read reads the same, and is judged the same.
        prop_assert_eq!(reread(&set, KEY, &read, true).unwrap(), None);
        let again = decode(&set, KEY, &read, MediaType::Json, Validation::Strict, |(v, _)| validate(&set, &v)).unwrap();
        prop_assert_eq!(again, violations);
    }

    #[test]
    fn any_schema_is_answered(text in "[\\[\\]{}:,\"a-z0-9 $-]{0,80}") {
        let base = load(br#"{"types":[]}"#).unwrap();
        let _ = kfast_schema::structural::definition::check(&base, text.as_bytes(), "s", true, None);
        let _ = compile(&base, KEY, text.as_bytes(), false);
    }
}
