//! Patches: tables in the terms of the RFCs and of strategic merge patch, and properties against naive models.

use kfast_schema::patch::{PatchError, PatchKind, apply};
use kfast_schema::{SchemaSet, load};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A small schema with every way of merging.
fn schema() -> SchemaSet {
    let item = json!({"name": "t.Item", "fields": [
        {"name": "name", "type": "string"}, {"name": "size", "type": "int32"},
        {"name": "tags", "type": "[]string", "patch": "merge"}, {"name": "args", "type": "[]string"}]});
    let spec = json!({"name": "t.Spec", "fields": [
        {"name": "items", "type": "[]t.Item", "merge_key": "name", "patch": "merge,retainKeys"},
        {"name": "plain", "type": "[]t.Item"}, {"name": "set", "type": "[]string", "patch": "merge"},
        {"name": "labels", "type": "map[]string"}, {"name": "count", "type": "int32"},
        {"name": "choice", "type": "t.Item", "patch": "retainKeys"},
        {"name": "whole", "type": "t.Item", "patch": "replace"}]});
    let kind = json!({"name": "t.Thing", "kinds": ["v1/Thing"], "fields": [{"name": "spec", "type": "t.Spec"}]});
    load(json!({"types": [kind, spec, item]}).to_string().as_bytes()).unwrap()
}

fn run(kind: PatchKind, original: &Value, patch: &Value) -> Result<Value, PatchError> {
    let (original, patch) = (original.to_string(), patch.to_string());
    apply(
        &schema(),
        "v1/Thing",
        kind,
        original.as_bytes(),
        patch.as_bytes(),
    )
    .map(|p| p.value)
}

/// Patches `spec`.
fn strategic(original: Value, patch: Value) -> Result<Value, PatchError> {
    let patched = run(
        PatchKind::Strategic,
        &json!({"spec": original}),
        &json!({"spec": patch}),
    )?;
    Ok(patched["spec"].clone())
}

#[test]
fn strategic_patches_merge_as_the_schema_says() {
    let items = json!([{"name": "a", "size": 1}, {"name": "b", "size": 2}]);
    for (what, original, patch, merged) in [
        (
            "objects merge, null deletes",
            json!({"count": 1, "labels": {"a": "1", "b": "2"}}),
            json!({"labels": {"a": null, "c": "3"}}),
            json!({"count": 1, "labels": {"b": "2", "c": "3"}}),
        ),
        (
            "lists of objects merge by key",
            json!({"items": items}),
            json!({"items": [{"name": "b", "size": 3}]}),
            json!({"items": [{"name": "a", "size": 1}, {"name": "b", "size": 3}]}),
        ),
        (
            "what is new comes first without an order",
            json!({"items": items}),
            json!({"items": [{"name": "c"}]}),
            json!({"items": [{"name": "c"}, {"name": "a", "size": 1}, {"name": "b", "size": 2}]}),
        ),
        (
            "an item is deleted",
            json!({"items": items}),
            json!({"items": [{"name": "a", "$patch": "delete"}]}),
            json!({"items": [{"name": "b", "size": 2}]}),
        ),
        (
            "the list is replaced",
            json!({"items": items}),
            json!({"items": [{"$patch": "replace"}, {"name": "z"}]}),
            json!({"items": [{"name": "z"}]}),
        ),
        (
            "scalar sets merge",
            json!({"set": ["a", "b"]}),
            json!({"set": ["c", "b"]}),
            json!({"set": ["c", "a", "b"]}),
        ),
        (
            "scalars are deleted",
            json!({"set": ["a", "b"]}),
            json!({"$deleteFromPrimitiveList/set": ["b", "x"]}),
            json!({"set": ["a"]}),
        ),
        (
            "other lists are replaced",
            json!({"plain": items}),
            json!({"plain": [{"name": "b"}]}),
            json!({"plain": [{"name": "b"}]}),
        ),
        (
            "an object is replaced by directive",
            json!({"labels": {"a": "1"}}),
            json!({"labels": {"$patch": "replace", "b": "2"}}),
            json!({"labels": {"b": "2"}}),
        ),
        (
            "an object is emptied",
            json!({"labels": {"a": "1"}}),
            json!({"labels": {"$patch": "delete"}}),
            json!({"labels": {}}),
        ),
        (
            "an object is replaced by strategy",
            json!({"whole": {"name": "a", "size": 1}}),
            json!({"whole": {"name": "b"}}),
            json!({"whole": {"name": "b"}}),
        ),
        (
            "only named keys are retained",
            json!({"choice": {"name": "a", "size": 1}}),
            json!({"choice": {"$retainKeys": ["name"], "name": "b"}}),
            json!({"choice": {"name": "b"}}),
        ),
        (
            "a deletion of what is absent adds nothing",
            json!({}),
            json!({"items": [{"name": "a", "$patch": "delete"}]}),
            json!({"items": []}),
        ),
        (
            "nulls of new objects are dropped",
            json!({}),
            json!({"choice": {"name": "a", "size": null}}),
            json!({"choice": {"name": "a"}}),
        ),
        (
            "unknown fields merge",
            json!({"x": {"a": 1}}),
            json!({"x": {"b": 2}}),
            json!({"x": {"a": 1, "b": 2}}),
        ),
    ] {
        assert_eq!(strategic(original, patch), Ok(merged), "{what}");
    }
}

