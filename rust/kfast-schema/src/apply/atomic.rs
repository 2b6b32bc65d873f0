//! What of a configuration has one owner as a whole.

use crate::model::{Field, ListType, SchemaSet, Struct, Type, TypeId};
use serde_json::Value as Json;

/// The paths of all lists, maps and objects of `config` that are one value, `.spec.args` or `.spec.hosts[0].names`.
#[must_use]
pub fn atomics(set: &SchemaSet, id: TypeId, config: &Json) -> Vec<String> {
    let mut found = Vec::new();
    members(set, set.get(id), config, "", &mut found);
    found
}

fn members(set: &SchemaSet, structure: &Struct, value: &Json, path: &str, found: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        if let Some((_, field)) = structure.field(name) {
            let path = format!("{path}.{name}");
            walk(set, &field.ty, Some(field), value, &path, found);
        }
    }
}

fn walk(
    set: &SchemaSet,
    ty: &Type,
    field: Option<&Field>,
    value: &Json,
    path: &str,
    found: &mut Vec<String>,
) {
    match (ty, value) {
        (Type::List(item) | Type::WrappedList(item), Json::Array(items)) => {
            if field.is_none_or(|f| f.list == ListType::Atomic) {
                found.push(path.to_owned());
            }
            for (at, value) in items.iter().enumerate() {
                walk(set, item, None, value, &format!("{path}[{at}]"), found);
            }
        }
        (Type::Struct(id), Json::Object(_)) => {
            let structure = set.get(*id);
            if structure.atomic || field.is_some_and(|f| f.atomic) {
                found.push(path.to_owned());
            }
            members(set, structure, value, path, found);
        }
        (Type::Map(_), Json::Object(_)) if field.is_some_and(|f| f.atomic) => {
            found.push(path.to_owned());
        }
        _ => {}
    }
}
