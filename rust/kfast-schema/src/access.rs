//! Reading and changing a decoded object: what is absent reads as Go's zero value.

use crate::model::{NameId, SchemaSet, Type, TypeId};
use crate::value::{Name, Value};
use std::borrow::Cow;

impl<'a> Value<'a> {
    /// An object without entries.
    pub const EMPTY: Self = Self::Object(Vec::new());

    /// A text that lives as long as the program.
    #[must_use]
    pub const fn fixed(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The property of an object; null counts as absent.
    #[must_use]
    pub fn get(&self, name: NameId) -> Option<&Self> {
        let (_, value) = self.entries().iter().find(|(n, _)| *n == name)?;
        (!matches!(value, Self::Null)).then_some(value)
    }

    /// The property of an object, to be changed; null counts as absent.
    pub fn get_mut(&mut self, name: NameId) -> Option<&mut Self> {
        self.slot(name).filter(|value| !matches!(value, Self::Null))
    }

    fn slot(&mut self, name: NameId) -> Option<&mut Self> {
        match self {
            Self::Object(entries) => entries
                .iter_mut()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value a map holds for a key.
    #[must_use]
    pub fn at(&self, key: &str) -> Option<&Self> {
        let entries = self.entries();
        let holds = |(n, _): &&(Name<'a>, Self)| matches!(n, Name::Free(text) if text == key);
        entries.iter().find(holds).map(|(_, value)| value)
    }

    /// Sets a property of an object; a value that is no object becomes one.
    pub fn set(&mut self, name: NameId, value: Self) {
        if let Some(place) = self.slot(name) {
            *place = value;
        } else {
            self.push(Name::Known(name), value);
        }
    }

    /// Sets the value of a map for a key; a value that is no object becomes one.
    pub fn put(&mut self, key: Cow<'a, str>, value: Self) {
        if let Self::Object(entries) = self {
            let holds =
                |(n, _): &&mut (Name<'a>, Self)| matches!(n, Name::Free(text) if *text == key);
            if let Some((_, place)) = entries.iter_mut().find(holds) {
                *place = value;
                return;
            }
        }
        self.push(Name::Free(key), value);
    }

    fn push(&mut self, name: Name<'a>, value: Self) {
        if !self.is_object() {
            *self = Self::EMPTY;
        }
        if let Self::Object(entries) = self {
            entries.push((name, value));
        }
    }

    /// Takes a property out of an object.
    pub fn remove(&mut self, name: NameId) -> Option<Self> {
        let Self::Object(entries) = self else {
            return None;
        };
        let at = entries.iter().position(|(n, _)| *n == name)?;
        Some(entries.remove(at).1)
    }

    /// The object a property holds, made if there is none.
    pub fn object_at(&mut self, name: NameId) -> &mut Self {
        if !self.get(name).is_some_and(Self::is_object) {
            self.set(name, Self::EMPTY);
        }
        let Self::Object(entries) = self else {
            unreachable!("setting a property makes an object");
        };
        let at = entries
            .iter()
            .position(|(n, _)| *n == name)
            .unwrap_or_default();
        &mut entries[at].1
    }

    /// Whether this is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The text; `None` if this is none.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer; `None` if this is none.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The items of a list, none if this is none.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of an object, none if this is none.
    #[must_use]
    pub fn entries(&self) -> &[(Name<'a>, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    /// Keys and texts of a map of texts.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries()
            .iter()
            .filter_map(|(name, value)| match name {
                Name::Free(key) => Some((key.as_ref(), value.as_text()?)),
                Name::Known(_) => None,
            })
    }

    /// The text of a property, empty if absent.
    #[must_use]
    pub fn text(&self, name: NameId) -> &str {
        self.get(name).and_then(Self::as_text).unwrap_or_default()
    }

    /// The integer of a property.
    #[must_use]
    pub fn int(&self, name: NameId) -> Option<i64> {
        self.get(name).and_then(Self::as_int)
    }

    /// The boolean of a property.
    #[must_use]
    pub fn bool(&self, name: NameId) -> Option<bool> {
        match self.get(name) {
            Some(Self::Bool(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// Whether a boolean property is true.
    #[must_use]
    pub fn flag(&self, name: NameId) -> bool {
        self.bool(name) == Some(true)
    }

    /// The items of a property, none if absent.
    #[must_use]
    pub fn list(&self, name: NameId) -> &[Self] {
        self.get(name).map_or(&[], Self::items)
    }

    /// The items of a property, to be changed.
    pub fn list_mut(&mut self, name: NameId) -> &mut [Self] {
        match self.get_mut(name) {
            Some(Self::List(items)) => items,
            _ => &mut [],
        }
    }

    /// The entries of a property that holds a map, none if absent.
    #[must_use]
    pub fn map(&self, name: NameId) -> &[(Name<'a>, Self)] {
        self.get(name).map_or(&[], Self::entries)
    }

    /// The property at a path of objects.
    #[must_use]
    pub fn look(&self, path: &[NameId]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.get(*name))
    }

    /// The same, owning its texts.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Int(number) => Value::Int(number),
            Self::Double(number) => Value::Double(number),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Value::List(items.into_iter().map(Self::into_owned).collect()),
            Self::Object(entries) => {
                let owned = entries
                    .into_iter()
                    .map(|(n, v)| (n.into_owned(), v.into_owned()));
                Value::Object(owned.collect())
            }
        }
    }
}

impl PartialEq<NameId> for Name<'_> {
    fn eq(&self, id: &NameId) -> bool {
        matches!(self, Name::Known(known) if known == id)
    }
}

impl Name<'_> {
    fn into_owned(self) -> Name<'static> {
        match self {
            Self::Known(id) => Name::Known(id),
            Self::Free(text) => Name::Free(Cow::Owned(text.into_owned())),
        }
    }
}

/// One step of a path into an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'p> {
    /// A property or the key of a map.
    Key(&'p str),
    /// The index of an item.
    Item(usize),
}

impl SchemaSet {
    /// How an object writes a property or key, and the type of what it holds; `None` if the type has no such property.
    #[must_use]
    pub fn child<'k>(&self, ty: &Type, key: &'k str) -> Option<(Name<'k>, Type)> {
        match ty {
            Type::Struct(id)
            | Type::SchemaOrBool(id)
            | Type::SchemaOrArray(id)
            | Type::SchemaOrStrings(id) => {
                let structure = self.get(*id);
                match structure.field(key) {
                    Some((_, field)) => Some((Name::Known(field.key), field.ty.clone())),
                    None => structure.open.then(|| (Name::Free(key.into()), Type::Json)),
                }
            }
            Type::Map(item) => Some((Name::Free(key.into()), item.as_ref().clone())),
            Type::Json | Type::RawExtension | Type::FieldsV1 => {
                Some((Name::Free(key.into()), Type::Json))
            }
            _ => None,
        }
    }

    /// The value at a path into an object of that type.
    #[must_use]
    pub fn find<'v, 'a>(
        &self,
        id: TypeId,
        root: &'v Value<'a>,
        path: &[Step<'_>],
    ) -> Option<&'v Value<'a>> {
        let mut ty = Type::Struct(id);
        let mut value = root;
        for step in path {
            match step {
                Step::Item(at) => {
                    value = value.items().get(*at)?;
                    ty = ty.item().cloned().unwrap_or(Type::Json);
                }
                Step::Key(key) => {
                    let (name, of) = self.child(&ty, key)?;
                    let entries = value.entries();
                    value = entries.iter().find(|(n, _)| *n == name).map(|(_, v)| v)?;
                    ty = of;
                }
            }
        }
        Some(value)
    }

    /// The type of what is, or may be, at a path into an object of that type.
    #[must_use]
    pub fn type_at(&self, id: TypeId, path: &[Step<'_>]) -> Option<Type> {
        path.iter()
            .try_fold(Type::Struct(id), |ty, step| match step {
                Step::Item(_) => match ty {
                    Type::Json => Some(Type::Json),
                    _ => ty.item().cloned(),
                },
                Step::Key(key) => self.child(&ty, key).map(|(_, of)| of),
            })
    }

    /// Sets the value at a path into an object of that type, making the objects on the way; `None` takes it out.
    /// Whether there is such a place.
    pub fn place<'a>(
        &self,
        id: TypeId,
        root: &mut Value<'a>,
        path: &[Step<'_>],
        new: Option<Value<'a>>,
    ) -> bool {
        let Some((last, way)) = path.split_last() else {
            return false;
        };
        let mut ty = Type::Struct(id);
        let mut value = root;
        for step in way {
            let Some((next, of)) = self.step_into(&ty, value, *step) else {
                return false;
            };
            (value, ty) = (next, of);
        }
        let Step::Key(key) = last else {
            let Step::Item(at) = last else { return false };
            return match (value, new) {
                (Value::List(items), Some(new)) if *at < items.len() => {
                    items[*at] = new;
                    true
                }
                (Value::List(items), Some(new)) if *at == items.len() => {
                    items.push(new);
                    true
                }
                (Value::List(items), None) if *at < items.len() => {
                    items.remove(*at);
                    true
                }
                _ => false,
            };
        };
        let Some((name, _)) = self.child(&ty, key) else {
            return false;
        };
        if !value.is_object() {
            *value = Value::EMPTY;
        }
        let Value::Object(entries) = value else {
            return false;
        };
        let found = entries.iter().position(|(n, _)| *n == name);
        match (found, new) {
            (Some(at), Some(new)) => entries[at].1 = new,
            (Some(at), None) => drop(entries.remove(at)),
            (None, Some(new)) => entries.push((name.into_owned(), new)),
            (None, None) => {}
        }
        true
    }

    fn step_into<'v, 'a>(
        &self,
        ty: &Type,
        value: &'v mut Value<'a>,
        step: Step<'_>,
    ) -> Option<(&'v mut Value<'a>, Type)> {
        match step {
            Step::Item(at) => match value {
                Value::List(items) => {
                    Some((items.get_mut(at)?, ty.item().cloned().unwrap_or(Type::Json)))
                }
                _ => None,
            },
            Step::Key(key) => {
                let (name, of) = self.child(ty, key)?;
                if !value.is_object() {
                    *value = Value::EMPTY;
                }
                let Value::Object(entries) = value else {
                    return None;
                };
                let at = entries.iter().position(|(n, _)| *n == name);
                let at = at.unwrap_or_else(|| {
                    entries.push((name.into_owned(), Value::EMPTY));
                    entries.len() - 1
                });
                Some((&mut entries[at].1, of))
            }
        }
    }
}
