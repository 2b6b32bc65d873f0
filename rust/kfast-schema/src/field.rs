//! Violations of fields with upstream's paths, reasons and texts (apimachinery `util/validation/field`).

use crate::model::{NameId, SchemaSet};
use crate::validate::Violation;
use crate::value::Value;
use kfast_core::names::Rule;
use kfast_core::quote;
use std::fmt;

/// Where in an object a rule looks; written out only when there is something to say.
#[derive(Clone, Copy)]
pub enum Path<'p> {
    /// The object.
    Root,
    /// A property.
    Field(&'p Path<'p>, &'p str),
    /// An item of a list.
    Item(&'p Path<'p>, usize),
    /// An entry of a map.
    Key(&'p Path<'p>, &'p str),
}

impl<'p> Path<'p> {
    /// A property of what is here.
    #[must_use]
    pub fn child(&'p self, name: NameId) -> Self {
        Self::Field(self, name.text())
    }

    /// A property that goes by another name.
    #[must_use]
    pub fn named(&'p self, name: &'p str) -> Self {
        Self::Field(self, name)
    }

    /// An item of the list here.
    #[must_use]
    pub fn item(&'p self, at: usize) -> Self {
        Self::Item(self, at)
    }

    /// An entry of the map here.
    #[must_use]
    pub fn key(&'p self, key: &'p str) -> Self {
        Self::Key(self, key)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, at) => write!(f, "{parent}[{at}]"),
            Self::Key(parent, key) => write!(f, "{parent}[{key}]"),
        }
    }
}

/// A value as messages show it.
pub trait Shown {
    /// Quoted text, a plain number, JSON.
    fn shown(&self, set: &SchemaSet) -> String;
}

impl Shown for str {
    fn shown(&self, _: &SchemaSet) -> String {
        quote(self)
    }
}

impl Shown for i64 {
    fn shown(&self, _: &SchemaSet) -> String {
        self.to_string()
    }
}

impl Shown for bool {
    fn shown(&self, _: &SchemaSet) -> String {
        self.to_string()
    }
}

impl Shown for Value<'_> {
    fn shown(&self, set: &SchemaSet) -> String {
        let mut out = Vec::new();
        match self {
            Self::Text(text) => return quote(text),
            _ => self.write_json(set, &mut out),
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// The violations found so far.
pub struct Errors<'s> {
    set: &'s SchemaSet,
    found: Vec<Violation>,
}

impl<'s> Errors<'s> {
    /// None yet.
    #[must_use]
    pub fn new(set: &'s SchemaSet) -> Self {
        Self {
            set,
            found: Vec::new(),
        }
    }

    /// All of them, in order.
    #[must_use]
    pub fn found(self) -> Vec<Violation> {
        self.found
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// None yet, of the same schema: to see whether a part is right.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.set)
    }

    /// Forgets all but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.found.truncate(count);
    }

    /// Adds one that is made already.
    pub fn add(&mut self, violation: Violation) {
        self.found.push(violation);
    }

    /// Sorts them by what they say.
    pub fn sort(&mut self) {
        self.found
            .sort_by_cached_key(|v| format!("{}: {}", v.path, v.message));
    }

    /// Adds those of a part.
    pub fn append(&mut self, mut part: Self) {
        self.found.append(&mut part.found);
    }

    fn push(&mut self, path: &Path<'_>, reason: &'static str, body: &str, detail: &str) {
        let message = if detail.is_empty() {
            body.to_owned()
        } else {
            format!("{body}: {detail}")
        };
        self.found.push(Violation {
            path: path.to_string(),
            reason,
            message,
        });
    }

    /// A field that must be set is not.
    pub fn required(&mut self, path: &Path<'_>, detail: &str) {
        self.push(path, "FieldValueRequired", "Required value", detail);
    }

    /// Adds the error of a field that must be set, if the text is empty. Whether it is set.
    pub fn require(&mut self, path: &Path<'_>, text: &str) -> bool {
        if text.is_empty() {
            self.required(path, "");
        }
        !text.is_empty()
    }

    /// A value that breaks a rule.
    pub fn invalid<V: Shown + ?Sized>(&mut self, path: &Path<'_>, value: &V, detail: &str) {
        let body = format!("Invalid value: {}", value.shown(self.set));
        self.push(path, "FieldValueInvalid", &body, detail);
    }

    /// An absent value that breaks a rule.
    pub fn invalid_null(&mut self, path: &Path<'_>, detail: &str) {
        self.push(path, "FieldValueInvalid", "Invalid value: null", detail);
    }

    /// A value outside an enumeration; the supported ones are listed as given.
    pub fn unsupported(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        let body = format!("Unsupported value: {}", quote(value));
        let detail = if supported.is_empty() {
            String::new()
        } else {
            let quoted: Vec<String> = supported.iter().map(|s| quote(s)).collect();
            format!("supported values: {}", quoted.join(", "))
        };
        self.push(path, "FieldValueNotSupported", &body, &detail);
    }

    /// Adds the error of an enumeration unless the value is one of those supported.
    pub fn one_of(&mut self, path: &Path<'_>, value: &str, supported: &[&str]) {
        if !supported.contains(&value) {
            self.unsupported(path, value, supported);
        }
    }

    /// A field that may not be set or changed here.
    pub fn forbidden(&mut self, path: &Path<'_>, detail: &str) {
        self.push(path, "FieldValueForbidden", "Forbidden", detail);
    }

    /// A value that must be unique is not.
    pub fn duplicate(&mut self, path: &Path<'_>, value: &str) {
        let body = format!("Duplicate value: {}", quote(value));
        self.push(path, "FieldValueDuplicate", &body, "");
    }

    /// A reference to something that is not there.
    pub fn not_found(&mut self, path: &Path<'_>, value: &str, detail: &str) {
        let body = format!("Not found: {}", quote(value));
        self.push(path, "FieldValueNotFound", &body, detail);
    }

    /// A text beyond its limit.
    pub fn too_long(&mut self, path: &Path<'_>, limit: usize) {
        let detail = format!("may not be more than {limit} bytes");
        self.push(path, "FieldValueTooLong", "Too long", &detail);
    }

    /// A list beyond its limit.
    pub fn too_many(&mut self, path: &Path<'_>, actual: usize, limit: usize) {
        let body = format!("Too many: {actual}");
        let detail = format!("must have at most {limit} items");
        self.push(path, "FieldValueTooMany", &body, &detail);
    }

    /// Adds the complaints of a rule about a text.
    pub fn check(&mut self, path: &Path<'_>, text: &str, rule: Rule) {
        for problem in rule(text) {
            self.invalid(path, text, &problem);
        }
    }

    /// Adds the error of a number outside a range.
    pub fn in_range(&mut self, path: &Path<'_>, number: i64, low: i64, high: i64) {
        if !(low..=high).contains(&number) {
            let detail = format!("must be between {low} and {high}, inclusive");
            self.invalid(path, &number, &detail);
        }
    }

    /// Adds the error of a negative number.
    pub fn non_negative(&mut self, path: &Path<'_>, number: i64) {
        if number < 0 {
            self.invalid(path, &number, "must be greater than or equal to 0");
        }
    }
}
