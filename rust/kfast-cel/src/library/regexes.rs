//! Regular expressions. Constant ones are compiled with the expression, see [`call`].

use super::strings::texts;
use crate::functions::{Failure, Function, Outcome};
use crate::value::Value;
use kfast_core::regexp;
use regex::Regex;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "matches",
        &[
            "matches: (string, string) -> bool",
            "matches_string: string.(string) -> bool",
        ],
        |args| {
            let pattern = pattern(args)?;
            call(&pattern, "matches", args)
        },
    ),
    (
        "find",
        &["string_find_string: string.(string) -> string"],
        |args| {
            let pattern = pattern(args)?;
            call(&pattern, "find", args)
        },
    ),
    (
        "findAll",
        &[
            "string_find_all_string: string.(string) -> list(string)",
            "string_find_all_string_int: string.(string, int) -> list(string)",
        ],
        |args| {
            let pattern = pattern(args)?;
            call(&pattern, "findAll", args)
        },
    ),
];

fn pattern(args: &[Value<'_>]) -> Result<Regex, Failure> {
    let [_, Value::String(pattern), ..] = args else {
        return Err(Failure::NoOverload);
    };
    regexp::compile(pattern).map_err(Failure::Error)
}

/// What one of the functions says of its first argument.
pub(crate) fn call<'a>(pattern: &Regex, function: &str, args: &[Value<'a>]) -> Outcome<'a> {
    let text = args[0].as_str().ok_or(Failure::NoOverload)?;
    match function {
        "matches" => Ok(Value::Bool(pattern.is_match(text))),
        "find" => Ok(Value::shared(pattern.find(text).map_or("", |m| m.as_str()))),
        _ => {
            let limit = match args.get(2) {
                None => usize::MAX,
                Some(Value::Int(limit)) => usize::try_from(*limit).unwrap_or(usize::MAX),
                Some(_) => return Err(Failure::NoOverload),
            };
            Ok(texts(
                pattern
                    .find_iter(text)
                    .take(limit)
                    .map(|m| m.as_str().to_owned()),
            ))
        }
    }
}
