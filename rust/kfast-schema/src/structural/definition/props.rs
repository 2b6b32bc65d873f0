//! A schema as a definition states it: absent and zero are the same, as in Go.

use crate::field::{Errors, Path};
use crate::value::{Name, Value};

/// `JSONSchemaProps` as free-form JSON.
#[derive(Clone, Copy)]
pub(super) struct Props<'v> {
    json: &'v Value<'v>,
}

/// The junctors whose schemas only judge values.
pub(super) const JUNCTORS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

impl<'v> Props<'v> {
    pub(super) fn of<'a: 'v>(json: &'v Value<'a>) -> Self {
        Self { json }
    }

    /// A field that is there and not null.
    pub(super) fn get(self, name: &str) -> Option<&'v Value<'v>> {
        self.json.at(name).filter(|v| !matches!(v, Value::Null))
    }

    pub(super) fn text(self, name: &str) -> &'v str {
        self.get(name).and_then(Value::as_text).unwrap_or_default()
    }

    pub(super) fn flag(self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Bool(true)))
    }

    pub(super) fn texts(self, name: &str) -> Vec<&'v str> {
        let items = self.get(name).map_or(&[][..], Value::items);
        items.iter().filter_map(Value::as_text).collect()
    }

    pub(super) fn ty(self) -> &'v str {
        self.text("type")
    }

    /// The schema a field holds.
    pub(super) fn schema(self, name: &str) -> Option<Self> {
        let json = self.get(name).filter(|v| v.is_object())?;
        Some(Self { json })
    }

    /// The schemas of a list.
    pub(super) fn schemas(self, name: &str) -> Vec<Self> {
        let items = self.get(name).map_or(&[][..], Value::items);
        items.iter().map(|json| Self { json }).collect()
    }

    /// The schemas of a map, sorted by name.
    pub(super) fn named(self, name: &str) -> Vec<(&'v str, Self)> {
        let entries = self.get(name).map_or(&[][..], Value::entries).iter();
        let mut named: Vec<_> = entries
            .filter_map(|(name, json)| match name {
                Name::Free(text) => Some((text.as_ref(), Self { json })),
                Name::Known(_) => None,
            })
            .collect();
        named.sort_by_key(|(name, _)| *name);
        named
    }

    pub(super) fn property(self, name: &str) -> Option<Self> {
        let json = self.get("properties")?.at(name)?;
        Some(Self { json })
    }

    /// Whether the schema of additional properties is there, and the schema if it is one.
    pub(super) fn additional(self) -> Option<Option<Self>> {
        self.get("additionalProperties")
            .map(|_| self.schema("additionalProperties"))
    }

    /// `x-kubernetes-list-type`, if stated.
    pub(super) fn list_type(self) -> Option<&'v str> {
        self.get("x-kubernetes-list-type").and_then(Value::as_text)
    }

    /// `x-kubernetes-map-type`, if stated.
    pub(super) fn map_type(self) -> Option<&'v str> {
        self.get("x-kubernetes-map-type").and_then(Value::as_text)
    }

    /// Whether this is exactly `{type: <ty>}`.
    fn is_only_type(self, ty: &str) -> bool {
        let set = |(_, v): &&(Name<'_>, Value<'_>)| !v.is_empty();
        self.ty() == ty && self.json.entries().iter().filter(set).count() == 1
    }

    /// Whether `anyOf` says: an integer or a text, nothing more.
    pub(super) fn is_int_or_string(self) -> bool {
        let any = self.schemas("anyOf");
        matches!(&any[..], [a, b] if a.is_only_type("integer") && b.is_only_type("string"))
    }

    /// The JSON.
    pub(super) fn json(self) -> &'v Value<'v> {
        self.json
    }

    /// All schemas below, and this one.
    pub(super) fn any(self, holds: &dyn Fn(Self) -> bool) -> bool {
        if holds(self) {
            return true;
        }
        let singles = ["items", "not", "additionalProperties", "additionalItems"];
        let lists = JUNCTORS.iter().chain(&["items"]);
        let maps = [
            "properties",
            "patternProperties",
            "definitions",
            "dependencies",
        ];
        singles
            .iter()
            .filter_map(|n| self.schema(n))
            .any(|s| s.any(holds))
            || lists.flat_map(|n| self.schemas(n)).any(|s| s.any(holds))
            || maps
                .iter()
                .flat_map(|n| self.named(n))
                .any(|(_, s)| s.any(holds))
    }
}

/// A field that must have a value, or have another one.
pub(super) fn must_be(text: &str, path: &Path<'_>, detail: &str, errors: &mut Errors<'_>) {
    if text.is_empty() {
        errors.required(path, detail);
    } else {
        errors.invalid(path, text, detail);
    }
}
