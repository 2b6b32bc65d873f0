//! Values while an expression runs. What comes from outside is read where it lies.

mod collections;
mod node;

pub use collections::{Entries, List, Map};
pub use node::Node;

use crate::authorizer::Check;
use crate::declared::Declared;
use crate::library::{named_format, network, semver, url};
use crate::time::Instant;
use crate::types::{Opaque, Type};
use kfast_core::quantity::Quantity;
use kfast_schema::{SchemaSet, Value as Json};
use std::borrow::Cow;
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
        Node::new(json, set, declared).value()
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
