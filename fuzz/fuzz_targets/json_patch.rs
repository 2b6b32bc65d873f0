//! A patch of tests alone changes nothing.
#![no_main]

use kfast_schema::patch::PatchKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((original, patch, result)) = kfast_fuzz::schema::patched(data, PatchKind::Json) else {
        return;
    };
    let mut operations = patch.as_array().into_iter().flatten();
    if operations.all(|operation| operation["op"] == "test") {
        assert_eq!(result, original);
    }
});
