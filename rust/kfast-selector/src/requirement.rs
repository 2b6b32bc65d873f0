//! One requirement of a label selector: key, operator, values.

use crate::{Result, SelectorError};
use kfast_core::names::{label_value, qualified_name};
use kfast_core::quote;
use std::fmt;

/// How a label's value relates to the values of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Present and one of the values: `x in (a,b)`.
    In,
    /// Absent, or none of the values: `x notin (a,b)`.
    NotIn,
    /// Present and equal: `x=a`.
    Equals,
    /// The same, written `x==a`.
    DoubleEquals,
    /// Absent or different: `x!=a`.
    NotEquals,
    /// Present: `x`.
    Exists,
    /// Absent: `!x`.
    DoesNotExist,
    /// Present and an integer above: `x>1`.
    GreaterThan,
    /// Present and an integer below: `x<1`.
    LessThan,
}

/// A valid requirement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requirement {
    key: Box<str>,
    operator: Operator,
    values: Box<[Box<str>]>,
    /// The value of `GreaterThan` and `LessThan`.
    bound: i64,
}

impl Requirement {
    /// Checks key, operator and values against each other.
    ///
    /// # Errors
    /// With upstream's aggregated message, e.g. `key: Invalid value: "": name part must be non-empty; ...`.
    pub fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Self> {
        let mut errors = Vec::new();
        let key_errors = qualified_name(key);
        if !key_errors.is_empty() {
            errors.push(invalid("key", &quote(key), &key_errors.join("; ")));
        }
        let bound = check_values(operator, &values, &mut errors);
        for (i, value) in values.iter().enumerate() {
            let value_errors = label_value(value);
            if !value_errors.is_empty() {
                let path = format!("values[{i}][{key}]");
                errors.push(invalid(&path, &quote(value), &value_errors.join("; ")));
            }
        }
        if !errors.is_empty() {
            return Err(aggregate(errors));
        }
        Ok(Self {
            key: key.into(),
            operator,
            values: values.into_iter().map(String::into_boxed_str).collect(),
            bound,
        })
    }

    /// A requirement `key=value` on what is known to be valid already; nothing is checked.
    #[must_use]
    pub fn equals_unchecked(key: &str, value: &str) -> Self {
        Self {
            key: key.into(),
            operator: Operator::Equals,
            values: Box::new([value.into()]),
            bound: 0,
        }
    }

    /// The label's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The operator.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The values, as given; exactly one for the comparisons, none for `Exists` and `DoesNotExist`.
    #[must_use]
    pub fn values(&self) -> &[Box<str>] {
        &self.values
    }

    /// The values of which the label must have one (`In`, `Equals`): what an index on (key, value) answers.
    #[must_use]
    pub fn one_of(&self) -> Option<&[Box<str>]> {
        use Operator::{DoubleEquals, Equals, In};
        matches!(self.operator, In | Equals | DoubleEquals).then_some(&self.values)
    }

    /// The values of which the label must have none, absence being fine (`NotIn`, `NotEquals`).
    #[must_use]
    pub fn none_of(&self) -> Option<&[Box<str>]> {
        matches!(self.operator, Operator::NotIn | Operator::NotEquals).then_some(&self.values)
    }

    /// Whether a label of this value (`None`: absent) meets the requirement.
    #[must_use]
    pub fn accepts(&self, value: Option<&str>) -> bool {
        use Operator::{
            DoesNotExist, DoubleEquals, Equals, Exists, GreaterThan, In, LessThan, NotEquals, NotIn,
        };
        let listed = |v: &str| self.values.iter().any(|x| x.as_ref() == v);
        match self.operator {
            In | Equals | DoubleEquals => value.is_some_and(listed),
            NotIn | NotEquals => !value.is_some_and(listed),
            Exists => value.is_some(),
            DoesNotExist => value.is_none(),
            GreaterThan => value.and_then(integer).is_some_and(|v| v > self.bound),
            LessThan => value.and_then(integer).is_some_and(|v| v < self.bound),
        }
    }
}

fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// The values as the error prints them: a JSON list; `null` if there are none, as upstream holds a nil slice then.
fn shown(values: &[String]) -> String {
    if values.is_empty() {
        return "null".to_owned();
    }
    serde_json::to_string(values).unwrap_or_default()
}

/// Checks the number of values; returns the bound of a comparison.
fn check_values(operator: Operator, values: &[String], errors: &mut Vec<String>) -> i64 {
    use Operator::{
        DoesNotExist, DoubleEquals, Equals, Exists, GreaterThan, In, LessThan, NotEquals, NotIn,
    };
    let mut refuse = |text: &str| errors.push(invalid("values", &shown(values), text));
    match operator {
        In | NotIn if values.is_empty() => {
            refuse("for 'in', 'notin' operators, values set can't be empty");
        }
        Equals | DoubleEquals | NotEquals if values.len() != 1 => {
            refuse("exact-match compatibility requires one single value");
        }
        Exists | DoesNotExist if !values.is_empty() => {
            refuse("values set must be empty for exists and does not exist");
        }
        GreaterThan | LessThan => {
            if values.len() != 1 {
                refuse("for 'Gt', 'Lt' operators, exactly one value is required");
            }
            let mut bound = 0;
            for (i, value) in values.iter().enumerate() {
                match integer(value) {
                    Some(number) => bound = number,
                    None => errors.push(invalid(
                        &format!("values[{i}]"),
                        &quote(value),
                        "for 'Gt', 'Lt' operators, the value must be an integer",
                    )),
                }
            }
            return bound;
        }
        _ => {}
    }
    0
}

/// The text of upstream's field.Invalid.
pub(crate) fn invalid(path: &str, shown: &str, detail: &str) -> String {
    format!("{path}: Invalid value: {shown}: {detail}")
}

/// Several errors as upstream's aggregate prints them: one bare, more in brackets, without repeats.
fn aggregate(errors: Vec<String>) -> SelectorError {
    let mut unique: Vec<String> = Vec::with_capacity(errors.len());
    for error in errors {
        if !unique.contains(&error) {
            unique.push(error);
        }
    }
    if unique.len() == 1 {
        return SelectorError(unique.swap_remove(0));
    }
    SelectorError(format!("[{}]", unique.join(", ")))
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Operator::{
            DoesNotExist, DoubleEquals, Equals, Exists, GreaterThan, In, LessThan, NotEquals, NotIn,
        };
        let (key, first) = (&self.key, self.values.first().map_or("", AsRef::as_ref));
        let set = || {
            let mut values: Vec<&str> = self.values.iter().map(AsRef::as_ref).collect();
            values.sort_unstable();
            values.join(",")
        };
        match self.operator {
            Exists => write!(f, "{key}"),
            DoesNotExist => write!(f, "!{key}"),
            Equals => write!(f, "{key}={first}"),
            DoubleEquals => write!(f, "{key}=={first}"),
            NotEquals => write!(f, "{key}!={first}"),
            GreaterThan => write!(f, "{key}>{first}"),
            LessThan => write!(f, "{key}<{first}"),
            In => write!(f, "{key} in ({})", set()),
            NotIn => write!(f, "{key} notin ({})", set()),
        }
    }
}
