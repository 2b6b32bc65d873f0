//! What a scalar stands for.

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};
use std::borrow::Cow;

/// The value of a scalar of that style and tag.
pub(super) fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let core = tag
        .filter(|t| t.is_yaml_core_schema())
        .map(|t| t.suffix.as_str());
    match core {
        Some("str") => return Ok(Value::String(text.into())),
        Some("binary") => {
            let bytes = crate::scalar::decode_base64(text)
                .map_err(|_| "yaml: !!binary value contains invalid base64 data")?;
            return Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        }
        _ => {}
    }
    if style != ScalarStyle::Plain && core.is_none() {
        return Ok(Value::String(text.into()));
    }
    let value = resolve(text);
    Ok(match (core, value) {
        (Some("float"), Value::Number(n)) => n.as_f64().map_or(Value::Null, Value::from),
        (_, value) => value,
    })
}

/// The value of a plain scalar: YAML 1.1 booleans and nulls, Go's integers, floats; anything else is text.
fn resolve(text: &str) -> Value {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        _ => {}
    }
    let plain: Cow<'_, str> = if text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    };
    let numeric = match text.as_bytes()[0] {
        b'0'..=b'9' | b'+' | b'-' => integer(&plain).or_else(|| float(&plain)),
        b'.' => float(text),
        _ => None,
    };
    numeric.map_or_else(|| Value::String(text.into()), Value::Number)
}

/// An integer as Go reads it: decimal, `0x`, `0b`, `0o`, and octal after a leading zero.
fn integer(text: &str) -> Option<Number> {
    let (sign, digits) = match text.as_bytes() {
        [b'-', ..] => ("-", &text[1..]),
        [b'+', ..] => ("", &text[1..]),
        _ => ("", text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let signed = i64::from_str_radix(&format!("{sign}{digits}"), radix).ok();
    signed.map(Number::from).or_else(|| {
        let unsigned = u64::from_str_radix(digits, radix).ok();
        unsigned.filter(|_| sign.is_empty()).map(Number::from)
    })
}

fn float(text: &str) -> Option<Number> {
    let shaped = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E'));
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|n| shaped && n.is_finite())?;
    // JSON has one kind of number: what is whole is written without a fraction, as Go does.
    #[allow(clippy::cast_possible_truncation)]
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}
