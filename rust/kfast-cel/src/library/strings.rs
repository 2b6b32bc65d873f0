//! Text. Indices count code points.

use crate::functions::{Failure, Function, LONGEST_TEXT, Outcome, bounded};
use crate::value::{List, Value};

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "contains",
        &["contains_string: string.(string) -> bool"],
        contains,
    ),
    (
        "startsWith",
        &["starts_with_string: string.(string) -> bool"],
        starts_with,
    ),
    (
        "endsWith",
        &["ends_with_string: string.(string) -> bool"],
        ends_with,
    ),
    (
        "charAt",
        &["string_char_at_int: string.(int) -> string"],
        char_at,
    ),
    (
        "lowerAscii",
        &["string_lower_ascii: string.() -> string"],
        lower,
    ),
    (
        "upperAscii",
        &["string_upper_ascii: string.() -> string"],
        upper,
    ),
    ("trim", &["string_trim: string.() -> string"], trim),
    (
        "replace",
        &[
            "string_replace_string_string: string.(string, string) -> string",
            "string_replace_string_string_int: string.(string, string, int) -> string",
        ],
        replace,
    ),
    (
        "split",
        &[
            "string_split_string: string.(string) -> list(string)",
            "string_split_string_int: string.(string, int) -> list(string)",
        ],
        split,
    ),
    (
        "substring",
        &[
            "string_substring_int: string.(int) -> string",
            "string_substring_int_int: string.(int, int) -> string",
        ],
        substring,
    ),
    (
        "join",
        &[
            "list_join: list(string).() -> string",
            "list_join_string: list(string).(string) -> string",
        ],
        join,
    ),
    (
        "strings.quote",
        &["strings_quote: (string) -> string"],
        quote,
    ),
    (
        "jsonpatch.escapeKey",
        &["string_escapeKey_string: (string) -> string"],
        escape_key,
    ),
];

fn two<'v>(args: &'v [Value<'_>]) -> Result<(&'v str, &'v str), Failure> {
    match args {
        [Value::String(a), Value::String(b), ..] => Ok((a, b)),
        _ => Err(Failure::NoOverload),
    }
}

fn contains<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (text, part) = two(args)?;
    Ok(Value::Bool(text.contains(part)))
}

fn starts_with<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (text, part) = two(args)?;
    Ok(Value::Bool(text.starts_with(part)))
}

fn ends_with<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (text, part) = two(args)?;
    Ok(Value::Bool(text.ends_with(part)))
}

/// Takes the value as text.
fn one<'v>(args: &'v [Value<'_>]) -> Result<&'v str, Failure> {
    args[0].as_str().ok_or(Failure::NoOverload)
}

fn out_of_range(index: i64) -> Failure {
    format!("index out of range: {index}").into()
}

/// The byte at which the code point of that index starts, or the text's end.
fn byte_at(text: &str, index: i64) -> Result<usize, Failure> {
    let wanted = usize::try_from(index).map_err(|_| out_of_range(index))?;
    let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.nth(wanted).ok_or_else(|| out_of_range(index))
}

fn char_at<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let [Value::String(text), Value::Int(index)] = args else {
        return Err(Failure::NoOverload);
    };
    let rest = &text[byte_at(text, *index)?..];
    let length = rest.chars().next().map_or(0, char::len_utf8);
    Ok(Value::shared(&rest[..length]))
}

fn lower<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::shared(one(args)?.to_ascii_lowercase()))
}

fn upper<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::shared(one(args)?.to_ascii_uppercase()))
}

fn trim<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::shared(one(args)?.trim()))
}

fn replace<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let limit = match args.get(3) {
        None => -1,
        Some(Value::Int(limit)) => *limit,
        Some(_) => return Err(Failure::NoOverload),
    };
    let [
        Value::String(text),
        Value::String(old),
        Value::String(new),
        ..,
    ] = args
    else {
        return Err(Failure::NoOverload);
    };
    let found = if old.is_empty() {
        text.chars().count() + 1
    } else {
        text.len() / old.len()
    };
    bounded(
        text.len().saturating_add(found.saturating_mul(new.len())),
        LONGEST_TEXT,
    )?;
    let replaced = match usize::try_from(limit) {
        Ok(limit) => text.replacen(&**old, new, limit),
        Err(_) => text.replace(&**old, new),
    };
    Ok(Value::shared(replaced))
}

