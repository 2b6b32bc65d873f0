//! What calls cost at run time.

use super::{AUTHORIZATION, CHARACTER, PATTERN, compares, scaled};
use crate::functions::Outcome;
use crate::value::{OpaqueValue, Value};

/// How the cost of a call follows from its arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    Fixed(u64),
    /// The first argument is looked through, at this cost per character.
    Through(f64),
    /// As [`Self::Through`], of the shorter of two; 1 if the first is of a library's type.
    Equal,
    /// As [`Self::Through`], of the shorter of two.
    Compare,
    /// Of both.
    Concatenate,
    /// The second argument's size.
    Second,
    /// The first argument against a pattern.
    Match,
    /// Each character against each.
    Contains,
    /// Everything in the first argument.
    Traverse,
    /// Twice the result.
    Join,
    ContainsIp {
        text: bool,
    },
    ContainsCidr {
        text: bool,
    },
    Format,
    Selector,
    /// The product of both arguments' sizes, so many times.
    Sets(u64),
    /// A list as long as the result is made.
    MakesResult,
    /// A list as long as the first argument is made, so often.
    Flatten,
    /// The list at this argument is compared with itself.
    SelfCompare(usize),
}

impl Rule {
    /// The rule of a call; `overload` is empty if types decide at run time.
    pub(crate) fn of(function: &str, overload: &str) -> Self {
        Self::of_overload(overload)
            .or_else(|| Self::of_function(function, overload))
            .unwrap_or_else(|| Self::otherwise(overload))
    }

    fn of_overload(overload: &str) -> Option<Self> {
        Some(match overload {
            "list_slice" | "lists_range" | "list_reverse" => Self::MakesResult,
            "list_flatten" | "list_flatten_int" => Self::Flatten,
            "list_distinct" => Self::SelfCompare(0),
            "list_sets_contains_list" | "list_sets_intersects_list" => Self::Sets(1),
            "list_sets_equivalent_list" => Self::Sets(2),
            other if other.ends_with("_sortByAssociatedKeys") => Self::SelfCompare(1),
            other if other.ends_with("_sort") => Self::SelfCompare(0),
            _ => return None,
        })
    }

    fn of_function(function: &str, overload: &str) -> Option<Self> {
        Some(match function {
            "check" => Self::Fixed(AUTHORIZATION),
            "fieldSelector" | "labelSelector" => Self::Selector,
            "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => Self::Traverse,
            "url"
            | "lowerAscii"
            | "upperAscii"
            | "substring"
            | "trim"
            | "jsonpatch.escapeKey"
            | "cidr"
            | "isIP"
            | "isCIDR"
            | "quantity"
            | "isQuantity"
            | "semver"
            | "isSemver" => Self::Through(CHARACTER),
            "replace" | "split" | "ip.isCanonical" => Self::Through(2.0 * CHARACTER),
            "join" => Self::Join,
            "find" | "findAll" => Self::Match,
            "ip" if overload == "cidr_ip" => Self::Fixed(1),
            "ip" => Self::Through(CHARACTER),
            "containsIP" => Self::ContainsIp {
                text: overload == "cidr_contains_ip_string",
            },
            "containsCIDR" => Self::ContainsCidr {
                text: overload == "cidr_contains_cidr_string",
            },
            "validate" => Self::Format,
            "_==_" => Self::Equal,
            _ => return None,
        })
    }

    fn otherwise(overload: &str) -> Self {
        match overload {
            "starts_with_string" | "ends_with_string" | "string_to_bytes" | "bytes_to_string"
            | "strings_quote" | "string_format" => Self::Through(CHARACTER),
            "in_list" => Self::Second,
            compared if compares(compared) => Self::Compare,
            "add_string" | "add_bytes" => Self::Concatenate,
            "matches_string" => Self::Match,
            "contains_string" => Self::Contains,
            _ => Self::Fixed(1),
        }
    }

    /// The cost as far as the arguments tell it.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )] // saturates
    pub(crate) fn before(self, args: &[Value<'_>]) -> u64 {
        let size = |at: usize| args.get(at).map_or(0, Value::size);
        let through = |at: usize| scaled(size(at), CHARACTER);
        let shorter = || scaled(size(0).min(size(1)), CHARACTER);
        match self {
            Self::Fixed(cost) => cost,
            Self::Through(factor) => scaled(size(0), factor),
            Self::Equal if matches!(args[0], Value::Opaque(_)) => 1,
            Self::Equal | Self::Compare => shorter(),
            Self::Concatenate => scaled(size(0) + size(1), CHARACTER),
            Self::Second => size(1),
            Self::Match => scaled(size(0) + 1, CHARACTER) * scaled(size(1), PATTERN),
            Self::Contains => through(0) * through(1),
            Self::Traverse => args.first().map_or(0, traversal),
            Self::Join | Self::MakesResult => 0,
            Self::ContainsIp { text } => {
                let other = if text { through(1) } else { 0 };
                scaled(2 * size(0), CHARACTER) + other
            }
            Self::ContainsCidr { text } => {
                let other = if text { through(1) } else { 0 };
                scaled(2 * size(0), CHARACTER) + through(0) + 1 + other
            }
            Self::Format => match &args[0] {
                Value::Opaque(OpaqueValue::NamedFormat(format)) => {
                    scaled(size(1) + 1, CHARACTER) * scaled(format.regex_size, PATTERN)
                }
                _ => 1,
            },
            Self::Selector => 10 + through(1) + scaled(scaled(size(1), 0.5), 50.0),
            Self::Sets(times) => 1 + size(0).saturating_mul(size(1)).saturating_mul(times),
            Self::Flatten => {
                let depth = match args.get(1) {
                    Some(Value::Int(depth)) => *depth as f64,
                    _ => 1.0,
                };
                11 + (size(0) as f64 * depth) as u64
            }
            Self::SelfCompare(at) => {
                let length = size(at);
                let first = match args.get(at) {
                    Some(Value::List(list)) => list.get(0).and_then(Result::ok),
                    _ => None,
                };
                let texts = matches!(first, Some(Value::String(_) | Value::Bytes(_)));
                let factor = if texts { 2.0 + CHARACTER } else { 2.0 };
                11 + (length.saturating_mul(length) as f64 * factor) as u64
            }
        }
    }

    /// The cost with what the result tells.
    pub(crate) fn after(self, cost: u64, result: &Outcome<'_>) -> u64 {
        let size = result.as_ref().map_or(1, Value::size);
        match self {
            Self::Join => scaled(size, 2.0 * CHARACTER),
            Self::MakesResult => 11 + size,
            _ => cost,
        }
    }
}

/// The cost of looking at everything within a value.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // rounded down
fn traversal(value: &Value<'_>) -> u64 {
    let bytes = |length: usize| (length as f64 * CHARACTER) as u64;
    match value {
        Value::String(text) => bytes(text.len()),
        Value::Bytes(data) => bytes(data.len()),
        Value::List(list) => list.iter().flatten().map(|item| traversal(&item)).sum(),
        Value::Map(map) => {
            let pairs = map.pairs().unwrap_or_default();
            pairs
                .iter()
                .map(|(key, value)| traversal(key) + traversal(value))
                .sum()
        }
        _ => 1,
    }
}