#[test]
fn element_orders_are_kept() {
    let named = |names: &[&str]| names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>();
    let cases: [[&[&str]; 4]; 5] = [
        [&["a", "b", "c"], &[], &["c", "b", "a"], &["c", "b", "a"]],
        [&["a", "b"], &["c"], &["c", "a", "b"], &["c", "a", "b"]],
        [
            &["a", "x", "b"],
            &["c"],
            &["b", "c", "a"],
            &["x", "b", "c", "a"],
        ],
        [&["x", "a"], &["b"], &["b", "a"], &["b", "x", "a"]],
        [&[], &["b", "a"], &["b", "a"], &["b", "a"]],
    ];
    for [server, patch, order, merged] in cases {
        let mut change = json!({"$setElementOrder/items": named(order)});
        if !patch.is_empty() {
            change["items"] = json!(named(patch));
        }
        let result = strategic(json!({"items": named(server)}), change).unwrap();
        assert_eq!(
            result["items"],
            json!(named(merged)),
            "{server:?} {patch:?} {order:?}"
        );
        let scalars = json!({"$setElementOrder/set": order, "set": patch});
        assert_eq!(
            strategic(json!({"set": server}), scalars).unwrap()["set"],
            json!(merged)
        );
    }
}

#[test]
fn strategic_patches_at_fault_are_named() {
    let bad = |text: &str| PatchError::BadRequest(text.to_owned());
    let internal = |text: &str| PatchError::Internal(text.to_owned());
    for (patch, error) in [
        (
            json!({"$deleteFromPrimitiveList": []}),
            bad("invalid patch format of primitive list"),
        ),
        (
            json!({"$setElementOrder": []}),
            bad("invalid patch format of setElementOrder list"),
        ),
        (
            json!({"$retainKeys": 1}),
            bad("invalid patch format of retainKeys"),
        ),
        (
            json!({"$retainKeys": ["set"], "count": 1}),
            bad("invalid patch format of retainKeys"),
        ),
        (
            json!({"$patch": "x"}),
            internal("unknown patch type: x in map: map[$patch:x]"),
        ),
        (
            json!({"items": [{"size": 1}]}),
            internal("map: map[size:1] does not contain declared merge key: name"),
        ),
        (
            json!({"items": ["a"]}),
            internal("list element types are not identical: [[map[name:a]] [a]]"),
        ),
        (
            json!({"items": [{"name": "a", "$patch": "merge"}]}),
            internal("merging lists cannot yet be specified in the patch"),
        ),
        (
            json!({"$setElementOrder/set": "a"}),
            internal("expected a []interface {}, but received a string"),
        ),
    ] {
        assert_eq!(
            strategic(json!({"items": [{"name": "a"}]}), patch.clone()),
            Err(error),
            "{patch}"
        );
    }
    let order = json!({"set": ["a", "b"], "$setElementOrder/set": ["b", "a"]});
    let error = strategic(json!({}), order).unwrap_err().to_string();
    assert_eq!(
        error,
        "The order in patch list:\n[a b]\n doesn't match $setElementOrder list:\n[b a]\n"
    );
}

