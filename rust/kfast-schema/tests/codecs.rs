//! The decoders and the encoder on a small schema, and on anything at all.

use kfast_schema::{DecodeError, MediaType, SchemaSet, Validation, decode, encode, load, sniff};
use proptest::prelude::*;
use serde_json::{Value, json};

fn schema() -> SchemaSet {
    let types = json!({"types": [
        {"name": "x.v1.Toy", "kinds": ["toys/v1/Toy"], "embeds": [[9, "x.v1.Inline"]], "fields": [
            {"name": "apiVersion", "type": "string"},
            {"name": "kind", "type": "string"},
            {"name": "count", "type": "int32", "tag": 1},
            {"name": "always", "type": "int64", "tag": 2, "always": true},
            {"name": "names", "type": "[]string", "tag": 3},
            {"name": "sizes", "type": "map[]Quantity", "tag": 4},
            {"name": "parts", "type": "[]x.v1.Part", "tag": 5},
            {"name": "port", "type": "IntOrString", "tag": 6, "pointer": true},
            {"name": "when", "type": "MicroTime", "tag": 7, "pointer": true},
            {"name": "raw", "type": "RawExtension", "tag": 8, "pointer": true},
            {"name": "extra", "type": "map[]items[]string", "tag": 10},
            {"name": "numbers", "type": "[]int64", "tag": 11},
            {"name": "ratio", "type": "double", "tag": 12, "pointer": true},
            {"name": "data", "type": "bytes", "tag": 13},
            {"name": "inlined", "type": "string"},
            {"name": "flag", "type": "bool", "pointer": true}
        ]},
        {"name": "x.v1.Inline", "fields": [
            {"name": "flag", "type": "bool", "tag": 1, "pointer": true},
            {"name": "inlined", "type": "string", "tag": 2}
        ]},
        {"name": "x.v1.Part", "fields": [
            {"name": "name", "type": "string", "tag": 1, "always": true},
            {"name": "parts", "type": "[]x.v1.Part", "tag": 2}
        ]}
    ]});
    load(types.to_string().as_bytes()).unwrap()
}

const KEY: &str = "toys/v1/Toy";

fn read(
    body: &[u8],
    media: MediaType,
    validation: Validation,
) -> Result<(Value, Vec<String>), DecodeError> {
    let set = schema();
    decode(&set, KEY, body, media, validation, |(value, findings)| {
        (value.to_json(&set), findings)
    })
}

fn read_json(text: &str) -> Value {
    read(text.as_bytes(), MediaType::Json, Validation::Strict)
        .unwrap()
        .0
}

fn full() -> Value {
    json!({
        "apiVersion": "toys/v1", "kind": "Toy", "count": -3, "always": 1_099_511_627_776_i64, "names": ["a", ""],
        "sizes": {"a": "1500m", "b": "1Gi"}, "parts": [{"name": "p", "parts": [{"name": ""}]}],
        "port": "http", "when": "2024-01-02T03:04:05.000006Z", "raw": {"z": 1, "a": [null]},
        "extra": {"k": ["v", "w"]}, "numbers": [1, -1], "ratio": 1.5, "data": "AAE=",
        "inlined": "in", "flag": false
    })
}

#[test]
fn objects_survive_every_format() {
    for media in [MediaType::Json, MediaType::Yaml, MediaType::Protobuf] {
        let body = encode(&schema(), KEY, &full(), media).unwrap();
        assert_eq!(
            read(&body, media, Validation::Strict).unwrap(),
            (full(), vec![]),
            "{media:?}"
        );
        assert_eq!(
            sniff(&body, media, "Toy").unwrap(),
            ("toys/v1".into(), "Toy".into())
        );
    }
}

