//! Values while an expression runs. What comes from outside is read where it lies.

use crate::authorizer::Check;
use crate::declared::{Declared, ListKind, Shape};
use crate::library::{named_format, network, semver, url};
use crate::time::{self, Instant};
use crate::types::{Opaque, Type};
use base64::Engine;
use kfast_core::quantity::Quantity;
use kfast_schema::{SchemaSet, Value as Json};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A value. Cloning one never copies what it holds.
#[derive(Clone, Debug, Default)]
pub enum Value<'a> {
    /// `null`.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A float.
    Double(f64),
    /// Text.
    String(Text<'a>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Nanoseconds.
    Duration(i64),
    /// A point in time.
    Timestamp(Instant),
    /// A list.
    List(List<'a>),
    /// A map or an object.
    Map(Map<'a>),
    /// A value that may be absent.
    Optional(Option<Arc<Value<'a>>>),
    /// A type.
    Type(Type),
    /// A value of a library.
    Opaque(OpaqueValue),
}

/// Values that only libraries make.
#[derive(Clone, Debug)]
pub enum OpaqueValue {
    /// A quantity.
    Quantity(Arc<Quantity>),
    /// A URL.
    Url(Arc<url::Url>),
    /// A semantic version.
    Semver(Arc<semver::Semver>),
    /// A named format.
    NamedFormat(&'static named_format::NamedFormat),
    /// An IP address.
    Ip(std::net::IpAddr),
    /// A range of IP addresses.
    Cidr(network::Cidr),
    /// The authorizer, or a check that is being put together.
    Check(Arc<Check>),
    /// What the authorizer answered.
    Decision(Arc<crate::authorizer::Decision>),
}

/// Text, borrowed or shared.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    /// Of the object or the expression.
    Borrowed(&'a str),
    /// Made while the expression ran.
    Shared(Arc<str>),
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

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

/// A place in an object from outside.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    json: &'a Json<'a>,
    set: &'a SchemaSet,
    declared: Option<&'a Declared>,
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

impl<'a> Value<'a> {
    /// The value of a tree as an expression sees it.
    ///
    /// # Errors
    /// What does not fit the declaration.
    pub fn read(
        json: &'a Json<'a>,
        set: &'a SchemaSet,
        declared: Option<&'a Declared>,
    ) -> Result<Self, String> {
        Node {
            json,
            set,
            declared,
        }
        .value()
    }

    /// Text that lives long enough.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        Self::String(Text::Borrowed(text))
    }

    pub(crate) fn shared(text: impl Into<Arc<str>>) -> Self {
        Self::String(Text::Shared(text.into()))
    }

    pub(crate) fn list(items: Vec<Value<'a>>) -> Self {
        Self::List(List::Owned(Arc::new(items)))
    }

    pub(crate) fn entries(entries: Entries<'a>) -> Self {
        Self::Map(Map::Owned(Arc::new(entries)))
    }

    pub(crate) fn some(value: Self) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    /// A map of entries whose keys are text, booleans or integers.
    pub fn map(pairs: impl IntoIterator<Item = (Self, Self)>) -> Self {
        let mut entries = Entries::default();
        for (key, value) in pairs {
            entries.insert(key, value);
        }
        Self::entries(entries)
    }

    /// The text, if this is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The name of the value's type at run time.
    #[must_use]
    pub fn type_name(&self) -> Cow<'static, str> {
        Cow::Owned(self.runtime_type().runtime_name().to_owned())
    }

    /// What `type(x)` says.
    pub(crate) fn runtime_type(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Uint(_) => Type::Uint,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
            Self::Bytes(_) => Type::Bytes,
            Self::Duration(_) => Type::Duration,
            Self::Timestamp(_) => Type::Timestamp,
            Self::List(_) => Type::list(Type::Dyn),
            Self::Map(map) => map.runtime_type(),
            Self::Optional(_) => Type::optional(Type::Dyn),
            Self::Type(_) => Type::Type(None),
            Self::Opaque(opaque) => Type::Opaque(opaque.kind()),
        }
    }

    /// Characters, bytes, items or entries; 1 for what has no size.
    pub(crate) fn size(&self) -> u64 {
        self.length().unwrap_or(match self {
            Self::Optional(Some(value)) => value.size(),
            Self::Opaque(opaque) => opaque.size(),
            _ => 1,
        })
    }

    /// What `size(x)` says.
    pub(crate) fn length(&self) -> Option<u64> {
        let length = match self {
            Self::String(text) => text.chars().count(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(list) => list.len(),
            Self::Map(map) => map.len(),
            _ => return None,
        };
        Some(length as u64)
    }

    /// Whether two values are equal; numbers are whatever their type.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::String(a), Self::String(b)) => **a == **b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::List(a), Self::List(b)) => a.equals(b),
            (Self::Map(a), Self::Map(b)) => a.equals(b),
            (Self::Optional(None), Self::Optional(None)) => true,
            (Self::Optional(Some(a)), Self::Optional(Some(b))) => a.equals(b),
            (Self::Type(a), Self::Type(b)) => a.runtime_name() == b.runtime_name(),
            (Self::Opaque(a), Self::Opaque(b)) => a.equals(b),
            (a, b) => compare_numbers(a, b).is_some_and(std::cmp::Ordering::is_eq),
        }
    }
}

/// The order of two numbers of any type; `None` if one is no number.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // only where the result is exact or decided
pub(crate) fn compare_numbers(a: &Value<'_>, b: &Value<'_>) -> Option<std::cmp::Ordering> {
    use std::cmp::Ordering;
    let whole = |value: &Value<'_>| match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::Uint(number) => Some(i128::from(*number)),
        _ => None,
    };
    let with_double = |number: i128, double: f64| {
        if double.is_nan() {
            None
        } else if double >= 2e19 {
            Some(Ordering::Less)
        } else if double <= -2e19 {
            Some(Ordering::Greater)
        } else {
            let floor = double.floor();
            let order = number.cmp(&(floor as i128));
            Some(order.then(if double > floor {
                Ordering::Less
            } else {
                Ordering::Equal
            }))
        }
    };
    match (whole(a), whole(b), a, b) {
        (Some(a), Some(b), ..) => Some(a.cmp(&b)),
        (_, _, Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Some(a), _, _, Value::Double(b)) => with_double(a, *b),
        (_, Some(b), Value::Double(a), _) => with_double(b, *a).map(Ordering::reverse),
        _ => None,
    }
}

