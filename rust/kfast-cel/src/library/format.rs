//! `format` and how values show in text.

use super::conversions::text_of;
use crate::functions::{Failure, Function, LONGEST_TEXT, Outcome};
use crate::types::Type;
use crate::value::{Map, Value};
use kfast_core::quote;
use std::fmt::Write;

pub(crate) const FUNCTIONS: &[Function] = &[(
    "format",
    &["string_format: string.(list(dyn)) -> string"],
    format,
)];

/// Digits after the point if a clause states none.
const PRECISION: usize = 6;

#[derive(Clone, Copy)]
enum Clause {
    String,
    Decimal,
    Fixed(usize),
    Scientific(usize),
    Binary,
    Hex { upper: bool },
    Octal,
}

impl Clause {
    /// Why an argument of another type is refused.
    fn refusal(self, given: &str) -> String {
        let why = match self {
            Self::String => {
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, \
                 durations, and timestamps, was given"
            }
            Self::Decimal => "decimal clause can only be used on integers, was given",
            Self::Fixed(_) => "fixed-point clause can only be used on doubles, was given",
            Self::Scientific(_) => "scientific clause can only be used on doubles, was given",
            Self::Binary => "only integers and bools can be formatted as binary, was given",
            Self::Hex { .. } => {
                "only integers, byte buffers, and strings can be formatted as hex, was given"
            }
            Self::Octal => "octal clause can only be used on integers, was given",
        };
        format!("error during formatting: {why} {given}")
    }

    fn takes(self, ty: &Type) -> bool {
        match (self, ty) {
            (_, Type::Dyn | Type::Error | Type::Param(_)) => true,
            (Self::String, Type::Opaque(_) | Type::Object(_) | Type::Optional(_)) => false,
            (Self::String, Type::List(item)) => self.takes(item),
            (Self::String, Type::Map(entry)) => self.takes(&entry.0) && self.takes(&entry.1),
            (Self::String, _) => true,
            (Self::Decimal | Self::Octal, ty) => matches!(ty, Type::Int | Type::Uint),
            (Self::Fixed(_) | Self::Scientific(_), ty) => matches!(ty, Type::Double | Type::String),
            (Self::Binary, ty) => matches!(ty, Type::Int | Type::Uint | Type::Bool),
            (Self::Hex { .. }, ty) => {
                matches!(ty, Type::Int | Type::Uint | Type::String | Type::Bytes)
            }
        }
    }

    fn apply(self, value: &Value<'_>) -> Option<String> {
        Some(match (self, value) {
            (Self::String, value) => return shown(value),
            (Self::Decimal, Value::Int(number)) => number.to_string(),
            (Self::Decimal, Value::Uint(number)) => number.to_string(),
            (Self::Fixed(digits), value) => fixed(double(value)?, digits),
            (Self::Scientific(digits), value) => {
                let number = double(value)?;
                let text = scientific(number, digits);
                if number.is_finite() {
                    text
                } else {
                    format!("{text:>digits$}")
                }
            }
            (Self::Binary, Value::Bool(flag)) => u8::from(*flag).to_string(),
            (Self::Binary, Value::Int(number)) => {
                format!("{}{:b}", minus(*number), number.unsigned_abs())
            }
            (Self::Binary, Value::Uint(number)) => format!("{number:b}"),
            (Self::Octal, Value::Int(number)) => {
                format!("{}{:o}", minus(*number), number.unsigned_abs())
            }
            (Self::Octal, Value::Uint(number)) => format!("{number:o}"),
            (Self::Hex { upper }, value) => {
                let hex = match value {
                    Value::Int(number) => format!("{}{:x}", minus(*number), number.unsigned_abs()),
                    Value::Uint(number) => format!("{number:x}"),
                    Value::String(text) => bytes_in_hex(text.as_bytes()),
                    Value::Bytes(bytes) => bytes_in_hex(bytes),
                    _ => return None,
                };
                if upper { hex.to_uppercase() } else { hex }
            }
            _ => return None,
        })
    }
}

fn minus(number: i64) -> &'static str {
    if number < 0 { "-" } else { "" }
}

fn bytes_in_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, b| {
        let _ = write!(hex, "{b:02x}");
        hex
    })
}

