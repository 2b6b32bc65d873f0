//! Where in a document the decoder is, for messages.

use super::Decoder;
use crate::error::Failure;
use crate::model::{Field, SchemaSet, Struct, Type};
use crate::value::Value;
use std::borrow::Cow;
use std::fmt::Write as _;

/// One step from the root.
pub(super) enum Segment<'s, 'a> {
    Field(&'s Struct, &'s Field),
    Key(Cow<'a, str>),
    Index(usize),
}

impl Decoder<'_, '_> {
    /// The value is of another JSON type.
    pub(super) fn mismatch(&self, ty: &Type, value: &Value<'_>) -> Failure {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Double(_) => "number",
            Value::Text(_) => "string",
            Value::List(_) => "array",
            Value::Object(_) => "object",
        };
        self.unfit(found, ty)
    }

    /// `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
    pub(super) fn unfit(&self, found: &str, ty: &Type) -> Failure {
        let wanted = go_type(self.set, ty);
        // Types that read themselves know nothing of the field they are in.
        let place = match ty {
            Type::Time | Type::MicroTime | Type::IntOrString => None,
            _ => self.path.iter().rev().find_map(|s| match s {
                Segment::Field(owner, _) => Some(owner.short_name()),
                _ => None,
            }),
        };
        let Some(owner) = place else {
            return Failure::Unfit(format!(
                "json: cannot unmarshal {found} into Go value of type {wanted}"
            ));
        };
        let fields: Vec<&str> = self
            .path
            .iter()
            .filter_map(|s| match s {
                Segment::Field(_, field) => Some(field.name.as_ref()),
                _ => None,
            })
            .collect();
        Failure::Unfit(format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{} of type {wanted}",
            fields.join(".")
        ))
    }

    /// `spec.template.spec.containers[0].foo`.
    pub(super) fn path_text(&self, last: Option<&str>) -> String {
        let steps = self.path.iter().map(|segment| match segment {
            Segment::Field(_, field) => Step::Name(&field.name),
            Segment::Key(key) => Step::Name(key),
            Segment::Index(at) => Step::Index(*at),
        });
        path_text(steps, last)
    }
}

/// One step of a path as strict validation writes it.
pub(crate) enum Step<'t> {
    Name(&'t str),
    Index(usize),
}

/// `spec.map.key[0].last`
pub(crate) fn path_text<'t>(
    steps: impl Iterator<Item = Step<'t>>,
    last: Option<&'t str>,
) -> String {
    let mut out = String::new();
    for step in steps.chain(last.map(Step::Name)) {
        match step {
            Step::Name(text) if out.is_empty() => out.push_str(text),
            Step::Name(text) => drop(write!(out, ".{text}")),
            Step::Index(at) => drop(write!(out, "[{at}]")),
        }
    }
    out
}

/// A type as Go prints it.
fn go_type(set: &SchemaSet, ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".into(),
        Type::Int32 | Type::IntOrString => "int32".into(),
        Type::Int64 => "int64".into(),
        Type::Double => "float64".into(),
        Type::Bytes => "[]uint8".into(),
        Type::Quantity => "resource.Quantity".into(),
        Type::Struct(id) => set.get(*id).go_name().into(),
        Type::List(item) | Type::WrappedList(item) => format!("[]{}", go_type(set, item)),
        Type::Map(item) => format!("map[string]{}", go_type(set, item)),
        _ => "string".into(),
    }
}
