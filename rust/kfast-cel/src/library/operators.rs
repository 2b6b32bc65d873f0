//! Operators.

use crate::functions::{Failure, Function, LONGEST_LIST, Outcome, bounded};
use crate::time::Instant;
use crate::value::{Entries, Map, Value, compare_numbers};
use std::cmp::Ordering;
use std::sync::Arc;

pub(crate) const FUNCTIONS: &[Function] = &[
    ("_?_:_", &["conditional: (bool, A, A) -> A"], lazy),
    ("_&&_", &["logical_and: (bool, bool) -> bool"], lazy),
    ("_||_", &["logical_or: (bool, bool) -> bool"], lazy),
    (
        "_?._",
        &["select_optional_field: (dyn, string) -> optional(V)"],
        lazy,
    ),
    (
        "_[_]",
        &[
            "index_list: (list(A), int) -> A",
            "index_map: (map(A, B), A) -> B",
            "optional_list_index_int: (optional(list(V)), int) -> optional(V)",
            "optional_map_index_value: (optional(map(K, V)), K) -> optional(V)",
        ],
        lazy,
    ),
    (
        "_[?_]",
        &[
            "list_optindex_optional_int: (list(V), int) -> optional(V)",
            "optional_list_optindex_optional_int: (optional(list(V)), int) -> optional(V)",
            "map_optindex_optional_value: (map(K, V), K) -> optional(V)",
            "optional_map_optindex_optional_value: (optional(map(K, V)), K) -> optional(V)",
        ],
        lazy,
    ),
    ("_==_", &["equals: (A, A) -> bool"], equal),
    ("_!=_", &["not_equals: (A, A) -> bool"], not_equal),
    (
        "@in",
        &[
            "in_list: (A, list(A)) -> bool",
            "in_map: (A, map(A, B)) -> bool",
        ],
        contained,
    ),
    ("!_", &["logical_not: (bool) -> bool"], not),
    (
        "-_",
        &[
            "negate_double: (double) -> double",
            "negate_int64: (int) -> int",
        ],
        negate,
    ),
    (
        "@not_strictly_false",
        &["not_strictly_false: (bool) -> bool"],
        lazy,
    ),
    (
        "cel.@mapInsert",
        &[
            "@mapInsert_map_key_value: (map(K, V), K, V) -> map(K, V)",
            "@mapInsert_map_map: (map(K, V), map(K, V)) -> map(K, V)",
        ],
        insert,
    ),
    (
        "_+_",
        &[
            "add_bytes: (bytes, bytes) -> bytes",
            "add_double: (double, double) -> double",
            "add_duration_duration: (duration, duration) -> duration",
            "add_duration_timestamp: (duration, timestamp) -> timestamp",
            "add_timestamp_duration: (timestamp, duration) -> timestamp",
            "add_int64: (int, int) -> int",
            "add_list: (list(A), list(A)) -> list(A)",
            "add_string: (string, string) -> string",
            "add_uint64: (uint, uint) -> uint",
        ],
        add,
    ),
    (
        "_-_",
        &[
            "subtract_double: (double, double) -> double",
            "subtract_duration_duration: (duration, duration) -> duration",
            "subtract_int64: (int, int) -> int",
            "subtract_timestamp_duration: (timestamp, duration) -> timestamp",
            "subtract_timestamp_timestamp: (timestamp, timestamp) -> duration",
            "subtract_uint64: (uint, uint) -> uint",
        ],
        subtract,
    ),
    (
        "_*_",
        &[
            "multiply_double: (double, double) -> double",
            "multiply_int64: (int, int) -> int",
            "multiply_uint64: (uint, uint) -> uint",
        ],
        multiply,
    ),
    (
        "_/_",
        &[
            "divide_double: (double, double) -> double",
            "divide_int64: (int, int) -> int",
            "divide_uint64: (uint, uint) -> uint",
        ],
        divide,
    ),
    (
        "_%_",
        &[
            "modulo_int64: (int, int) -> int",
            "modulo_uint64: (uint, uint) -> uint",
        ],
        modulo,
    ),
    (
        "_<_",
        &[
            "less_bool: (bool, bool) -> bool",
            "less_int64: (int, int) -> bool",
            "less_int64_double: (int, double) -> bool",
            "less_int64_uint64: (int, uint) -> bool",
            "less_uint64: (uint, uint) -> bool",
            "less_uint64_double: (uint, double) -> bool",
            "less_uint64_int64: (uint, int) -> bool",
            "less_double: (double, double) -> bool",
            "less_double_int64: (double, int) -> bool",
            "less_double_uint64: (double, uint) -> bool",
            "less_string: (string, string) -> bool",
            "less_bytes: (bytes, bytes) -> bool",
            "less_timestamp: (timestamp, timestamp) -> bool",
            "less_duration: (duration, duration) -> bool",
        ],
        less,
    ),
    (
        "_<=_",
        &[
            "less_equals_bool: (bool, bool) -> bool",
            "less_equals_int64: (int, int) -> bool",
            "less_equals_int64_double: (int, double) -> bool",
            "less_equals_int64_uint64: (int, uint) -> bool",
            "less_equals_uint64: (uint, uint) -> bool",
            "less_equals_uint64_double: (uint, double) -> bool",
            "less_equals_uint64_int64: (uint, int) -> bool",
            "less_equals_double: (double, double) -> bool",
            "less_equals_double_int64: (double, int) -> bool",
            "less_equals_double_uint64: (double, uint) -> bool",
            "less_equals_string: (string, string) -> bool",
            "less_equals_bytes: (bytes, bytes) -> bool",
            "less_equals_timestamp: (timestamp, timestamp) -> bool",
            "less_equals_duration: (duration, duration) -> bool",
        ],
        less_or_equal,
    ),
    (
        "_>_",
        &[
            "greater_bool: (bool, bool) -> bool",
            "greater_int64: (int, int) -> bool",
            "greater_int64_double: (int, double) -> bool",
            "greater_int64_uint64: (int, uint) -> bool",
            "greater_uint64: (uint, uint) -> bool",
            "greater_uint64_double: (uint, double) -> bool",
            "greater_uint64_int64: (uint, int) -> bool",
            "greater_double: (double, double) -> bool",
            "greater_double_int64: (double, int) -> bool",
            "greater_double_uint64: (double, uint) -> bool",
            "greater_string: (string, string) -> bool",
            "greater_bytes: (bytes, bytes) -> bool",
            "greater_timestamp: (timestamp, timestamp) -> bool",
            "greater_duration: (duration, duration) -> bool",
        ],
        greater,
    ),
    (
        "_>=_",
        &[
            "greater_equals_bool: (bool, bool) -> bool",
            "greater_equals_int64: (int, int) -> bool",
            "greater_equals_int64_double: (int, double) -> bool",
            "greater_equals_int64_uint64: (int, uint) -> bool",
            "greater_equals_uint64: (uint, uint) -> bool",
            "greater_equals_uint64_double: (uint, double) -> bool",
            "greater_equals_uint64_int64: (uint, int) -> bool",
            "greater_equals_double: (double, double) -> bool",
            "greater_equals_double_int64: (double, int) -> bool",
            "greater_equals_double_uint64: (double, uint) -> bool",
            "greater_equals_string: (string, string) -> bool",
            "greater_equals_bytes: (bytes, bytes) -> bool",
            "greater_equals_timestamp: (timestamp, timestamp) -> bool",
            "greater_equals_duration: (duration, duration) -> bool",
        ],
        greater_or_equal,
    ),
];

