#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| python_runtime::fuzz::op_data(bytes));
