//! Label selectors: the written form and the `LabelSelector` object.

use crate::{Operator, Requirement, Result, SelectorError, parser};
use kfast_core::quote;
use serde_json::Value;
use std::fmt;

/// A compiled label selector: all requirements must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    /// Sorted by key.
    requirements: Box<[Requirement]>,
    nothing: bool,
}

impl LabelSelector {
    /// The selector every object matches.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// The selector no object matches: an absent `LabelSelector` object.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            nothing: true,
            ..Self::default()
        }
    }

    /// The conjunction of requirements.
    #[must_use]
    pub fn new(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key().cmp(b.key()));
        Self {
            requirements: requirements.into(),
            nothing: false,
        }
    }

    /// Reads the written form, e.g. `app=web,tier in (a,b),!old`.
    ///
    /// # Errors
    /// With upstream's message, e.g. `unable to parse requirement: found ',', expected: identifier`.
    pub fn parse(text: &str) -> Result<Self> {
        parser::parse(text).map(Self::new)
    }

    /// Compiles a `LabelSelector` object. Absent or null selects nothing, an empty object everything.
    ///
    /// # Errors
    /// On an unknown operator, values that do not fit it, invalid keys or values, wrong types.
    pub fn from_value(selector: Option<&Value>) -> Result<Self> {
        let selector = match selector {
            None | Some(Value::Null) => return Ok(Self::nothing()),
            Some(value) => value.as_object().ok_or_else(|| malformed("an object"))?,
        };
        let mut requirements = Vec::new();
        match selector.get("matchLabels") {
            None | Some(Value::Null) => {}
            Some(Value::Object(labels)) => {
                for (key, value) in labels {
                    let value = value.as_str().ok_or_else(|| malformed("string values"))?;
                    requirements.push(Requirement::new(
                        key,
                        Operator::Equals,
                        vec![value.to_owned()],
                    )?);
                }
            }
            Some(_) => return Err(malformed("matchLabels as an object")),
        }
        match selector.get("matchExpressions") {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                for item in items {
                    requirements.push(expression(item)?);
                }
            }
            Some(_) => return Err(malformed("matchExpressions as a list")),
        }
        Ok(Self::new(requirements))
    }

    /// The equality selector of a plain map, e.g. a Service's; an empty map selects everything. Nothing is checked.
    pub fn from_map<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let equals = |(key, value)| Requirement::equals_unchecked(key, value);
        Self::new(labels.into_iter().map(equals).collect())
    }

    /// Whether every object matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }

    /// Whether no object can match, known without looking at any.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.nothing
    }

    /// What must hold, sorted by key; meaningless if `is_nothing`.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether labels sorted by key (`Object::labels`) match.
    #[must_use]
    pub fn matches(&self, labels: &[(Box<str>, Box<str>)]) -> bool {
        self.matches_with(|key| {
            labels
                .binary_search_by(|(k, _)| k.as_ref().cmp(key))
                .ok()
                .map(|i| labels[i].1.as_ref())
        })
    }

    /// Whether labels looked up by key match.
    pub fn matches_with<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.accepts(lookup(r.key())))
    }
}

fn malformed(expected: &str) -> SelectorError {
    SelectorError(format!("a label selector needs {expected}"))
}

fn expression(item: &Value) -> Result<Requirement> {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or("");
    let operator = match text("operator") {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => {
            let message = format!("{} is not a valid label selector operator", quote(other));
            return Err(SelectorError(message));
        }
    };
    let values = match item.get("values") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values
            .iter()
            .map(|v| v.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| malformed("string values"))?,
        Some(_) => return Err(malformed("values as a list")),
    };
    Requirement::new(text("key"), operator, values)
}

impl fmt::Display for LabelSelector {
    /// The canonical written form: requirements sorted by key; empty for everything and for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}
