//! Strategic merge patch: a merge patch whose lists merge by the keys the schema declares, with `$` directives.

use super::order::{Identity, arrange, check_patch_order, not_a_map, shown};
use super::{PatchError, Result};
use crate::SchemaSet;
use crate::model::{Field, PatchStrategy, Type};
use serde_json::{Map, Value};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

type Object = Map<String, Value>;

/// The patched object of the kind `key`.
pub(super) fn apply(set: &SchemaSet, key: &str, original: Object, patch: Object) -> Result<Object> {
    let id = set.kind(key).ok_or_else(|| {
        PatchError::BadRequest("strategic merge patch format is not supported".into())
    })?;
    let merger = Merger { set };
    merger.object(original, patch, Some(&Type::Struct(id)))
}

struct Merger<'s> {
    set: &'s SchemaSet,
}

/// How a property merges. What no schema knows merges like a JSON merge patch.
#[derive(Clone, Copy, Default)]
struct Declared<'s> {
    ty: Option<&'s Type>,
    merge_key: &'s str,
    strategy: PatchStrategy,
}

impl<'s> Declared<'s> {
    fn of(field: &'s Field) -> Self {
        Self {
            ty: Some(&field.ty),
            merge_key: &field.merge_key,
            strategy: field.patch,
        }
    }
}

