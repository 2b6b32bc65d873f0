//! Lists and maps, of objects or made by expressions.

use super::node::same_hidden;
use super::{Node, Value};
use crate::declared::ListKind;
use crate::types::Type;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A list.
#[derive(Clone, Debug)]
pub enum List<'a> {
    /// Made while the expression ran.
    Owned(Arc<Vec<Value<'a>>>),
    /// Of an object.
    Tree(Node<'a>),
}

/// A map.
#[derive(Clone, Debug)]
pub enum Map<'a> {
    /// Made while the expression ran; with the name of its type if it is an object.
    Owned(Arc<Entries<'a>>),
    /// Of an object.
    Tree(Node<'a>),
    /// The caller's composited variables, computed when they are read.
    Variables,
}

/// The entries of a map, in the order they came.
#[derive(Clone, Debug, Default)]
pub struct Entries<'a> {
    list: Vec<(Value<'a>, Value<'a>)>,
    index: HashMap<Key, usize>,
    /// The type of an object that an expression made.
    pub(crate) object: Option<Type>,
}

/// What a map finds its entries by: equal numbers of any type are one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Bool(bool),
    Number(i128),
    Text(Box<str>),
}

impl Key {
    #[allow(clippy::cast_possible_truncation)] // whole and small enough
    fn of(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Int(number) => Self::Number((*number).into()),
            Value::Uint(number) => Self::Number((*number).into()),
            Value::Double(number) if number.fract() == 0.0 && number.abs() < 1e20 => {
                Self::Number(*number as i128)
            }
            Value::String(text) => Self::Text((**text).into()),
            _ => return None,
        })
    }
}

impl<'a> Entries<'a> {
    /// Adds an entry or replaces the one of the same key; whether the key can be one.
    pub(crate) fn insert(&mut self, key: Value<'a>, value: Value<'a>) -> bool {
        let Some(found) = Key::of(&key) else {
            return false;
        };
        match self.index.get(&found) {
            Some(at) => self.list[*at].1 = value,
            None => {
                self.index.insert(found, self.list.len());
                self.list.push((key, value));
            }
        }
        true
    }

    pub(crate) fn contains(&self, key: &Value<'_>) -> bool {
        Key::of(key).is_some_and(|key| self.index.contains_key(&key))
    }

    fn get(&self, key: &Value<'_>) -> Option<Value<'a>> {
        let at = *self.index.get(&Key::of(key)?)?;
        Some(self.list[at].1.clone())
    }

    /// Keys and values.
    #[must_use]
    pub fn pairs(&self) -> &[(Value<'a>, Value<'a>)] {
        &self.list
    }
}

impl<'a> List<'a> {
    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Owned(items) => items.len(),
            Self::Tree(node) => node.items().len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at an index.
    ///
    /// # Errors
    /// What does not fit the declaration.
    pub fn get(&self, at: usize) -> Option<Result<Value<'a>, String>> {
        match self {
            Self::Owned(items) => items.get(at).cloned().map(Ok),
            Self::Tree(node) => {
                let json = node.items().get(at)?;
                Some(node.at(json, node.item_declaration()).value())
            }
        }
    }

    /// The items, or what does not fit the declaration.
    pub fn iter(&self) -> impl Iterator<Item = Result<Value<'a>, String>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        if self.len() != other.len() {
            return false;
        }
        let kind = match self {
            Self::Tree(node) => node.list_kind(),
            Self::Owned(_) => &ListKind::Atomic,
        };
        let (Ok(ours), Ok(theirs)) = (self.collect(), other.collect()) else {
            return false;
        };
        match kind {
            ListKind::Atomic => ours.iter().zip(&theirs).all(|(a, b)| a.equals(b)),
            ListKind::Set => theirs.iter().all(|b| ours.iter().any(|a| a.equals(b))),
            ListKind::Map(keys) => theirs.iter().all(|b| {
                let same = ours
                    .iter()
                    .rfind(|a| keys.iter().all(|key| same_key(a, b, key)));
                same.is_some_and(|a| a.equals(b))
            }),
        }
    }

    /// All items.
    ///
    /// # Errors
    /// What does not fit the declaration.
    pub fn collect(&self) -> Result<Vec<Value<'a>>, String> {
        match self {
            Self::Owned(items) => Ok(items.as_ref().clone()),
            Self::Tree(_) => self.iter().collect(),
        }
    }

    /// Both lists as one; lists that are sets or maps keep an item once.
    pub(crate) fn concatenated(self, other: &Self) -> Result<Value<'a>, String> {
        let kind = match &self {
            Self::Tree(node) => node.list_kind(),
            Self::Owned(_) => &ListKind::Atomic,
        };
        let mut items = match self {
            Self::Owned(items) => {
                Arc::try_unwrap(items).unwrap_or_else(|shared| shared.as_ref().clone())
            }
            Self::Tree(_) => self.collect()?,
        };
        for added in other.iter() {
            let added = added?;
            let same = match kind {
                ListKind::Atomic => None,
                ListKind::Set => items.iter().position(|item| item.equals(&added)),
                ListKind::Map(keys) => items
                    .iter()
                    .position(|item| keys.iter().all(|key| same_key(item, &added, key))),
            };
            match same {
                Some(at) => items[at] = added,
                None => items.push(added),
            }
        }
        Ok(Value::list(items))
    }
}

