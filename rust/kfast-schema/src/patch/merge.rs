//! JSON merge patch, RFC 7386; as in upstream's library, nulls are also removed from objects inside lists.

use serde_json::Value;

/// Merges `patch` into `target`: objects key by key, null removes, everything else replaces.
pub(super) fn apply(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    target.shift_remove(&key);
                } else {
                    apply(target.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (target @ Value::Object(_), patch) => *target = patch,
        (target, mut patch) => {
            discard_nulls(&mut patch);
            *target = patch;
        }
    }
}

/// Removes nulls from objects at any depth.
pub(super) fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, v| !v.is_null());
            object.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}
