//! RFC 3339 instants as the API writes them: UTC, whole seconds or microseconds.

use kfast_core::quote;

/// An instant: seconds since 1970 and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanos: u32,
}

/// Six decimals in Go's layout.
const MICROS: &str = ".000000";

/// Seconds of year 1, the zero of Go's `time.Time`.
const ZERO: i64 = -62_135_596_800;

/// Whether `text` is already in the form of [`Instant::format`] with whole seconds.
pub(crate) fn is_normal(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() == 20
        && b[19] == b'Z'
        && matches!(parse(text), Ok(instant) if !instant.is_zero() && instant.nanos == 0)
}

/// Reads RFC 3339 text; the error is the one of Go's `time.Parse`.
pub(crate) fn parse(text: &str) -> Result<Instant, String> {
    read(text, false)
}

/// The same with exactly six decimals, as `MicroTime` wants them.
pub(crate) fn parse_micro(text: &str) -> Result<Instant, String> {
    read(text, true)
}

fn read(text: &str, micro: bool) -> Result<Instant, String> {
    let mut scan = Scan { text, at: 0, micro };
    let year = scan.digits(4, "2006")?;
    scan.literal("-")?;
    let month = scan.digits(2, "01")?;
    scan.literal("-")?;
    let day = scan.digits(2, "02")?;
    scan.literal("T")?;
    let hour = scan.digits(2, "15")?;
    scan.literal(":")?;
    let minute = scan.digits(2, "04")?;
    scan.literal(":")?;
    let second = scan.digits(2, "05")?;
    let nanos = if micro {
        scan.micros()?
    } else {
        scan.fraction()
    };
    let offset = scan.offset()?;
    if scan.at < text.len() {
        return Err(format!(
            "parsing time {}: extra text: {}",
            quote(text),
            quote(scan.rest())
        ));
    }
    for (ok, what) in [
        ((1..=12).contains(&month), "month"),
        (day >= 1 && day <= days_in(year, month), "day"),
        (hour < 24, "hour"),
        (minute < 60, "minute"),
        (second < 60, "second"),
    ] {
        if !ok {
            return Err(format!("parsing time {}: {what} out of range", quote(text)));
        }
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Ok(Instant { seconds, nanos })
}

impl Instant {
    /// Whether it is the zero instant, which is written as null.
    pub(crate) fn is_zero(self) -> bool {
        self.seconds == ZERO && self.nanos == 0
    }

    /// `2006-01-02T15:04:05Z`, with six decimals if `micro`.
    pub(crate) fn format(self, micro: bool) -> String {
        let (year, month, day) = civil(self.seconds.div_euclid(86_400));
        let rest = self.seconds.rem_euclid(86_400);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        let head = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if micro {
            format!("{head}.{:06}Z", self.nanos / 1000)
        } else {
            format!("{head}Z")
        }
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    micro: bool,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn fail<T>(&self, element: &str) -> Result<T, String> {
        Err(format!(
            "parsing time {} as \"2006-01-02T15:04:05{}Z07:00\": cannot parse {} as \"{element}\"",
            quote(self.text),
            if self.micro { MICROS } else { "" },
            quote(self.rest())
        ))
    }

    fn digits(&mut self, count: usize, element: &str) -> Result<i64, String> {
        let bytes = self.text.as_bytes();
        match bytes.get(self.at..self.at + count) {
            Some(found) if found.iter().all(u8::is_ascii_digit) => {
                self.at += count;
                Ok(found.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
            }
            _ => self.fail(element),
        }
    }

    fn literal(&mut self, expected: &str) -> Result<(), String> {
        if !self.rest().starts_with(expected) {
            return self.fail(expected);
        }
        self.at += expected.len();
        Ok(())
    }

    /// Six decimals.
    fn micros(&mut self) -> Result<u32, String> {
        let digits = match self.rest().as_bytes() {
            [b'.' | b',', rest @ ..] => rest
                .iter()
                .take(6)
                .take_while(|d| d.is_ascii_digit())
                .count(),
            _ => 0,
        };
        if digits < 6 {
            return self.fail(MICROS);
        }
        let found = &self.rest().as_bytes()[1..7];
        let micros = found.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
        self.at += 7;
        Ok(micros * 1000)
    }

    /// `.123`, any number of digits; 0 if there is none.
    fn fraction(&mut self) -> u32 {
        let rest = self.rest().as_bytes();
        if !matches!(rest, [b'.' | b',', d, ..] if d.is_ascii_digit()) {
            return 0;
        }
        let digits = rest[1..].iter().take_while(|d| d.is_ascii_digit()).count();
        self.at += 1 + digits;
        (0..9).fold(0, |n, i| {
            n * 10
                + if i < digits {
                    u32::from(rest[1 + i] - b'0')
                } else {
                    0
                }
        })
    }

    fn offset(&mut self) -> Result<i64, String> {
        let sign = match self.rest().as_bytes().first() {
            Some(b'Z') => {
                self.at += 1;
                return Ok(0);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return self.fail("Z07:00"),
        };
        match self.rest().as_bytes() {
            [_, a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|x| x.is_ascii_digit()) => {
                let two = |x: u8, y: u8| i64::from(x - b'0') * 10 + i64::from(y - b'0');
                self.at += 6;
                Ok(sign * (two(*a, *b) * 3600 + two(*c, *d) * 60))
            }
            _ => self.fail("Z07:00"),
        }
    }
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date (years that begin in March, 400-year eras).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970-01-01; the inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let day = shifted.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + shifted.div_euclid(146_097) * 400 + i64::from(month <= 2);
    (year, month, date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_and_fractions_are_normalised() {
        let format = |text, micro| parse(text).map(|i| i.format(micro));
        assert_eq!(
            format("2024-02-29T23:30:00.5-01:00", false).unwrap(),
            "2024-03-01T00:30:00Z"
        );
        assert_eq!(
            format("1999-12-31T23:59:59.1234567Z", true).unwrap(),
            "1999-12-31T23:59:59.123456Z"
        );
        assert!(parse("0001-01-01T00:00:00Z").unwrap().is_zero());
        assert!(is_normal("2024-02-29T23:30:00Z") && !is_normal("2023-02-29T23:30:00Z"));
    }

    #[test]
    fn errors_speak_go() {
        for (text, message) in [
            (
                "x",
                r#"parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006""#,
            ),
            (
                "2024-01-01",
                r#"parsing time "2024-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#,
            ),
            (
                "2024-13-01T00:00:00Z",
                r#"parsing time "2024-13-01T00:00:00Z": month out of range"#,
            ),
            (
                "2024-01-01T00:00:00Zx",
                r#"parsing time "2024-01-01T00:00:00Zx": extra text: "x""#,
            ),
        ] {
            assert_eq!(parse(text).unwrap_err(), message);
        }
    }

    #[test]
    fn micro_times_have_six_decimals() {
        let layout = "2006-01-02T15:04:05.000000Z07:00";
        for (text, rest, element) in [
            ("2024-01-01T00:00:00Z", "Z", ".000000"),
            ("2024-01-01T00:00:00.000Z", ".000Z", ".000000"),
            ("2024-01-01T00:00:00.0000000Z", "0Z", "Z07:00"),
            ("bad", "bad", "2006"),
        ] {
            let message = format!(
                r#"parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{element}""#
            );
            assert_eq!(parse_micro(text).unwrap_err(), message);
        }
        let read = parse_micro("2024-01-01T00:00:00.000007+01:00").unwrap();
        assert_eq!(read.format(true), "2023-12-31T23:00:00.000007Z");
    }

    proptest! {
        #[test]
        fn format_and_parse_are_inverse(seconds in ZERO..253_402_300_800i64, nanos in 0u32..1_000_000) {
            let instant = Instant { seconds, nanos: nanos * 1000 };
            prop_assert_eq!(parse(&instant.format(true)).unwrap(), instant);
        }

        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
