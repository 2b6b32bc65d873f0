//! Reading quantities.

use super::{Format, NANO, Quantity, QuantityError};

/// Significant digits a number may have; enough that two of equal magnitude always align in 128 bits.
const DIGITS: usize = 36;
/// Largest exponent taken; upstream's is 32 bits wide.
const MAX_EXPONENT: i64 = 4096;

struct Parts<'a> {
    negative: bool,
    integer: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

fn leading_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let number = unsigned.trim_start_matches('0');
    let (integer, mut rest) = number.split_at(leading_digits(number));
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        (fraction, rest) = after.split_at(leading_digits(after));
    }
    let suffix = rest;
    let rest = rest.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let rest = if rest.len() < suffix.len() || rest.starts_with(['-', '+']) {
        rest.strip_prefix(['-', '+']).unwrap_or(rest)
    } else {
        rest
    };
    if text.is_empty() || leading_digits(rest) != rest.len() {
        return Err(QuantityError::Format);
    }
    Ok(Parts {
        negative: text.starts_with('-'),
        integer,
        fraction,
        suffix,
    })
}

/// Format, base and exponent of a suffix.
fn interpret(suffix: &str) -> Result<(Format, i32), QuantityError> {
    let decimal = |exponent| Ok((Format::DecimalSi, exponent));
    let binary = |exponent| Ok((Format::BinarySi, exponent));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let digits = suffix
                .strip_prefix(['e', 'E'])
                .ok_or(QuantityError::Suffix)?;
            let exponent: i64 = digits.parse().map_err(|_| QuantityError::Suffix)?;
            if exponent.abs() > MAX_EXPONENT {
                return Err(QuantityError::Numeric);
            }
            Ok((Format::DecimalExponent, exponent as i32))
        }
    }
}

/// `digits` times 10^`scale`, rounded up (away from zero) to nano.
fn decimal(digits: &str, scale: i32) -> Result<(i128, i32), QuantityError> {
    let dropped = usize::try_from(NANO.saturating_sub(scale)).unwrap_or(0);
    let (kept, lost) = digits.split_at(digits.len().saturating_sub(dropped));
    let mut scale = scale.max(NANO);
    let mut kept = kept.trim_start_matches('0');
    while kept.len() > DIGITS && kept.ends_with('0') {
        kept = &kept[..kept.len() - 1];
        scale += 1;
    }
    if kept.len() > DIGITS {
        return Err(QuantityError::Numeric);
    }
    let mantissa: i128 = if kept.is_empty() {
        0
    } else {
        kept.parse().map_err(|_| QuantityError::Numeric)?
    };
    let up = i128::from(lost.bytes().any(|b| b != b'0'));
    Ok((mantissa + up, scale))
}

/// `integer.fraction` times 2^`exponent`, rounded up to nano, capped at the largest 64-bit integer.
fn binary(integer: &str, fraction: &str, exponent: i32) -> (i128, i32) {
    let cap = (i128::from(i64::MAX), 0);
    let whole: i128 = match integer {
        "" => 0,
        _ if integer.len() > 19 => return cap,
        _ => integer.parse().unwrap_or(0),
    };
    if whole << exponent > cap.0 {
        return cap;
    }
    if fraction.is_empty() {
        return (whole << exponent, 0);
    }
    let (kept, lost) = fraction.split_at(fraction.len().min(18));
    let places = u32::try_from(kept.len()).unwrap_or(0);
    let mut numerator = kept.parse::<i128>().unwrap_or(0);
    if lost.bytes().any(|b| b != b'0') {
        numerator += 1;
    }
    let numerator = (numerator * 10_i128.pow(18 - places)) << exponent;
    let (nano, rest) = (numerator / 1_000_000_000, numerator % 1_000_000_000);
    let total = (whole << exponent) * 1_000_000_000 + nano + i128::from(rest != 0);
    if total > cap.0 * 1_000_000_000 {
        cap
    } else {
        (total, NANO)
    }
}

/// Whether upstream has room in 64 bits for a number of so many digits.
fn fits(format: Format, digits: usize, exponent: i32) -> bool {
    let digits = i32::try_from(digits).unwrap_or(i32::MAX);
    match format {
        Format::BinarySi => digits <= 14 - exponent * 3 / 10,
        Format::DecimalSi | Format::DecimalExponent => digits <= 18,
    }
}

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    /// If the text has not the form of one, or more digits than any amount has.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let parts = split(text)?;
        let (mut format, exponent) = interpret(parts.suffix)?;
        let (integer, fraction) = (parts.integer, parts.fraction);
        let (mantissa, scale) = if format == Format::BinarySi {
            binary(integer, fraction, exponent)
        } else {
            let digits = format!("{integer}{fraction}");
            let places = i32::try_from(fraction.len()).map_err(|_| QuantityError::Numeric)?;
            decimal(&digits, exponent - places)?
        };
        let keeps = Self::keeps_text(format, integer, fraction, exponent);
        // Below one, binary suffixes cannot be printed exactly.
        let below_one = scale < 0 && mantissa > 0 && mantissa < 1_000_000_000;
        if format == Format::BinarySi && below_one {
            format = Format::DecimalSi;
        }
        Ok(Self {
            mantissa: if parts.negative { -mantissa } else { mantissa },
            scale,
            format,
            text: keeps.then(|| text.into()),
            small: fraction.is_empty() && exponent >= 0 && fits(format, integer.len(), exponent),
        })
    }

    /// Whether upstream keeps the text as written: small enough for its fast path and not obviously reducible.
    fn keeps_text(format: Format, integer: &str, fraction: &str, exponent: i32) -> bool {
        let integer = if integer.is_empty() { "0" } else { integer };
        let digits = integer.len() + fraction.len();
        if format == Format::BinarySi {
            let fits = fraction.is_empty() && fits(format, digits, exponent);
            return fits && integer.parse::<i64>().is_ok_and(|v| v & 7 != 0);
        }
        let scale = exponent - fraction.len() as i32;
        let reducible = if fraction.len() >= 3 {
            fraction.ends_with("000")
        } else {
            format!("{integer}{fraction}").ends_with("000")
        };
        fits(format, digits, exponent)
            && scale >= NANO
            && scale % 3 == 0
            && !reducible
            && !integer.starts_with('0')
    }
}
