#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| artifact_embed::fuzz::compiler(bytes));
