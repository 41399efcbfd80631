//! What code may use of WebAssembly: what the engine is built for, and nothing that it would abort
//! the process over.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use artifact_embed::{EngineConfig, Error, HOST_TARGET, compile};

/// A component that defines `module`, which is shorter than 16 KiB.
fn component(module: &[u8]) -> Vec<u8> {
    let length = [module.len() as u8 | 0x80, (module.len() >> 7) as u8];
    [b"\0asm\x0d\0\x01\0\x01", &length[..], module].concat()
}

/// Without a collector, the engine has no answer to whether a function is of a type, and aborts.
#[test]
fn code_that_tests_the_types_of_functions_is_refused() {
    for (what, body) in [
        ("ref.test", "(func (drop (ref.test (ref $sup) (ref.func $g))))"),
        ("ref.cast", "(func (drop (ref.cast (ref $sup) (ref.func $g))))"),
        (
            "br_on_cast",
            "(func (drop (block (result (ref $sup)) (br_on_cast 0 (ref func) (ref $sup) (ref.func $g)) unreachable)))",
        ),
        (
            "br_on_cast_fail",
            "(func (drop (block (result (ref func)) (br_on_cast_fail 0 (ref func) (ref $sup) (ref.func $g)))))",
        ),
        (
            "call_indirect",
            "(table 1 funcref) (elem (i32.const 0) func $g) (func (call_indirect (type $sup) (i32.const 0)))",
        ),
        (
            "return_call_indirect",
            "(table 1 funcref) (elem (i32.const 0) func $g) (func (return_call_indirect (type $sup) (i32.const 0)))",
        ),
        (
            "a call of a subtype",
            "(type $low (sub final $sup (func))) (func $f (type $low)) (table 1 funcref) (elem (i32.const 0) func $f)
             (func (call_indirect (type $sup) (i32.const 0)))",
        ),
    ] {
        let module = wat::parse_str(format!(
            "(module (type $sup (sub (func))) (func $g (param i32)) (elem declare func $g) {body})"
        ));
        let component = component(&module.unwrap());
        match compile(&component, &EngineConfig::default(), HOST_TARGET) {
            Err(Error::Compile(_)) => {}
            Err(other) => panic!("{what}: {other:?}"),
            Ok(_) => panic!("{what} compiles"),
        }
    }
}
