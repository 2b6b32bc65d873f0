//! Structural validation: fields that must be set and keys that must not repeat, where upstream's registries refuse them.
//!
//! The schema calls more fields required than upstream insists on: Go's zero value will do for numbers, times and the
//! fields of [`OPTIONAL`]. A required object that is absent is looked at as an empty one.
//!
//! A [`Validator`] is compiled once: for each type the few fields that can be violated, themselves or further below. It
//! reads objects through [`Node`], so that a caller's own representation needs no conversion.

use crate::SchemaSet;
use crate::model::{Field, NameId, Struct, Type, TypeId};
use crate::value::{Name, Value as Decoded};
use kfast_core::quote;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// One violation, as upstream's `field.Error`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `spec.template.spec.containers[0].name`.
    pub path: String,
    /// Cause reason, `FieldValueRequired`.
    pub reason: &'static str,
    /// The text after the path, `Required value`.
    pub message: String,
}

/// Called required by the schema, but upstream takes the empty value.
const OPTIONAL: &[(&str, &str)] = &[
    ("CSINodeSpec", "drivers"),
    ("HTTPHeader", "value"),
    ("LimitRangeSpec", "limits"),
    ("PodFailurePolicy", "rules"),
    ("Sysctl", "value"),
    ("TokenRequest", "audience"),
];

/// Not looked into: validated as metadata, as selectors, by their own handlers, or with an empty group of their own.
const SKIPPED: &[&str] = &[
    "CustomResourceDefinitionSpec",
    "FieldSelectorRequirement",
    "GroupResource",
    "JSONSchemaProps",
    "LabelSelectorRequirement",
    "NodeSelectorRequirement",
    "ObjectMeta",
    "OwnerReference",
    "SelfSubjectAccessReviewSpec",
    "SelfSubjectRulesReviewSpec",
    "SubjectAccessReviewSpec",
    "TokenReviewSpec",
];

/// Lists whose items must differ in a property: (type, list, property).
const UNIQUE: &[(&str, &str, &str)] = &[
    ("CSINodeSpec", "drivers", "name"),
    ("MutatingWebhookConfiguration", "webhooks", "name"),
    ("PodSpec", "containers", "name"),
    ("PodSpec", "ephemeralContainers", "name"),
    ("PodSpec", "initContainers", "name"),
    ("PodSpec", "resourceClaims", "name"),
    ("PodSpec", "volumes", "name"),
    ("ValidatingWebhookConfiguration", "webhooks", "name"),
];

/// An object, list or scalar to validate, in whatever form the caller holds it.
pub trait Node: Sized {
    /// The property of an object; `None` where it is absent or this is no object.
    fn get(&self, id: NameId, name: &str) -> Option<Self>;
    /// The items; `None` if this is no list.
    fn items(&self) -> Option<Vec<Self>>;
    /// The entries of an object with free keys; `None` if this is no object.
    fn entries(&self) -> Option<Vec<(String, Self)>>;
    /// Whether this is an object.
    fn is_object(&self) -> bool;
    /// The text; `None` if this is no string.
    fn text(&self) -> Option<Cow<'_, str>>;
    /// Null, an empty string or an empty list.
    fn is_empty(&self) -> bool;
}

impl Node for &Value {
    fn get(&self, _: NameId, name: &str) -> Option<Self> {
        Value::get(self, name)
    }

    fn items(&self) -> Option<Vec<Self>> {
        self.as_array().map(|items| items.iter().collect())
    }

    fn entries(&self) -> Option<Vec<(String, Self)>> {
        let entries = self.as_object()?.iter();
        Some(entries.map(|(k, v)| (k.clone(), v)).collect())
    }

    fn is_object(&self) -> bool {
        Value::is_object(self)
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_str().map(Cow::Borrowed)
    }

    fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        }
    }
}

