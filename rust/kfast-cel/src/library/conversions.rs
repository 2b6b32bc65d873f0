//! Conversions between types, and sizes.

use super::format;
use crate::functions::{Failure, Function, Outcome};
use crate::time::{self, Instant};
use crate::value::{OpaqueValue, Value};
use std::borrow::Cow;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "bool",
        &[
            "bool_to_bool: (bool) -> bool",
            "string_to_bool: (string) -> bool",
        ],
        to_bool,
    ),
    (
        "bytes",
        &[
            "bytes_to_bytes: (bytes) -> bytes",
            "string_to_bytes: (string) -> bytes",
        ],
        to_bytes,
    ),
    (
        "double",
        &[
            "double_to_double: (double) -> double",
            "int64_to_double: (int) -> double",
            "string_to_double: (string) -> double",
            "uint64_to_double: (uint) -> double",
        ],
        to_double,
    ),
    (
        "duration",
        &[
            "duration_to_duration: (duration) -> duration",
            "int64_to_duration: (int) -> duration",
            "string_to_duration: (string) -> duration",
        ],
        to_duration,
    ),
    ("dyn", &["to_dyn: (A) -> dyn"], to_dyn),
    (
        "int",
        &[
            "int64_to_int64: (int) -> int",
            "double_to_int64: (double) -> int",
            "duration_to_int64: (duration) -> int",
            "string_to_int64: (string) -> int",
            "timestamp_to_int64: (timestamp) -> int",
            "uint64_to_int64: (uint) -> int",
        ],
        to_int,
    ),
    (
        "uint",
        &[
            "uint64_to_uint64: (uint) -> uint",
            "double_to_uint64: (double) -> uint",
            "int64_to_uint64: (int) -> uint",
            "string_to_uint64: (string) -> uint",
        ],
        to_uint,
    ),
    (
        "string",
        &[
            "string_to_string: (string) -> string",
            "bool_to_string: (bool) -> string",
            "bytes_to_string: (bytes) -> string",
            "double_to_string: (double) -> string",
            "duration_to_string: (duration) -> string",
            "int64_to_string: (int) -> string",
            "timestamp_to_string: (timestamp) -> string",
            "uint64_to_string: (uint) -> string",
            "ip_to_string: (net.IP) -> string",
            "cidr_to_string: (net.CIDR) -> string",
        ],
        to_string,
    ),
    (
        "timestamp",
        &[
            "timestamp_to_timestamp: (timestamp) -> timestamp",
            "int64_to_timestamp: (int) -> timestamp",
            "string_to_timestamp: (string) -> timestamp",
        ],
        to_timestamp,
    ),
    ("type", &["type: (A) -> type(A)"], to_type),
    (
        "size",
        &[
            "size_bytes: (bytes) -> int",
            "bytes_size: bytes.() -> int",
            "size_list: (list(A)) -> int",
            "list_size: list(A).() -> int",
            "size_map: (map(A, B)) -> int",
            "map_size: map(A, B).() -> int",
            "size_string: (string) -> int",
            "string_size: string.() -> int",
        ],
        size,
    ),
];

fn wrong(from: &str, to: &str) -> Failure {
    format!("type conversion error from '{from}' to '{to}'").into()
}

fn to_bool<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Bool(flag) => Ok(Value::Bool(*flag)),
        Value::String(text) => match &**text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Value::Bool(false)),
            _ => Err(wrong("string", "bool")),
        },
        _ => Err(Failure::NoOverload),
    }
}

fn to_bytes<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
        Value::String(text) => Ok(Value::Bytes(text.as_bytes().into())),
        _ => Err(Failure::NoOverload),
    }
}

#[allow(clippy::cast_precision_loss)] // as CEL's conversion does
fn to_double<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Double(number) => Ok(Value::Double(*number)),
        Value::Int(number) => Ok(Value::Double(*number as f64)),
        Value::Uint(number) => Ok(Value::Double(*number as f64)),
        Value::String(text) => go_float(text)
            .map(Value::Double)
            .ok_or_else(|| wrong("string", "double")),
        _ => Err(Failure::NoOverload),
    }
}

/// A float in Go's notation; none if it is too large.
pub(crate) fn go_float(text: &str) -> Option<f64> {
    if text.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN);
    }
    let plain = text.strip_prefix(['+', '-']).unwrap_or(text);
    let infinite = ["inf", "infinity"]
        .iter()
        .any(|s| plain.eq_ignore_ascii_case(s));
    let number: f64 = if infinite {
        text.parse().ok()?
    } else if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    } else {
        let digits = without_separators(plain)?;
        let size = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
            Some(hex) => hex_float(hex)?,
            None => digits.parse().ok()?,
        };
        if text.starts_with('-') { -size } else { size }
    };
    (infinite || number.is_finite()).then_some(number)
}

/// The digits without underscores, which stand between digits or behind the prefix of another base.
fn without_separators(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(text.into());
    }
    let hex = text.starts_with("0x") || text.starts_with("0X");
    let digit = |b: u8| b.is_ascii_digit() || (hex && b.is_ascii_hexdigit());
    let bytes = text.as_bytes();
    let fits = |at: usize| {
        let after = digit(bytes[at - 1]) || (hex && at == 2);
        after && bytes.get(at + 1).is_some_and(|b| digit(*b))
    };
    let underscores = text.match_indices('_').map(|(at, _)| at);
    underscores
        .into_iter()
        .all(|at| at > 0 && fits(at))
        .then(|| text.replace('_', "").into())
}