#[test]
fn order_and_zero_values_follow_the_schema() {
    let got = read_json(
        r#"{"flag":false,"count":0,"names":[],"data":"","sizes":{},"kind":"Toy","parts":null}"#,
    );
    assert_eq!(got.to_string(), r#"{"kind":"Toy","always":0,"flag":false}"#);
    let got = read_json(
        r#"{"sizes":{"b":"1000m","a":"0.5"},"names":[null,"x"],"parts":[null],"ratio":2.0}"#,
    );
    assert_eq!(
        got.to_string(),
        r#"{"always":0,"names":["","x"],"sizes":{"a":"500m","b":"1"},"parts":[{"name":""}],"ratio":2}"#
    );
}

#[test]
fn the_last_of_duplicates_wins_in_maps_of_any_size() {
    let mut body = String::from(r#"{"sizes":{"k0":"9""#);
    for i in 0..40 {
        body.push_str(&format!(r#","k{i}":"{i}""#));
    }
    body.push_str("}}");
    let (value, findings) = read(body.as_bytes(), MediaType::Json, Validation::Warn).unwrap();
    assert_eq!(
        (&value["sizes"]["k0"], &value["sizes"]["k39"]),
        (&json!("0"), &json!("39"))
    );
    assert_eq!(findings, [r#"duplicate field "sizes.k0""#]);
}

#[test]
fn findings_are_limited_and_each_is_told_once() {
    let many: Vec<String> = (0..300).map(|i| format!(r#""x{i}":1"#)).collect();
    let body = format!(r#"{{"parts":[{{"y":1,"y":2}}],{}}}"#, many.join(","));
    let (_, findings) = read(body.as_bytes(), MediaType::Json, Validation::Warn).unwrap();
    assert_eq!(
        (findings.len(), findings[0].as_str()),
        (100, r#"unknown field "parts[0].y""#)
    );
}

#[test]
fn malformed_text_wins_over_values_that_do_not_fit() {
    let error = |text: &str| read(text.as_bytes(), MediaType::Json, Validation::Warn).unwrap_err();
    assert!(matches!(
        error(r#"{"count":"x""#),
        DecodeError::Unrecognized { .. }
    ));
    assert!(matches!(
        error(r#"{"count":"x"}"#),
        DecodeError::Unfit { .. }
    ));
    assert!(matches!(
        error(r#"{"count":2147483648}"#),
        DecodeError::Unfit { .. }
    ));
    assert!(
        matches!(error(r#"{"data":"*"}"#), DecodeError::Unfit { reason, .. } if reason == "illegal base64 data at input byte 0")
    );
}

#[test]
fn packed_numbers_and_unknown_tags_are_read() {
    let raw = [0x5a, 2, 1, 2, 0x58, 3, 0xf8, 0x07, 1];
    let mut body = b"k8s\0\x12".to_vec();
    body.push(raw.len() as u8);
    body.extend(raw);
    let (value, _) = read(&body, MediaType::Protobuf, Validation::Strict).unwrap();
    assert_eq!(value["numbers"], json!([1, 2, 3]));
}

#[test]
fn maps_of_many_entries_are_read_in_any_order() {
    let mut raw = Vec::new();
    for i in (0..50_000u32).rev().chain([7]) {
        let key = format!("{i:05}");
        let value = if i == 7 && !raw.is_empty() { "8" } else { "7" };
        raw.extend([0x22, 12, 0x0a, 5]);
        raw.extend(key.as_bytes());
        raw.extend([0x12, 3, 0x0a, 1]);
        raw.extend(value.as_bytes());
    }
    let mut body = b"k8s\0\x12".to_vec();
    let length = raw.len();
    body.extend([
        (length & 0x7f) as u8 | 0x80,
        (length >> 7 & 0x7f) as u8 | 0x80,
        (length >> 14) as u8,
    ]);
    body.extend(raw);
    let (value, _) = read(&body, MediaType::Protobuf, Validation::Strict).unwrap();
    let sizes = value["sizes"].as_object().unwrap();
    assert_eq!((sizes.len(), sizes["00007"].as_str()), (50_000, Some("8")));
    assert!(sizes.keys().is_sorted());
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let key = prop_oneof![
            Just("parts".to_owned()),
            Just("name".to_owned()),
            Just("sizes".to_owned()),
            Just("raw".to_owned()),
            Just("port".to_owned()),
            ".{0,3}".prop_map(String::from)
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|e| Value::Object(e.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, envelope: bool) {
        let mut body = bytes;
        if envelope {
            let mut framed = b"k8s\0\x12".to_vec();
            framed.push(body.len().min(127) as u8);
            framed.extend(&body);
            body = framed;
        }
        for media in [MediaType::Json, MediaType::Yaml, MediaType::Protobuf] {
            let _ = read(&body, media, Validation::Strict);
            let _ = sniff(&body, media, "Toy");
        }
    }

    #[test]
    fn what_decodes_is_a_fixed_point(tree in tree()) {
        let body = tree.to_string();
        if let Ok((once, _)) = read(body.as_bytes(), MediaType::Json, Validation::Warn) {
            let (twice, findings) = read(once.to_string().as_bytes(), MediaType::Json, Validation::Strict).unwrap();
            prop_assert_eq!(&twice, &once);
            prop_assert!(findings.is_empty());
            prop_assert!(encode(&schema(), KEY, &once, MediaType::Protobuf).is_ok());
        }
        let _ = encode(&schema(), KEY, &tree, MediaType::Protobuf);
    }
}