/// The evaluator decides itself which operands of these it looks at.
fn lazy<'a>(_: &mut [Value<'a>]) -> Outcome<'a> {
    Err(Failure::NoOverload)
}

fn equal<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    // Values of libraries compare with their own kind only.
    if matches!(args[0], Value::Opaque(_)) && args[0].runtime_type() != args[1].runtime_type() {
        return Err(Failure::NoOverload);
    }
    Ok(Value::Bool(args[0].equals(&args[1])))
}

fn not_equal<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(!args[0].equals(&args[1])))
}

fn contained<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match (&args[0], &args[1]) {
        (item, Value::List(list)) => {
            for other in list.iter() {
                if item.equals(&other?) {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        (key, Value::Map(map)) => Ok(Value::Bool(map.get(key).is_some())),
        _ => Err(Failure::NoOverload),
    }
}

fn not<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Bool(flag) => Ok(Value::Bool(!flag)),
        _ => Err(Failure::NoOverload),
    }
}

fn negate<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Int(number) => number
            .checked_neg()
            .map(Value::Int)
            .ok_or("integer overflow".into()),
        Value::Double(number) => Ok(Value::Double(-number)),
        Value::Duration(span) => duration(span.checked_neg()),
        _ => Err(Failure::NoOverload),
    }
}

