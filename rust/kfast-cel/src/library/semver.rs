//! Semantic versions.

use crate::functions::{Failure, Function, Outcome};
use crate::value::{OpaqueValue, Value};
use std::cmp::Ordering;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "semver",
        &[
            "string_to_semver: (string) -> kubernetes.Semver",
            "string_bool_to_semver: (string, bool) -> kubernetes.Semver",
        ],
        |args| {
            let parsed = parse(args)?.map_err(Failure::Error)?;
            Ok(Value::Opaque(OpaqueValue::Semver(Arc::new(parsed))))
        },
    ),
    (
        "isSemver",
        &[
            "is_semver_string: (string) -> bool",
            "is_semver_string_bool: (string, bool) -> bool",
        ],
        |args| Ok(Value::Bool(parse(args)?.is_ok())),
    ),
    (
        "major",
        &["semver_major: kubernetes.Semver.() -> int"],
        |args| part(args, 0),
    ),
    (
        "minor",
        &["semver_minor: kubernetes.Semver.() -> int"],
        |args| part(args, 1),
    ),
    (
        "patch",
        &["semver_patch: kubernetes.Semver.() -> int"],
        |args| part(args, 2),
    ),
];

/// A semantic version; what it was built from does not count in comparisons.
#[derive(Debug)]
pub struct Semver {
    numbers: [u64; 3],
    pre: Vec<Identifier>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    // Numbers come before words.
    Number(u64),
    Word(Box<str>),
}

impl Semver {
    /// The order of two versions.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.pre.is_empty(), other.pre.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => self.pre.cmp(&other.pre),
            }
        })
    }

    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("Version string empty".to_owned());
        }
        let parts: Vec<&str> = text.splitn(3, '.').collect();
        let [major, minor, rest] = parts[..] else {
            return Err("No Major.Minor.Patch elements found".to_owned());
        };
        let (rest, build) = rest
            .split_once('+')
            .map_or((rest, None), |(r, b)| (r, Some(b)));
        let (patch, pre) = rest
            .split_once('-')
            .map_or((rest, None), |(p, pre)| (p, Some(pre)));
        let number = |name: &str, text: &str| {
            if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(format!(
                    "Invalid character(s) found in {name} number \"{text}\""
                ));
            }
            if text.len() > 1 && text.starts_with('0') {
                return Err(format!(
                    "{} number must not contain leading zeroes \"{text}\"",
                    capital(name)
                ));
            }
            text.parse()
                .map_err(|_| format!("strconv.ParseUint: parsing \"{text}\": value out of range"))
        };
        let numbers = [
            number("major", major)?,
            number("minor", minor)?,
            number("patch", patch)?,
        ];
        let identifiers = pre.map(|pre| pre.split('.').map(identifier).collect());
        for part in build.iter().flat_map(|build| build.split('.')) {
            if part.is_empty() {
                return Err("Build meta data is empty".to_owned());
            }
            if !is_word(part) {
                return Err(format!(
                    "Invalid character(s) found in build meta data \"{part}\""
                ));
            }
        }
        Ok(Self {
            numbers,
            pre: identifiers.unwrap_or(Ok(Vec::new()))?,
        })
    }
}

fn capital(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn identifier(text: &str) -> Result<Identifier, String> {
    if text.is_empty() {
        return Err("Prerelease is empty".to_owned());
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        if text.len() > 1 && text.starts_with('0') {
            return Err(format!(
                "Numeric PreRelease version must not contain leading zeroes \"{text}\""
            ));
        }
        return text
            .parse()
            .map(Identifier::Number)
            .map_err(|e| e.to_string());
    }
    if is_word(text) {
        return Ok(Identifier::Word(text.into()));
    }
    Err(format!(
        "Invalid character(s) found in prerelease \"{text}\""
    ))
}

/// A version without `v`, leading zeros, or missing numbers.
fn normalized(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text
        .splitn(3, '.')
        .map(|part| {
            if part.len() <= 1 {
                return part.to_owned();
            }
            let trimmed = part.trim_start_matches('0');
            let zero = if trimmed.starts_with(|c: char| c.is_ascii_digit()) {
                ""
            } else {
                "0"
            };
            format!("{zero}{trimmed}")
        })
        .collect();
    if parts.len() < 3 {
        if parts.last().is_some_and(|last| last.contains(['+', '-'])) {
            return Err("short version cannot contain PreRelease/Build meta data".to_owned());
        }
        parts.resize(3, "0".to_owned());
    }
    Ok(parts.join("."))
}

fn parse(args: &[Value<'_>]) -> Result<Result<Semver, String>, Failure> {
    let text = args[0].as_str().ok_or(Failure::NoOverload)?;
    Ok(match args.get(1) {
        Some(Value::Bool(true)) => normalized(text).and_then(|text| Semver::read(&text)),
        None | Some(Value::Bool(false)) => Semver::read(text),
        Some(_) => return Err(Failure::NoOverload),
    })
}

/// The version a value is.
pub(crate) fn version<'v>(value: &'v Value<'_>) -> Result<&'v Semver, Failure> {
    match value {
        Value::Opaque(OpaqueValue::Semver(version)) => Ok(version),
        _ => Err(Failure::NoOverload),
    }
}

fn part<'a>(args: &[Value<'a>], at: usize) -> Outcome<'a> {
    let number = version(&args[0])?.numbers[at];
    Ok(Value::Int(number.cast_signed()))
}
