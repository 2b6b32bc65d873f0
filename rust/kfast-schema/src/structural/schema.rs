//! `JSONSchemaProps` as the engine keeps it.

use super::StructureError;
use super::checks::{Checks, format, read_check};
use crate::model::{ListType, NameId};
use crate::names as n;
use crate::value::{Name, Value};
use std::collections::HashMap;

/// A JSON type a schema demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `array`
    Array,
    /// `boolean`
    Boolean,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `object`
    Object,
    /// `string`
    String,
}

impl JsonType {
    /// Reads the name of a type.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "array" => Self::Array,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "object" => Self::Object,
            "string" => Self::String,
            _ => return None,
        })
    }

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }
}

/// A property of a schema.
#[derive(Clone, Debug)]
pub struct Property {
    /// Its name.
    pub name: Box<str>,
    /// The interned name.
    pub key: NameId,
    /// What it holds.
    pub schema: Schema,
}

/// `additionalProperties`.
#[derive(Clone, Debug)]
pub struct Additional {
    /// What they hold; `None` for the boolean form.
    pub schema: Option<Box<Schema>>,
    /// Whether they may be there.
    pub allowed: bool,
}

/// One of `x-kubernetes-validations`, as it is stated.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// What must be true.
    pub rule: Box<str>,
    /// What is said if it is not.
    pub message: Box<str>,
    /// An expression that makes the message.
    pub message_expression: Box<str>,
    /// The reason of the violation, if stated.
    pub reason: Option<Box<str>>,
    /// Which field is said to be wrong, as stated.
    pub field_path: Box<str>,
    /// The same as messages spell it, if it leads somewhere.
    pub field: Option<Box<str>>,
    /// Whether the old value is optional, if stated.
    pub optional_old_self: Option<bool>,
}

/// One schema: what pruning, defaulting and apply need of it.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The type of values.
    pub ty: Option<JsonType>,
    /// `null` is a value, too.
    pub nullable: bool,
    /// `x-kubernetes-int-or-string`
    pub int_or_string: bool,
    /// `x-kubernetes-preserve-unknown-fields`
    pub preserve: bool,
    /// `x-kubernetes-embedded-resource`
    pub embedded: bool,
    /// What is filled in where nothing is.
    pub default: Option<Value<'static>>,
    /// Properties by name.
    pub properties: Vec<Property>,
    /// Other properties.
    pub additional: Option<Additional>,
    /// Items of a list.
    pub items: Option<Box<Schema>>,
    /// `x-kubernetes-list-type`
    pub list: ListType,
    /// `x-kubernetes-list-map-keys`
    pub list_keys: Box<[Box<str>]>,
    /// `x-kubernetes-map-type: atomic`
    pub atomic: bool,
    /// Whether there is a default below.
    pub(crate) defaults_below: bool,
    /// `x-kubernetes-validations`
    pub rules: Vec<Rule>,
    /// Whether there are rules, here or below.
    pub ruled: bool,
    /// What is demanded of values.
    pub checks: Option<Box<Checks>>,
    /// Positions of properties by the ids of their names.
    by_key: Box<[(NameId, u32)]>,
}

impl Schema {
    /// The property of that name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        let at = self
            .properties
            .binary_search_by(|p| p.name.as_ref().cmp(name))
            .ok()?;
        Some(&self.properties[at])
    }

    /// The property an object's entry goes by.
    #[must_use]
    pub fn known(&self, name: &Name<'_>) -> Option<&Property> {
        match name {
            Name::Known(id) => {
                let at = self.by_key.binary_search_by_key(id, |(key, _)| *key).ok()?;
                self.properties.get(self.by_key[at].1 as usize)
            }
            Name::Free(text) => self.property(text),
        }
    }

    /// What properties without a schema of their own hold, if there is a schema for them.
    #[must_use]
    pub fn others(&self) -> Option<&Schema> {
        self.additional.as_ref()?.schema.as_deref()
    }

    /// The schema of an entry, as upstream looks it up: its own or that of additional properties.
    #[must_use]
    pub fn entry(&self, name: &Name<'_>) -> Option<&Schema> {
        self.known(name)
            .map_or_else(|| self.others(), |p| Some(&p.schema))
    }

    /// Whether there is a default, here or below.
    #[must_use]
    pub fn defaults(&self) -> bool {
        self.defaults_below || self.default.is_some()
    }
}

