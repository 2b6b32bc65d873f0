//! Floats as Go writes them.

/// The digits of a number and the exponent of its first one.
fn parts(number: f64) -> (String, i32) {
    let text = format!("{:e}", number.abs());
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.replace('.', "");
    (digits, exponent.parse().unwrap_or(0))
}

/// `%e` with the digits it takes.
fn scientific(number: f64, digits: &str, exponent: i32) -> String {
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!(
        "{sign}{first}{point}{rest}e{direction}{:02}",
        exponent.abs()
    )
}

/// As `%v` writes it: `1e+06`, `0.5`, `3`. The exponent is written from the sixth power of ten.
#[must_use]
pub fn general(number: f64) -> String {
    if !number.is_finite() {
        return match number {
            n if n.is_nan() => "NaN".into(),
            n if n > 0.0 => "+Inf".into(),
            _ => "-Inf".into(),
        };
    }
    let (digits, exponent) = parts(number);
    if number != 0.0 && !(-4..6).contains(&exponent) {
        scientific(number, &digits, exponent)
    } else {
        number.to_string()
    }
}

/// As `encoding/json` writes it: `1e+21`, `1e-7`, `1000000`.
#[must_use]
pub fn json(number: f64) -> String {
    let (digits, exponent) = parts(number);
    if number != 0.0 && !(-6..21).contains(&exponent) {
        scientific(number, &digits, exponent).replace("e-0", "e-")
    } else {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_in_go() {
        for (number, v, encoded) in [
            (0.5, "0.5", "0.5"),
            (-1.25, "-1.25", "-1.25"),
            (1e-5, "1e-05", "0.00001"),
            (1e-7, "1e-07", "1e-7"),
            (1.5e300, "1.5e+300", "1.5e+300"),
            (999_999.0, "999999", "999999"),
            (1_234_567.0, "1.234567e+06", "1234567"),
            (1e21, "1e+21", "1e+21"),
            (0.0, "0", "0"),
        ] {
            assert_eq!(general(number), v);
            assert_eq!(json(number), encoded);
        }
    }
}
