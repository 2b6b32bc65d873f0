//! What a schema demands of values, beyond their structure.

use super::schema::{Names, read, texts, typed};
use super::{JsonType, Schema, StructureError, formats};
use crate::model::SchemaSet;
use crate::value::Value;
use regex::Regex;
use std::sync::OnceLock;

/// The value validations of a schema.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// `format`, if it is one that counts for the type.
    pub format: Option<Format>,
    /// `maximum`
    pub maximum: Option<f64>,
    /// `exclusiveMaximum`
    pub exclusive_maximum: bool,
    /// `minimum`
    pub minimum: Option<f64>,
    /// `exclusiveMinimum`
    pub exclusive_minimum: bool,
    /// `multipleOf`
    pub multiple_of: Option<f64>,
    /// `maxLength`
    pub max_length: Option<i64>,
    /// `minLength`
    pub min_length: Option<i64>,
    /// `pattern`
    pub pattern: Option<Pattern>,
    /// `maxItems`
    pub max_items: Option<i64>,
    /// `minItems`
    pub min_items: Option<i64>,
    /// `uniqueItems`
    pub unique_items: bool,
    /// `maxProperties`
    pub max_properties: Option<i64>,
    /// `minProperties`
    pub min_properties: Option<i64>,
    /// `required`
    pub required: Box<[Box<str>]>,
    /// `enum`
    pub enumeration: Vec<Value<'static>>,
    /// `allOf`
    pub all_of: Vec<Schema>,
    /// `anyOf`
    pub any_of: Vec<Schema>,
    /// `oneOf`
    pub one_of: Vec<Schema>,
    /// `not`
    pub not: Option<Box<Schema>>,
}

/// A format that is checked.
#[derive(Clone, Debug)]
pub struct Format {
    /// Its name as the schema spells it.
    pub name: Box<str>,
    /// Of texts: whether one has it.
    pub check: Option<formats::Check>,
}

/// A regular expression, compiled when it is first used.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As the schema states it.
    pub text: Box<str>,
    regex: OnceLock<Result<Regex, String>>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            regex: OnceLock::new(),
        }
    }

    /// The compiled expression, or why there is none.
    pub fn regex(&self) -> Result<&Regex, &str> {
        let compiled = self
            .regex
            .get_or_init(|| kfast_core::regexp::compile(&self.text));
        compiled.as_ref().map_err(String::as_str)
    }
}

/// Reads one property of a schema into `checks`. Whether it is one of these.
pub(super) fn read_check(
    names: &mut Names,
    checks: &mut Checks,
    name: &str,
    value: &Value<'_>,
) -> Result<bool, StructureError> {
    match name {
        "maximum" => checks.maximum = number(value),
        "exclusiveMaximum" => checks.exclusive_maximum = flag(value),
        "minimum" => checks.minimum = number(value),
        "exclusiveMinimum" => checks.exclusive_minimum = flag(value),
        "multipleOf" => checks.multiple_of = number(value),
        "maxLength" => checks.max_length = value.as_int(),
        "minLength" => checks.min_length = value.as_int(),
        "pattern" => {
            let text = value.as_text().filter(|t| !t.is_empty());
            checks.pattern = text.map(Pattern::new);
        }
        "maxItems" => checks.max_items = value.as_int(),
        "minItems" => checks.min_items = value.as_int(),
        "uniqueItems" => checks.unique_items = flag(value),
        "maxProperties" => checks.max_properties = value.as_int(),
        "minProperties" => checks.min_properties = value.as_int(),
        "required" => checks.required = texts(value),
        "enum" => {
            let plain = Schema::default();
            let values = value.items().iter().cloned().map(Value::into_owned);
            checks.enumeration = values.map(|v| typed(&plain, v)).collect();
        }
        "allOf" => checks.all_of = schemas(names, value)?,
        "anyOf" => checks.any_of = schemas(names, value)?,
        "oneOf" => checks.one_of = schemas(names, value)?,
        "not" if value.is_object() => checks.not = Some(Box::new(read(names, value)?)),
        _ => return Ok(false),
    }
    Ok(true)
}

/// The format, if upstream knows it for values of the schema's type.
pub(super) fn format(schema: &Schema, name: &str) -> Option<Format> {
    let check = match schema.ty.filter(|_| !schema.int_or_string) {
        None | Some(JsonType::String) => Some(formats::named(name)?),
        Some(JsonType::Integer) => matches!(name, "int32" | "int64").then_some(None)?,
        Some(JsonType::Number) => matches!(name, "float" | "double").then_some(None)?,
        Some(_) => return None,
    };
    Some(Format {
        name: name.into(),
        check,
    })
}

fn schemas(names: &mut Names, json: &Value<'_>) -> Result<Vec<Schema>, StructureError> {
    json.items().iter().map(|item| read(names, item)).collect()
}

fn flag(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(true))
}

/// A number as Go's `float64`.
#[allow(clippy::cast_precision_loss)] // as upstream reads it
fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Double(number) => Some(*number),
        _ => None,
    }
}

/// The entry of an object of that name.
pub(super) fn entry<'v, 'a>(
    set: &SchemaSet,
    object: &'v Value<'a>,
    name: &str,
) -> Option<&'v Value<'a>> {
    let mut entries = object.entries().iter();
    entries
        .find(|(n, _)| n.text(set) == name)
        .map(|(_, value)| value)
}