#[test]
fn json_patches() {
    let original = json!({"a": {"b": [1, 2]}, "x/y": 0});
    for (patch, result) in [
        (
            json!([{"op": "add", "path": "/a/b/1", "value": 9}]),
            json!({"a": {"b": [1, 9, 2]}, "x/y": 0}),
        ),
        (
            json!([{"op": "add", "path": "/a/b/-", "value": 9}]),
            json!({"a": {"b": [1, 2, 9]}, "x/y": 0}),
        ),
        (
            json!([{"op": "remove", "path": "/x~1y"}]),
            json!({"a": {"b": [1, 2]}}),
        ),
        (
            json!([{"op": "replace", "path": "/a/b/-1", "value": null}]),
            json!({"a": {"b": [1, null]}, "x/y": 0}),
        ),
        (
            json!([{"op": "replace", "path": "/new", "value": 1}]),
            json!({"a": {"b": [1, 2]}, "x/y": 0, "new": 1}),
        ),
        (
            json!([{"op": "move", "from": "/a/b", "path": "/c"}]),
            json!({"a": {}, "x/y": 0, "c": [1, 2]}),
        ),
        (
            json!([{"op": "copy", "from": "/a/b/0", "path": "/c"}]),
            json!({"a": {"b": [1, 2]}, "x/y": 0, "c": 1}),
        ),
        (
            json!([{"op": "test", "path": "/a/b", "value": [1, 2]}, {"op": "test", "path": "/none", "value": null}]),
            original.clone(),
        ),
        (
            json!([{"op": "replace", "path": "", "value": {}}]),
            json!({}),
        ),
    ] {
        assert_eq!(
            run(PatchKind::Json, &original, &patch),
            Ok(result),
            "{patch}"
        );
    }
    for (patch, why) in [
        (
            json!([{"op": "test", "path": "/a/b", "value": [2, 1]}]),
            "testing value /a/b failed: test failed",
        ),
        (
            json!([{"op": "remove", "path": "/none"}]),
            "error in remove for path: '/none': Unable to remove nonexistent key: none: missing value",
        ),
        (
            json!([{"op": "add", "path": "/none/x", "value": 1}]),
            "add operation does not apply: doc is missing path: \"/none/x\": missing value",
        ),
        (
            json!([{"op": "add", "path": "/a/b/3", "value": 1}]),
            "error in add for path: '/a/b/3': Unable to access invalid index: 3: invalid index referenced",
        ),
        (
            json!([{"op": "add", "path": "", "value": 1}]),
            "add operation does not apply: doc is missing path: \"\": missing value",
        ),
        (
            json!([{"op": "copy", "from": "/a/b/x", "path": "/c"}]),
            "error in copy for from: '/a/b/x': strconv.Atoi: parsing \"x\": invalid syntax",
        ),
        (
            json!([{"op": "add", "value": 1}]),
            "add operation failed to decode path: missing value",
        ),
        (
            json!([{"op": "grow", "path": "/a"}]),
            "Unexpected kind: grow",
        ),
    ] {
        let error = run(PatchKind::Json, &original, &patch).unwrap_err();
        assert_eq!(error, PatchError::Invalid(why.to_owned()), "{patch}");
    }
}

#[test]
fn json_patches_cannot_exhaust_memory_or_stack() {
    let doubling: Vec<Value> = (0..64)
        .map(|_| json!({"op": "copy", "from": "/a", "path": "/a/-"}))
        .collect();
    assert!(
        run(
            PatchKind::Json,
            &json!({"a": ["x".repeat(1000)]}),
            &json!(doubling)
        )
        .is_err()
    );
    let mut nesting = vec![json!({"op": "add", "path": "/b", "value": {"a": {}}})];
    nesting.extend((0..5000).flat_map(|_| {
        [
            json!({"op": "move", "from": "/b", "path": "/a/b"}),
            json!({"op": "move", "from": "/a", "path": "/b"}),
            json!({"op": "add", "path": "/a", "value": {}}),
        ]
    }));
    assert!(run(PatchKind::Json, &json!({"a": {}}), &json!(nesting)).is_err());
    let many = vec![json!({"op": "test", "path": "/a"}); 10_001];
    let error = run(PatchKind::Json, &json!({}), &json!(many)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The allowed maximum operations in a JSON patch is 10000, got 10001"
    );
    assert_eq!(error.reason(), "RequestEntityTooLarge");
}