fn double(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        Value::String(text) => match &**text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn not_finite(number: f64) -> Option<String> {
    if number.is_finite() {
        return None;
    }
    Some(match number {
        n if n.is_nan() => "NaN".to_owned(),
        n if n > 0.0 => "∞".to_owned(),
        _ => "-∞".to_owned(),
    })
}

/// With commas between thousands, as upstream's locale has it.
fn fixed(number: f64, digits: usize) -> String {
    if let Some(special) = not_finite(number) {
        return special;
    }
    let plain = format!("{:.digits$}", number.abs());
    let (whole, fraction) = plain
        .split_once('.')
        .map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let mut grouped = String::from(if number < 0.0 { "-" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// With the exponent in superscript, as upstream's locale has it.
fn scientific(number: f64, _digits: usize) -> String {
    if let Some(special) = not_finite(number) {
        return special;
    }
    // The number of digits is not heeded upstream.
    let plain = format!("{number:.PRECISION$e}");
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let (sign, digits) = exponent
        .strip_prefix('-')
        .map_or(("", exponent), |digits| ("⁻", digits));
    const SUPERSCRIPT: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised: String = format!("{digits:0>2}")
        .bytes()
        .map(|b| SUPERSCRIPT[usize::from(b - b'0') % 10])
        .collect();
    format!("{mantissa}×10{sign}{raised}")
}

/// The value as `%s` shows it.
fn shown(value: &Value<'_>) -> Option<String> {
    match value {
        Value::List(list) => {
            let items: Option<Vec<String>> = list.collect().ok()?.iter().map(nested).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Map(map) => shown_map(map),
        Value::Opaque(_) | Value::Optional(_) => None,
        other => text_of(other),
    }
}

fn shown_map(map: &Map<'_>) -> Option<String> {
    let mut entries = Vec::new();
    for (key, value) in map.pairs().ok()? {
        if !matches!(
            key,
            Value::String(_) | Value::Bool(_) | Value::Int(_) | Value::Uint(_)
        ) {
            return None;
        }
        entries.push((nested(&key)?, nested(&value)?));
    }
    entries.sort();
    let entries: Vec<String> = entries
        .into_iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    Some(format!("{{{}}}", entries.join(", ")))
}

/// The value as it shows within a list or map.
fn nested(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::String(text) => quote(text),
        Value::Bytes(_) => format!("b{}", quote(&text_of(value)?)),
        Value::Double(number) if number.is_finite() => format!("{number:.PRECISION$}"),
        Value::Double(_) => quote(&text_of(value)?),
        Value::Timestamp(_) => format!("timestamp({})", quote(&text_of(value)?)),
        Value::Duration(_) => format!("duration({})", quote(&text_of(value)?)),
        other => return shown(other),
    })
}

/// A float as Go's `strconv.FormatFloat` shows it with `g` and as few digits as it takes.
pub(crate) fn go_double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let plain = format!("{number:e}");
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// A value as Go's `%v` shows it in messages.
pub(crate) fn go_value(value: &Value<'_>) -> String {
    match value {
        Value::String(text) => (**text).to_owned(),
        other => shown(other).unwrap_or_else(|| other.runtime_type().runtime_name().to_owned()),
    }
}

/// Reads a format; `argument` is told the number of each argument and its clause, and gives its text.
fn scan(
    format: &str,
    mut argument: impl FnMut(usize, Clause) -> Result<String, String>,
) -> Result<(String, usize), String> {
    let mut out = String::with_capacity(format.len());
    let mut used = 0;
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        if rest.is_empty() {
            return Err("unexpected end of string".to_owned());
        }
        let (clause, after) =
            clause(rest).map_err(|e| format!("could not parse formatting clause: {e}"))?;
        out.push_str(&argument(used, clause)?);
        if out.len() > LONGEST_TEXT {
            return Err("the formatted text is too long".to_owned());
        }
        used += 1;
        rest = after;
    }
    out.push_str(rest);
    Ok((out, used))
}

fn clause(text: &str) -> Result<(Clause, &str), String> {
    let mut precision = PRECISION;
    let mut rest = text;
    if let Some(after) = text.strip_prefix('.') {
        let failed = |why: String| format!("error while parsing precision: {why}");
        let digits = after.find(|c: char| !c.is_ascii_digit());
        let digits =
            digits.ok_or_else(|| failed("could not find end of precision specifier".to_owned()))?;
        precision = after[..digits].parse().map_err(|_| {
            let number = quote(&after[..digits]);
            failed(format!(
                "error while converting precision to integer: strconv.Atoi: parsing {number}: invalid syntax"
            ))
        })?;
        // More digits than a float has only cost memory.
        precision = precision.min(1000);
        rest = &after[digits..];
    }
    let c = rest.chars().next().unwrap_or('\0');
    let clause = match c {
        's' => Clause::String,
        'd' => Clause::Decimal,
        'f' => Clause::Fixed(precision),
        'e' => Clause::Scientific(precision),
        'b' => Clause::Binary,
        'x' => Clause::Hex { upper: false },
        'X' => Clause::Hex { upper: true },
        'o' => Clause::Octal,
        other => return Err(format!("unrecognized formatting clause \"{other}\"")),
    };
    Ok((clause, &rest[1..]))
}

const NO_TEXT: &str = "error during formatting: could not convert argument \"invalid UTF-8 in bytes, cannot convert to \
                       string\" to string";

fn format<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (Value::String(format), Value::List(list)) = (&args[0], &args[1]) else {
        return Err(Failure::NoOverload);
    };
    let (text, _) = scan(format, |at, clause| {
        let value = list
            .get(at)
            .ok_or_else(|| format!("index {at} out of range"))??;
        clause.apply(&value).ok_or_else(|| match (clause, &value) {
            (Clause::String, Value::Bytes(_)) => NO_TEXT.to_owned(),
            _ => clause.refusal(value.runtime_type().runtime_name()),
        })
    })?;
    Ok(Value::shared(text))
}

/// Checks a constant format against the types of its arguments; `Err` says which argument, if one, and why.
pub(crate) fn check(format: &str, types: &[Type]) -> Result<(), (Option<usize>, String)> {
    let mut wrong = None;
    let scanned = scan(format, |at, clause| {
        let ty = types
            .get(at)
            .ok_or_else(|| format!("index {at} out of range"))?;
        if clause.takes(ty) {
            return Ok(String::new());
        }
        wrong = Some(at);
        Err(clause.refusal(ty.runtime_name()))
    });
    match scanned {
        Err(message) => Err((wrong, message)),
        Ok((_, used)) if used < types.len() => Err((
            None,
            format!(
                "too many arguments supplied to string.format (expected {used}, got {})",
                types.len()
            ),
        )),
        Ok(_) => Ok(()),
    }
}
