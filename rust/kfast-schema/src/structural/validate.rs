//! Values against their schema, as kube-openapi's validator does it and the API server tells it.

use super::checks::Checks;
use super::correlate::{self, Old};
use super::numbers;
use super::outcome::{At, Outcome, shown};
use super::{JsonType, Schema};
use crate::field::Path;
use crate::model::SchemaSet;
use crate::value::{Name, Value};
use kfast_core::quote;

/// One validation.
pub(super) struct Walk<'s> {
    pub(super) set: &'s SchemaSet,
    /// What is validated: `status`, or nothing for a whole object.
    pub(super) base: &'s str,
}

/// The types a schema demands; none: any.
fn types(schema: &Schema) -> &[JsonType] {
    if schema.int_or_string {
        return &[JsonType::Integer, JsonType::String];
    }
    schema.ty.as_slice()
}

impl Walk<'_> {
    fn at<'p>(&'p self, path: &'p Path<'p>) -> At<'p> {
        At {
            path,
            base: self.base,
        }
    }

    /// What is wrong with a value. `old` is what was in its place: what did not change is let pass.
    pub(super) fn value(
        &self,
        schema: &Schema,
        value: &Value<'_>,
        path: &Path<'_>,
        old: Option<Old<'_>>,
    ) -> Outcome {
        let mut outcome = self.checked(schema, value, path, old);
        if !outcome.is_valid()
            && let Some(old) = old
            && correlate::same(self.set, schema, value, old.value)
        {
            outcome.faults.clear();
        }
        outcome
    }

    fn checked(
        &self,
        schema: &Schema,
        value: &Value<'_>,
        path: &Path<'_>,
        old: Option<Old<'_>>,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let at = self.at(path);
        let checks = schema.checks.as_deref();
        if matches!(value, Value::Null) {
            outcome.merge(Self::null(schema, &at));
            if let Some(checks) = checks {
                self.enumeration(checks, value, &at, &mut outcome);
            }
            return outcome;
        }
        if !types(schema).is_empty() || checks.is_some_and(|c| c.format.is_some()) {
            outcome.merge(Self::typed(schema, value, &at));
            outcome.matches += 1;
        }
        match checks {
            Some(checks) => outcome.merge(self.combined(checks, value, path)),
            None => outcome.matches += 1,
        }
        outcome.matches += 1;
        match value {
            Value::Text(text) => {
                if let Some(checks) = checks {
                    Self::text(checks, text, &at, &mut outcome);
                }
                outcome.matches += 1;
            }
            Value::Int(_) | Value::Double(_) => {
                match checks {
                    Some(checks) => numbers::check(schema, checks, value, &at, &mut outcome),
                    None => numbers::check_type(schema, value, &at, &mut outcome),
                }
                outcome.matches += 2;
            }
            Value::List(items) => {
                self.list(schema, items, path, old, &mut outcome);
                outcome.matches += 2;
            }
            _ => {}
        }
        if let Some(checks) = checks {
            self.enumeration(checks, value, &at, &mut outcome);
        }
        outcome.matches += 1;
        if let Value::Object(entries) = value {
            self.object(schema, entries, path, old, &mut outcome);
            outcome.matches += 1;
        }
        outcome.matches += 1;
        outcome
    }

    fn null(schema: &Schema, at: &At<'_>) -> Outcome {
        let types = types(schema);
        let mut outcome = Outcome::passed();
        if !types.is_empty() && !schema.nullable {
            outcome.matches = 0;
            outcome.add(at.mistyped(&joined(types), "null"));
        }
        outcome
    }

    fn typed(schema: &Schema, value: &Value<'_>, at: &At<'_>) -> Outcome {
        let types = types(schema);
        let format = schema.checks.as_ref().and_then(|c| c.format.as_ref());
        let (found, found_format) = match value {
            Value::Bool(_) => (JsonType::Boolean, ""),
            Value::Int(_) => (JsonType::Integer, "int64"),
            Value::Double(_) => (JsonType::Number, "float64"),
            Value::Text(_) => (JsonType::String, ""),
            Value::List(_) => (JsonType::Array, ""),
            Value::Object(_) | Value::Null => (JsonType::Object, ""),
        };
        let whole = matches!(value, Value::Double(n) if numbers::is_whole(*n))
            && types.contains(&JsonType::Integer);
        let widened = found == JsonType::Integer && types.contains(&JsonType::Number);
        let fits = types.contains(&found) || whole || widened;
        let sized = matches!(value, Value::Text(_) | Value::List(_));
        let mut outcome = Outcome::passed();
        let fault = match format {
            Some(format) if !sized => {
                let fits = fits || *format.name == *found_format;
                (!fits).then(|| at.mistyped(&format.name, found_format))
            }
            // Texts and lists that must have a format are not asked for their type.
            Some(_)
                if !types.contains(&JsonType::Number) && !types.contains(&JsonType::Integer) =>
            {
                return outcome;
            }
            _ => None,
        };
        let fault = fault.or_else(|| (!fits).then(|| at.mistyped(&joined(types), found.name())));
        if let Some(fault) = fault {
            outcome.matches = 0;
            outcome.add(fault);
        }
        outcome
    }

    /// `anyOf`, `oneOf`, `allOf` and `not`.
    fn combined(&self, checks: &Checks, value: &Value<'_>, path: &Path<'_>) -> Outcome {
        let at = self.at(path);
        let mut outcome = Outcome::default();
        let name = || quote(&at.name());
        if !checks.any_of.is_empty() {
            let mut best: Option<Outcome> = None;
            for schema in &checks.any_of {
                let one = self.value(schema, value, path, None);
                let valid = one.is_valid();
                if valid || best.as_ref().is_none_or(|b| one.matches > b.matches) {
                    best = Some(one);
                }
                if valid {
                    break;
                }
            }
            if let Some(best) = best {
                if !best.is_valid() {
                    let text = format!("{} must validate at least one schema (anyOf)", name());
                    outcome.add(at.composite(text));
                }
                outcome.merge(best);
            }
        }
        if !checks.one_of.is_empty() {
            let mut valid = 0;
            let mut best: Option<Outcome> = None;
            for schema in &checks.one_of {
                let one = self.value(schema, value, path, None);
                if one.is_valid() {
                    valid += 1;
                    if valid == 1 {
                        best = Some(one);
                    }
                } else if valid == 0 && best.as_ref().is_none_or(|b| one.matches > b.matches) {
                    best = Some(one);
                }
            }
            if valid != 1 {
                let found = match valid {
                    0 => "Found none valid".to_owned(),
                    n => format!("Found {n} valid alternatives"),
                };
                let text = format!(
                    "{} must validate one and only one schema (oneOf). {found}",
                    name()
                );
                outcome.add(at.composite(text));
            }
            if let Some(best) = best.filter(|_| valid < 2) {
                outcome.merge(best);
            }
        }
        if !checks.all_of.is_empty() {
            let mut valid = 0;
            for schema in &checks.all_of {
                let one = self.value(schema, value, path, None);
                valid += usize::from(one.is_valid());
                outcome.merge(one);
            }
            if valid != checks.all_of.len() {
                let none = if valid == 0 { ". None validated" } else { "" };
                let text = format!("{} must validate all the schemas (allOf){none}", name());
                outcome.add(at.composite(text));
            }
        }
        if let Some(schema) = &checks.not
            && self.value(schema, value, path, None).is_valid()
        {
            let text = format!("{} must not validate the schema (not)", name());
            outcome.add(at.composite(text));
        }
        outcome.matches += 1;
        outcome
    }

    fn text(checks: &Checks, text: &str, at: &At<'_>, outcome: &mut Outcome) {
        let length = || i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let shown = || quote(text);
        if let Some(limit) = checks.max_length.filter(|limit| length() > *limit) {
            outcome.add(at.too_long(limit));
        } else if let Some(limit) = checks.min_length.filter(|limit| length() < *limit) {
            let rule = format!("should be at least {limit} chars long");
            outcome.add(at.invalid(&shown(), &rule));
        } else if let Some(pattern) = &checks.pattern {
            match pattern.regex() {
                Ok(regex) if regex.is_match(text) => {}
                Ok(_) => {
                    let rule = format!("should match '{}'", pattern.text);
                    outcome.add(at.invalid(&shown(), &rule));
                }
                Err(error) => {
                    let why = format!("{}, but pattern is invalid: {error}", pattern.text);
                    outcome.add(at.invalid(&shown(), &format!("should match '{why}'")));
                }
            }
        }
        if let Some(format) = &checks.format
            && let Some(check) = format.check
        {
            if !check(text) {
                outcome.add(at.mistyped(&format.name, text));
            }
            outcome.matches += 1;
        }
    }

    fn list(
        &self,
        schema: &Schema,
        items: &[Value<'_>],
        path: &Path<'_>,
        old: Option<Old<'_>>,
        outcome: &mut Outcome,
    ) {
        if let Some(of) = &schema.items {
            let before = old.map(|old| correlate::items(self.set, schema, old.value));
            for (i, item) in items.iter().enumerate() {
                let old = before.as_ref().and_then(|b| b.get(self.set, item));
                outcome.merge(self.value(of, item, &path.item(i), old));
            }
        }
        let Some(checks) = schema.checks.as_deref() else {
            return;
        };
        let at = self.at(path);
        let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if let Some(limit) = checks.min_items.filter(|limit| size < *limit) {
            let rule = format!("should have at least {limit} items");
            outcome.add(at.invalid(&size.to_string(), &rule));
        }
        if let Some(limit) = checks.max_items.filter(|limit| size > *limit) {
            outcome.add(at.too_many(items.len(), limit, "items"));
        }
        if checks.unique_items {
            let repeated = |(i, item)| {
                items[..i]
                    .iter()
                    .any(|other| same_json(self.set, other, item))
            };
            if items.iter().enumerate().any(repeated) {
                outcome.add(at.invalid("\"\"", "shouldn't contain duplicates"));
            }
        }
    }

    fn enumeration(&self, checks: &Checks, value: &Value<'_>, at: &At<'_>, outcome: &mut Outcome) {
        let allowed = &checks.enumeration;
        if allowed.is_empty()
            || allowed
                .iter()
                .any(|a| numbers::is_member(self.set, value, a))
        {
            return;
        }
        let supported = allowed.iter().map(|a| match a {
            Value::Text(text) => text.clone().into_owned(),
            Value::Double(number) => kfast_core::float::json(*number),
            other => shown(self.set, other),
        });
        let supported: Vec<String> = supported.collect();
        outcome.add(at.unsupported(&shown(self.set, value), &supported));
    }

    fn object(
        &self,
        schema: &Schema,
        entries: &[(Name<'_>, Value<'_>)],
        path: &Path<'_>,
        old: Option<Old<'_>>,
        outcome: &mut Outcome,
    ) {
        let at = self.at(path);
        let size = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        let checks = schema.checks.as_deref();
        if let Some(limit) = checks.and_then(|c| c.min_properties.filter(|l| size < *l)) {
            let rule = format!("should have at least {limit} properties");
            outcome.add(at.invalid(&size.to_string(), &rule));
        }
        if let Some(limit) = checks.and_then(|c| c.max_properties.filter(|l| size > *l)) {
            outcome.add(at.too_many(entries.len(), limit, "properties"));
        }
        let forbidden = schema.additional.as_ref().is_some_and(|a| !a.allowed);
        let root = matches!(path, Path::Root) && self.base.is_empty();
        for (name, value) in entries {
            let known = schema.known(name);
            let Some(of) = known.map(|p| &p.schema).or_else(|| schema.others()) else {
                if forbidden {
                    let key = name.text(self.set);
                    outcome.add(at.forbidden(key));
                }
                continue;
            };
            let key = name.text(self.set);
            // The first step of a property has no dot, that of any other key has.
            let keyed;
            let key = if known.is_none() && matches!(path, Path::Root) {
                keyed = format!(".{key}");
                &keyed
            } else {
                key
            };
            let old = old
                .filter(|_| !(root && matches!(key, "apiVersion" | "kind")))
                .and_then(|old| old.member(self.set, name));
            outcome.merge(self.value(of, value, &path.named(key), old));
        }
        for property in checks.map_or(&[][..], |c| &c.required) {
            let present = entries.iter().any(|(n, _)| n.text(self.set) == &**property);
            if !present {
                outcome.add(at.required(property));
            }
        }
    }
}

fn joined(types: &[JsonType]) -> String {
    let names: Vec<&str> = types.iter().map(|t| t.name()).collect();
    names.join(",")
}

/// Whether two values are the same JSON, however their names are kept.
pub(super) fn same_json(set: &SchemaSet, a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(set, a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let held = |(name, value): &(Name<'_>, Value<'_>)| {
                let name = name.text(set);
                let other = b.iter().find(|(n, _)| n.text(set) == name);
                other.is_some_and(|(_, other)| same_json(set, value, other))
            };
            a.len() == b.len() && a.iter().all(held)
        }
        (a, b) => a == b,
    }
}
