#![no_main]

use kfast_fuzz::schema::check_decoder;
use kfast_schema::MediaType;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_decoder(data, MediaType::Yaml));
