//! What the walks ask of a decoded object, be it a tree of this crate or plain JSON.

use super::path::Leaf;
use crate::model::SchemaSet;
use crate::value::Value;
use serde_json::{Map, Value as Json};

/// A JSON-like value.
pub trait Document: Sized + PartialEq {
    /// Whether it is `null`.
    fn is_null(&self) -> bool;
    /// The items of a list.
    fn items(&self) -> Option<&[Self]>;
    /// The entries of an object.
    fn entries<'d>(&'d self, set: &'d SchemaSet) -> Option<Vec<(&'d str, &'d Self)>>;
    /// The scalar; `None` for lists and objects.
    fn leaf(&self) -> Option<Leaf>;

    /// Whether it is no object, or one without entries.
    fn has_no_entries(&self, set: &SchemaSet) -> bool {
        self.entries(set).is_none_or(|e| e.is_empty())
    }

    /// A member of an object.
    fn member<'d>(&'d self, set: &'d SchemaSet, name: &str) -> Option<&'d Self> {
        let entries = self.entries(set)?;
        entries
            .into_iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v)
    }
}

impl Document for Json {
    fn is_null(&self) -> bool {
        Json::is_null(self)
    }

    fn items(&self) -> Option<&[Self]> {
        self.as_array().map(Vec::as_slice)
    }

    fn entries<'d>(&'d self, _: &'d SchemaSet) -> Option<Vec<(&'d str, &'d Self)>> {
        Some(
            self.as_object()?
                .iter()
                .map(|(n, v)| (n.as_str(), v))
                .collect(),
        )
    }

    fn leaf(&self) -> Option<Leaf> {
        Leaf::of(self)
    }

    fn has_no_entries(&self, _: &SchemaSet) -> bool {
        self.as_object().is_none_or(Map::is_empty)
    }

    fn member<'d>(&'d self, _: &'d SchemaSet, name: &str) -> Option<&'d Self> {
        self.as_object()?.get(name)
    }
}

impl Document for Value<'_> {
    fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    fn entries<'d>(&'d self, set: &'d SchemaSet) -> Option<Vec<(&'d str, &'d Self)>> {
        match self {
            Self::Object(entries) => Some(entries.iter().map(|(n, v)| (n.text(set), v)).collect()),
            _ => None,
        }
    }

    fn has_no_entries(&self, _: &SchemaSet) -> bool {
        !matches!(self, Self::Object(entries) if !entries.is_empty())
    }

    fn member<'d>(&'d self, set: &'d SchemaSet, name: &str) -> Option<&'d Self> {
        match self {
            Self::Object(entries) => entries
                .iter()
                .find(|(n, _)| n.text(set) == name)
                .map(|(_, v)| v),
            _ => None,
        }
    }

    fn leaf(&self) -> Option<Leaf> {
        Some(match self {
            Self::Null => Leaf::Null,
            Self::Bool(flag) => Leaf::Bool(*flag),
            Self::Int(number) => Leaf::Int(*number),
            Self::Double(number) => Leaf::Double(*number),
            Self::Text(text) => Leaf::Text(text.as_ref().into()),
            Self::List(_) | Self::Object(_) => return None,
        })
    }
}
