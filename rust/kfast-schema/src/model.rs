//! The in-memory structure of all types: an arena of structs reached by small ids.

use crate::structural::Structure;
use crate::value::Value;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Names one [`Struct`] of a [`SchemaSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeId(pub(crate) u32);

/// Names one property name of a [`SchemaSet`]; equal names have equal ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub(crate) u32);

impl NameId {
    /// Position in [`SchemaSet::names`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every type of one API level.
#[derive(Debug, Default)]
pub struct SchemaSet {
    pub(crate) types: Vec<Struct>,
    pub(crate) by_name: HashMap<Box<str>, TypeId>,
    pub(crate) kinds: HashMap<Box<str>, TypeId>,
    pub(crate) names: Vec<Box<str>>,
    /// How objects of a custom resource are read; `None` for the built-in kinds.
    pub(crate) structure: Option<Box<Structure>>,
}

impl SchemaSet {
    /// The struct behind an id.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &Struct {
        &self.types[id.0 as usize]
    }

    /// The struct of a kind, by `apps/v1/Deployment` or `v1/Pod`.
    #[must_use]
    pub fn kind(&self, key: &str) -> Option<TypeId> {
        self.kinds.get(key).copied()
    }

    /// The struct of a schema name such as `io.k8s.api.core.v1.PodSpec`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    /// Keys of all kinds, sorted.
    #[must_use]
    pub fn kinds(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.kinds.keys().map(AsRef::as_ref).collect();
        keys.sort_unstable();
        keys
    }

    /// How objects of a custom resource are read; `None` for the built-in kinds.
    #[must_use]
    pub fn structure(&self) -> Option<&Structure> {
        self.structure.as_deref()
    }

    /// Every property name, indexed by [`NameId::index`].
    #[must_use]
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }
}

/// An object with known properties.
#[derive(Debug, Default)]
pub struct Struct {
    /// Schema name, `io.k8s.api.apps.v1.Deployment`.
    pub name: Box<str>,
    /// Whether the object as a whole has one owner in server-side apply (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    /// Whether it may have other properties, which are free-form JSON.
    pub open: bool,
    /// Properties in the order upstream writes them; those of embedded protobuf messages are inlined.
    pub fields: Box<[Field]>,
    /// Positions in `fields` by property name.
    pub(crate) by_json: HashMap<Box<str>, u32, FixedState>,
    /// What each protobuf tag holds, sorted by tag.
    pub(crate) by_tag: Box<[(u32, Slot)]>,
    /// Positions of the fields that upstream writes even when nobody set them.
    pub(crate) filled: Box<[u16]>,
}

impl Struct {
    /// The position and declaration of a property.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(usize, &Field)> {
        let at = *self.by_json.get(name)? as usize;
        Some((at, &self.fields[at]))
    }

    /// The type's own name, `DeploymentSpec`.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// The name Go prints, `v1.DeploymentSpec`.
    #[must_use]
    pub fn go_name(&self) -> &str {
        let mut dots = self.name.rmatch_indices('.').map(|(i, _)| i);
        dots.next();
        dots.next().map_or(&self.name, |i| &self.name[i + 1..])
    }

    pub(crate) fn slot(&self, tag: u32) -> Option<&Slot> {
        let at = self.by_tag.binary_search_by_key(&tag, |(t, _)| *t).ok()?;
        Some(&self.by_tag[at].1)
    }
}

/// What a protobuf tag of a message holds.
#[derive(Debug)]
pub(crate) enum Slot {
    /// The field at this position.
    Field(u16),
    /// A message whose fields are the object's own: (its type, its position -> the object's position).
    Embedded(TypeId, Box<[u16]>),
}

/// One property.
#[derive(Clone, Debug)]
pub struct Field {
    /// Property name.
    pub name: Box<str>,
    /// The interned name.
    pub key: NameId,
    /// What it holds.
    pub ty: Type,
    /// Protobuf tag; 0 if the property has none of its own (`apiVersion`, `kind`, inlined properties).
    pub tag: u32,
    /// Absent and zero differ.
    pub pointer: bool,
    /// Upstream writes it even when it holds the zero value.
    pub always: bool,
    /// Listed as required.
    pub required: bool,
    /// Allowed values, empty if open.
    pub enumeration: Box<[Box<str>]>,
    /// How server-side apply merges a list.
    pub list: ListType,
    /// Properties that identify an item of a list of type map.
    pub list_keys: Box<[Box<str>]>,
    /// A map or object with one owner as a whole.
    pub atomic: bool,
    /// Property that identifies an item in a strategic merge patch, empty if none.
    pub merge_key: Box<str>,
    /// The strategic merge patch strategies.
    pub patch: PatchStrategy,
    /// What stands for the property where it is absent, of custom resources.
    pub default: Option<Value<'static>>,
    /// What server-side apply takes besides what `ty` says, of custom resources.
    pub applies: Applies,
}

/// What of JSON an applied configuration may have in a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Applies {
    /// What the type says.
    #[default]
    Typed,
    /// Objects: free-form JSON that is declared to be one.
    Object,
    /// Any scalar: texts with a format.
    Scalar,
}

/// How the items of a list are merged by server-side apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// Replaced as a whole.
    #[default]
    Atomic,
    /// Scalars, each at most once.
    Set,
    /// Objects identified by `list_keys`.
    Map,
}

/// Strategies of a strategic merge patch; none set: lists are replaced, objects merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// Lists are merged by key or as sets.
    pub merge: bool,
    /// `retainKeys`: properties not named in `$retainKeys` are removed.
    pub retain_keys: bool,
    /// An object is replaced as a whole.
    pub replace: bool,
}

/// What a value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// 32-bit integer.
    Int32,
    /// 64-bit integer.
    Int64,
    /// 64-bit float.
    Double,
    /// Text.
    String,
    /// Base64 text.
    Bytes,
    /// RFC 3339 with whole seconds.
    Time,
    /// RFC 3339 with microseconds.
    MicroTime,
    /// Quantity such as `500m`.
    Quantity,
    /// 32-bit integer or text.
    IntOrString,
    /// Any JSON (`apiextensions JSON`).
    Json,
    /// Any JSON object (`RawExtension`).
    RawExtension,
    /// A field set (`FieldsV1`).
    FieldsV1,
    /// A JSON schema or a boolean; the struct is `JSONSchemaProps`.
    SchemaOrBool(TypeId),
    /// A JSON schema or an array of them.
    SchemaOrArray(TypeId),
    /// A JSON schema or an array of property names.
    SchemaOrStrings(TypeId),
    /// A list.
    List(Box<Type>),
    /// A list that protobuf wraps into a message `{items = 1}`.
    WrappedList(Box<Type>),
    /// An object with free keys.
    Map(Box<Type>),
    /// An object with known properties.
    Struct(TypeId),
}

impl Type {
    /// The type of the items, for lists.
    #[must_use]
    pub fn item(&self) -> Option<&Type> {
        match self {
            Self::List(item) | Self::WrappedList(item) => Some(item),
            _ => None,
        }
    }

    /// The struct an object of this type is.
    #[must_use]
    pub fn structure(&self) -> Option<TypeId> {
        match self {
            Self::Struct(id)
            | Self::SchemaOrBool(id)
            | Self::SchemaOrArray(id)
            | Self::SchemaOrStrings(id) => Some(*id),
            _ => None,
        }
    }
}
