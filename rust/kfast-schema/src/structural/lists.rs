//! Lists of type set and map: no item twice.

use super::Schema;
use super::outcome::shown;
use crate::field::Path;
use crate::model::{ListType, SchemaSet};
use crate::validate::Violation;
use crate::value::{Name, Value};
use kfast_core::quote;
use std::collections::HashMap;

/// Adds the items that are there twice, below an object or list.
pub(super) fn check(
    set: &SchemaSet,
    schema: &Schema,
    value: &Value<'_>,
    path: &Path<'_>,
    found: &mut Vec<Violation>,
) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let key = name.text(set);
                if let Some(property) = schema.known(name) {
                    check(set, &property.schema, value, &path.named(key), found);
                } else if let Some(of) = schema.others() {
                    check(set, of, value, &path.key(key), found);
                }
            }
        }
        Value::List(items) => {
            match schema.list {
                ListType::Set => set_items(set, items, path, found),
                ListType::Map => map_items(set, schema, items, path, found),
                ListType::Atomic => {}
            }
            if let Some(of) = &schema.items {
                for (i, item) in items.iter().enumerate() {
                    check(set, of, item, &path.item(i), found);
                }
            }
        }
        _ => {}
    }
}

fn duplicate(path: String, shown: &str) -> Violation {
    Violation {
        path,
        reason: "FieldValueDuplicate",
        message: format!("Duplicate value: {shown}"),
    }
}

/// Positions of the items that are met for the second time.
fn repeated(keys: &[String]) -> Vec<usize> {
    let mut times: HashMap<&str, usize> = HashMap::with_capacity(keys.len());
    let mut found = Vec::new();
    for (i, key) in keys.iter().enumerate() {
        let seen = times.entry(key).or_default();
        *seen += 1;
        if *seen == 2 {
            found.push(i);
        }
    }
    found
}

fn set_items(set: &SchemaSet, items: &[Value<'_>], path: &Path<'_>, found: &mut Vec<Violation>) {
    if items.len() > 1 {
        let keys: Vec<String> = items.iter().map(|item| shown(set, item)).collect();
        for i in repeated(&keys) {
            found.push(duplicate(path.item(i).to_string(), &keys[i]));
        }
    }
}

fn map_items(
    set: &SchemaSet,
    schema: &Schema,
    items: &[Value<'_>],
    path: &Path<'_>,
    found: &mut Vec<Violation>,
) {
    for (i, item) in items.iter().enumerate() {
        if !matches!(item, Value::Object(_) | Value::Null) {
            let value = shown(set, item);
            found.push(Violation {
                path: path.item(i).to_string(),
                reason: "FieldValueInvalid",
                message: format!(
                    "Invalid value: {value}: must be an object for an array of list-type map"
                ),
            });
            return;
        }
    }
    if items.len() < 2 {
        return;
    }
    let mut names: Vec<&str> = schema.list_keys.iter().map(AsRef::as_ref).collect();
    names.sort_unstable();
    let key = |item: &Value<'_>| {
        let stated = names.iter().filter_map(|name| {
            let property = schema.items.as_ref().and_then(|of| of.property(name));
            let entries = item.entries().iter();
            let mut held = entries.filter(|(n, _)| match n {
                Name::Free(text) => text == name,
                Name::Known(id) => property.is_some_and(|p| p.key == *id),
            });
            let mut out = Vec::new();
            held.next()?.1.write_json(set, &mut out);
            Some(format!("{}:{}", quote(name), String::from_utf8_lossy(&out)))
        });
        let stated: Vec<String> = stated.collect();
        format!("{{{}}}", stated.join(","))
    };
    let keys: Vec<String> = items.iter().map(key).collect();
    for i in repeated(&keys) {
        found.push(duplicate(path.item(i).to_string(), &keys[i]));
    }
}
