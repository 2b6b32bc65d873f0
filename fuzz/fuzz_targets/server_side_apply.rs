#![no_main]

use kfast_fuzz::schema::check_apply;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_apply(data));
