//! The canonical form has the same value and leads to a fixed point; order is total and agrees with rounding.
#![no_main]

use kfast_core::quantity::{Quantity, canonicalize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (first, second) = text.split_once('\n').unwrap_or((text, "1"));
    let (Ok(a), Ok(b)) = (Quantity::parse(first), Quantity::parse(second)) else {
        return;
    };
    let canonical = canonicalize(first).expect("it was read");
    // A binary amount that is printed without suffix reads as a decimal one: 62.5Ki, 64000, 64k.
    let again = canonicalize(&canonical).expect("it was written");
    assert_eq!(canonicalize(&again).as_ref(), Ok(&again));
    assert_eq!(Quantity::parse(&canonical).as_ref(), Ok(&a), "{canonical}");
    assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    if a <= b {
        assert!(a.value() <= b.value() && a.milli_value() <= b.milli_value());
    }
    if let Some(sum) = a.checked_add(&b) {
        assert_eq!(Some(sum.clone()), b.checked_add(&a));
        assert!(sum.checked_sub(&b).is_none_or(|difference| difference == a));
    }
});
