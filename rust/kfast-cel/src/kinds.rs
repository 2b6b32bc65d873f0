//! Kinds of the schema data as types of expressions.

use crate::declared::{Declared, ListKind, Object, Shape};
use kfast_schema::SchemaSet;
use kfast_schema::model::{Type, TypeId};
use std::sync::Arc;

/// Types that contain themselves are of any type from here on.
const DEEPEST: usize = 24;

impl Declared {
    /// A kind, under the name `name`; its parts are named by their paths from it.
    #[must_use]
    pub fn of_kind(set: &SchemaSet, id: TypeId, name: &str) -> Self {
        Self::unlimited(structure(set, id, name, 0))
    }
}

fn structure(set: &SchemaSet, id: TypeId, name: &str, depth: usize) -> Shape {
    let structure = set.get(id);
    if structure.open || depth > DEEPEST {
        return Shape::Dyn;
    }
    let properties = structure.fields.iter().filter_map(|field| {
        let of = shape(set, &field.ty, &format!("{name}.{}", field.name), depth + 1)?;
        Some((field.name.to_string(), Arc::new(Declared::unlimited(of))))
    });
    Shape::Object(Arc::new(Object::new(name, properties)))
}

/// How values of a type read; `None` if expressions cannot see them.
fn shape(set: &SchemaSet, ty: &Type, name: &str, depth: usize) -> Option<Shape> {
    let part = |ty: &Type, step: &str| {
        let shape = shape(set, ty, &format!("{name}.{step}"), depth + 1)?;
        Some(Arc::new(Declared::unlimited(shape)))
    };
    Some(match ty {
        Type::Bool => Shape::Bool,
        Type::Int32 | Type::Int64 => Shape::Int,
        Type::Double => Shape::Double,
        Type::String | Type::Quantity => Shape::String,
        Type::Bytes => Shape::Bytes,
        Type::Time | Type::MicroTime => Shape::DateTime,
        Type::IntOrString => Shape::Dyn,
        Type::RawExtension | Type::FieldsV1 => Shape::Object(Arc::new(Object::new(name, []))),
        Type::Json | Type::SchemaOrBool(_) | Type::SchemaOrArray(_) | Type::SchemaOrStrings(_) => {
            return None;
        }
        Type::List(item) | Type::WrappedList(item) => Shape::List {
            items: part(item, "@idx")?,
            kind: ListKind::Atomic,
        },
        Type::Map(value) => Shape::Map(part(value, "@elem")?),
        Type::Struct(id) => structure(set, *id, name, depth),
    })
}
