//! What a schema says of the values an expression sees.

use crate::parser::is_reserved;
use crate::types::Type;
use std::collections::HashMap;
use std::sync::Arc;

/// The type of a value that comes from outside, how it reads from JSON, and how large it may be.
#[derive(Clone, Debug)]
pub struct Declared {
    /// How the value reads.
    pub shape: Shape,
    /// The most characters, bytes, items or entries it may have.
    pub max_elements: u64,
}

/// How JSON reads as a value.
#[derive(Clone, Debug)]
pub enum Shape {
    /// As it is.
    Dyn,
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// A number; whole ones are doubles too.
    Double,
    /// Text.
    String,
    /// Base64 text, read as bytes.
    Bytes,
    /// Text in Go's notation of durations.
    Duration,
    /// Text, a date of RFC 3339.
    Date,
    /// Text, a date and time of RFC 3339.
    DateTime,
    /// A list.
    List {
        /// Its items.
        items: Arc<Declared>,
        /// What makes two lists equal.
        kind: ListKind,
    },
    /// An object with free keys.
    Map(Arc<Declared>),
    /// An object with known properties.
    Object(Arc<Object>),
}

/// `x-kubernetes-list-type`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListKind {
    /// Items count in their order.
    #[default]
    Atomic,
    /// A set: order does not count.
    Set,
    /// Items are identified by these properties; order does not count.
    Map(Box<[Box<str>]>),
}

/// An object type.
#[derive(Debug)]
pub struct Object {
    name: Box<str>,
    /// By the name an expression uses.
    fields: HashMap<Box<str>, Property>,
    /// Types of properties that do not come from JSON.
    computed: HashMap<Box<str>, Type>,
    /// Whether it has every property, of any type.
    open: bool,
}

/// A property of an object type.
#[derive(Clone, Debug)]
pub struct Property {
    /// The name in JSON.
    pub name: Box<str>,
    /// What it holds.
    pub declared: Arc<Declared>,
}

impl Object {
    /// An object type with these properties, by their names in JSON; those whose name cannot be written in an
    /// expression are left out.
    pub fn new(
        name: impl Into<Box<str>>,
        properties: impl IntoIterator<Item = (String, Arc<Declared>)>,
    ) -> Self {
        let fields = properties.into_iter().filter_map(|(name, declared)| {
            let escaped = escape(&name)?;
            let name = name.into();
            Some((escaped.into(), Property { name, declared }))
        });
        Self {
            name: name.into(),
            fields: fields.collect(),
            computed: HashMap::new(),
            open: false,
        }
    }

    /// An object type that has every property, each of any type.
    pub fn open(name: impl Into<Box<str>>) -> Self {
        Self {
            name: name.into(),
            fields: HashMap::new(),
            computed: HashMap::new(),
            open: true,
        }
    }

    /// An object type whose properties an evaluation computes.
    pub(crate) fn computed(name: impl Into<Box<str>>, types: HashMap<Box<str>, Type>) -> Self {
        Self {
            name: name.into(),
            fields: HashMap::new(),
            computed: types,
            open: false,
        }
    }

    /// The type's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The property behind a name of an expression. Words that CEL reserves may be escaped or not.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Property> {
        self.fields.get(name).or_else(|| {
            is_reserved(name)
                .then(|| self.fields.get(format!("__{name}__").as_str()))
                .flatten()
        })
    }

    /// All properties, in no order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Property)> {
        self.fields
            .iter()
            .map(|(name, property)| (name.as_ref(), property))
    }

    pub(crate) fn field_type(&self, name: &str) -> Option<Type> {
        match self.field(name) {
            Some(property) => Some(property.declared.cel_type()),
            None if self.open => Some(Type::Dyn),
            None => self.computed.get(name).cloned(),
        }
    }
}

impl Declared {
    /// A value of a shape whose size is not limited.
    #[must_use]
    pub fn unlimited(shape: Shape) -> Self {
        Self {
            shape,
            max_elements: 0,
        }
    }

    /// The static type.
    #[must_use]
    pub fn cel_type(&self) -> Type {
        match &self.shape {
            Shape::Dyn => Type::Dyn,
            Shape::Bool => Type::Bool,
            Shape::Int => Type::Int,
            Shape::Double => Type::Double,
            Shape::String => Type::String,
            Shape::Bytes => Type::Bytes,
            Shape::Duration => Type::Duration,
            Shape::Date | Shape::DateTime => Type::Timestamp,
            Shape::List { items, .. } => Type::list(items.cel_type()),
            Shape::Map(value) => Type::map(Type::String, value.cel_type()),
            Shape::Object(object) => Type::Object(object.clone()),
        }
    }

    /// The most elements the value at a path may have, for [`crate::Program::estimate`]: steps are names of properties as
    /// expressions have them, `@items`, `@values` and `@keys`. Upstream reckons keys have no size.
    #[must_use]
    pub fn longest(&self, path: &[&str]) -> Option<u64> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self.max_elements);
        };
        match (&self.shape, *step) {
            (Shape::List { items: next, .. }, "@items" | "@values")
            | (Shape::Map(next), "@items" | "@values") => next.longest(rest),
            (Shape::Map(_), "@keys") => rest.is_empty().then_some(0),
            (Shape::Object(object), name) => object.field(name)?.declared.longest(rest),
            _ => None,
        }
    }
}

/// The name an expression uses for a property; `None` if it cannot be written.
///
/// Underscore pairs, dots, dashes and slashes become `__underscores__`, `__dot__`, `__dash__`, `__slash__`; words that
/// CEL reserves stand between underscore pairs.
#[must_use]
pub fn escape(name: &str) -> Option<String> {
    let first = name.bytes().next()?;
    if first.is_ascii_digit() {
        return None;
    }
    if is_reserved(name) {
        return Some(format!("__{name}__"));
    }
    let mut escaped = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(c) = rest.chars().next() {
        let (read, written) = match c {
            '_' if rest.starts_with("__") => (2, "__underscores__"),
            '.' => (1, "__dot__"),
            '-' => (1, "__dash__"),
            '/' => (1, "__slash__"),
            c if c == '_' || c.is_ascii_alphanumeric() => (1, &rest[..1]),
            _ => return None,
        };
        escaped.push_str(written);
        rest = &rest[read..];
    }
    Some(escaped)
}
