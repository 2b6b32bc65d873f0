//! Lists as sets.

use super::lists::items;
use crate::functions::{Function, Outcome};
use crate::value::Value;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "sets.contains",
        &["list_sets_contains_list: (list(T), list(T)) -> bool"],
        contains,
    ),
    (
        "sets.equivalent",
        &["list_sets_equivalent_list: (list(T), list(T)) -> bool"],
        equivalent,
    ),
    (
        "sets.intersects",
        &["list_sets_intersects_list: (list(T), list(T)) -> bool"],
        intersects,
    ),
];

fn covers(list: &[Value<'_>], part: &[Value<'_>]) -> bool {
    part.iter()
        .all(|item| list.iter().any(|other| other.equals(item)))
}

fn contains<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(covers(&items(args, 0)?, &items(args, 1)?)))
}

fn equivalent<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (a, b) = (items(args, 0)?, items(args, 1)?);
    Ok(Value::Bool(covers(&a, &b) && covers(&b, &a)))
}

fn intersects<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (a, b) = (items(args, 0)?, items(args, 1)?);
    Ok(Value::Bool(
        a.iter()
            .any(|item| b.iter().any(|other| other.equals(item))),
    ))
}
