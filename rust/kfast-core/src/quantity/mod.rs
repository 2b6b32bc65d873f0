//! `resource.Quantity`: `100m`, `1.5Gi`, `2e3`; exact values down to nano, printed as upstream prints them.

mod parse;

use std::cmp::Ordering;
use std::fmt;

const NANO: i32 = -9;
/// Why a text is no quantity; messages are upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not of the form number and suffix.
    #[error(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    /// The number does not fit.
    #[error("unable to parse numeric part of quantity")]
    Numeric,
    /// No such suffix.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// The family of suffixes a quantity was written with, and is printed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    DecimalExponent,
    BinarySi,
    DecimalSi,
}

/// An exact decimal number with a preferred way of printing it.
#[derive(Debug, Clone)]
pub struct Quantity {
    mantissa: i128,
    /// Power of ten the mantissa is scaled by, never below nano.
    scale: i32,
    format: Format,
    /// The text as written where upstream keeps it although it may not be canonical (`1500m`).
    text: Option<Box<str>>,
    /// Upstream counts it in 64 bits, not as a big decimal; so it does sums of such.
    small: bool,
}

/// `text` as the API prints it.
///
/// # Errors
/// If it is no quantity.
pub fn canonicalize(text: &str) -> Result<String, QuantityError> {
    Ok(Quantity::parse(text)?.to_string())
}

impl Quantity {
    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn sign(&self) -> i32 {
        self.mantissa.signum() as i32
    }

    /// The value in units of 10^`scale`, rounded up (away from zero), saturating at 64 bits.
    #[must_use]
    pub fn scaled_value(&self, scale: i32) -> i64 {
        let shift = self.scale - scale;
        let result = if shift >= 0 {
            10_i128
                .checked_pow(shift.unsigned_abs())
                .and_then(|factor| self.mantissa.checked_mul(factor))
                .unwrap_or(if self.mantissa == 0 {
                    0
                } else {
                    self.mantissa.signum() * i128::MAX
                })
        } else {
            match 10_i128.checked_pow(shift.unsigned_abs()) {
                None => self.mantissa.signum(),
                Some(factor) => {
                    let up = i128::from(self.mantissa % factor != 0) * self.mantissa.signum();
                    self.mantissa / factor + up
                }
            }
        };
        result.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// The value in whole units, rounded up.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.scaled_value(0)
    }

    /// The value in thousandths, rounded up.
    #[must_use]
    pub fn milli_value(&self) -> i64 {
        self.scaled_value(-3)
    }

    /// The value as a float, as near as one comes.
    #[must_use]
    pub fn approximate(&self) -> f64 {
        self.mantissa as f64 * 10_f64.powi(self.scale)
    }

    /// The value, if upstream counts it in whole units and 64 bits: amounts written with many digits, a fraction or
    /// a large binary unit it does not, whatever their value.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        let power = 10_i128.checked_pow(u32::try_from(self.scale).ok()?)?;
        let value = i64::try_from(self.mantissa.checked_mul(power)?).ok()?;
        self.small.then_some(value)
    }

    /// Both mantissas at the smaller of the two scales, and that scale.
    fn aligned(&self, other: &Self) -> Option<(i128, i128, i32)> {
        let scale = self.scale.min(other.scale);
        let at = |q: &Self| {
            let factor = 10_i128.checked_pow((q.scale - scale).unsigned_abs())?;
            q.mantissa.checked_mul(factor)
        };
        Some((at(self)?, at(other)?, scale))
    }

    fn combine(&self, other: &Self, sum: impl Fn(i128, i128) -> Option<i128>) -> Option<Self> {
        let format = if self.is_zero() {
            other.format
        } else {
            self.format
        };
        let (a, b, scale) = self.aligned(other)?;
        Some(Self {
            mantissa: sum(a, b)?,
            scale,
            format,
            text: None,
            small: self.small && other.small,
        })
    }

    /// The sum, printed in the format of the first operand unless that is zero; `None` beyond 128 bits.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        self.combine(other, i128::checked_add)
    }

    /// The difference; formats as in `checked_add`.
    #[must_use]
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        self.combine(other, i128::checked_sub)
    }

    /// Mantissa without factors of ten, and its scale.
    fn reduced(&self) -> (i128, i32) {
        let (mut mantissa, mut scale) = (self.mantissa, self.scale);
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale += 1;
        }
        (mantissa, scale)
    }

    /// The value if it is an integer, in binary units of 1024^n.
    fn binary_form(&self) -> Option<(i128, usize)> {
        let (mantissa, scale) = self.reduced();
        let mut value = mantissa.checked_mul(10_i128.checked_pow(u32::try_from(scale).ok()?)?)?;
        if value.abs() < 1024 {
            return None;
        }
        let mut power = 0;
        while power < 6 && value % 1024 == 0 {
            value /= 1024;
            power += 1;
        }
        Some((value, power))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.is_zero() {
            return f.write_str("0");
        }
        if self.format == Format::BinarySi
            && let Some((value, power)) = self.binary_form()
        {
            return write!(
                f,
                "{value}{}",
                ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power]
            );
        }
        let (mantissa, exponent) = self.reduced();
        let highest = match self.format {
            Format::DecimalExponent => i32::MAX,
            _ => 18,
        };
        let printed = (exponent - exponent.rem_euclid(3)).min(highest);
        let zeros = usize::try_from(exponent - printed).unwrap_or(0);
        write!(f, "{mantissa}{}", "0".repeat(zeros))?;
        match (self.format, printed) {
            (_, 0) => Ok(()),
            (Format::DecimalExponent, _) => write!(f, "e{printed}"),
            _ => {
                let index = usize::try_from((printed + 9) / 3).unwrap_or(0);
                f.write_str(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][index])
            }
        }
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        if let Some((a, b, _)) = self.aligned(other) {
            return a.cmp(&b);
        }
        // Too far apart to align: sign, then magnitude decides.
        let magnitude = |q: &Self| match q.mantissa {
            0 => (0, 0),
            m => {
                let digits = m.unsigned_abs().ilog10() as i32 + q.scale + 5000;
                (m.signum(), m.signum() as i32 * digits)
            }
        };
        magnitude(self).cmp(&magnitude(other))
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}
