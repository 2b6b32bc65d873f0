//! Quantities against what apimachinery v0.36 prints for the same text.

use kfast_core::quantity::{Quantity, QuantityError, canonicalize};

fn parse(text: &str) -> Quantity {
    Quantity::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn texts_are_printed_as_upstream_prints_them() {
    for (text, printed) in [
        ("0", "0"),
        ("-0", "0"),
        ("0Ki", "0"),
        ("Mi", "0"),
        ("+1", "+1"),
        ("001", "001"),
        ("1.500", "1.500"),
        ("1500m", "1500m"),
        ("1000m", "1"),
        ("0.1", "100m"),
        (".5", "500m"),
        ("1.5u", "1500n"),
        ("0.1n", "1n"),
        ("1.0000000001", "1000000001n"),
        ("-0.0000000001", "-1n"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("-0.5Ki", "-512"),
        ("-062.5Ki", "-64000"),
        ("-64000", "-64k"),
        ("1024Mi", "1Gi"),
        ("1025Ki", "1025Ki"),
        ("1.05Gi", "1127428915200m"),
        ("1.024Ki", "1048576m"),
        ("0.00000000001Ki", "11n"),
        ("9Ei", "9223372036854775807"),
        ("-9Ei", "-9223372036854775807"),
        ("9223372036854775808", "9223372036854775808"),
        ("100000000000000000000m", "100P"),
        ("10e2", "1e3"),
        ("1E3", "1E3"),
        ("1e1", "10"),
        ("1.25e1", "12500e-3"),
        ("1e-10", "1e-9"),
        ("1000k", "1M"),
        ("1.5E", "1500P"),
        ("+8Mi", "8Mi"),
    ] {
        assert_eq!(canonicalize(text).as_deref(), Ok(printed), "{text}");
    }
}

#[test]
fn what_is_no_quantity_is_refused() {
    for text in [
        "", "x", "1 ", "1.2.3", "1KI", "1_0", "0x10", "1--", "é", "1é",
    ] {
        assert_eq!(canonicalize(text), Err(QuantityError::Format), "{text}");
    }
    for text in [
        "1ki",
        "K",
        "1i",
        "1m5",
        "1e",
        "1Ee",
        "1e9999999999999999999",
    ] {
        assert_eq!(canonicalize(text), Err(QuantityError::Suffix), "{text}");
    }
    let long = "1".repeat(100);
    assert_eq!(canonicalize(&long), Err(QuantityError::Numeric));
}

#[test]
fn values_round_up_and_saturate() {
    for (text, value, milli) in [
        ("1.0000000001", 2, 1001),
        ("100m", 1, 100),
        ("-100m", -1, -100),
        ("1.05Gi", 1_127_428_916, 1_127_428_915_200),
        ("1E", 1_000_000_000_000_000_000, i64::MAX),
        ("1e4000", i64::MAX, i64::MAX),
        ("-1e4000", i64::MIN, i64::MIN),
        ("1e-4000", 1, 1),
    ] {
        assert_eq!(
            (parse(text).value(), parse(text).milli_value()),
            (value, milli),
            "{text}"
        );
    }
}

#[test]
fn order_and_arithmetic_are_exact() {
    let sorted = [
        "-1e4000", "-1Ki", "-1n", "0", "1n", "999m", "1", "1Ki", "1k1", "1e4000",
    ];
    let valid: Vec<Quantity> = sorted
        .iter()
        .filter_map(|t| Quantity::parse(t).ok())
        .collect();
    assert_eq!(valid.len(), sorted.len() - 1);
    for (i, a) in valid.iter().enumerate() {
        for (j, b) in valid.iter().enumerate() {
            assert_eq!(a.cmp(b), i.cmp(&j), "{a} {b}");
        }
    }
    assert_eq!(parse("1000m"), parse("1"));
    let sum = |a: &str, b: &str| parse(a).checked_add(&parse(b)).map(|q| q.to_string());
    assert_eq!(sum("100m", "900m").as_deref(), Some("1"));
    assert_eq!(sum("0", "1Gi").as_deref(), Some("1Gi"));
    assert_eq!(sum("1Gi", "1").as_deref(), Some("1073741825"));
    assert_eq!(sum("1e4000", "1"), None);
    let difference = parse("1Gi").checked_sub(&parse("512Mi"));
    assert_eq!(difference.map(|q| q.to_string()).as_deref(), Some("512Mi"));
}
