//! Values found by scanning are those of a real decoder; what is no JSON is survived.
#![no_main]

use kfast_core::path::{Paths, lookup, scalar};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Compares the value of every path below `value`.
fn compare(text: &[u8], spaced: &[u8], path: &mut Vec<String>, value: &Value) {
    let keys: Vec<&str> = path.iter().map(String::as_str).collect();
    let written = value.to_string();
    assert_eq!(lookup(text, &keys), Some(written.as_str()));
    let found = lookup(spaced, &keys).expect("layout does not matter");
    assert_eq!(
        serde_json::from_str::<Value>(found).ok().as_ref(),
        Some(value)
    );
    let expected = match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(written),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    assert_eq!(scalar(text, &keys), expected);
    let dotted = keys.join(".");
    if !path.is_empty() && path.iter().all(|key| !key.is_empty() && !key.contains('.')) {
        let mut read = None;
        Paths::new([dotted.as_str()]).read(spaced, |_, value| read = Some(value.into_owned()));
        assert_eq!(read, expected);
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        path.push(key.clone());
        compare(text, spaced, path, value);
        path.pop();
    }
}

fuzz_target!(|data: &[u8]| {
    let _ = lookup(data, &["metadata", "name"]);
    Paths::new(["metadata.name", "spec.a.b", "spec.c"]).read(data, |_, _| ());
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let spaced = serde_json::to_vec_pretty(&value).expect("a value is written");
    compare(
        value.to_string().as_bytes(),
        &spaced,
        &mut Vec::new(),
        &value,
    );
});