fn same_key(a: &Value<'_>, b: &Value<'_>, key: &str) -> bool {
    let raw = |value: &Value<'_>| match value {
        Value::Map(map) => map
            .get_text(key)
            .and_then(Result::ok)
            .map(|v| format!("{v:?}")),
        _ => None,
    };
    raw(a) == raw(b)
}

impl<'a> Map<'a> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Owned(entries) => entries.list.len(),
            // What a schema hides counts.
            Self::Tree(node) => node.entries().len(),
            Self::Variables => 0,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key that is text.
    #[must_use]
    pub fn get_text(&self, key: &str) -> Option<Result<Value<'a>, String>> {
        match self {
            Self::Owned(entries) => {
                let at = *entries.index.get(&Key::Text(key.into()))?;
                Some(Ok(entries.list[at].1.clone()))
            }
            Self::Tree(node) => {
                let (json, declared) = node.child(key)?;
                Some(node.at(json, declared).value())
            }
            Self::Variables => None,
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &Value<'_>) -> Option<Result<Value<'a>, String>> {
        match (self, key) {
            (_, Value::String(text)) => self.get_text(text),
            (Self::Owned(entries), key) => entries.get(key).map(Ok),
            _ => None,
        }
    }

    /// Whether there is an entry of a key that is text.
    #[must_use]
    pub fn has_text(&self, key: &str) -> bool {
        match self {
            Self::Owned(entries) => entries.index.contains_key(&Key::Text(key.into())),
            Self::Tree(node) => node.child(key).is_some(),
            Self::Variables => false,
        }
    }

    /// Keys and values.
    ///
    /// # Errors
    /// What does not fit the declaration.
    pub fn pairs(&self) -> Result<Vec<(Value<'a>, Value<'a>)>, String> {
        match self {
            Self::Owned(entries) => Ok(entries.list.clone()),
            Self::Tree(node) => node
                .visible()
                .map(|(name, node)| Ok((key_value(name), node.value()?)))
                .collect(),
            Self::Variables => Ok(Vec::new()),
        }
    }

    /// Keys.
    #[must_use]
    pub fn keys(&self) -> Vec<Value<'a>> {
        match self {
            Self::Owned(entries) => entries.list.iter().map(|(key, _)| key.clone()).collect(),
            Self::Tree(node) => node.visible().map(|(name, _)| key_value(name)).collect(),
            Self::Variables => Vec::new(),
        }
    }

    pub(crate) fn runtime_type(&self) -> Type {
        match self {
            Self::Owned(entries) => entries
                .object
                .clone()
                .unwrap_or(Type::map(Type::Dyn, Type::Dyn)),
            Self::Tree(_) | Self::Variables => Type::map(Type::Dyn, Type::Dyn),
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        // What a schema hides still counts.
        if let (Self::Tree(a), Self::Tree(b)) = (self, other)
            && a.entries().len() != b.entries().len()
        {
            return false;
        }
        if let (Self::Tree(a), Self::Tree(b)) = (self, other)
            && !same_hidden(a, b)
        {
            return false;
        }
        let (Ok(ours), Ok(theirs)) = (self.pairs(), other.pairs()) else {
            return false;
        };
        ours.len() == theirs.len()
            && ours.iter().all(|(key, value)| {
                let found = other.get(key);
                found.is_some_and(|theirs| theirs.is_ok_and(|theirs| value.equals(&theirs)))
            })
    }
}

fn key_value(name: Cow<'_, str>) -> Value<'_> {
    match name {
        Cow::Borrowed(name) => Value::text(name),
        Cow::Owned(name) => Value::shared(name),
    }
}
