//! Static types.

use crate::declared::Object;
use std::fmt;
use std::sync::Arc;

/// The static type of an expression.
#[derive(Clone, Debug, Default)]
pub enum Type {
    /// Known only at run time.
    #[default]
    Dyn,
    /// Of an expression that is wrong already.
    Error,
    /// `null`.
    Null,
    /// A boolean.
    Bool,
    /// A signed 64-bit integer.
    Int,
    /// An unsigned 64-bit integer.
    Uint,
    /// A 64-bit float.
    Double,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// A span of time.
    Duration,
    /// A point in time.
    Timestamp,
    /// A list.
    List(Arc<Type>),
    /// A map: key and value.
    Map(Arc<(Type, Type)>),
    /// A value that may be absent.
    Optional(Arc<Type>),
    /// A type as a value; of which type, if known.
    Type(Option<Arc<Type>>),
    /// An object with known properties.
    Object(Arc<Object>),
    /// A type of a library.
    Opaque(Opaque),
    /// A type variable.
    Param(u32),
}

/// Types that only libraries make values of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opaque {
    /// `kubernetes.Quantity`.
    Quantity,
    /// `kubernetes.URL`.
    Url,
    /// `kubernetes.Semver`.
    Semver,
    /// `kubernetes.NamedFormat`.
    NamedFormat,
    /// `net.IP`.
    Ip,
    /// `net.CIDR`.
    Cidr,
    /// `kubernetes.authorization.Authorizer`.
    Authorizer,
    /// `kubernetes.authorization.PathCheck`.
    PathCheck,
    /// `kubernetes.authorization.GroupCheck`.
    GroupCheck,
    /// `kubernetes.authorization.ResourceCheck`.
    ResourceCheck,
    /// `kubernetes.authorization.Decision`.
    Decision,
}

impl Opaque {
    const ALL: [Self; 11] = [
        Self::Quantity,
        Self::Url,
        Self::Semver,
        Self::NamedFormat,
        Self::Ip,
        Self::Cidr,
        Self::Authorizer,
        Self::PathCheck,
        Self::GroupCheck,
        Self::ResourceCheck,
        Self::Decision,
    ];

    /// The type's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quantity => "kubernetes.Quantity",
            Self::Url => "kubernetes.URL",
            Self::Semver => "kubernetes.Semver",
            Self::NamedFormat => "kubernetes.NamedFormat",
            Self::Ip => "net.IP",
            Self::Cidr => "net.CIDR",
            Self::Authorizer => "kubernetes.authorization.Authorizer",
            Self::PathCheck => "kubernetes.authorization.PathCheck",
            Self::GroupCheck => "kubernetes.authorization.GroupCheck",
            Self::ResourceCheck => "kubernetes.authorization.ResourceCheck",
            Self::Decision => "kubernetes.authorization.Decision",
        }
    }

    /// Whether upstream has it as a message: selecting a field finds none, rather than being no field selection.
    pub(crate) fn is_struct(self) -> bool {
        !matches!(self, Self::Ip | Self::Cidr)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.name() == name)
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) | (Self::Optional(a), Self::Optional(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Type(a), Self::Type(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a.name() == b.name(),
            (Self::Opaque(a), Self::Opaque(b)) => a == b,
            (Self::Param(a), Self::Param(b)) => a == b,
            (a, b) => !a.has_parts() && std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

impl Eq for Type {}

impl Type {
    fn has_parts(&self) -> bool {
        matches!(
            self,
            Self::List(_)
                | Self::Optional(_)
                | Self::Map(_)
                | Self::Type(_)
                | Self::Object(_)
                | Self::Opaque(_)
                | Self::Param(_)
        )
    }

    /// A list of items.
    #[must_use]
    pub fn list(item: Self) -> Self {
        Self::List(Arc::new(item))
    }

    /// A map from keys to values.
    #[must_use]
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new((key, value)))
    }

    /// A value that may be absent.
    #[must_use]
    pub fn optional(value: Self) -> Self {
        Self::Optional(Arc::new(value))
    }

    pub(crate) fn is_dyn_or_error(&self) -> bool {
        matches!(self, Self::Dyn | Self::Error)
    }

    /// Whether every value has size 1.
    pub(crate) fn is_scalar(&self) -> bool {
        match self {
            Self::Bool
            | Self::Double
            | Self::Duration
            | Self::Int
            | Self::Timestamp
            | Self::Uint => true,
            Self::Optional(value) => value.is_scalar(),
            _ => false,
        }
    }

    /// What `type(x)` of a value of this type says.
    pub(crate) fn runtime_name(&self) -> &str {
        match self {
            Self::Dyn => "dyn",
            Self::Error => "error",
            Self::Null => "null_type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Duration => "google.protobuf.Duration",
            Self::Timestamp => "google.protobuf.Timestamp",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
            Self::Object(object) => object.name(),
            Self::Opaque(opaque) => opaque.name(),
            Self::Param(_) => "",
        }
    }

    /// The type a name stands for in an expression.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Self::Bool,
            "bytes" => Self::Bytes,
            "double" => Self::Double,
            "google.protobuf.Duration" => Self::Duration,
            "google.protobuf.Timestamp" => Self::Timestamp,
            "int" => Self::Int,
            "list" => Self::list(Self::Dyn),
            "map" => Self::map(Self::Dyn, Self::Dyn),
            "null_type" => Self::Null,
            "string" => Self::String,
            "type" => Self::Type(None),
            "uint" => Self::Uint,
            "optional_type" => Self::optional(Self::Dyn),
            _ => return Opaque::named(name).map(Self::Opaque),
        })
    }
}

/// As messages name the type.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error => f.write_str("!error!"),
            Self::Null => f.write_str("null"),
            Self::Duration => f.write_str("duration"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(entry) => write!(f, "map({}, {})", entry.0, entry.1),
            Self::Optional(value) => write!(f, "optional_type({value})"),
            Self::Type(Some(of)) => write!(f, "type({of})"),
            Self::Param(number) => write!(f, "_var{number}"),
            other => f.write_str(other.runtime_name()),
        }
    }
}