/// Property names of the schemas being read.
pub(super) struct Names {
    /// By id.
    pub(super) texts: Vec<Box<str>>,
    ids: HashMap<Box<str>, NameId>,
}

impl Names {
    /// The constants, which every set starts with.
    pub(super) fn new() -> Self {
        let mut names = Self {
            texts: Vec::new(),
            ids: HashMap::new(),
        };
        for text in crate::names::TEXTS {
            names.intern(text);
        }
        names
    }

    pub(super) fn intern(&mut self, text: &str) -> NameId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = NameId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.into());
        self.ids.insert(text.into(), id);
        id
    }
}

/// Reads the JSON of a schema.
pub(super) fn read(names: &mut Names, json: &Value<'_>) -> Result<Schema, StructureError> {
    let Value::Object(entries) = json else {
        return Err(StructureError("a schema must be an object".into()));
    };
    let mut schema = Schema::default();
    let mut default = None;
    let mut format_name = None;
    let mut checks = Checks::default();
    let mut checked = false;
    for (name, value) in entries {
        let Name::Free(name) = name else { continue };
        match name.as_ref() {
            "type" => schema.ty = value.as_text().and_then(JsonType::parse),
            "nullable" => schema.nullable = is_true(value),
            "x-kubernetes-int-or-string" => schema.int_or_string = is_true(value),
            "x-kubernetes-preserve-unknown-fields" => schema.preserve = is_true(value),
            "x-kubernetes-embedded-resource" => schema.embedded = is_true(value),
            "x-kubernetes-map-type" => schema.atomic = value.as_text() == Some("atomic"),
            "x-kubernetes-list-type" => {
                schema.list = match value.as_text() {
                    Some("map") => ListType::Map,
                    Some("set") => ListType::Set,
                    _ => ListType::Atomic,
                }
            }
            "x-kubernetes-list-map-keys" => schema.list_keys = texts(value),
            "default" => default = Some(value),
            "format" => format_name = value.as_text(),
            "x-kubernetes-validations" => schema.rules = rules(value, json),
            "properties" => schema.properties = properties(names, value)?,
            "additionalProperties" => schema.additional = additional(names, value)?,
            "items" if value.is_object() => schema.items = Some(Box::new(read(names, value)?)),
            name => checked |= read_check(names, &mut checks, name, value)?,
        }
    }
    checks.format = format_name.and_then(|name| format(&schema, name));
    if checked || checks.format.is_some() {
        schema.checks = Some(Box::new(checks));
    }
    let keys = schema.properties.iter().map(|p| p.key).zip(0..);
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    schema.by_key = keys.into();
    let ruled = |s: Option<&Schema>| s.is_some_and(|s| s.ruled);
    schema.ruled = !schema.rules.is_empty()
        || schema.properties.iter().any(|p| p.schema.ruled)
        || ruled(schema.others())
        || ruled(schema.items.as_deref());
    let below = |s: Option<&Schema>| s.is_some_and(Schema::defaults);
    schema.defaults_below = schema.properties.iter().any(|p| p.schema.defaults())
        || below(schema.others())
        || below(schema.items.as_deref());
    // After everything else: its property names are those of the schema.
    schema.default = default
        .filter(|value| **value != Value::Null)
        .map(|value| typed(&schema, value.clone().into_owned()));
    Ok(schema)
}

