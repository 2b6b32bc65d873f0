//! Any original and any patch: the result is an object, or the patch is refused.
#![no_main]

use kfast_schema::patch::PatchKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some((_, _, result)) = kfast_fuzz::schema::patched(data, PatchKind::Strategic) {
        assert!(result.is_object());
    }
});
