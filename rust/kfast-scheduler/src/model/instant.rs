//! Points in time as objects write them.

/// Nanoseconds since 1970 of an RFC 3339 text, `None` if it is none.
#[must_use]
pub fn nanoseconds(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once(['T', 't'])?;
    let mut parts = date.split('-').map(|p| p.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let zone = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone);
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.split(':').map(|p| p.parse::<i64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let fraction: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let day_seconds = hour.checked_mul(3600)? + minute.checked_mul(60)? + second;
    days(year, month, day)?
        .checked_mul(86_400)?
        .checked_add(day_seconds)?
        .checked_sub(offset(zone)?)?
        .checked_mul(1_000_000_000)?
        .checked_add(fraction)
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leaps = year / 4 - year / 100 + year / 400;
    Some(365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468)
}

fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let seconds = hours.parse::<u8>().ok()?;
    let seconds = i64::from(seconds) * 3600 + i64::from(minutes.parse::<u8>().ok()?) * 60;
    Some(if zone.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rfc3339() {
        const SECOND: i64 = 1_000_000_000;
        for (text, wanted) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T12:30:15Z", Some(1_709_209_815 * SECOND)),
            ("2024-02-29T13:30:15+01:00", Some(1_709_209_815 * SECOND)),
            (
                "2024-02-29T12:30:15.5Z",
                Some(1_709_209_815 * SECOND + SECOND / 2),
            ),
            ("2024-02-29", None),
            ("soon", None),
            ("2024-02-29T12:30:15", None),
            ("999999-02-29T12:30:15Z", None),
        ] {
            assert_eq!(nanoseconds(text), wanted, "{text}");
        }
    }
}
