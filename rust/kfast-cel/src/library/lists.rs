//! Lists.

use super::operators::compare;
use super::strings;
use crate::functions::{Failure, Function, LONGEST_LIST, Outcome, bounded};
use crate::overloads;
use crate::value::{List, Value};
use std::cmp::Ordering;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "isSorted",
        &[
            "list_int_is_sorted_bool: list(int).() -> bool",
            "list_uint_is_sorted_bool: list(uint).() -> bool",
            "list_double_is_sorted_bool: list(double).() -> bool",
            "list_bool_is_sorted_bool: list(bool).() -> bool",
            "list_duration_is_sorted_bool: list(duration).() -> bool",
            "list_timestamp_is_sorted_bool: list(timestamp).() -> bool",
            "list_string_is_sorted_bool: list(string).() -> bool",
            "list_bytes_is_sorted_bool: list(bytes).() -> bool",
        ],
        is_sorted,
    ),
    (
        "sum",
        &[
            "list_int_sum_int: list(int).() -> int",
            "list_uint_sum_uint: list(uint).() -> uint",
            "list_double_sum_double: list(double).() -> double",
            "list_duration_sum_duration: list(duration).() -> duration",
        ],
        sum,
    ),
    (
        "max",
        &[
            "list_int_max_int: list(int).() -> int",
            "list_uint_max_uint: list(uint).() -> uint",
            "list_double_max_double: list(double).() -> double",
            "list_bool_max_bool: list(bool).() -> bool",
            "list_duration_max_duration: list(duration).() -> duration",
            "list_timestamp_max_timestamp: list(timestamp).() -> timestamp",
            "list_string_max_string: list(string).() -> string",
            "list_bytes_max_bytes: list(bytes).() -> bytes",
        ],
        |args| extreme(args, "max", Ordering::Less),
    ),
    (
        "min",
        &[
            "list_int_min_int: list(int).() -> int",
            "list_uint_min_uint: list(uint).() -> uint",
            "list_double_min_double: list(double).() -> double",
            "list_bool_min_bool: list(bool).() -> bool",
            "list_duration_min_duration: list(duration).() -> duration",
            "list_timestamp_min_timestamp: list(timestamp).() -> timestamp",
            "list_string_min_string: list(string).() -> string",
            "list_bytes_min_bytes: list(bytes).() -> bytes",
        ],
        |args| extreme(args, "min", Ordering::Greater),
    ),
    (
        "indexOf",
        &[
            "list_a_index_of_int: list(A).(A) -> int",
            "string_index_of_string: string.(string) -> int",
            "string_index_of_string_int: string.(string, int) -> int",
        ],
        |args| index_of(args, false),
    ),
    (
        "lastIndexOf",
        &[
            "list_a_last_index_of_int: list(A).(A) -> int",
            "string_last_index_of_string: string.(string) -> int",
            "string_last_index_of_string_int: string.(string, int) -> int",
        ],
        |args| index_of(args, true),
    ),
    (
        "distinct",
        &["list_distinct: list(T).() -> list(T)"],
        distinct,
    ),
    (
        "flatten",
        &[
            "list_flatten: list(list(T)).() -> list(T)",
            "list_flatten_int: list(dyn).(int) -> list(dyn)",
        ],
        flatten,
    ),
    (
        "first",
        &["list_first: list(V).() -> optional(V)"],
        |args| end(args, false),
    ),
    ("last", &["list_last: list(V).() -> optional(V)"], |args| {
        end(args, true)
    }),
    ("reverse", &["list_reverse: list(T).() -> list(T)"], reverse),
    (
        "slice",
        &["list_slice: list(T).(int, int) -> list(T)"],
        slice,
    ),
    ("lists.range", &["lists_range: (int) -> list(int)"], range),
    (
        "sort",
        &[
            "list_int_sort: list(int).() -> list(int)",
            "list_uint_sort: list(uint).() -> list(uint)",
            "list_double_sort: list(double).() -> list(double)",
            "list_bool_sort: list(bool).() -> list(bool)",
            "list_google.protobuf.Duration_sort: list(duration).() -> list(duration)",
            "list_google.protobuf.Timestamp_sort: list(timestamp).() -> list(timestamp)",
            "list_string_sort: list(string).() -> list(string)",
            "list_bytes_sort: list(bytes).() -> list(bytes)",
        ],
        sort,
    ),
    (
        "@sortByAssociatedKeys",
        &[
            "list_int_sortByAssociatedKeys: list(T).(list(int)) -> list(T)",
            "list_uint_sortByAssociatedKeys: list(T).(list(uint)) -> list(T)",
            "list_double_sortByAssociatedKeys: list(T).(list(double)) -> list(T)",
            "list_bool_sortByAssociatedKeys: list(T).(list(bool)) -> list(T)",
            "list_google.protobuf.Duration_sortByAssociatedKeys: list(T).(list(duration)) -> list(T)",
            "list_google.protobuf.Timestamp_sortByAssociatedKeys: list(T).(list(timestamp)) -> list(T)",
            "list_string_sortByAssociatedKeys: list(T).(list(string)) -> list(T)",
            "list_bytes_sortByAssociatedKeys: list(T).(list(bytes)) -> list(T)",
        ],
        sort,
    ),
];

/// The items of an argument that is a list.
pub(crate) fn items<'a>(args: &[Value<'a>], at: usize) -> Result<Vec<Value<'a>>, Failure> {
    match &args[at] {
        Value::List(list) => Ok(list.collect()?),
        _ => Err(Failure::NoOverload),
    }
}

