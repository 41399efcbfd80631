#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wit_wire_host::fuzz::parked(bytes));
