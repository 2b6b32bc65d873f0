#![no_main]

use kfast_schema::MediaType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| kfast_fuzz::check(data, MediaType::Yaml));