fn is_sorted<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let items = comparables(args)?;
    let sorted = items
        .windows(2)
        .all(|pair| order(&pair[0], &pair[1]).is_le());
    Ok(Value::Bool(sorted))
}

/// The items, each of a type with an order.
fn comparables<'a>(args: &[Value<'a>]) -> Result<Vec<Value<'a>>, Failure> {
    let items = items(args, 0)?;
    let ordered = |item: &Value<'_>| !matches!(compare(item, item), Err(Failure::NoOverload));
    if !items.iter().all(ordered) {
        return Err(Failure::NoOverload);
    }
    Ok(items)
}

/// What does not compare counts as equal.
fn order(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    compare(a, b).unwrap_or(Ordering::Equal)
}

fn sum<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let items = items(args, 0)?;
    let Some(first) = items.first() else {
        return Ok(Value::Int(0));
    };
    if !overloads::fitting("sum", args) {
        return Err(Failure::NoOverload);
    }
    let add = crate::functions::named("_+_")
        .ok_or(Failure::NoOverload)?
        .call;
    items[1..]
        .iter()
        .try_fold(first.clone(), |sum, item| add(&mut [sum, item.clone()]))
}

fn extreme<'a>(args: &[Value<'a>], name: &str, replaced_if: Ordering) -> Outcome<'a> {
    let mut found: Option<Value<'a>> = None;
    for item in comparables(args)? {
        found = match found {
            Some(best) if order(&best, &item) != replaced_if => Some(best),
            _ => Some(item),
        };
    }
    found.ok_or_else(|| format!("{name} called on empty list").into())
}

fn index_of<'a>(args: &[Value<'a>], last: bool) -> Outcome<'a> {
    if matches!(args[0], Value::String(_)) {
        return strings::index_of(args, last).map(Value::Int);
    }
    let items = items(args, 0)?;
    let same = |item: &Value<'_>| item.equals(&args[1]);
    let at = if last {
        items.iter().rposition(same)
    } else {
        items.iter().position(same)
    };
    Ok(Value::Int(
        at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1),
    ))
}

fn distinct<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let mut kept: Vec<Value<'a>> = Vec::new();
    for item in items(args, 0)? {
        if !kept.iter().any(|other| item.equals(other)) {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn flatten<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let depth = match args.get(1) {
        None => 1,
        Some(Value::Int(depth)) => *depth,
        Some(_) => return Err(Failure::NoOverload),
    };
    if depth < 0 {
        return Err("level must be non-negative".into());
    }
    let mut flat = items(args, 0)?;
    for _ in 0..depth {
        if !flat.iter().any(|item| matches!(item, Value::List(_))) {
            break;
        }
        let mut next = Vec::with_capacity(flat.len());
        for item in flat {
            match item {
                Value::List(nested) => {
                    bounded(next.len() + nested.len(), LONGEST_LIST)?;
                    next.extend(nested.collect()?);
                }
                other => next.push(other),
            }
        }
        flat = next;
    }
    Ok(Value::list(flat))
}

fn end<'a>(args: &[Value<'a>], last: bool) -> Outcome<'a> {
    let Value::List(list) = &args[0] else {
        return Err(Failure::NoOverload);
    };
    let at = if last {
        list.len().checked_sub(1)
    } else {
        Some(0)
    };
    match at.and_then(|at| list.get(at)) {
        Some(item) => Ok(Value::some(item?)),
        None => Ok(Value::Optional(None)),
    }
}

fn reverse<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let mut items = items(args, 0)?;
    items.reverse();
    Ok(Value::list(items))
}

fn slice<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (Value::Int(start), Value::Int(end)) = (&args[1], &args[2]) else {
        return Err(Failure::NoOverload);
    };
    let refused = |why: &str| Err(format!("cannot slice({start}, {end}), {why}").into());
    let items = items(args, 0)?;
    let (Ok(from), Ok(to)) = (usize::try_from(*start), usize::try_from(*end)) else {
        return refused("negative indexes not supported");
    };
    if from > to {
        return refused("start index must be less than or equal to end index");
    }
    match items.get(from..to) {
        Some(part) => Ok(Value::list(part.to_vec())),
        None => refused(&format!("list is length {}", items.len())),
    }
}

fn range<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match args[0] {
        Value::Int(end) => {
            bounded(usize::try_from(end).unwrap_or(0), LONGEST_LIST)?;
            Ok(Value::list((0..end).map(Value::Int).collect()))
        }
        _ => Err(Failure::NoOverload),
    }
}

/// Sorts the first list by itself, or by the keys in the second.
fn sort<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let items = items(args, 0)?;
    let keys = match args.get(1) {
        Some(Value::List(keys)) => keys.collect()?,
        Some(_) => return Err(Failure::NoOverload),
        None => items.clone(),
    };
    if items.len() != keys.len() {
        return Err(format!(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got {} and {} \
             elements respectively",
            items.len(),
            keys.len()
        )
        .into());
    }
    if let Some(first) = keys.first() {
        if matches!(compare(first, first), Err(Failure::NoOverload)) {
            return Err("list elements must be comparable".into());
        }
        let kind = std::mem::discriminant(first);
        if keys.iter().any(|key| std::mem::discriminant(key) != kind) {
            return Err("list elements must have the same type".into());
        }
    }
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|a, b| compare(&keys[*a], &keys[*b]).unwrap_or(Ordering::Equal));
    Ok(Value::List(List::Owned(std::sync::Arc::new(
        order.into_iter().map(|at| items[at].clone()).collect(),
    ))))
}
