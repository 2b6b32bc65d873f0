//! A decoded object: a light tree whose property names are ids where the schema knows them.

use crate::empties::{Empties, hollow};
use crate::model::{Field, NameId, SchemaSet, Struct, Type, TypeId};
use crate::names;
use std::borrow::Cow;

/// Depth at which objects are refused; upstream allows 10,000, no API type needs 50.
pub const MAX_DEPTH: usize = 256;

/// One decoded value; text borrows from the body where it can. Objects are equal whatever the order of their entries.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// `null`, only inside free-form JSON.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number that is no 64-bit integer.
    Double(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Value<'a>>),
    /// An object, in order.
    Object(Vec<(Name<'a>, Value<'a>)>),
}

/// The name of a property.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name<'a> {
    /// Known to the schema.
    Known(NameId),
    /// A key of a map or of free-form JSON.
    Free(Cow<'a, str>),
}

impl Name<'_> {
    /// The text of the name.
    #[must_use]
    pub fn text<'s>(&'s self, set: &'s SchemaSet) -> &'s str {
        match self {
            Self::Known(id) => match names::TEXTS.get(id.index()) {
                Some(text) => text,
                None => set.names().get(id.index()).map_or("", AsRef::as_ref),
            },
            Self::Free(text) => text,
        }
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Double(a), Self::Double(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => same_entries(a, b),
            _ => false,
        }
    }
}

/// Names are unique within an object.
fn same_entries(a: &[(Name<'_>, Value<'_>)], b: &[(Name<'_>, Value<'_>)]) -> bool {
    let elsewhere = |at: usize, entry: &(Name<'_>, Value<'_>)| {
        b.get(at)
            .is_some_and(|other| other.0 == entry.0 && other.1 == entry.1)
            || b.iter()
                .any(|other| other.0 == entry.0 && other.1 == entry.1)
    };
    a.len() == b.len() && a.iter().enumerate().all(|(at, entry)| elsewhere(at, entry))
}

impl Value<'_> {
    /// Whether Go's `omitempty` leaves the value out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(b) => !b,
            Self::Int(i) => *i == 0,
            Self::Double(d) => *d == 0.0,
            Self::Text(t) => t.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(entries) => entries.is_empty(),
        }
    }

    /// The same as a `serde_json` tree.
    #[must_use]
    pub fn to_json(&self, set: &SchemaSet) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(b) => (*b).into(),
            Self::Int(i) => (*i).into(),
            Self::Double(d) => (*d).into(),
            Self::Text(t) => t.as_ref().into(),
            Self::List(items) => items.iter().map(|v| v.to_json(set)).collect(),
            Self::Object(entries) => entries
                .iter()
                .map(|(n, v)| (n.text(set).to_owned(), v.to_json(set)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// The value of a property that is written though nobody set it.
pub(crate) fn zero(ty: &Type) -> Value<'static> {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::Int32 | Type::Int64 | Type::Double | Type::IntOrString => Value::Int(0),
        Type::Quantity => Value::Text(Cow::Borrowed("0")),
        Type::String => Value::Text(Cow::Borrowed("")),
        Type::Struct(_) => Value::Object(Vec::new()),
        _ => Value::Null,
    }
}

/// A float as Go writes it: without a fraction if it is whole. What JSON cannot say counts as 0.
#[allow(clippy::cast_possible_truncation)] // whole and small enough
pub(crate) fn double(number: f64) -> Value<'static> {
    if !number.is_finite() {
        Value::Int(0)
    } else if number.fract() == 0.0 && number.abs() < 9e15 {
        Value::Int(number as i64)
    } else {
        Value::Double(number)
    }
}

/// What stands for `null` inside a list or map of `ty`.
pub(crate) fn zero_item(set: &SchemaSet, ty: &Type) -> Value<'static> {
    match ty {
        Type::Struct(id) => object(set, *id, Vec::new()),
        Type::String | Type::Bytes => Value::Text(Cow::Borrowed("")),
        Type::List(_) | Type::WrappedList(_) => Value::List(Vec::new()),
        Type::Map(_) => Value::Object(Vec::new()),
        other => zero(other),
    }
}

/// Builds an object from (position, value) entries as upstream would write it back: properties in the
/// schema's order, the last of duplicates, zero values left out or filled in as the Go types say.
pub(crate) fn object<'a>(set: &SchemaSet, id: TypeId, entries: Vec<(u16, Value<'a>)>) -> Value<'a> {
    object_with(set, id, entries, &mut Empties::Dropped)
}

/// The same, with or without empty lists and maps.
pub(crate) fn object_with<'a>(
    set: &SchemaSet,
    id: TypeId,
    mut entries: Vec<(u16, Value<'a>)>,
    empties: &mut Empties,
) -> Value<'a> {
    let structure = set.get(id);
    last_of_each(&mut entries);
    let mut filled = structure.filled.iter().copied().peekable();
    let mut out = Vec::with_capacity(entries.len() + structure.filled.len());
    for (at, value) in entries {
        while let Some(missing) = filled.next_if(|f| *f < at) {
            push_zero(set, structure, missing, &mut out);
        }
        filled.next_if_eq(&at);
        let field = &structure.fields[at as usize];
        if let (Empties::Kept(some), true) = (&mut *empties, field.fades() && hollow(&value)) {
            *some = true;
            out.push((Name::Known(field.key), value));
        } else if keeps(field, &value) {
            out.push((Name::Known(field.key), as_stored(field, value)));
        }
    }
    for missing in filled {
        push_zero(set, structure, missing, &mut out);
    }
    Value::Object(out)
}

/// Sorts by key and keeps the last of entries with the same one.
pub(crate) fn last_of_each<K: Ord, V>(entries: &mut Vec<(K, V)>) {
    if entries.is_sorted_by(|a, b| a.0 < b.0) {
        return;
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries.reverse();
    entries.dedup_by(|a, b| a.0 == b.0);
    entries.reverse();
}

fn keeps(field: &Field, value: &Value<'_>) -> bool {
    // An empty list of managed fields asks for their removal.
    field.pointer || field.always || !value.is_empty() || &*field.name == "managedFields"
}

fn as_stored<'a>(field: &Field, value: Value<'a>) -> Value<'a> {
    if field.always && field.fades() && hollow(&value) {
        Value::Null
    } else {
        value
    }
}

fn push_zero<'a>(
    set: &SchemaSet,
    structure: &Struct,
    at: u16,
    out: &mut Vec<(Name<'a>, Value<'a>)>,
) {
    let field = &structure.fields[at as usize];
    let value = match &field.ty {
        Type::Struct(id) => object(set, *id, Vec::new()),
        other => zero(other),
    };
    out.push((Name::Known(field.key), value));
}
