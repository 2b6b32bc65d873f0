//! Values that may be absent.

use super::lists::items;
use crate::functions::{Failure, Function, Outcome};
use crate::value::{OpaqueValue, Value};

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "optional.none",
        &["optional_none: () -> optional(V)"],
        |_| Ok(Value::Optional(None)),
    ),
    (
        "optional.of",
        &["optional_of: (V) -> optional(V)"],
        |args| Ok(Value::some(std::mem::take(&mut args[0]))),
    ),
    (
        "optional.ofNonZeroValue",
        &["optional_ofNonZeroValue: (V) -> optional(V)"],
        of_non_zero,
    ),
    (
        "optional.unwrap",
        &["optional_unwrap: (list(optional(V))) -> list(V)"],
        unwrap,
    ),
    (
        "unwrapOpt",
        &["optional_unwrapOpt: list(optional(V)).() -> list(V)"],
        unwrap,
    ),
    (
        "hasValue",
        &["optional_hasValue: optional(V).() -> bool"],
        has_value,
    ),
    ("value", &["optional_value: optional(V).() -> V"], value),
    (
        "or",
        &["optional_or_optional: optional(V).(optional(V)) -> optional(V)"],
        or,
    ),
    (
        "orValue",
        &["optional_orValue_value: optional(V).(V) -> V"],
        or,
    ),
];

fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Optional(None) => true,
        Value::Bool(flag) => !flag,
        Value::Int(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        Value::Duration(span) => *span == 0,
        Value::Timestamp(at) => at.seconds() == -62_135_596_800 && at.nanoseconds() == 0,
        Value::String(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) => {
            value.length() == Some(0)
        }
        Value::Opaque(OpaqueValue::Quantity(quantity)) => quantity.is_zero(),
        Value::Optional(Some(_)) | Value::Type(_) | Value::Opaque(_) => false,
    }
}

fn of_non_zero<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let value = std::mem::take(&mut args[0]);
    Ok(if is_zero(&value) {
        Value::Optional(None)
    } else {
        Value::some(value)
    })
}

fn unwrap<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let mut there = Vec::new();
    for (at, item) in items(args, 0)?.into_iter().enumerate() {
        match item {
            Value::Optional(Some(value)) => there.push(value.as_ref().clone()),
            Value::Optional(None) => {}
            _ if at == 0 => return Err(Failure::NoOverload),
            other => {
                return Err(
                    format!("value {} is not optional", super::format::go_value(&other)).into(),
                );
            }
        }
    }
    Ok(Value::list(there))
}

fn has_value<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Optional(value) => Ok(Value::Bool(value.is_some())),
        _ => Err(Failure::NoOverload),
    }
}

fn value<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Optional(Some(value)) => Ok(value.as_ref().clone()),
        Value::Optional(None) => Err("optional.none() dereference".into()),
        _ => Err(Failure::NoOverload),
    }
}

/// The evaluator looks at the second argument only if the first is absent.
fn or<'a>(_: &mut [Value<'a>]) -> Outcome<'a> {
    Err(Failure::NoOverload)
}
