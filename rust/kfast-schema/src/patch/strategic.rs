//! Strategic merge patch: a merge patch whose lists merge by the keys the schema declares, with `$` directives.

use super::directives::{
    DELETE_FROM_LIST, DIRECTIVE, ELEMENT_ORDER, Object, RETAIN_KEYS, as_list, bad, directive_field,
    item_directives, not_a_list, of_objects, retain_keys, unknown_directive, without_directives,
};
use super::merge::discard_nulls;
use super::order::{Identity, arrange, check_patch_order};
use super::{PatchError, Result};
use crate::SchemaSet;
use crate::model::{Field, PatchStrategy, Type};
use serde_json::Value;

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
            let server_order = server_order(
                current.as_deref().unwrap_or_default(),
                change.as_deref().unwrap_or_default(),
                identity,
            );
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

/// The order the server's list counts with. Items the patch adds take the places that items it deletes leave at the end,
/// as upstream's merge writes them into the same memory.
fn server_order(current: &[Value], change: &[Value], identity: Identity<'_>) -> Vec<Value> {
    let deleted = |item: &Value| {
        let gone = |c: &&Value| c.get(DIRECTIVE).and_then(Value::as_str) == Some("delete");
        let mut deletions = change.iter().filter(gone);
        deletions.any(|c| identity.of(c).is_some() && identity.of(c) == identity.of(item))
    };
    let mut order: Vec<Value> = current.iter().filter(|i| !deleted(i)).cloned().collect();
    for item in change.iter().filter(|c| c.get(DIRECTIVE).is_none()) {
        if order.len() < current.len() && identity.position(&order, item).is_none() {
            order.push(item.clone());
        }
    }
    order
}