impl Node for &Decoded<'_> {
    fn get(&self, id: NameId, _: &str) -> Option<Self> {
        Decoded::get(self, id)
    }

    fn items(&self) -> Option<Vec<Self>> {
        match self {
            Decoded::List(items) => Some(items.iter().collect()),
            _ => None,
        }
    }

    fn entries(&self) -> Option<Vec<(String, Self)>> {
        let Decoded::Object(entries) = self else {
            return None;
        };
        let free = entries.iter().filter_map(|(name, value)| match name {
            Name::Free(key) => Some((key.to_string(), value)),
            Name::Known(_) => None,
        });
        Some(free.collect())
    }

    fn is_object(&self) -> bool {
        Decoded::is_object(self)
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_text().map(Cow::Borrowed)
    }

    fn is_empty(&self) -> bool {
        match self {
            Decoded::Null => true,
            Decoded::Text(text) => text.is_empty(),
            Decoded::List(items) => items.is_empty(),
            _ => false,
        }
    }
}

/// What is structurally wrong with an object of the kind `key`; its metadata and status are not looked at.
#[must_use]
pub fn validate(set: &SchemaSet, key: &str, object: &Value) -> Vec<Violation> {
    Validator::new(set).validate(set, key, &object)
}

/// The rules of every type of one [`SchemaSet`].
#[derive(Debug)]
pub struct Validator {
    /// By type id.
    rules: Vec<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    /// Position of the field in its struct.
    field: usize,
    required: bool,
    /// Property in which the items of a list must differ.
    unique: Option<(NameId, &'static str)>,
    /// The struct the field holds, in which something can be violated.
    nested: Option<TypeId>,
}

impl Rule {
    /// Whether it can be violated, if `matters` tells this of types.
    fn matters(&self, matters: &[bool]) -> bool {
        let nested = self.nested.is_some_and(|id| matters[id.0 as usize]);
        self.required || self.unique.is_some() || nested
    }
}

impl Validator {
    /// Compiles the rules of `set`.
    #[must_use]
    pub fn new(set: &SchemaSet) -> Self {
        let roots: HashSet<usize> = set.kinds.values().map(|id| id.0 as usize).collect();
        let types = set.types.iter().enumerate();
        let mut rules: Vec<Vec<Rule>> = types
            .map(|(i, ty)| rules_of(set, ty, roots.contains(&i)))
            .collect();
        // A type matters if it has a rule of its own or reaches one: grow until nothing changes.
        let mut matters = vec![false; rules.len()];
        let mut grown = true;
        while grown {
            grown = false;
            for (i, rules) in rules.iter().enumerate() {
                if !matters[i] && rules.iter().any(|rule| rule.matters(&matters)) {
                    matters[i] = true;
                    grown = true;
                }
            }
        }
        for rules in &mut rules {
            rules.retain(|rule| rule.matters(&matters));
            for rule in rules {
                rule.nested = rule.nested.filter(|id| matters[id.0 as usize]);
            }
        }
        Self { rules }
    }

    /// What is structurally wrong with an object of the kind `key` of the same set.
    pub fn validate<N: Node>(&self, set: &SchemaSet, key: &str, object: &N) -> Vec<Violation> {
        let mut walk = Walk {
            set,
            rules: &self.rules,
            found: Vec::new(),
        };
        if let (Some(id), true) = (set.kind(key), object.is_object()) {
            walk.structure(id, Some(object), &Path::Root);
        }
        walk.found
    }
}

/// The rules of one type, whatever its structs hold; `root`: it is a kind, whose metadata and status are left alone.
fn rules_of(set: &SchemaSet, ty: &Struct, root: bool) -> Vec<Rule> {
    let name = ty.short_name();
    if SKIPPED.contains(&name) {
        return Vec::new();
    }
    let lists: Vec<_> = UNIQUE.iter().filter(|(owner, ..)| *owner == name).collect();
    let rule = |(i, field): (usize, &Field)| {
        if root && matches!(field.name.as_ref(), "metadata" | "status") {
            return None;
        }
        let unique = lists
            .iter()
            .find(|(_, list, _)| *list == field.name.as_ref())
            .and_then(|(_, _, property)| Some((item_field(set, &field.ty, property)?, *property)));
        let required = must_be_set(ty, field);
        let nested = structure_of(&field.ty);
        (required || unique.is_some() || nested.is_some()).then_some(Rule {
            field: i,
            required,
            unique,
            nested,
        })
    };
    ty.fields.iter().enumerate().filter_map(rule).collect()
}

fn item_field(set: &SchemaSet, list: &Type, property: &str) -> Option<NameId> {
    let item = set.get(structure_of(list)?);
    item.field(property).map(|(_, field)| field.key)
}

/// Where a violation is, written out only when there is one.
enum Path<'p> {
    Root,
    Field(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
    Key(&'p Path<'p>, &'p str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, i) => write!(f, "{parent}[{i}]"),
            Self::Key(parent, key) => write!(f, "{parent}[{key}]"),
        }
    }
}

