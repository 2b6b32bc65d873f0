//! Places in objects from outside, read as their schema says.

use super::{List, Map, Value};
use crate::declared::{Declared, ListKind, Shape};
use crate::time::{self, Instant};
use base64::Engine;
use kfast_schema::{Name, SchemaSet, Value as Json};
use std::borrow::Cow;

/// A place in an object from outside.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    json: &'a Json<'a>,
    set: &'a SchemaSet,
    declared: Option<&'a Declared>,
}

impl<'a> Node<'a> {
    pub(super) fn new(
        json: &'a Json<'a>,
        set: &'a SchemaSet,
        declared: Option<&'a Declared>,
    ) -> Self {
        Self {
            json,
            set,
            declared,
        }
    }

    /// The properties and items it has in JSON, seen or not.
    pub(super) fn entries(&self) -> &'a [(Name<'a>, Json<'a>)] {
        self.json.entries()
    }

    pub(super) fn at(&self, json: &'a Json<'a>, declared: Option<&'a Declared>) -> Self {
        Self {
            json,
            set: self.set,
            declared,
        }
    }

    pub(super) fn value(self) -> Result<Value<'a>, String> {
        let shape = match self.declared {
            Some(declared) => &declared.shape,
            None => &Shape::Dyn,
        };
        Ok(match (shape, self.json) {
            (_, Json::Null) => Value::Null,
            (Shape::Dyn, json) => match json {
                Json::Bool(flag) => Value::Bool(*flag),
                Json::Int(number) => Value::Int(*number),
                Json::Double(number) => Value::Double(*number),
                Json::Text(text) => Value::text(text),
                Json::List(_) => Value::List(List::Tree(self)),
                Json::Null | Json::Object(_) => Value::Map(Map::Tree(self)),
            },
            (Shape::Bool, Json::Bool(flag)) => Value::Bool(*flag),
            (Shape::Int, Json::Int(number)) => Value::Int(*number),
            #[allow(clippy::cast_precision_loss)] // as JSON numbers are
            (Shape::Double, Json::Int(number)) => Value::Double(*number as f64),
            (Shape::Double, Json::Double(number)) => Value::Double(*number),
            (Shape::String, Json::Text(text)) => Value::text(text),
            (Shape::Bytes, Json::Text(text)) => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_bytes());
                Value::Bytes(
                    bytes
                        .map_err(|e| format!("Invalid byte formatted string {text}: {e}"))?
                        .into(),
                )
            }
            (Shape::Duration, Json::Text(text)) => {
                let parsed = time::parse_duration(text);
                Value::Duration(
                    parsed.ok_or_else(|| format!("Invalid duration {text}: unable to parse"))?,
                )
            }
            (Shape::Date, Json::Text(text)) => {
                let parsed = Instant::parse_date(text);
                Value::Timestamp(
                    parsed.ok_or_else(|| format!("Invalid date formatted string {text}"))?,
                )
            }
            (Shape::DateTime, Json::Text(text)) => {
                let parsed = Instant::parse(text);
                Value::Timestamp(
                    parsed.ok_or_else(|| format!("Invalid date-time formatted string {text}"))?,
                )
            }
            (Shape::List { .. }, Json::List(_)) => Value::List(List::Tree(self)),
            (Shape::Map(_) | Shape::Object(_), Json::Object(_)) => Value::Map(Map::Tree(self)),
            (shape, json) => return Err(misfit(shape, json)),
        })
    }

    pub(super) fn items(&self) -> &'a [Json<'a>] {
        self.json.items()
    }

    pub(super) fn item_declaration(&self) -> Option<&'a Declared> {
        match &self.declared?.shape {
            Shape::List { items, .. } => Some(items),
            _ => None,
        }
    }

    pub(super) fn list_kind(&self) -> &'a ListKind {
        match self.declared.map(|d| &d.shape) {
            Some(Shape::List { kind, .. }) => kind,
            _ => &ListKind::Atomic,
        }
    }

    /// The property in JSON behind a name an expression uses, and what it is declared as; `None` if nothing can be seen
    /// under that name.
    pub(super) fn child(&self, name: &str) -> Option<(&'a Json<'a>, Option<&'a Declared>)> {
        let (property, declared) = match self.declared.map(|d| &d.shape) {
            Some(Shape::Object(object)) => {
                let field = object.field(name)?;
                (field.name.as_ref(), Some(field.declared.as_ref()))
            }
            Some(Shape::Map(value)) => (name, Some(value.as_ref())),
            _ => (name, None),
        };
        let entries = self.json.entries();
        let (_, json) = entries.iter().find(|(n, _)| n.text(self.set) == property)?;
        Some((json, declared))
    }

    /// Names an expression can see, with their values.
    pub(super) fn visible(&self) -> impl Iterator<Item = (Cow<'a, str>, Self)> + use<'a> {
        let node = *self;
        node.json.entries().iter().filter_map(move |(name, json)| {
            let name = name.text(node.set);
            match node.declared.map(|d| &d.shape) {
                Some(Shape::Object(object)) => {
                    let escaped = crate::declared::escape(name)?;
                    let field = object.field(&escaped)?;
                    Some((Cow::Owned(escaped), node.at(json, Some(&field.declared))))
                }
                Some(Shape::Map(value)) => Some((Cow::Borrowed(name), node.at(json, Some(value)))),
                _ => Some((Cow::Borrowed(name), node.at(json, None))),
            }
        })
    }
}

fn misfit(shape: &Shape, json: &Json<'_>) -> String {
    let go_type = match json {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Int(_) => "int64",
        Json::Double(_) => "float64",
        Json::Text(_) => "string",
        Json::List(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    };
    match shape {
        Shape::Bool => format!("invalid data, expected bool, got {go_type}"),
        Shape::Int => format!("invalid data, expected int, got {go_type}"),
        Shape::Double => format!("invalid data, expected float, got {go_type}"),
        Shape::List { .. } => {
            "invalid data, expected an array for the provided schema with type=array".to_owned()
        }
        Shape::Map(_) | Shape::Object(_) => {
            "invalid data, expected a map for the provided schema with type=object".to_owned()
        }
        _ => format!("invalid data, expected string, got {go_type}"),
    }
}

/// Whether two objects agree in what their schema hides.
pub(super) fn same_hidden(a: &Node<'_>, b: &Node<'_>) -> bool {
    let Some(Shape::Object(object)) = a.declared.map(|d| &d.shape) else {
        return true;
    };
    let hidden =
        |name: &str| crate::declared::escape(name).is_none_or(|n| object.field(&n).is_none());
    a.json.entries().iter().all(|(name, value)| {
        let name = name.text(a.set);
        if !hidden(name) {
            return true;
        }
        let mut theirs = b.json.entries().iter();
        theirs.any(|(n, v)| n.text(b.set) == name && v.to_json(b.set) == value.to_json(a.set))
    })
}