fn split<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let limit = match args.get(2) {
        None => -1,
        Some(Value::Int(limit)) => *limit,
        Some(_) => return Err(Failure::NoOverload),
    };
    let (text, separator) = two(args)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let parts: Vec<Value<'a>> = match limit {
        0 => Vec::new(),
        _ if separator.is_empty() => every_char(text, limit).map(Value::shared).collect(),
        _ => text.splitn(limit, separator).map(Value::shared).collect(),
    };
    Ok(Value::list(parts))
}

/// Single code points, the last part with all that is left.
fn every_char(text: &str, limit: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    let mut parts = 0;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        parts += 1;
        let at = if parts == limit {
            rest.len()
        } else {
            first.len_utf8()
        };
        let part = &rest[..at];
        rest = &rest[at..];
        Some(part)
    })
}

fn substring<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &*args {
        [Value::String(text), Value::Int(start)] => {
            Ok(Value::shared(&text[byte_at(text, *start)?..]))
        }
        [Value::String(_), Value::Int(start), Value::Int(end)] if start > end => {
            Err(format!("invalid substring range. start: {start}, end: {end}").into())
        }
        [Value::String(text), Value::Int(start), Value::Int(end)] => Ok(Value::shared(
            &text[byte_at(text, *start)?..byte_at(text, *end)?],
        )),
        _ => Err(Failure::NoOverload),
    }
}

fn join<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let separator = match args.get(1) {
        None => "",
        Some(Value::String(separator)) => separator,
        Some(_) => return Err(Failure::NoOverload),
    };
    let Value::List(list) = &args[0] else {
        return Err(Failure::NoOverload);
    };
    let mut joined = String::new();
    for (at, item) in list.iter().enumerate() {
        if at > 0 {
            joined.push_str(separator);
        }
        let item = item?;
        bounded(joined.len(), LONGEST_TEXT)?;
        let Some(text) = item.as_str() else {
            return Err(match at {
                0 => Failure::NoOverload,
                _ => format!("join: invalid input: {}", super::format::go_value(&item)).into(),
            });
        };
        joined.push_str(text);
    }
    Ok(Value::shared(joined))
}

fn quote<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let mut quoted = String::from('"');
    for c in one(args)?.chars() {
        match c {
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    Ok(Value::shared(quoted))
}

fn escape_key<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::shared(
        one(args)?.replace('~', "~0").replace('/', "~1"),
    ))
}

/// Where the text is first or last found, as `indexOf` and `lastIndexOf` say it; an offset bounds where it starts.
pub(crate) fn index_of(args: &[Value<'_>], last: bool) -> Result<i64, Failure> {
    let (text, part) = two(args)?;
    let text: Vec<char> = text.chars().collect();
    let part: Vec<char> = part.chars().collect();
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let offset = match args.get(2) {
        None if last && part.is_empty() => length,
        None if last && text.is_empty() => return Ok(-1),
        None => {
            if last {
                length - 1
            } else {
                0
            }
        }
        Some(Value::Int(offset)) => *offset,
        Some(_) => return Err(Failure::NoOverload),
    };
    if part.is_empty() {
        return Ok(offset);
    }
    let from = usize::try_from(offset).map_err(|_| out_of_range(offset))?;
    if from >= text.len() || part.len() > text.len() {
        return Ok(-1);
    }
    let latest = text.len() - part.len();
    let found = |at: &usize| text[*at..].starts_with(&part);
    let at = if last {
        (0..=from.min(latest)).rev().find(found)
    } else {
        (from..=latest).find(found)
    };
    Ok(at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
}

/// Texts as a list.
pub(crate) fn texts<'a>(texts: impl Iterator<Item = String>) -> Value<'a> {
    Value::List(List::Owned(std::sync::Arc::new(
        texts.map(Value::shared).collect(),
    )))
}
