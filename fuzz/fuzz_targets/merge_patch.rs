//! The result is what RFC 7386 says.
#![no_main]

use kfast_schema::patch::PatchKind;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn merged(target: Option<&Value>, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut result = target
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            result.remove(key);
        } else {
            let value = merged(result.get(key), value);
            result.insert(key.clone(), value);
        }
    }
    Value::Object(result)
}

fuzz_target!(|data: &[u8]| {
    if let Some((original, patch, result)) = kfast_fuzz::schema::patched(data, PatchKind::Merge) {
        assert_eq!(result, merged(Some(&original), &patch));
    }
});
