//! What is read is written so that it reads as the same, and selects the same.
#![no_main]

use kfast_selector::LabelSelector;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(selector) = LabelSelector::parse(text) else {
        return;
    };
    let written = selector.to_string();
    let again = LabelSelector::parse(&written).expect("its own form is read");
    assert_eq!(again.to_string(), written);
    for value in [None, Some(""), Some("1"), Some("a")] {
        assert_eq!(
            selector.matches_with(|_| value),
            again.matches_with(|_| value),
            "{written}"
        );
    }
});