fn rules(rules: &Value<'_>, schema: &Value<'_>) -> Vec<Rule> {
    let rule = |rule: &Value<'_>| {
        let text = |name: &str| -> Box<str> {
            rule.at(name)
                .and_then(Value::as_text)
                .unwrap_or_default()
                .into()
        };
        let field_path = text("fieldPath");
        Rule {
            rule: text("rule"),
            message: text("message"),
            message_expression: text("messageExpression"),
            reason: rule.at("reason").and_then(Value::as_text).map(Into::into),
            field: super::definition::field_path::read(&field_path, schema)
                .filter(|path| !path.is_empty())
                .map(Into::into),
            field_path,
            optional_old_self: match rule.at("optionalOldSelf") {
                Some(Value::Bool(flag)) => Some(*flag),
                _ => None,
            },
        }
    };
    rules.items().iter().map(rule).collect()
}

fn is_true(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(true))
}

pub(super) fn texts(value: &Value<'_>) -> Box<[Box<str>]> {
    let texts = value.items().iter().filter_map(Value::as_text);
    texts.map(Into::into).collect()
}

fn properties(names: &mut Names, json: &Value<'_>) -> Result<Vec<Property>, StructureError> {
    let mut properties = Vec::with_capacity(json.entries().len());
    for (name, value) in json.entries() {
        let Name::Free(name) = name else { continue };
        properties.push(Property {
            name: name.as_ref().into(),
            key: names.intern(name),
            schema: read(names, value)?,
        });
    }
    properties.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(properties)
}

fn additional(names: &mut Names, json: &Value<'_>) -> Result<Option<Additional>, StructureError> {
    Ok(match json {
        Value::Null => None,
        Value::Bool(allowed) => Some(Additional {
            schema: None,
            allowed: *allowed,
        }),
        schema => Some(Additional {
            schema: Some(Box::new(read(names, schema)?)),
            allowed: true,
        }),
    })
}

/// Free-form JSON as an object of the schema has it: with the names of its properties, and in order.
pub(super) fn typed<'a>(schema: &Schema, value: Value<'a>) -> Value<'a> {
    match value {
        Value::Object(mut entries) => {
            entries.sort_by(|a, b| free(&a.0).cmp(free(&b.0)));
            let entries = entries.into_iter().map(|(name, value)| {
                let property = schema.known(&name);
                let of = property.map(|p| &p.schema).or_else(|| schema.others());
                if let (true, Some(id)) = (schema.embedded, constant(&name)) {
                    let value = if id == n::METADATA {
                        of_metadata(value)
                    } else {
                        value
                    };
                    return (Name::Known(id), value);
                }
                let name = property.map_or(name, |p| Name::Known(p.key));
                (
                    name,
                    match of {
                        Some(of) => typed(of, value),
                        None => value,
                    },
                )
            });
            Value::Object(entries.collect())
        }
        Value::List(items) => {
            let item = |value| match schema.items.as_deref() {
                Some(of) => typed(of, value),
                None => value,
            };
            Value::List(items.into_iter().map(item).collect())
        }
        other => other,
    }
}

/// What every resource has.
fn constant(name: &Name<'_>) -> Option<NameId> {
    [n::API_VERSION, n::KIND, n::METADATA]
        .into_iter()
        .find(|id| free(name) == id.text())
}

/// Metadata with the names its type has.
fn of_metadata(value: Value<'_>) -> Value<'_> {
    let Value::Object(entries) = value else {
        return value;
    };
    let known = entries.into_iter().map(|(name, value)| {
        let at = crate::names::TEXTS.iter().position(|t| *t == free(&name));
        let id = at.and_then(|at| u32::try_from(at).ok()).map(NameId);
        (id.map_or(name, Name::Known), value)
    });
    Value::Object(known.collect())
}

fn free<'n>(name: &'n Name<'_>) -> &'n str {
    match name {
        Name::Free(text) => text,
        Name::Known(_) => "",
    }
}
