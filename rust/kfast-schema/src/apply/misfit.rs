//! Whether a configuration fits its kind, in upstream's words.

use super::path::PathElement;
use super::shape::{Place, element};
use crate::model::{Applies, Field, ListType, SchemaSet, Struct, Type, TypeId};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// What is wrong, and where.
type Errors = Vec<(String, String)>;

/// Why a configuration does not fit a kind; `None` if it does. Numbers, dates and quantities are not looked into.
#[must_use]
pub fn misfit(set: &SchemaSet, id: TypeId, config: &Json) -> Option<String> {
    let errors = Walk { set }.structure(set.get(id), config);
    let shown = |(path, why): &(String, String)| {
        if path.is_empty() {
            why.clone()
        } else {
            format!("{path}: {why}")
        }
    };
    match errors.as_slice() {
        [] => None,
        [one] => Some(shown(one)),
        several => {
            let several: Vec<_> = several.iter().map(shown).collect();
            Some(format!("errors:\n  {}", several.join("\n  ")))
        }
    }
}

struct Walk<'s> {
    set: &'s SchemaSet,
}

impl<'s> Walk<'s> {
    fn value(&self, ty: &'s Type, field: Option<&'s Field>, value: &Json) -> Errors {
        if value.is_null() {
            return Vec::new();
        }
        let scalar = !value.is_array() && !value.is_object();
        match field.map_or(Applies::Typed, |f| f.applies) {
            Applies::Scalar if scalar => return Vec::new(),
            Applies::Scalar => {
                return wrong(format!("expected any scalar, got &{{{}}}", shown(value)));
            }
            Applies::Object if !value.is_object() => {
                return wrong(format!("expected map, got &{{{}}}", shown(value)));
            }
            _ => {}
        }
        match ty {
            Type::Bool if !value.is_boolean() => {
                wrong(format!("expected boolean, got &{{{}}}", shown(value)))
            }
            Type::Int32 | Type::Int64 | Type::Double if !value.is_number() => wrong(format!(
                "expected numeric (int or float), got {}",
                go_type(value)
            )),
            Type::String | Type::Bytes if !value.is_string() => wrong(format!(
                "expected string, got &value.valueUnstructured{{Value:{}}}",
                go_syntax(value)
            )),
            Type::Time | Type::MicroTime | Type::Quantity if !scalar => {
                wrong(format!("expected any scalar, got &{{{}}}", shown(value)))
            }
            Type::List(item) | Type::WrappedList(item) => self.list(item, field, value),
            Type::Map(item) => self.object(value, |_, member| Some(self.value(item, None, member))),
            Type::Struct(id) => self.structure(self.set.get(*id), value),
            _ => Vec::new(),
        }
    }

    fn structure(&self, structure: &'s Struct, value: &Json) -> Errors {
        self.object(value, |name, member| match structure.field(name) {
            Some((_, field)) => Some(self.value(&field.ty, Some(field), member)),
            None => structure.open.then(Vec::new),
        })
    }

    /// Upstream stops at the first member it does not know, wherever that comes.
    fn object(&self, value: &Json, member: impl Fn(&str, &Json) -> Option<Errors>) -> Errors {
        if value.is_null() {
            return Vec::new();
        }
        let Some(members) = value.as_object() else {
            return wrong(format!("expected map, got &{{{}}}", shown(value)));
        };
        let mut errors = Vec::new();
        for (name, value) in sorted(members) {
            let Some(found) = member(name, value) else {
                return vec![(
                    format!(".{name}"),
                    "field not declared in schema".to_owned(),
                )];
            };
            errors.extend(below(&format!(".{name}"), found));
        }
        errors
    }

    fn list(&self, item: &'s Type, field: Option<&'s Field>, value: &Json) -> Errors {
        let Some(items) = value.as_array() else {
            return wrong(format!("expected list, got &{{{}}}", shown(value)));
        };
        let keys: Option<&[Box<str>]> = match field.map_or(ListType::Atomic, |f| f.list) {
            ListType::Atomic => None,
            ListType::Set => Some(&[]),
            ListType::Map => Some(field.map_or(&[], |f| &f.list_keys)),
        };
        let (mut errors, mut seen) = (Vec::new(), BTreeSet::<PathElement>::new());
        for (at, value) in items.iter().enumerate() {
            let place = match keys.map(|k| element(self.set, Place::Typed(item, None), k, value)) {
                None => format!("[{at}]"),
                Some(Err(why)) => {
                    errors.extend(wrong(format!("element {at}: {why}")));
                    return errors;
                }
                Some(Ok(element)) => {
                    let place = element.to_string();
                    if !seen.insert(element) {
                        errors.extend(wrong(format!("duplicate entries for key {place}")));
                    }
                    place
                }
            };
            errors.extend(below(&place, self.value(item, None, value)));
        }
        errors
    }
}

fn wrong(why: String) -> Errors {
    vec![(String::new(), why)]
}

fn below(place: &str, errors: Errors) -> impl Iterator<Item = (String, String)> {
    errors
        .into_iter()
        .map(move |(path, why)| (format!("{place}{path}"), why))
}

fn sorted(members: &Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    members
}

fn number(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

/// Go's %T of decoded JSON.
fn go_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Number(n) if n.is_f64() => "float64",
        Json::Number(_) => "int64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    }
}

/// Go's %v of decoded JSON.
fn shown(value: &Json) -> String {
    match value {
        Json::Null => "<nil>".to_owned(),
        Json::Bool(b) => b.to_string(),
        Json::Number(n) => number(n),
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(shown).collect();
            format!("[{}]", items.join(" "))
        }
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| format!("{name}:{}", shown(value));
            let members: Vec<_> = sorted(members).into_iter().map(member).collect();
            format!("map[{}]", members.join(" "))
        }
    }
}

/// Go's %#v of decoded JSON.
fn go_syntax(value: &Json) -> String {
    match value {
        Json::Null => "interface {}(nil)".to_owned(),
        Json::String(text) => format!("{text:?}"),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| format!("{name:?}:{}", go_syntax(value));
            let members: Vec<_> = sorted(members).into_iter().map(member).collect();
            format!("map[string]interface {{}}{{{}}}", members.join(", "))
        }
        scalar => shown(scalar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_as_go_prints_them() {
        let value = json!({"b": ["x", 1, 2.5, null, true], "a": {"q": "\""}});
        assert_eq!(shown(&value), "map[a:map[q:\"] b:[x 1 2.5 <nil> true]]");
        assert_eq!(
            go_syntax(&value),
            "map[string]interface {}{\"a\":map[string]interface {}{\"q\":\"\\\"\"}, \
             \"b\":[]interface {}{\"x\", 1, 2.5, interface {}(nil), true}}"
        );
    }
}
