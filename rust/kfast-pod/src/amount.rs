//! Amounts of resources in thousandths: defaults leave nothing finer.

use kfast_core::quantity::Quantity;

const DECIMAL: [(&str, i64); 7] = [
    ("", 1000),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
];
const BINARY: [(&str, i64); 5] = [
    ("Ki", 1000 << 10),
    ("Mi", 1000 << 20),
    ("Gi", 1000 << 30),
    ("Ti", 1000 << 40),
    ("Pi", 1000 << 50),
];

/// Digits without a leading zero, and the suffix.
fn parts(text: &str) -> Option<(i64, &str)> {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    if digits.is_empty() || digits.len() > 15 || (digits.starts_with('0') && text != "0") {
        return None;
    }
    Some((digits.parse().ok()?, suffix))
}

/// The amount in thousandths, rounded up; `None` for malformed text.
pub(crate) fn milli(text: &str) -> Option<i64> {
    if let Some((number, suffix)) = parts(text) {
        let unit = DECIMAL.iter().chain(&BINARY).find(|(s, _)| *s == suffix);
        if let Some(amount) = unit.and_then(|(_, unit)| number.checked_mul(*unit)) {
            return Some(amount);
        }
    }
    Quantity::parse(text)
        .ok()
        .map(|quantity| quantity.milli_value())
}

/// Whether a text is canonical and no finer than thousandths at first sight.
pub(crate) fn is_canonical(text: &str) -> bool {
    parts(text).is_some_and(|(number, suffix)| {
        let among = |units: &[(&str, i64)]| units.iter().any(|(s, _)| *s == suffix);
        text == "0"
            || (among(&DECIMAL) && number % 1000 != 0)
            || (among(&BINARY) && number % 1024 != 0)
    })
}

/// The amount as the API prints it, rounded up to thousandths; `None` for malformed text.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let quantity = Quantity::parse(text).ok()?;
    let rounded = Quantity::parse(&format!("{}m", quantity.milli_value())).ok()?;
    let exact = rounded == quantity || quantity.milli_value() == i64::MAX;
    Some(if exact { quantity } else { rounded }.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_and_exact_readings_agree() {
        for text in [
            "0",
            "1",
            "100m",
            "1500m",
            "2k",
            "64Mi",
            "1Gi",
            "3Pi",
            "1G",
            "999999999999999P",
            "0.5",
            "1e3",
            "-1",
            "1n",
            "5E",
        ] {
            let exact = Quantity::parse(text).unwrap().milli_value();
            assert_eq!(milli(text), Some(exact), "{text}");
            if is_canonical(text) {
                assert_eq!(canonical(text).as_deref(), Some(text));
            }
        }
        assert_eq!(milli("x"), None);
        assert_eq!(milli(""), None);
    }

    #[test]
    fn amounts_are_rounded_up_to_thousandths() {
        for (text, printed) in [
            ("1n", "1m"),
            ("1500u", "2m"),
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1000m", "1"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(printed));
            assert!(!is_canonical(text));
        }
    }
}
