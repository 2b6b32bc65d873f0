//! The `$` directives of strategic merge patches.

use super::order::{Identity, not_a_map, shown};
use super::{PatchError, Result};
use serde_json::{Map, Value};

pub(super) const DIRECTIVE: &str = "$patch";
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
pub(super) const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
pub(super) const ELEMENT_ORDER: &str = "$setElementOrder";

pub(super) type Object = Map<String, Value>;

/// `Some(field)` of `<prefix>/<field>`; `Some(None)` if the field is missing; `None` if this is no such directive.
pub(super) fn directive_field<'k>(key: &'k str, prefix: &str) -> Option<Option<&'k str>> {
    let rest = key.strip_prefix(prefix)?;
    Some(rest.strip_prefix('/'))
}

pub(super) fn bad(message: &str) -> PatchError {
    PatchError::BadRequest(message.to_owned())
}

pub(super) fn unknown_directive(directive: &Value, mut item: Object) -> PatchError {
    item.insert(DIRECTIVE.to_owned(), directive.clone());
    let map = shown(&Value::Object(item));
    PatchError::Internal(format!(
        "unknown patch type: {} in map: {map}",
        shown(directive)
    ))
}

pub(super) fn not_a_list(value: &Value) -> PatchError {
    let PatchError::Internal(message) = not_a_map(value) else {
        return bad("invalid patch format of setElementOrder list");
    };
    PatchError::Internal(message.replacen("map[string]interface {}", "[]interface {}", 1))
}

pub(super) fn as_list(value: &Value) -> Result<&[Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| not_a_list(value))
}

/// `$retainKeys`: properties it does not name go; the patch may set none of those.
pub(super) fn retain_keys(original: &mut Object, patch: &Object, keys: &Value) -> Result<()> {
    let wrong = || bad("invalid patch format of retainKeys");
    let keys = keys.as_array().ok_or_else(wrong)?;
    let named = |key: &str| keys.iter().any(|k| k.as_str() == Some(key));
    for (key, value) in patch {
        let directive = key.starts_with(DELETE_FROM_LIST) || key.starts_with(ELEMENT_ORDER);
        if !value.is_null() && !directive && !named(key) {
            return Err(wrong());
        }
    }
    original.retain(|key, _| named(key));
    Ok(())
}

/// Whether the items of both lists are objects; `None` if there are no items.
pub(super) fn of_objects(original: &[Value], patch: &[Value]) -> Result<Option<bool>> {
    let mut kinds = original.iter().chain(patch).map(std::mem::discriminant);
    let Some(first) = kinds.next() else {
        return Ok(None);
    };
    if kinds.any(|kind| kind != first) {
        let lists = [original.to_vec(), patch.to_vec()].map(|l| shown(&Value::Array(l)));
        let message = format!(
            "list element types are not identical: [{}]",
            lists.join(" ")
        );
        return Err(PatchError::Internal(message));
    }
    match original.iter().chain(patch).next() {
        Some(Value::Array(_)) => Err(PatchError::Invalid(
            "the server rejected our request due to an error in our request".into(),
        )),
        item => Ok(Some(item.is_some_and(Value::is_object))),
    }
}

/// Carries out the `$patch` directives of list items; returns what is left of both lists.
pub(super) fn item_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    identity: Identity<'_>,
) -> Result<(Vec<Value>, Vec<Value>)> {
    let mut plain = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        match item.get(DIRECTIVE) {
            None => plain.push(item),
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    let gone = identity.required(&item)?;
                    original.retain(|other| identity.of(other) != Some(gone));
                }
                Some("replace") => replace = true,
                Some("merge") => {
                    let message = "merging lists cannot yet be specified in the patch";
                    return Err(PatchError::Internal(message.into()));
                }
                _ => {
                    let map = shown(&item);
                    let message = format!("unknown patch type: {} in map: {map}", shown(directive));
                    return Err(PatchError::Internal(message));
                }
            },
        }
    }
    Ok(if replace {
        (plain, Vec::new())
    } else {
        (original, plain)
    })
}

/// The value without the objects that carry a `$patch` directive; `None` if it is one itself.
pub(super) fn without_directives(value: Value) -> Option<Value> {
    Some(match value {
        Value::Object(object) if object.contains_key(DIRECTIVE) => return None,
        Value::Object(object) => object
            .into_iter()
            .filter_map(|(k, v)| without_directives(v).map(|v| (k, v)))
            .collect(),
        Value::Array(items) => items.into_iter().filter_map(without_directives).collect(),
        other => other,
    })
}
