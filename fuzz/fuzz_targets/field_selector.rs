//! What is read is written so that it reads as the same terms; their order may change once, as `==` becomes `=`.
#![no_main]

use kfast_selector::FieldSelector;
use libfuzzer_sys::fuzz_target;

fn terms(selector: &FieldSelector) -> Vec<(&str, &str, &str)> {
    let terms = selector.requirements().iter();
    let mut terms: Vec<_> = terms
        .map(|r| (r.field.as_ref(), r.operator.as_str(), r.value.as_ref()))
        .collect();
    terms.sort_unstable();
    terms
}

fuzz_target!(|text: &str| {
    if let Ok(selector) = FieldSelector::parse(text) {
        let again = FieldSelector::parse(&selector.to_string()).expect("its own form is read");
        assert_eq!(terms(&again), terms(&selector));
        assert_eq!(FieldSelector::parse(&again.to_string()), Ok(again));
    }
});