fn insert<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let mut entries = match std::mem::take(&mut args[0]) {
        Value::Map(Map::Owned(entries)) => {
            Arc::try_unwrap(entries).unwrap_or_else(|shared| shared.as_ref().clone())
        }
        Value::Map(other) => {
            let mut entries = Entries::default();
            for (key, value) in other.pairs()? {
                entries.insert(key, value);
            }
            entries
        }
        _ => return Err(Failure::NoOverload),
    };
    let added = match &args[1..] {
        [Value::Map(more)] => more.pairs()?,
        [key, value] => vec![(key.clone(), value.clone())],
        _ => return Err(Failure::NoOverload),
    };
    for (key, value) in added {
        if entries.contains(&key) {
            return Err(format!(
                "insert failed: key {} already exists",
                super::format::go_value(&key)
            )
            .into());
        }
        if !entries.insert(key, value) {
            return Err("unsupported key type".into());
        }
    }
    Ok(Value::entries(entries))
}

const OVERFLOW: &str = "integer overflow";
const UNSIGNED_OVERFLOW: &str = "unsigned integer overflow";
const TIMESTAMP_OVERFLOW: &str = "timestamp overflow";

fn int<'a>(number: Option<i64>) -> Outcome<'a> {
    number.map(Value::Int).ok_or(OVERFLOW.into())
}

fn uint<'a>(number: Option<u64>) -> Outcome<'a> {
    number.map(Value::Uint).ok_or(UNSIGNED_OVERFLOW.into())
}

fn duration<'a>(nanoseconds: Option<i64>) -> Outcome<'a> {
    nanoseconds.map(Value::Duration).ok_or(OVERFLOW.into())
}

fn timestamp<'a>(instant: Option<Instant>) -> Outcome<'a> {
    instant
        .map(Value::Timestamp)
        .ok_or(TIMESTAMP_OVERFLOW.into())
}

fn add<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let (left, right) = (std::mem::take(&mut args[0]), std::mem::take(&mut args[1]));
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => int(a.checked_add(b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_add(b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::String(a), Value::String(b)) => Ok(Value::shared([&*a, &*b].concat())),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes([&*a, &*b].concat().into())),
        (Value::List(a), Value::List(b)) => {
            bounded(a.len() + b.len(), LONGEST_LIST)?;
            Ok(a.concatenated(&b)?)
        }
        (Value::Duration(a), Value::Duration(b)) => duration(a.checked_add(b)),
        (Value::Duration(span), Value::Timestamp(at))
        | (Value::Timestamp(at), Value::Duration(span)) => timestamp(at.after(span.into())),
        (left, right) => {
            (args[0], args[1]) = (left, right);
            Err(Failure::NoOverload)
        }
    }
}

fn subtract<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match (&args[0], &args[1]) {
        (Value::Int(a), Value::Int(b)) => int(a.checked_sub(*b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_sub(*b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a - b)),
        (Value::Duration(a), Value::Duration(b)) => duration(a.checked_sub(*b)),
        (Value::Timestamp(at), Value::Duration(span)) => timestamp(at.after(-i128::from(*span))),
        (Value::Timestamp(a), Value::Timestamp(b)) => duration(a.since(b)),
        _ => Err(Failure::NoOverload),
    }
}

fn multiply<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match (&args[0], &args[1]) {
        (Value::Int(a), Value::Int(b)) => int(a.checked_mul(*b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_mul(*b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a * b)),
        _ => Err(Failure::NoOverload),
    }
}

fn divide<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match (&args[0], &args[1]) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => {
            Err("division by zero".into())
        }
        (Value::Int(a), Value::Int(b)) => int(a.checked_div(*b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_div(*b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a / b)),
        _ => Err(Failure::NoOverload),
    }
}

fn modulo<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match (&args[0], &args[1]) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => {
            Err("modulus by zero".into())
        }
        (Value::Int(a), Value::Int(b)) => int(a.checked_rem(*b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_rem(*b)),
        _ => Err(Failure::NoOverload),
    }
}

/// The order of two values.
///
/// # Errors
/// If they have none, or one is not a number.
pub(crate) fn compare(a: &Value<'_>, b: &Value<'_>) -> Result<Ordering, Failure> {
    Ok(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => (**a).cmp(&**b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (
            Value::Int(_) | Value::Uint(_) | Value::Double(_),
            Value::Int(_) | Value::Uint(_) | Value::Double(_),
        ) => compare_numbers(a, b).ok_or("NaN values cannot be ordered")?,
        _ => return Err(Failure::NoOverload),
    })
}

fn less<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(compare(&args[0], &args[1])?.is_lt()))
}

fn less_or_equal<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(compare(&args[0], &args[1])?.is_le()))
}

fn greater<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(compare(&args[0], &args[1])?.is_gt()))
}

fn greater_or_equal<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    Ok(Value::Bool(compare(&args[0], &args[1])?.is_ge()))
}
