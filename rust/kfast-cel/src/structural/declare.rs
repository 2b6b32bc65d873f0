//! A schema as the type of the values its rules see, with the sizes that estimates reckon with.

use crate::declared::{Declared, ListKind, Object, Shape, escape};
use kfast_schema::Value;
use kfast_schema::model::ListType;
use kfast_schema::structural::{Checks, JsonType, Schema};
use std::sync::Arc;

/// The largest request, in bytes.
pub(super) const LARGEST: u64 = 3 * 1024 * 1024;

/// What rules see of values, and the least bytes one has in JSON.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) declared: Arc<Declared>,
    pub(super) least: u64,
}

impl Seen {
    fn new(shape: Shape, max_elements: u64, least: u64) -> Self {
        let declared = Declared {
            shape,
            max_elements,
        };
        Self {
            declared: Arc::new(declared),
            least,
        }
    }
}

fn limit(limit: Option<i64>) -> Option<u64> {
    limit.map(|l| u64::try_from(l).unwrap_or(0))
}

/// The type of a schema's values; `None` if rules do not see them. `root`: of a resource.
pub(super) fn declare(schema: &Schema, root: bool) -> Option<Seen> {
    let none = Checks::default();
    let checks = schema.checks.as_deref().unwrap_or(&none);
    let length = limit(checks.max_length);
    if schema.int_or_string {
        let most = length.map_or(LARGEST - 2, |l| l.saturating_mul(4));
        return Some(Seen::new(Shape::Dyn, most, 1));
    }
    match schema.ty? {
        JsonType::Array => {
            let items = schema.items.as_deref()?;
            let seen = declare(items, items.embedded)?;
            let most = limit(checks.max_items).unwrap_or((LARGEST - 2) / (seen.least + 1));
            let kind = match schema.list {
                ListType::Atomic => ListKind::Atomic,
                ListType::Set => ListKind::Set,
                ListType::Map => ListKind::Map(schema.list_keys.clone()),
            };
            let shape = Shape::List {
                items: seen.declared,
                kind,
            };
            Some(Seen::new(shape, most, 2))
        }
        JsonType::Object => match schema.others() {
            Some(of) => {
                let seen = declare(of, of.embedded)?;
                let fits = (LARGEST - 2) / (seen.least + 6);
                let most = limit(checks.max_properties).unwrap_or(fits);
                Some(Seen::new(Shape::Map(seen.declared), most, 2))
            }
            None => Some(object(schema, checks, root)),
        },
        JsonType::String => Some(text(checks, length)),
        JsonType::Boolean => Some(Seen::new(Shape::Bool, 0, 4)),
        JsonType::Number => Some(Seen::new(Shape::Double, 0, 1)),
        JsonType::Integer => Some(Seen::new(Shape::Int, 0, 1)),
    }
}

fn text(checks: &Checks, length: Option<u64>) -> Seen {
    let format = checks.format.as_ref().map_or("", |f| &f.name);
    match format {
        "byte" => Seen::new(Shape::Bytes, length.unwrap_or(LARGEST - 2), 2),
        "duration" => Seen::new(Shape::Duration, 32, 3),
        "date" => Seen::new(Shape::Date, 12, 12),
        "date-time" => Seen::new(Shape::DateTime, 32, 21),
        _ => {
            let longest = || {
                let texts = checks.enumeration.iter().filter_map(Value::as_text);
                let longest = texts.map(str::len).max().unwrap_or(0);
                u64::try_from(longest).unwrap_or(u64::MAX)
            };
            let most = match length {
                Some(length) => length.saturating_mul(4),
                None if !checks.enumeration.is_empty() => longest(),
                None => LARGEST - 2,
            };
            Seen::new(Shape::String, most, 2)
        }
    }
}

fn object(schema: &Schema, checks: &Checks, root: bool) -> Seen {
    let mut least = 2;
    let mut fields: Vec<(String, Arc<Declared>)> = Vec::new();
    for property in &schema.properties {
        let Some(seen) = declare(&property.schema, property.schema.embedded) else {
            continue;
        };
        let name: &str = &property.name;
        let required = checks.required.iter().any(|r| **r == *name);
        if required && property.schema.default.is_none() {
            least += u64::try_from(name.len()).unwrap_or(0) + seen.least + 4;
        }
        if escape(name).is_some() {
            fields.push((name.to_owned(), seen.declared));
        }
    }
    if root && !names_itself(schema) {
        fields.retain(|(name, _)| !matches!(name.as_str(), "kind" | "apiVersion" | "metadata"));
        let string = || Seen::new(Shape::String, LARGEST - 2, 2).declared;
        let names = ["name", "generateName"].map(|n| (n.to_owned(), string()));
        let metadata = Shape::Object(Arc::new(Object::new("object", names)));
        fields.push(("kind".into(), string()));
        fields.push(("apiVersion".into(), string()));
        fields.push(("metadata".into(), Seen::new(metadata, 0, 2).declared));
    }
    let shape = Shape::Object(Arc::new(Object::new("object", fields)));
    Seen::new(shape, 0, least)
}

/// Whether the schema of a resource states all of what every resource has.
fn names_itself(schema: &Schema) -> bool {
    let has =
        |of: &Schema, name: &str, ty| of.property(name).is_some_and(|p| p.schema.ty == Some(ty));
    let metadata = schema.property("metadata").map(|p| &p.schema);
    has(schema, "kind", JsonType::String)
        && has(schema, "apiVersion", JsonType::String)
        && metadata.is_some_and(|m| {
            m.ty == Some(JsonType::Object)
                && has(m, "name", JsonType::String)
                && has(m, "generateName", JsonType::String)
        })
}