impl OpaqueValue {
    fn kind(&self) -> Opaque {
        match self {
            Self::Quantity(_) => Opaque::Quantity,
            Self::Url(_) => Opaque::Url,
            Self::Semver(_) => Opaque::Semver,
            Self::NamedFormat(_) => Opaque::NamedFormat,
            Self::Ip(_) => Opaque::Ip,
            Self::Cidr(_) => Opaque::Cidr,
            Self::Check(check) => check.kind(),
            Self::Decision(_) => Opaque::Decision,
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::Ip(ip) => network::octets(ip).len() as u64,
            Self::Cidr(cidr) => cidr.size(),
            _ => 1,
        }
    }

    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Quantity(a), Self::Quantity(b)) => a.cmp(b).is_eq(),
            (Self::Url(a), Self::Url(b)) => a == b,
            (Self::Semver(a), Self::Semver(b)) => a.order(b).is_eq(),
            (Self::NamedFormat(a), Self::NamedFormat(b)) => a.name == b.name,
            (Self::Ip(a), Self::Ip(b)) => a == b,
            (Self::Cidr(a), Self::Cidr(b)) => a == b,
            (Self::Check(a), Self::Check(b)) => Arc::ptr_eq(a, b),
            (Self::Decision(a), Self::Decision(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl<'a> Node<'a> {
    fn at(&self, json: &'a Json<'a>, declared: Option<&'a Declared>) -> Self {
        Self {
            json,
            set: self.set,
            declared,
        }
    }

    fn value(self) -> Result<Value<'a>, String> {
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

    fn items(&self) -> &'a [Json<'a>] {
        self.json.items()
    }

    fn item_declaration(&self) -> Option<&'a Declared> {
        match &self.declared?.shape {
            Shape::List { items, .. } => Some(items),
            _ => None,
        }
    }

    fn list_kind(&self) -> &'a ListKind {
        match self.declared.map(|d| &d.shape) {
            Some(Shape::List { kind, .. }) => kind,
            _ => &ListKind::Atomic,
        }
    }

    /// The property in JSON behind a name an expression uses, and what it is declared as; `None` if nothing can be seen
    /// under that name.
    fn child(&self, name: &str) -> Option<(&'a Json<'a>, Option<&'a Declared>)> {
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
    fn visible(&self) -> impl Iterator<Item = (Cow<'a, str>, Self)> + use<'a> {
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

    fn equals(&self, other: &Self) -> bool {
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
            Self::Tree(node) => node.json.entries().len(),
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

    fn equals(&self, other: &Self) -> bool {
        // What a schema hides still counts.
        if let (Self::Tree(a), Self::Tree(b)) = (self, other)
            && a.json.entries().len() != b.json.entries().len()
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

fn same_hidden(a: &Node<'_>, b: &Node<'_>) -> bool {
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

fn key_value(name: Cow<'_, str>) -> Value<'_> {
    match name {
        Cow::Borrowed(name) => Value::text(name),
        Cow::Owned(name) => Value::shared(name),
    }
}