impl<'s> Merger<'s> {
    fn declared(&self, ty: Option<&'s Type>, key: &str) -> Declared<'s> {
        match ty {
            Some(Type::Struct(id)) => {
                let field = self.set.get(*id).field(key);
                field.map(|(_, f)| Declared::of(f)).unwrap_or_default()
            }
            Some(Type::Map(value)) => Declared {
                ty: Some(value),
                ..Declared::default()
            },
            _ => Declared::default(),
        }
    }

    /// Merges an object of type `ty`.
    fn object(
        &self,
        mut original: Object,
        mut patch: Object,
        ty: Option<&'s Type>,
    ) -> Result<Object> {
        if let Some(directive) = patch.shift_remove(DIRECTIVE) {
            return match directive.as_str() {
                Some("replace") => Ok(patch),
                Some("delete") => Ok(Object::new()),
                _ => Err(unknown_directive(&directive, patch)),
            };
        }
        if let Some(keys) = patch.shift_remove(RETAIN_KEYS) {
            retain_keys(&mut original, &patch, &keys)?;
        }
        self.element_orders(&mut original, &mut patch, ty)?;
        for (key, value) in patch {
            self.property(&mut original, key, value, ty)?;
        }
        Ok(original)
    }

    fn property(
        &self,
        original: &mut Object,
        key: String,
        patch: Value,
        ty: Option<&'s Type>,
    ) -> Result<()> {
        let (key, deletes_items) = match directive_field(&key, DELETE_FROM_LIST) {
            None => (key, false),
            Some(None) => return Err(bad("invalid patch format of primitive list")),
            Some(Some(field)) => (field.to_owned(), true),
        };
        if patch.is_null() {
            original.shift_remove(&key);
            return Ok(());
        }
        let declared = self.declared(ty, &key);
        match (original.get_mut(&key), patch) {
            (Some(Value::Object(current)), Value::Object(patch)) => {
                let merged = if declared.strategy.replace {
                    patch
                } else {
                    self.object(std::mem::take(current), patch, declared.ty)?
                };
                original.insert(key, Value::Object(merged));
            }
            (Some(Value::Array(current)), Value::Array(patch)) => {
                let current = std::mem::take(current);
                let merged = if deletes_items {
                    current
                        .into_iter()
                        .filter(|item| !patch.contains(item))
                        .collect()
                } else if declared.strategy.merge {
                    self.list(current, patch, declared)?
                } else {
                    patch
                };
                original.insert(key, Value::Array(merged));
            }
            _ if deletes_items => {}
            (_, mut patch) => {
                discard_nulls(&mut patch);
                match without_directives(patch) {
                    Some(value) => original.insert(key, value),
                    None => original.shift_remove(&key),
                };
            }
        }
        Ok(())
    }

    /// Merges lists whose strategy is merge: objects by merge key, scalars as sets.
    fn list(
        &self,
        original: Vec<Value>,
        patch: Vec<Value>,
        declared: Declared<'s>,
    ) -> Result<Vec<Value>> {
        let Some(of_objects) = of_objects(&original, &patch)? else {
            return Ok(original);
        };
        if !of_objects {
            let identity = Identity { merge_key: "" };
            let mut merged: Vec<Value> = Vec::with_capacity(original.len() + patch.len());
            for item in original.iter().chain(&patch) {
                if !merged.contains(item) {
                    merged.push(item.clone());
                }
            }
            return arrange(merged, &patch, &original, identity);
        }
        let merge_key = declared.merge_key;
        if merge_key.is_empty() {
            return Err(PatchError::Internal(
                "cannot merge lists without merge key for struct".into(),
            ));
        }
        let identity = Identity { merge_key };
        let (original, patch) = item_directives(original, patch, identity)?;
        let item_type = declared.ty.and_then(Type::item);
        let mut merged = original.clone();
        for item in &patch {
            identity.required(item)?;
            match (identity.position(&merged, item), item) {
                (Some(i), Value::Object(item)) => {
                    let Value::Object(current) = merged[i].take() else {
                        continue;
                    };
                    merged[i] = Value::Object(self.object(current, item.clone(), item_type)?);
                }
                _ => merged.push(item.clone()),
            }
        }
        arrange(merged, &patch, &original, identity)
    }

    /// Applies every `$setElementOrder/<field>` together with the patch of that field.
    fn element_orders(
        &self,
        original: &mut Object,
        patch: &mut Object,
        ty: Option<&'s Type>,
    ) -> Result<()> {
        let keys: Vec<String> = patch
            .keys()
            .filter(|k| k.starts_with(ELEMENT_ORDER))
            .cloned()
            .collect();
        for key in keys {
            let Some(order) = patch.shift_remove(&key) else {
                continue;
            };
            let Value::Array(order) = order else {
                return Err(not_a_list(&order));
            };
            let Some(Some(field)) = directive_field(&key, ELEMENT_ORDER) else {
                return Err(bad("invalid patch format of setElementOrder list"));
            };
            let declared = self.declared(ty, field);
            let identity = Identity {
                merge_key: declared.merge_key,
            };
            let current = original
                .get(field)
                .map(as_list)
                .transpose()?
                .map(<[Value]>::to_vec);
            let change = patch
                .get(field)
                .map(as_list)
                .transpose()?
                .map(<[Value]>::to_vec);
            check_patch_order(change.as_deref().unwrap_or_default(), &order, identity)?;
            let server_order = current.clone().unwrap_or_default();
            let merged = match (current, change) {
                (None, None) => continue,
                (Some(current), None) => current,
                (Some(current), Some(change)) if declared.strategy.merge => {
                    self.list(current, change, declared)?
                }
                (Some(_), Some(change)) => change,
                (None, Some(change)) => change.into_iter().filter_map(without_directives).collect(),
            };
            patch.shift_remove(field);
            let arranged = arrange(merged, &order, &server_order, identity)?;
            original.insert(field.to_owned(), Value::Array(arranged));
        }
        Ok(())
    }
}

/// `Some(field)` of `<prefix>/<field>`; `Some(None)` if the field is missing; `None` if this is no such directive.
fn directive_field<'k>(key: &'k str, prefix: &str) -> Option<Option<&'k str>> {
    let rest = key.strip_prefix(prefix)?;
    Some(rest.strip_prefix('/'))
}

fn bad(message: &str) -> PatchError {
    PatchError::BadRequest(message.to_owned())
}

fn unknown_directive(directive: &Value, mut item: Object) -> PatchError {
    item.insert(DIRECTIVE.to_owned(), directive.clone());
    let map = shown(&Value::Object(item));
    PatchError::Internal(format!(
        "unknown patch type: {} in map: {map}",
        shown(directive)
    ))
}

fn not_a_list(value: &Value) -> PatchError {
    let PatchError::Internal(message) = not_a_map(value) else {
        return bad("invalid patch format of setElementOrder list");
    };
    PatchError::Internal(message.replacen("map[string]interface {}", "[]interface {}", 1))
}

fn as_list(value: &Value) -> Result<&[Value]> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| not_a_list(value))
}

/// `$retainKeys`: properties it does not name go; the patch may set none of those.
fn retain_keys(original: &mut Object, patch: &Object, keys: &Value) -> Result<()> {
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
fn of_objects(original: &[Value], patch: &[Value]) -> Result<Option<bool>> {
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
fn item_directives(
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

/// Removes nulls from objects at any depth.
fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, v| !v.is_null());
            object.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// The value without the objects that carry a `$patch` directive; `None` if it is one itself.
fn without_directives(value: Value) -> Option<Value> {
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
