#![no_main]

use kfast_fuzz::pods::check_pod;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_pod(data));
