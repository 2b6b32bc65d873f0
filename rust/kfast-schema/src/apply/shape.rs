//! How server-side apply treats a place: as one value, as a list with items of their own, or as an object with members.

use super::document::Document;
use super::path::{Leaf, PathElement};
use crate::model::{Field, ListType, SchemaSet, Struct, Type, TypeId};

/// The type of a place together with what its field says of it.
#[derive(Clone, Copy)]
pub(super) enum Place<'s> {
    /// A place of the schema.
    Typed(&'s Type, Option<&'s Field>),
    /// Free-form JSON whose objects have members of their own.
    Free,
    /// Free-form JSON that is one value.
    Whole,
}

/// What a place is.
pub(super) enum Shape<'s> {
    /// One value with one owner.
    Leaf,
    /// A list whose items are owned one by one; the keys of an item, none for a set.
    List(Place<'s>, &'s [Box<str>]),
    /// An object whose members are owned one by one: the struct it is, if any, and the place of other members.
    Object(Option<&'s Struct>, Place<'s>),
}

impl<'s> Place<'s> {
    /// The root of a kind.
    pub(super) fn root(set: &'s SchemaSet, id: TypeId) -> Shape<'s> {
        Self::structure(set.get(id))
    }

    fn structure(structure: &'s Struct) -> Shape<'s> {
        let others = if structure.open {
            Self::Free
        } else {
            Self::Whole
        };
        Shape::Object(Some(structure), others)
    }

    /// What `value`, or the schema where there is none, makes of the place.
    pub(super) fn shape<D: Document>(self, set: &'s SchemaSet, value: Option<&D>) -> Shape<'s> {
        let (ty, field) = match self {
            Self::Whole => return Shape::Leaf,
            Self::Free => return free(set, value),
            Self::Typed(ty, field) => (ty, field),
        };
        match ty {
            Type::List(item) | Type::WrappedList(item) => {
                match field.map_or(ListType::Atomic, |f| f.list) {
                    ListType::Atomic => Shape::Leaf,
                    ListType::Set => Shape::List(Self::Typed(item, None), &[]),
                    ListType::Map => {
                        Shape::List(Self::Typed(item, None), field.map_or(&[], |f| &f.list_keys))
                    }
                }
            }
            Type::Map(_) if field.is_some_and(|f| f.atomic) => Shape::Leaf,
            Type::Map(item) => Shape::Object(None, Self::Typed(item, None)),
            Type::Struct(id) => {
                let structure = set.get(*id);
                if structure.atomic || field.is_some_and(|f| f.atomic) {
                    Shape::Leaf
                } else {
                    Self::structure(structure)
                }
            }
            // Extensions of built-in kinds are one value, as upstream's schemas have them.
            Type::RawExtension if !field.is_some_and(|f| f.atomic) => match value {
                Some(value) if !value.is_null() => free(set, Some(value)),
                _ => Shape::Object(None, Self::Free),
            },
            _ => Shape::Leaf,
        }
    }
}

fn free<'s, D: Document>(set: &SchemaSet, value: Option<&D>) -> Shape<'s> {
    if value.is_some_and(|v| v.entries(set).is_some()) {
        Shape::Object(None, Place::Free)
    } else {
        Shape::Leaf
    }
}

/// The place of a member of an object.
pub(super) fn member<'s>(
    structure: Option<&'s Struct>,
    others: Place<'s>,
    name: &str,
) -> Place<'s> {
    match structure.and_then(|s| s.field(name)) {
        Some((_, field)) => Place::Typed(&field.ty, Some(field)),
        None => others,
    }
}

/// The element of a list item, or why it has none.
pub(super) fn element<'s, D: Document>(
    set: &'s SchemaSet,
    place: Place<'s>,
    keys: &[Box<str>],
    item: &D,
) -> Result<PathElement, String> {
    if keys.is_empty() {
        return match item.leaf() {
            Some(Leaf::Null) => Err(
                "associative list without keys has an element that's an explicit null".to_owned(),
            ),
            Some(leaf) => Ok(PathElement::Value(leaf)),
            None if item.items().is_some() => {
                Err("not supported: associative list with lists as elements".to_owned())
            }
            None => {
                Err("associative list without keys has an element that's a map type".to_owned())
            }
        };
    }
    if item.is_null() {
        return Err("associative list with keys may not have a null element".to_owned());
    }
    if item.entries(set).is_none() {
        return Err("associative list with keys may not have non-map elements".to_owned());
    }
    let found = keys.iter().filter_map(|key| {
        let leaf = match item.member(set, key) {
            Some(value) => value.leaf().unwrap_or(Leaf::Null),
            None => default_key(set, place, key)?,
        };
        Some((key.clone(), leaf))
    });
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        let keys: Vec<_> = keys.iter().map(|k| format!("{k:?}")).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            keys.join(" ")
        ));
    }
    Ok(PathElement::keyed(found))
}

/// The key of an item that does not say it: `protocol` is TCP, others are zero where Go writes the zero.
fn default_key(set: &SchemaSet, place: Place<'_>, key: &str) -> Option<Leaf> {
    let Place::Typed(Type::Struct(id), _) = place else {
        return None;
    };
    let structure = set.get(*id);
    if key == "protocol" && matches!(structure.short_name(), "ContainerPort" | "ServicePort") {
        return Some(Leaf::Text("TCP".into()));
    }
    let (_, field) = structure.field(key)?;
    if let Some(default) = &field.default {
        return default.leaf();
    }
    match field.ty {
        _ if !field.always => None,
        Type::String => Some(Leaf::Text("".into())),
        Type::Int32 | Type::Int64 => Some(Leaf::Int(0)),
        _ => None,
    }
}
