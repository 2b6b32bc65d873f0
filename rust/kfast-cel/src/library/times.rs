//! Parts of points in time and of spans.

use crate::functions::{Failure, Function, Outcome};
use crate::time::{Civil, Instant};
use crate::value::Value;
use kfast_core::{TimeZone, quote};
use std::num::{IntErrorKind, ParseIntError};

/// A function of points in time: its name, what its overloads' ids end in, and the part it gives.
macro_rules! of_timestamps {
    ($name:literal, $id:literal, $part:expr) => {
        (
            $name,
            &[
                concat!("timestamp_to_", $id, ": timestamp.() -> int"),
                concat!("timestamp_to_", $id, "_with_tz: timestamp.(string) -> int"),
            ],
            |args| part(args, $part),
        )
    };
}

pub(crate) const FUNCTIONS: &[Function] = &[
    of_timestamps!("getFullYear", "year", |at| at.year),
    of_timestamps!("getMonth", "month", |at| i64::from(at.month) - 1),
    of_timestamps!("getDayOfYear", "day_of_year", |at| at.day_of_year),
    of_timestamps!("getDayOfMonth", "day_of_month", |at| i64::from(at.day) - 1),
    of_timestamps!("getDate", "day_of_month_1_based", |at| i64::from(at.day)),
    of_timestamps!("getDayOfWeek", "day_of_week", |at| at.weekday),
    (
        "getHours",
        &[
            "timestamp_to_hours: timestamp.() -> int",
            "timestamp_to_hours_with_tz: timestamp.(string) -> int",
            "duration_to_hours: duration.() -> int",
        ],
        |args| part_or_span(args, |at| at.hour, 3_600_000_000_000),
    ),
    (
        "getMinutes",
        &[
            "timestamp_to_minutes: timestamp.() -> int",
            "timestamp_to_minutes_with_tz: timestamp.(string) -> int",
            "duration_to_minutes: duration.() -> int",
        ],
        |args| part_or_span(args, |at| at.minute, 60_000_000_000),
    ),
    (
        "getSeconds",
        &[
            "timestamp_to_seconds: timestamp.() -> int",
            "timestamp_to_seconds_tz: timestamp.(string) -> int",
            "duration_to_seconds: duration.() -> int",
        ],
        |args| part_or_span(args, |at| at.second, 1_000_000_000),
    ),
    (
        "getMilliseconds",
        &[
            "timestamp_to_milliseconds: timestamp.() -> int",
            "timestamp_to_milliseconds_with_tz: timestamp.(string) -> int",
            "duration_to_milliseconds: duration.() -> int",
        ],
        milliseconds,
    ),
];

fn part<'a>(args: &[Value<'a>], of: fn(&Civil) -> i64) -> Outcome<'a> {
    let Value::Timestamp(at) = &args[0] else {
        return Err(Failure::NoOverload);
    };
    let offset = match args.get(1) {
        None => 0,
        Some(Value::String(zone)) => zone_offset(zone, *at)?,
        Some(_) => return Err(Failure::NoOverload),
    };
    Ok(Value::Int(of(&at.civil(offset))))
}

fn part_or_span<'a>(args: &[Value<'a>], of: fn(&Civil) -> i64, unit: i64) -> Outcome<'a> {
    match args {
        [Value::Duration(nanoseconds)] => Ok(Value::Int(nanoseconds / unit)),
        _ => part(args, of),
    }
}

fn milliseconds<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    match &args[0] {
        Value::Duration(nanoseconds) => Ok(Value::Int(nanoseconds / 1_000_000)),
        Value::Timestamp(at) => {
            part(args, |_| 0)?;
            Ok(Value::Int(i64::from(at.nanoseconds() / 1_000_000)))
        }
        _ => Err(Failure::NoOverload),
    }
}

/// Seconds east of UTC at a point in time. Zones are named, or given as hours and minutes such as `02:00` or `-08:00`.
fn zone_offset(zone: &str, at: Instant) -> Result<i64, Failure> {
    let Some((hours, minutes)) = zone.split_once(':') else {
        return Ok(TimeZone::named(zone)?.offset(at.seconds()));
    };
    let (hours, minutes) = (decimal(hours)?, decimal(minutes)?);
    let minutes = if zone.starts_with('-') {
        minutes.wrapping_neg()
    } else {
        minutes
    };
    // As in Go, nanoseconds overflow.
    let nanoseconds = hours
        .wrapping_mul(60)
        .wrapping_add(minutes)
        .wrapping_mul(60_000_000_000);
    Ok(nanoseconds / 1_000_000_000)
}

/// A number as Go's `strconv.Atoi` reads it.
fn decimal(text: &str) -> Result<i64, Failure> {
    text.parse().map_err(|error: ParseIntError| {
        let why = match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.Atoi: parsing {}: {why}", quote(text)).into()
    })
}
