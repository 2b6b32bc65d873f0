//! Resource quantities (`100m`, `1.5Gi`, `2e3`), read exactly and rounded up as upstream does.

use serde::{Deserialize, Deserializer};

/// A quantity: `mantissa * 2^shift * 10^exponent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantity {
    mantissa: i128,
    shift: u32,
    exponent: i32,
}

impl Quantity {
    /// Reads a quantity; `None` if the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let mut mantissa: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa
                .saturating_mul(10)
                .saturating_add(i128::from(digit - b'0'));
        }
        let (shift, exponent) = suffix_scale(suffix)?;
        Some(Self {
            mantissa: if negative { -mantissa } else { mantissa },
            shift,
            exponent: exponent.saturating_sub(i32::try_from(fraction.len()).ok()?),
        })
    }

    /// Thousandths, rounded up; saturates.
    #[must_use]
    pub fn milli(self) -> i64 {
        self.scaled(3)
    }

    /// Whole units, rounded up; saturates.
    #[must_use]
    pub fn value(self) -> i64 {
        self.scaled(0)
    }

    fn scaled(self, by: i32) -> i64 {
        let exponent = self.exponent.saturating_add(by);
        let power = 10_i128.checked_pow(exponent.unsigned_abs());
        let shifted = self.mantissa.saturating_mul(1 << self.shift);
        let value = match (exponent >= 0, power) {
            (true, Some(p)) => shifted.saturating_mul(p),
            (true, None) => shifted.signum().saturating_mul(i128::MAX),
            (false, Some(p)) => shifted.div_euclid(p) + i128::from(shifted.rem_euclid(p) != 0),
            (false, None) => i128::from(shifted > 0),
        };
        i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
    }
}

fn suffix_scale(suffix: &str) -> Option<(u32, i32)> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        _ => (0, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    })
}

impl<'de> Deserialize<'de> for Quantity {
    /// A string or a bare number; what is no quantity is an error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = match &value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            other => {
                return Err(serde::de::Error::custom(format!(
                    "{other} is not a quantity"
                )));
            }
        };
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a quantity")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_rounds_up() {
        for (text, milli, value) in [
            ("100m", 100, 1),
            ("1.5", 1500, 2),
            ("0.0001", 1, 1),
            ("2Gi", 2_147_483_648_000, 2_147_483_648),
            ("1.5Ki", 1_536_000, 1536),
            ("3e2", 300_000, 300),
            ("-1", -1000, -1),
            ("0", 0, 0),
            ("9999999999E", i64::MAX, i64::MAX),
            ("1e-400", 1, 1),
        ] {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!(
                (quantity.milli(), quantity.value()),
                (milli, value),
                "{text}"
            );
        }
        for bad in ["", "Gi", "1.2.3", "1x", "é", "1 Gi", "."] {
            assert_eq!(Quantity::parse(bad), None, "{bad}");
        }
    }
}