/// `1.8p3`: hexadecimal digits times a power of two.
#[allow(clippy::cast_precision_loss)] // rounded once
fn hex_float(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let mut exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa: u64 = 0;
    let places = whole
        .chars()
        .map(|c| (c, 0))
        .chain(fraction.chars().map(|c| (c, 4)));
    for (c, shift) in places {
        let digit = u64::from(c.to_digit(16)?);
        if mantissa >> 58 == 0 {
            mantissa = mantissa << 4 | digit;
            exponent = exponent.saturating_sub(shift);
        } else {
            // Beyond what a float holds.
            mantissa |= u64::from(digit != 0);
            exponent = exponent.saturating_add(4 - shift);
        }
    }
    // In two steps: the power alone may be out of range.
    let half = exponent.clamp(-2400, 2400) / 2;
    Some(mantissa as f64 * 2_f64.powi(half) * 2_f64.powi(exponent.clamp(-2400, 2400) - half))
}

fn to_duration<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Duration(span) => Ok(Value::Duration(*span)),
        Value::Int(_) => Err(wrong("int", "google.protobuf.Duration")),
        Value::String(text) => time::parse_duration(text)
            .map(Value::Duration)
            .ok_or_else(|| wrong("string", "google.protobuf.Duration")),
        _ => Err(Failure::NoOverload),
    }
}

fn to_dyn<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(std::mem::take(&mut args[0]))
}

#[allow(clippy::cast_possible_truncation)] // within bounds
fn to_int<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Int(number) => Ok(Value::Int(*number)),
        Value::Uint(number) => i64::try_from(*number)
            .map(Value::Int)
            .map_err(|_| "integer overflow".into()),
        Value::Double(number) if number.abs() < 9_223_372_036_854_775_807.0 => {
            Ok(Value::Int(*number as i64))
        }
        Value::Double(_) => Err("integer overflow".into()),
        Value::Duration(nanoseconds) => Ok(Value::Int(*nanoseconds)),
        Value::Timestamp(at) => Ok(Value::Int(at.seconds())),
        Value::String(text) => text
            .parse()
            .map(Value::Int)
            .map_err(|_| wrong("string", "int")),
        _ => Err(Failure::NoOverload),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within bounds
fn to_uint<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    const OVERFLOW: &str = "unsigned integer overflow";
    match &args[0] {
        Value::Uint(number) => Ok(Value::Uint(*number)),
        Value::Int(number) => u64::try_from(*number)
            .map(Value::Uint)
            .map_err(|_| OVERFLOW.into()),
        Value::Double(number) if *number >= 0.0 && *number < 18_446_744_073_709_551_615.0 => {
            Ok(Value::Uint(*number as u64))
        }
        Value::Double(_) => Err(OVERFLOW.into()),
        Value::String(text) if !text.starts_with('+') => text
            .parse()
            .map(Value::Uint)
            .map_err(|_| wrong("string", "uint")),
        Value::String(_) => Err(wrong("string", "uint")),
        _ => Err(Failure::NoOverload),
    }
}

/// The text a value converts to, if it does.
pub(crate) fn text_of(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => format::go_double(*number),
        Value::Duration(nanoseconds) => time::format_seconds(*nanoseconds),
        Value::Timestamp(at) => at.to_string(),
        Value::String(text) => (**text).to_owned(),
        Value::Bytes(bytes) => String::from_utf8(bytes.to_vec()).ok()?,
        Value::Type(ty) => ty.runtime_name().to_owned(),
        Value::Null => "null".to_owned(),
        Value::Opaque(OpaqueValue::Ip(ip)) => ip.to_string(),
        Value::Opaque(OpaqueValue::Cidr(cidr)) => cidr.to_string(),
        _ => return None,
    })
}

fn to_string<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &mut args[0] {
        text @ Value::String(_) => Ok(std::mem::take(text)),
        Value::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => {
            Err("invalid UTF-8 in bytes, cannot convert to string".into())
        }
        Value::Null | Value::Type(_) => Err(Failure::NoOverload),
        other => text_of(other).map(Value::shared).ok_or(Failure::NoOverload),
    }
}

fn to_timestamp<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Timestamp(at) => Ok(Value::Timestamp(*at)),
        Value::Int(seconds) => Instant::from_seconds(*seconds)
            .map(Value::Timestamp)
            .ok_or_else(|| "timestamp overflow".into()),
        Value::String(text) => Instant::parse(text)
            .map(Value::Timestamp)
            .ok_or_else(|| wrong("string", "google.protobuf.Timestamp")),
        _ => Err(Failure::NoOverload),
    }
}

fn to_type<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Type(args[0].runtime_type()))
}

#[allow(clippy::cast_possible_wrap)] // nothing is that long
fn size<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    args[0]
        .length()
        .map(|length| Value::Int(length as i64))
        .ok_or(Failure::NoOverload)
}
