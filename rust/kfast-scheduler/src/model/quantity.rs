//! Resource quantities in objects.

use serde::{Deserialize, Deserializer};

/// An amount as written in an object, in the two units resources are counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quantity {
    milli: i64,
    value: i64,
}

impl Quantity {
    /// Thousandths, rounded up.
    #[must_use]
    pub fn milli(self) -> i64 {
        self.milli
    }

    /// Whole units, rounded up.
    #[must_use]
    pub fn value(self) -> i64 {
        self.value
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// A string or a bare number; what is no quantity is an error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let exact =
            kfast_core::quantity::Quantity::parse(&text).map_err(serde::de::Error::custom)?;
        Ok(Self {
            milli: exact.milli_value(),
            value: exact.value(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_strings_and_numbers_and_rounds_up() {
        for (json, milli, value) in [
            (r#""100m""#, 100, 1),
            ("1.5", 1500, 2),
            (r#""2Gi""#, 2_147_483_648_000, 2_147_483_648),
            ("3", 3000, 3),
        ] {
            let quantity: Quantity = serde_json::from_str(json).unwrap();
            assert_eq!(
                (quantity.milli(), quantity.value()),
                (milli, value),
                "{json}"
            );
        }
        for bad in [r#""1x""#, "{}", "null", "[1]"] {
            assert!(serde_json::from_str::<Quantity>(bad).is_err(), "{bad}");
        }
    }
}
