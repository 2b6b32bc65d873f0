//! The order of merged lists: what the patch names in the patch's order, what only the server has in the server's.

use super::{PatchError, Result};
use serde_json::{Map, Value};

/// What identifies the items of a list: a property of objects, or the scalar itself.
#[derive(Clone, Copy)]
pub(super) struct Identity<'a> {
    /// Empty for scalars.
    pub(super) merge_key: &'a str,
}

impl<'a> Identity<'a> {
    /// What tells `item` from others; `None` if it lacks the merge key.
    pub(super) fn of(self, item: &'a Value) -> Option<&'a Value> {
        if self.merge_key.is_empty() {
            return Some(item);
        }
        item.as_object()?.get(self.merge_key)
    }

    /// As `of`, with upstream's error.
    pub(super) fn required(self, item: &'a Value) -> Result<&'a Value> {
        if self.merge_key.is_empty() {
            return Ok(item);
        }
        let object = item.as_object().ok_or_else(|| not_a_map(item))?;
        object.get(self.merge_key).ok_or_else(|| {
            let key = self.merge_key;
            PatchError::Internal(format!(
                "map: {} does not contain declared merge key: {key}",
                shown(item)
            ))
        })
    }

    /// The position in `list` of the item that is the same as `item`.
    pub(super) fn position(self, list: &'a [Value], item: &'a Value) -> Option<usize> {
        let wanted = self.of(item)?;
        list.iter().position(|other| self.of(other) == Some(wanted))
    }
}

pub(super) fn not_a_map(item: &Value) -> PatchError {
    let kind = match item {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    PatchError::Internal(format!(
        "expected a map[string]interface {{}}, but received a {kind}"
    ))
}

/// A value as Go's `%v` prints it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(object) => format!("map[{}]", shown_entries(object)),
        other => other.to_string(),
    }
}

fn shown_entries(object: &Map<String, Value>) -> String {
    let mut entries: Vec<(&String, &Value)> = object.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    let texts: Vec<String> = entries
        .iter()
        .map(|(k, v)| format!("{k}:{}", shown(v)))
        .collect();
    texts.join(" ")
}

/// Orders `merged`: items that `patch_order` names in that order, the others as in `server_order`, and both interleaved so
/// that an item only the server has stays before those it preceded.
pub(super) fn arrange(
    merged: Vec<Value>,
    patch_order: &[Value],
    server_order: &[Value],
    identity: Identity<'_>,
) -> Result<Vec<Value>> {
    for item in merged.iter().chain(patch_order) {
        identity.required(item)?;
    }
    let (mut named, mut others): (Vec<Value>, Vec<Value>) = merged
        .into_iter()
        .partition(|item| identity.position(patch_order, item).is_some());
    named.sort_by_key(|item| identity.position(patch_order, item));
    others.sort_by_key(|item| identity.position(server_order, item).unwrap_or(usize::MAX));
    let precedes = |left: &Value, right: &Value| {
        let at = |item| identity.position(server_order, item);
        matches!((at(left), at(right)), (Some(l), Some(r)) if l < r)
    };
    let mut arranged = Vec::with_capacity(named.len() + others.len());
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let other_first = match (others.peek(), named.peek()) {
            (Some(left), Some(right)) => precedes(left, right),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return Ok(arranged),
        };
        arranged.extend(if other_first {
            others.next()
        } else {
            named.next()
        });
    }
}

/// Refuses a patch list whose items come in another order than its `$setElementOrder` list says.
pub(super) fn check_patch_order(
    patch: &[Value],
    order: &[Value],
    identity: Identity<'_>,
) -> Result<()> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let deletes = |item: &Value| item.get("$patch").and_then(Value::as_str) == Some("delete");
    let mut items = patch.iter().filter(|item| !deletes(item)).peekable();
    let mut named = order.iter();
    while let Some(item) = items.peek() {
        let Some(candidate) = named.as_slice().first() else {
            let list = |items: &[Value]| shown(&Value::Array(items.to_vec()));
            return Err(PatchError::Internal(format!(
                "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                list(patch),
                list(order)
            )));
        };
        if item.get("$patch").is_some() {
            items.next();
            continue;
        }
        if identity.required(item)? == identity.required(candidate)? {
            items.next();
        }
        named.next();
    }
    Ok(())
}
