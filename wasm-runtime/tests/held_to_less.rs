//! A process that is itself held to less than compilers may take. Alone in its process, which stays
//! held to that.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::runtime::Runtime;
use wasm_runtime::{CacheFolder, CompileLimits, Compiler, WasmRuntime};

#[test]
fn a_process_that_is_held_to_less_memory_still_compiles() {
    let most = 400 << 20;
    assert!(CompileLimits::default().memory > most);
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::Data, limit).unwrap();
    let runtime = WasmRuntime::builder()
        .compiler(Compiler::Executable(
            env!("CARGO_BIN_EXE_wasm-runtime-compiler").into(),
        ))
        .cache_folder(CacheFolder::None)
        .build()
        .unwrap();
    let empty = b"\0asm\x0d\0\x01\0";
    let component = Runtime::new().unwrap().block_on(runtime.component(empty));
    // It was compiled: what it is not is found afterwards.
    let error = component.unwrap_err();
    assert!(matches!(error, wasm_runtime::Error::Host(_)), "{error}");
}
