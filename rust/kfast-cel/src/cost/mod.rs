//! What evaluations cost: counted while they run, and estimated from how large values may be.

mod estimate;
mod rule;

pub(crate) use estimate::estimate;
pub(crate) use rule::Rule;

/// Cost of looking at one character.
pub(crate) const CHARACTER: f64 = 0.1;
/// Cost of one character of a regular expression.
pub(crate) const PATTERN: f64 = 0.25;
/// Cost of one question to the authorizer.
pub(crate) const AUTHORIZATION: u64 = 350_000;
/// The length of the longest pattern behind a named format, as estimates have it.
pub(crate) const FORMAT_PATTERN: f64 = 128.0;

/// Whether an overload compares two texts, or any two values for difference.
fn compares(overload: &str) -> bool {
    let typed = overload
        .strip_suffix("_string")
        .or(overload.strip_suffix("_bytes"));
    overload == "not_equals"
        || matches!(
            typed,
            Some("less" | "greater" | "less_equals" | "greater_equals")
        )
}

/// The least and most of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
}

/// How large a value may be.
pub type SizeEstimate = Range;
/// What an evaluation may cost.
pub type CostEstimate = Range;

impl Range {
    pub(crate) const UNKNOWN: Self = Self {
        min: 0,
        max: u64::MAX,
    };

    pub(crate) const fn exactly(number: u64) -> Self {
        Self {
            min: number,
            max: number,
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            min: self.min.saturating_add(other.min),
            max: self.max.saturating_add(other.max),
        }
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self {
            min: self.min.saturating_mul(other.min),
            max: self.max.saturating_mul(other.max),
        }
    }

    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self {
            min: scaled(self.min, factor),
            max: scaled(self.max, factor),
        }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

/// Rounded up, no more than there is.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // saturates
pub(crate) fn scaled(number: u64, factor: f64) -> u64 {
    (number as f64 * factor).ceil() as u64
}