struct Walk<'s> {
    set: &'s SchemaSet,
    rules: &'s [Vec<Rule>],
    found: Vec<Violation>,
}

impl Walk<'_> {
    /// `None` is an absent object that must be there.
    fn structure<N: Node>(&mut self, id: TypeId, object: Option<&N>, path: &Path<'_>) {
        let (set, rules) = (self.set, self.rules);
        for rule in &rules[id.0 as usize] {
            let field = &set.get(id).fields[rule.field];
            let path = Path::Field(path, &field.name);
            let value = object
                .and_then(|o| o.get(field.key, &field.name))
                .filter(|v| !v.is_empty());
            match value {
                Some(value) => {
                    if let Some((id, property)) = rule.unique {
                        self.duplicates(&value, id, property, &path);
                    }
                    if rule.nested.is_some() {
                        self.nested(&field.ty, &value, &path);
                    }
                }
                None if rule.required => self.absent::<N>(field, &path),
                None => {}
            }
        }
    }

    fn absent<N: Node>(&mut self, field: &Field, path: &Path<'_>) {
        match field.ty {
            Type::Struct(id) if !field.pointer => self.structure::<N>(id, None, path),
            _ => self.found.push(Violation {
                path: path.to_string(),
                reason: "FieldValueRequired",
                message: "Required value".to_owned(),
            }),
        }
    }

    fn nested<N: Node>(&mut self, ty: &Type, value: &N, path: &Path<'_>) {
        match ty {
            Type::Struct(id) if value.is_object() => self.structure(*id, Some(value), path),
            Type::List(item) | Type::WrappedList(item) => {
                for (i, value) in value.items().unwrap_or_default().iter().enumerate() {
                    self.nested(item, value, &Path::Index(path, i));
                }
            }
            Type::Map(item) => {
                for (key, value) in &value.entries().unwrap_or_default() {
                    self.nested(item, value, &Path::Key(path, key));
                }
            }
            _ => {}
        }
    }

    fn duplicates<N: Node>(&mut self, list: &N, id: NameId, property: &str, path: &Path<'_>) {
        let items = list.items().unwrap_or_default();
        if items.len() < 2 {
            return;
        }
        let values: Vec<Option<N>> = items.iter().map(|item| item.get(id, property)).collect();
        let mut seen = HashSet::new();
        for (i, value) in values.iter().enumerate() {
            let Some(text) = value.as_ref().and_then(Node::text) else {
                continue;
            };
            if !text.is_empty() && !seen.insert(text.clone()) {
                let item = Path::Index(path, i);
                self.found.push(Violation {
                    path: Path::Field(&item, property).to_string(),
                    reason: "FieldValueDuplicate",
                    message: format!("Duplicate value: {}", quote(&text)),
                });
            }
        }
    }
}

fn must_be_set(ty: &Struct, field: &Field) -> bool {
    let has_zero_value = !matches!(
        field.ty,
        Type::String | Type::Bytes | Type::List(_) | Type::WrappedList(_) | Type::Struct(_)
    );
    let name = (ty.short_name(), field.name.as_ref());
    field.required && !has_zero_value && !OPTIONAL.contains(&name)
}

/// The struct a type holds, directly or as items.
fn structure_of(ty: &Type) -> Option<TypeId> {
    match ty {
        Type::Struct(id) => Some(*id),
        Type::List(item) | Type::WrappedList(item) | Type::Map(item) => structure_of(item),
        _ => None,
    }
}
