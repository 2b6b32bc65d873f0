//! Points in time and spans, in Go's and RFC 3339's notations. No clock is read.

use std::cmp::Ordering;
use std::fmt;

const SECOND: i64 = 1_000_000_000;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds of the epoch.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

/// A point in time between the years 1 and 9999.
#[derive(Clone, Copy, Debug)]
pub struct Instant {
    seconds: i64,
    nanoseconds: u32,
    /// Seconds east of UTC where it is shown: as it was written. It makes no difference otherwise.
    zone: i32,
}

impl PartialEq for Instant {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Instant {}

impl PartialOrd for Instant {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Instant {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanoseconds).cmp(&(other.seconds, other.nanoseconds))
    }
}

/// A point in time as calendars and clocks show it.
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: u32,
    /// From 1.
    pub(crate) day: u32,
    /// From 0.
    pub(crate) day_of_year: i64,
    /// From 0, Sunday.
    pub(crate) weekday: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Instant {
    /// Seconds of the epoch.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Within the second.
    #[must_use]
    pub fn nanoseconds(&self) -> u32 {
        self.nanoseconds
    }

    /// `None` outside the years 1 to 9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (FIRST..=LAST).contains(&seconds).then_some(Self {
            seconds,
            nanoseconds: 0,
            zone: 0,
        })
    }

    fn total(self) -> i128 {
        i128::from(self.seconds) * i128::from(SECOND) + i128::from(self.nanoseconds)
    }

    /// The point so many nanoseconds later.
    pub(crate) fn after(self, nanoseconds: i128) -> Option<Self> {
        let total = self.total() + nanoseconds;
        let seconds = i64::try_from(total.div_euclid(SECOND.into())).ok()?;
        let rest = u32::try_from(total.rem_euclid(SECOND.into())).ok()?;
        let whole = Self::from_seconds(seconds)?;
        Some(Self {
            nanoseconds: rest,
            zone: self.zone,
            ..whole
        })
    }

    /// Nanoseconds since an earlier point.
    pub(crate) fn since(self, earlier: &Self) -> Option<i64> {
        i64::try_from(self.total() - earlier.total()).ok()
    }

    /// Reads a date and time of RFC 3339.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = (text.get(..10)?, text.get(10..)?);
        let midnight = Self::parse_date(date)?;
        let rest = rest.strip_prefix('T')?;
        let bytes = rest.as_bytes();
        if bytes.len() < 9 || bytes[2] != b':' || bytes[5] != b':' {
            return None;
        }
        let (hour, minute, second) = (
            number(rest, 0, 2)?,
            number(rest, 3, 2)?,
            number(rest, 6, 2)?,
        );
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut rest = &rest[8..];
        let mut nanoseconds = 0;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                return None;
            }
            let shown = &fraction[..digits.min(9)];
            nanoseconds =
                shown.parse::<u32>().ok()? * 10_u32.pow(9 - u32::try_from(shown.len()).ok()?);
            rest = &fraction[digits..];
        }
        let offset = if rest == "Z" { 0 } else { parse_offset(rest)? };
        let seconds = midnight.seconds + hour * 3600 + minute * 60 + second - offset;
        let whole = Self::from_seconds(seconds)?;
        Some(Self {
            nanoseconds,
            zone: i32::try_from(offset).ok()?,
            ..whole
        })
    }

    /// Reads a date of RFC 3339, midnight in UTC.
    #[must_use]
    pub fn parse_date(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month, day) = (
            number(text, 0, 4)?,
            number(text, 5, 2)?,
            number(text, 8, 2)?,
        );
        if !(1..=12).contains(&month) || day < 1 || day > days_of_month(year, month) {
            return None;
        }
        let days = days_before_year(year) + days_before_month(year, month) + day - 1;
        // Days from the year 1 to the epoch.
        Self::from_seconds((days - 719_162) * 86_400)
    }

    /// How it shows so many seconds east of UTC.
    pub(crate) fn civil(&self, offset: i64) -> Civil {
        let seconds = self.seconds + offset;
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400);
        let since_year_one = days + 719_162;
        let mut year = since_year_one.div_euclid(366) + 1;
        while days_before_year(year + 1) <= since_year_one {
            year += 1;
        }
        let day_of_year = since_year_one - days_before_year(year);
        let month = (1..12)
            .rev()
            .find(|m| days_before_month(year, m + 1) <= day_of_year)
            .map_or(1, |m| m + 1);
        Civil {
            year,
            month: u32::try_from(month).unwrap_or(1),
            day: u32::try_from(day_of_year - days_before_month(year, month) + 1).unwrap_or(1),
            day_of_year,
            weekday: (days + 4).rem_euclid(7),
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }
}

/// RFC 3339 where it was written, with as many digits of the second as there are.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil(self.zone.into());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            at.year, at.month, at.day, at.hour, at.minute, at.second
        )?;
        if self.nanoseconds > 0 {
            let digits = format!("{:09}", self.nanoseconds);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        if self.zone == 0 {
            return f.write_str("Z");
        }
        let (sign, minutes) = (if self.zone < 0 { '-' } else { '+' }, self.zone.abs() / 60);
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

fn number(text: &str, at: usize, length: usize) -> Option<i64> {
    let digits = text.get(at..at + length)?;
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// Seconds east of UTC of `+hh:mm`.
fn parse_offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if text.len() != 6 || text.as_bytes()[3] != b':' {
        return None;
    }
    let (hours, minutes) = (number(text, 1, 2)?, number(text, 4, 2)?);
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 0001-01-01.
fn days_before_year(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400)
}

fn days_before_month(year: i64, month: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let at = usize::try_from(month - 1).unwrap_or(0).min(11);
    BEFORE[at] + i64::from(month > 2 && is_leap(year))
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Nanoseconds of a span in Go's notation, such as `1h15m30.918s`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let after = &rest[whole..];
        let fraction = after
            .strip_prefix('.')
            .map_or(0, |f| f.bytes().take_while(u8::is_ascii_digit).count());
        if whole + fraction == 0 {
            return None;
        }
        let fraction_text = if fraction > 0 {
            &after[1..=fraction]
        } else {
            ""
        };
        let unit_text = &after[if after.starts_with('.') {
            1 + fraction
        } else {
            0
        }..];
        let unit_length = unit_text
            .bytes()
            .take_while(|b| *b != b'.' && !b.is_ascii_digit())
            .count();
        let unit: i128 = match &unit_text[..unit_length] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND.into(),
            "m" => i128::from(SECOND) * 60,
            "h" => i128::from(SECOND) * 3600,
            _ => return None,
        };
        let number: i128 = if whole > 0 {
            rest[..whole].parse().ok()?
        } else {
            0
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        let digits = &fraction_text[..fraction_text.len().min(18)];
        if !digits.is_empty() {
            let scale = 10_i128.pow(u32::try_from(digits.len()).ok()?);
            total += digits.parse::<i128>().ok()? * unit / scale;
        }
        rest = &unit_text[unit_length..];
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// A span as CEL's `string` shows it: seconds, with as many digits as there are.
pub(crate) fn format_seconds(nanoseconds: i64) -> String {
    let total = i128::from(nanoseconds).unsigned_abs();
    let (whole, rest) = (total / 1_000_000_000, total % 1_000_000_000);
    let sign = if nanoseconds < 0 { "-" } else { "" };
    if rest == 0 {
        return format!("{sign}{whole}s");
    }
    let digits = format!("{rest:09}");
    format!("{sign}{whole}.{}s", digits.trim_end_matches('0'))
}
