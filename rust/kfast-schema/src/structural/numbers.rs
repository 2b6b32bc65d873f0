//! Numbers against their bounds, with the conversions upstream makes between integers and floats.

use super::checks::Checks;
use super::outcome::{At, Outcome};
use super::validate::same_json;
use super::{JsonType, Schema};
use crate::model::SchemaSet;
use crate::value::Value;
use kfast_core::float;

/// Whether a float counts as an integer: it nearly is one that JSON can say exactly.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // as Go converts
pub(super) fn is_whole(number: f64) -> bool {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    const NEAR: f64 = 1e-9;
    if !number.is_finite() || !(-EXACT - 1.0..=EXACT).contains(&number) {
        return false;
    }
    let other = (number as i64) as f64;
    if number == other {
        return true;
    }
    let difference = (number - other).abs();
    other != 0.0 && difference / (number.abs() + other.abs()) < NEAR
}

/// Whether a value is the one of an enumeration.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // as Go converts
pub(super) fn is_member(set: &SchemaSet, value: &Value<'_>, member: &Value<'_>) -> bool {
    match (value, member) {
        (Value::Null, _) => false,
        (Value::Int(a), Value::Double(b)) => *a as f64 == *b,
        (Value::Double(a), Value::Int(b)) => *a as i64 == *b,
        _ => same_json(set, value, member),
    }
}

/// What a bound is compared as.
#[derive(Clone, Copy)]
enum Kind {
    Integer,
    Number,
}

/// The type and format that limit a number.
struct Range {
    integer: bool,
    format: &'static str,
}

impl Range {
    fn of(schema: &Schema, checks: &Checks) -> Self {
        let ty = schema.ty.filter(|_| !schema.int_or_string);
        let format = checks.format.as_ref().map_or("", |f| &f.name);
        let format = match (ty, format) {
            (Some(JsonType::Integer), "int32") => "int32",
            (Some(JsonType::Integer), "int64") => "int64",
            (Some(JsonType::Number), "float") => "float",
            (Some(JsonType::Number), "double") => "double",
            _ => "",
        };
        Self {
            integer: ty == Some(JsonType::Integer),
            format,
        }
    }

    /// Why a number is beyond its type.
    #[allow(clippy::cast_precision_loss)] // bounds of a range
    fn fault(&self, value: &Value<'_>, what: &str, at: &At<'_>) -> Option<String> {
        let number = match value {
            Value::Int(i) => *i as f64,
            Value::Double(d) => *d,
            _ => return None,
        };
        let fits = match (self.integer, self.format) {
            (true, "int32") => {
                number.fract() == 0.0
                    && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number)
            }
            (true, _) => {
                matches!(value, Value::Int(_))
                    || number.fract() == 0.0
                        && (-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&number)
            }
            (false, "float") => number.abs() <= f64::from(f32::MAX),
            _ => true,
        };
        let ty = if self.integer { "integer" } else { "number" };
        let of = match self.format {
            "" => format!("{ty} (default format)"),
            format => format!("{ty} with format {format}"),
        };
        (!fits).then(|| format!("{what} value must be of type {of} in {}", at.name()))
    }
}

/// Adds that a number is beyond its type, where nothing more is demanded of it.
pub(super) fn check_type(schema: &Schema, value: &Value<'_>, at: &At<'_>, outcome: &mut Outcome) {
    if schema.ty == Some(JsonType::Integer) && matches!(value, Value::Double(_)) {
        check(schema, &Checks::default(), value, at, outcome);
    }
}

/// Adds what is wrong with a number.
#[allow(clippy::cast_precision_loss)] // as Go converts
pub(super) fn check(
    schema: &Schema,
    checks: &Checks,
    value: &Value<'_>,
    at: &At<'_>,
    outcome: &mut Outcome,
) {
    let range = Range::of(schema, checks);
    if let Some(text) = range.fault(value, "Checked", at) {
        outcome.add(at.composite(text));
    }
    if let (Some(factor), Value::Int(_)) = (checks.multiple_of, value)
        && range.fault(&Value::Double(factor), "", at).is_none()
        && factor < 1.0
    {
        // As an integer the factor is none.
        outcome.add(at.no_factor("0"));
    }
    let mut bound = |limit: Option<f64>, what: &str, holds: &dyn Fn(f64, Kind) -> Option<Fault>| {
        let Some(limit) = limit else { return };
        let beyond = range.fault(&Value::Double(limit), what, at);
        // A bound that is none of the type is compared as a float.
        let kind = match (value, &beyond) {
            (Value::Int(_), None) => Kind::Integer,
            _ => Kind::Number,
        };
        if let Some(text) = beyond {
            outcome.add(at.composite(text));
        }
        if let Some((value, rule)) = holds(limit, kind) {
            outcome.add(at.invalid(&value, &rule));
        }
    };
    bound(checks.multiple_of, "MultipleOf", &|factor, kind| {
        multiple(value, factor, kind)
    });
    bound(checks.minimum, "Minimum boundary", &|limit, kind| {
        compare(value, limit, kind, checks.exclusive_minimum, false)
    });
    bound(checks.maximum, "Maximum boundary", &|limit, kind| {
        compare(value, limit, kind, checks.exclusive_maximum, true)
    });
}

/// The value as it is shown, and the rule it breaks.
type Fault = (String, String);

#[allow(clippy::cast_precision_loss)] // as Go converts
fn as_float(value: &Value<'_>) -> f64 {
    match value {
        Value::Int(i) => *i as f64,
        Value::Double(d) => *d,
        _ => 0.0,
    }
}

#[allow(clippy::cast_possible_truncation)] // as Go converts
fn multiple(value: &Value<'_>, factor: f64, kind: Kind) -> Option<Fault> {
    if let (Value::Int(number), Kind::Integer) = (value, kind) {
        let factor = factor as i64;
        let broken = factor > 0 && number % factor != 0;
        return broken.then(|| {
            (
                number.to_string(),
                format!("should be a multiple of {factor}"),
            )
        });
    }
    let number = as_float(value);
    let quotient = if factor < 1.0 {
        1.0 / factor * number
    } else {
        number / factor
    };
    let broken = factor > 0.0 && !is_whole(quotient);
    let rule = || format!("should be a multiple of {}", float::general(factor));
    broken.then(|| (float::general(number), rule()))
}

#[allow(clippy::cast_possible_truncation)] // as Go converts
fn compare(
    value: &Value<'_>,
    limit: f64,
    kind: Kind,
    exclusive: bool,
    maximum: bool,
) -> Option<Fault> {
    let (order, shown, limit) = match (value, kind) {
        (Value::Int(number), Kind::Integer) => {
            let limit = limit as i64;
            (number.cmp(&limit), number.to_string(), limit.to_string())
        }
        _ => {
            let number = as_float(value);
            let order = number.partial_cmp(&limit)?;
            (order, float::general(number), float::general(limit))
        }
    };
    let beyond = if maximum {
        order.is_gt()
    } else {
        order.is_lt()
    };
    let broken = beyond || exclusive && order.is_eq();
    let rule = match (maximum, exclusive) {
        (true, true) => "less than",
        (true, false) => "less than or equal to",
        (false, true) => "greater than",
        (false, false) => "greater than or equal to",
    };
    broken.then(|| (shown, format!("should be {rule} {limit}")))
}
