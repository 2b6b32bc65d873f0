//! Properties of the readers over any text: what they read agrees with a real decoder, what they cannot they refuse.

use kfast_core::path::{Paths, in_elements, lookup, place, scalar};
use kfast_core::quantity::{Quantity, canonicalize};
use kfast_core::{FieldTexts, Object, Splices, read_list, splice_revision};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| json!(n)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-c\"\\\\é]{0,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Compares the value of every path below `value`.
fn compare(text: &str, spaced: &str, path: &mut Vec<String>, value: &Value) {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let written = value.to_string();
    assert_eq!(lookup(text.as_bytes(), &keys), Some(written.as_str()));
    let found = lookup(spaced.as_bytes(), &keys).unwrap();
    assert_eq!(&serde_json::from_str::<Value>(found).unwrap(), value);
    let expected = match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(written),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    assert_eq!(scalar(text.as_bytes(), &keys), expected);
    if !path.is_empty() && path.iter().all(|key| !key.is_empty()) {
        let mut read = None;
        Paths::new([keys.join(".").as_str()]).read(spaced.as_bytes(), |_, v| {
            read = Some(v.into_owned());
        });
        assert_eq!(read, expected);
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        path.push(key.clone());
        compare(text, spaced, path, value);
        path.pop();
    }
}

fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[+-]?[0-9]{0,22}(\\.[0-9]{0,12})?([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,3})?",
        1 => "[-+.0-9eEinumkKMGTP]{0,12}",
    ]
}

proptest! {
    #[test]
    fn scanning_finds_what_decoding_finds(value in tree()) {
        let spaced = serde_json::to_string_pretty(&value).unwrap();
        compare(&value.to_string(), &spaced, &mut Vec::new(), &value);
    }

    #[test]
    fn the_canonical_quantity_has_the_same_value_and_leads_to_a_fixed_point(a in quantity(), b in quantity()) {
        let (Ok(left), Ok(right)) = (Quantity::parse(&a), Quantity::parse(&b)) else {
            return Ok(());
        };
        let canonical = canonicalize(&a).unwrap();
        // A binary amount that is printed without suffix reads as a decimal one: 62.5Ki, 64000, 64k.
        let again = canonicalize(&canonical).unwrap();
        prop_assert_eq!(canonicalize(&again).unwrap(), again);
        prop_assert_eq!(&Quantity::parse(&canonical).unwrap(), &left);
        prop_assert_eq!(left.cmp(&right), right.cmp(&left).reverse());
        prop_assert!(left > right || left.milli_value() <= right.milli_value());
        if let Some(sum) = left.checked_add(&right) {
            prop_assert!(sum.checked_sub(&right).is_none_or(|difference| difference == left));
        }
    }

    #[test]
    fn headers_survive_slicing(name in any::<String>(), metadata in tree(), spec in tree()) {
        let mut object = json!({"metadata": {"name": name}, "spec": spec});
        if let Value::Object(more) = metadata {
            object["metadata"]["annotations"] = Value::Object(more);
        }
        let text = object.to_string();
        let spliced = Object::parse(splice_revision(text.as_bytes(), 9).unwrap()).unwrap();
        prop_assert_eq!((spliced.revision(), spliced.name()), (9, name.as_str()));
        let moved = Object::parse(spliced.with_revision(10).bytes()).unwrap();
        object["metadata"]["resourceVersion"] = "10".into();
        prop_assert_eq!(serde_json::from_slice::<Value>(&moved.bytes()).unwrap(), object.clone());
        let body = format!("{{\"kind\":\"XList\",\"apiVersion\":{},\"items\":[{object}]}}", json!(name));
        let (_, objects) = read_list(body.as_bytes()).unwrap();
        prop_assert_eq!((objects[0].kind(), objects[0].api_version()), ("X", name.as_str()));
    }

    #[test]
    fn whole_texts_come_back_whatever_is_shared(fields in prop::collection::vec(tree(), 0..4), spec in tree(), padded in any::<bool>()) {
        let pad = "x".repeat(if padded { 200 } else { 0 });
        let entries: Vec<_> = fields.iter().map(|f| json!({"manager": "m", "fieldsV1": {"f:a": f, "f:b": pad}, "time": "t"})).collect();
        let text = json!({"metadata": {"name": "a", "resourceVersion": "1", "managedFields": entries}, "spec": spec, "status": {"a": 1}}).to_string();
        let plain = Object::parse(text.clone().into_bytes()).unwrap();
        let mut texts = FieldTexts::default();
        let shared = Object::parse(text.clone().into_bytes()).unwrap().sharing(&mut texts);
        let again = Object::parse(text.clone().into_bytes()).unwrap().sharing(&mut texts);
        for object in [&shared, &again] {
            prop_assert_eq!(&*object.bytes(), text.as_bytes());
            prop_assert_eq!(object.pieces().total(), text.len());
            prop_assert_eq!((object.spec(), object.status()), (plain.spec(), plain.status()));
        }
        prop_assert!(!padded || fields.is_empty() || shared.slim().len() < text.len());
        let status = place(shared.slim(), &["status"]).unwrap();
        let mut changes = Splices::new(shared.slim());
        changes.append(&status, "\"b\":2");
        let renewed = shared.renewed(changes, 20);
        let want = plain.with_revision(20);
        let want = String::from_utf8(want.bytes().into_owned()).unwrap().replace(r#""status":{"a":1}"#, r#""status":{"a":1,"b":2}"#);
        let want = Object::parse(want.into_bytes()).unwrap();
        prop_assert_eq!(&*renewed.bytes(), &*want.bytes());
        prop_assert_eq!((renewed.spec(), renewed.status()), (want.spec(), want.status()));
        let (departed, whole) = (renewed.with_revision(3), want.with_revision(3));
        prop_assert_eq!(&*departed.bytes(), &*whole.bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), cut in 0..200_usize, spec in tree()) {
        let text = json!({"items": [{"metadata": {"name": "a"}, "spec": spec}], "metadata": {"name": "b"}}).to_string();
        let cut = text.as_bytes().get(..cut).unwrap_or(text.as_bytes());
        for bytes in [&bytes[..], cut] {
            let _ = (Object::parse(bytes).is_ok(), read_list(bytes).is_ok(), splice_revision(bytes, 1).is_ok());
            let _ = lookup(bytes, &["metadata", "name"]);
            Paths::new(["metadata.name", "items"]).read(bytes, |_, _| ());
            in_elements(bytes, &["items"], "metadata", |_, place| assert!(bytes.get(place).is_some()));
        }
    }
}