#[test]
fn malformed_patches_are_bad_requests_in_go_terms() {
    let run = |kind, patch: &str| apply(&schema(), "v1/Thing", kind, b"{}", patch.as_bytes());
    for (kind, patch, message) in [
        (
            PatchKind::Json,
            "{}",
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            PatchKind::Json,
            "[1]",
            "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
        ),
        (
            PatchKind::Json,
            r#"[{"op":1}]"#,
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
        ),
        (
            PatchKind::Merge,
            "[]",
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            PatchKind::Merge,
            "{",
            "error decoding patch: unexpected end of JSON input",
        ),
        (PatchKind::Merge, "null", "Invalid JSON Patch"),
        (
            PatchKind::Strategic,
            "1",
            "json: cannot unmarshal number into Go value of type map[string]interface {}",
        ),
        (PatchKind::Strategic, "", "unexpected end of JSON input"),
    ] {
        assert_eq!(
            run(kind, patch).unwrap_err(),
            PatchError::BadRequest(message.to_owned()),
            "{patch}"
        );
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(run(PatchKind::Merge, &deep).is_err());
    let twice = run(PatchKind::Merge, r#"{"spec":{"count":1,"count":2}}"#).unwrap();
    assert_eq!(twice.warnings, [r#"duplicate field "spec.count""#]);
    let twice = run(
        PatchKind::Json,
        r#"[{"op":"add","path":"/a","value":1,"value":2}]"#,
    )
    .unwrap();
    assert_eq!(
        twice.warnings,
        [r#"json patch duplicate field "[0].value""#]
    );
}

/// RFC 7386 by the book.
fn merged(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut result = target.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            result.remove(key);
        } else {
            let current = result.get(key).cloned().unwrap_or(Value::Null);
            result.insert(key.clone(), merged(&current, value));
        }
    }
    Value::Object(result)
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..3).prop_map(|n| json!(n)),
        "[a-c]".prop_map(Value::String)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop::collection::btree_map("[a-d]", inner, 0..4)
            .prop_map(|m| Value::Object(m.into_iter().collect::<Map<_, _>>()))
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]", tree(), 0..4)
        .prop_map(|m| Value::Object(m.into_iter().collect()))
}

fn things() -> impl Strategy<Value = Value> {
    let item = ("[a-e]", 0..3, prop::collection::vec("[x-z]", 0..3));
    prop::collection::vec(item, 0..5).prop_map(|items| {
        let mut seen = std::collections::BTreeSet::new();
        let items = items
            .into_iter()
            .filter(|(name, ..)| seen.insert(name.clone()));
        Value::Array(
            items
                .map(|(name, size, args)| json!({"name": name, "size": size, "args": args}))
                .collect(),
        )
    })
}

proptest! {
    #[test]
    fn merge_patches_agree_with_the_rfc(target in object(), patch in object()) {
        let result = run(PatchKind::Merge, &target, &patch).unwrap();
        prop_assert_eq!(result, merged(&target, &patch));
    }

    /// The patch a client computes between two lists turns one into the other, order included, and twice is as once.
    #[test]
    fn list_differences_apply(server in things(), wanted in things()) {
        let names = |list: &Value| list.as_array().unwrap().iter().map(|i| i["name"].clone()).collect::<Vec<_>>();
        let (had, wants) = (names(&server), names(&wanted));
        let mut change: Vec<Value> = wanted.as_array().unwrap().clone();
        change.extend(had.iter().filter(|n| !wants.contains(n)).map(|n| json!({"name": n, "$patch": "delete"})));
        let order: Vec<Value> = wants.iter().map(|n| json!({"name": n})).collect();
        let patch = json!({"items": change, "$setElementOrder/items": order});
        let once = strategic(json!({"items": server}), patch.clone()).unwrap();
        prop_assert_eq!(&once["items"], &wanted);
        if !change.iter().any(|c| c.get("$patch").is_some()) {
            prop_assert_eq!(&strategic(once.clone(), patch).unwrap(), &once);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), tree in tree()) {
        for kind in [PatchKind::Json, PatchKind::Merge, PatchKind::Strategic] {
            let _ = apply(&schema(), "v1/Thing", kind, b"{\"spec\":{}}", &bytes);
            let _ = run(kind, &json!({"spec": {"items": [{"name": "a"}]}}), &json!({"spec": tree}));
        }
    }
}
