//! Quantities.

use crate::functions::{Failure, Function, Outcome};
use crate::library::semver;
use crate::value::{OpaqueValue, Value};
use kfast_core::quantity::Quantity;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "quantity",
        &["string_to_quantity: (string) -> kubernetes.Quantity"],
        parse,
    ),
    (
        "isQuantity",
        &["is_quantity_string: (string) -> bool"],
        is_quantity,
    ),
    (
        "sign",
        &["quantity_sign: (kubernetes.Quantity) -> int"],
        sign,
    ),
    (
        "add",
        &[
            "quantity_add: kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity",
            "quantity_add_int: kubernetes.Quantity.(int) -> kubernetes.Quantity",
        ],
        |args| combine(args, Quantity::checked_add),
    ),
    (
        "sub",
        &[
            "quantity_sub: kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity",
            "quantity_sub_int: kubernetes.Quantity.(int) -> kubernetes.Quantity",
        ],
        |args| combine(args, Quantity::checked_sub),
    ),
    (
        "isInteger",
        &["quantity_is_integer: kubernetes.Quantity.() -> bool"],
        is_integer,
    ),
    (
        "asInteger",
        &["quantity_get_int: kubernetes.Quantity.() -> int"],
        as_integer,
    ),
    (
        "asApproximateFloat",
        &["quantity_get_float: kubernetes.Quantity.() -> double"],
        as_float,
    ),
    (
        "isGreaterThan",
        &[
            "quantity_is_greater_than: kubernetes.Quantity.(kubernetes.Quantity) -> bool",
            "semver_is_greater_than: kubernetes.Semver.(kubernetes.Semver) -> bool",
        ],
        |args| Ok(Value::Bool(order(args)?.is_gt())),
    ),
    (
        "isLessThan",
        &[
            "quantity_is_less_than: kubernetes.Quantity.(kubernetes.Quantity) -> bool",
            "semver_is_less_than: kubernetes.Semver.(kubernetes.Semver) -> bool",
        ],
        |args| Ok(Value::Bool(order(args)?.is_lt())),
    ),
    (
        "compareTo",
        &[
            "quantity_compare_to: kubernetes.Quantity.(kubernetes.Quantity) -> int",
            "semver_compare_to: kubernetes.Semver.(kubernetes.Semver) -> int",
        ],
        |args| Ok(Value::Int(order(args)? as i64)),
    ),
];

fn quantity<'v>(value: &'v Value<'_>) -> Result<&'v Quantity, Failure> {
    match value {
        Value::Opaque(OpaqueValue::Quantity(quantity)) => Ok(quantity),
        _ => Err(Failure::NoOverload),
    }
}

fn made<'a>(quantity: Quantity) -> Value<'a> {
    Value::Opaque(OpaqueValue::Quantity(Arc::new(quantity)))
}

fn parse<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let text = args[0].as_str().ok_or(Failure::NoOverload)?;
    Quantity::parse(text)
        .map(made)
        .map_err(|e| e.to_string().into())
}

fn is_quantity<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let text = args[0].as_str().ok_or(Failure::NoOverload)?;
    Ok(Value::Bool(Quantity::parse(text).is_ok()))
}

fn sign<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Int(quantity(&args[0])?.sign().into()))
}

fn combine<'a>(
    args: &[Value<'a>],
    with: fn(&Quantity, &Quantity) -> Option<Quantity>,
) -> Outcome<'a> {
    let left = quantity(&args[0])?;
    let combined = match &args[1] {
        Value::Int(number) => {
            let right = Quantity::parse(&number.to_string()).map_err(|e| e.to_string())?;
            with(left, &right)
        }
        other => with(left, quantity(other)?),
    };
    combined.map(made).ok_or_else(|| "quantity overflow".into())
}

fn is_integer<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(quantity(&args[0])?.as_i64().is_some()))
}

fn as_integer<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    quantity(&args[0])?
        .as_i64()
        .map(Value::Int)
        .ok_or_else(|| "cannot convert value to integer".into())
}

fn as_float<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Double(quantity(&args[0])?.approximate()))
}

fn order(args: &[Value<'_>]) -> Result<std::cmp::Ordering, Failure> {
    match (&args[0], &args[1]) {
        (Value::Opaque(OpaqueValue::Quantity(a)), Value::Opaque(OpaqueValue::Quantity(b))) => {
            Ok(a.cmp(b))
        }
        (a, b) => Ok(semver::version(a)?.order(semver::version(b)?)),
    }
}
