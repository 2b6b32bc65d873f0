//! What a validation found, in upstream's words.

use crate::field::Path;
use crate::model::SchemaSet;
use crate::validate::Violation;
use crate::value::Value;
use kfast_core::{float, quote};

/// Where faults are that name no place.
pub(super) const NOWHERE: &str = "<nil>";

/// One fault: the violation it becomes, and the text that tells it from others.
#[derive(Debug)]
pub(super) struct Fault {
    text: String,
    pub(super) violation: Violation,
}

/// The faults, and how many checks were made: of several schemas the one most checks agree with is told about.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) faults: Vec<Fault>,
    pub(super) matches: usize,
}

impl Outcome {
    /// One check was made.
    pub(super) fn passed() -> Self {
        Self {
            faults: Vec::new(),
            matches: 1,
        }
    }

    pub(super) fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.matches += other.matches;
        for fault in other.faults {
            self.add(fault);
        }
    }

    pub(super) fn add(&mut self, fault: Fault) {
        if !self.faults.iter().any(|f| f.text == fault.text) {
            self.faults.push(fault);
        }
    }
}

/// A value as messages show it.
pub(super) fn shown(set: &SchemaSet, value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => quote(text),
        Value::Double(number) => float::general(*number),
        other => {
            let mut out = Vec::new();
            other.write_json(set, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
    }
}

/// Makes faults at one place of an object.
pub(super) struct At<'p> {
    /// The place from the root of what is validated.
    pub(super) path: &'p Path<'p>,
    /// What is validated: nothing for the whole object.
    pub(super) base: &'p str,
}

impl At<'_> {
    /// The text of the place in messages.
    pub(super) fn name(&self) -> String {
        self.path.to_string()
    }

    fn place(&self, name: &str) -> String {
        let name = name.strip_prefix('.').unwrap_or(name);
        match (self.base, name) {
            ("", "") => NOWHERE.into(),
            (base, "") => base.into(),
            ("", name) => name.into(),
            (base, name) => format!("{base}.{name}"),
        }
    }

    fn fault(&self, name: &str, reason: &'static str, message: String, text: String) -> Fault {
        Fault {
            text,
            violation: Violation {
                path: self.place(name),
                reason,
                message,
            },
        }
    }

    /// A value that breaks a rule: `<place> in body <rule>`.
    pub(super) fn invalid(&self, shown: &str, rule: &str) -> Fault {
        let name = self.name();
        let text = format!("{name} in body {rule}");
        let message = format!("Invalid value: {shown}: {text}");
        self.fault(&name, "FieldValueInvalid", message, text)
    }

    /// A factor that is not positive.
    pub(super) fn no_factor(&self, shown: &str) -> Fault {
        let name = self.name();
        let text = format!("factor MultipleOf declared for {name} must be positive: {shown}");
        let message = format!("Invalid value: {shown}: {text}");
        self.fault(&name, "FieldValueInvalid", message, text)
    }

    /// A value of a wrong type or format; `found` says what it is.
    pub(super) fn mistyped(&self, wanted: &str, found: &str) -> Fault {
        let name = self.name();
        let text = format!("{name} in body must be of type {wanted}: {}", quote(found));
        let message = format!("Invalid value: {}: {text}", quote(found));
        self.fault(&name, "FieldValueTypeInvalid", message, text)
    }

    /// A property that must be there.
    pub(super) fn required(&self, property: &str) -> Fault {
        let name = format!("{}.{property}", self.name());
        let text = format!("{name} in body is required");
        self.fault(&name, "FieldValueRequired", "Required value".into(), text)
    }

    /// A value outside an enumeration.
    pub(super) fn unsupported(&self, shown: &str, supported: &[String]) -> Fault {
        let name = self.name();
        let quoted: Vec<String> = supported.iter().map(|s| quote(s)).collect();
        let text = format!("{name} in body should be one of [{}]", supported.join(" "));
        let listed = quoted.join(", ");
        let message = format!("Unsupported value: {shown}: supported values: {listed}");
        self.fault(&name, "FieldValueNotSupported", message, text)
    }

    /// A property that may not be there.
    pub(super) fn forbidden(&self, key: &str) -> Fault {
        let name = self.name();
        let text = format!("{name}.{key} in body is a forbidden property");
        let message = format!("Invalid value: {}: {text}", quote(key));
        self.fault(&name, "FieldValueInvalid", message, text)
    }

    /// A text beyond its limit.
    pub(super) fn too_long(&self, limit: i64) -> Fault {
        let name = self.name();
        let text = format!("{name} in body should be at most {limit} chars long");
        let message = format!("Too long: may not be more than {limit} bytes");
        self.fault(&name, "FieldValueTooLong", message, text)
    }

    /// A list or an object beyond its limit.
    pub(super) fn too_many(&self, actual: usize, limit: i64, what: &str) -> Fault {
        let name = self.name();
        let text = format!("{name} in body should have at most {limit} {what}");
        let message = format!("Too many: {actual}: must have at most {limit} items");
        self.fault(&name, "FieldValueTooMany", message, text)
    }

    /// A fault that names no place but in its text.
    pub(super) fn composite(&self, text: String) -> Fault {
        let message = format!("Invalid value: \"\": {text}");
        self.fault("", "FieldValueInvalid", message, text)
    }
}
