//! Compilations of all ends leave no descriptor, no process and no thread behind. Alone in its
//! process, so that all of these are its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::time::Duration;

use tokio::runtime::Runtime;
use wasm_runtime::{CacheFolder, CompileLimits, Compiler, WasmRuntime};

const COMPILER: &str = env!("CARGO_BIN_EXE_wasm-runtime-compiler");

/// How many descriptors, threads and children this process has.
fn held() -> [usize; 3] {
    let count = |path: &str| fs::read_dir(path).unwrap().count();
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let children = threads.map(|thread| {
        let children = fs::read_to_string(thread.unwrap().path().join("children"));
        children.unwrap().split_whitespace().count()
    });
    [
        count("/proc/self/fd"),
        count("/proc/self/task"),
        children.sum(),
    ]
}

#[test]
fn nothing_is_left_of_compilations() {
    let good = b"\0asm\x0d\0\x01\0";
    let invalid = b"\0asm\x0d\0\x01\0\x05\xff\x01";
    let round = || {
        let tokio = Runtime::new().unwrap();
        let default = CompileLimits::default();
        for (executable, limits) in [
            (COMPILER, default),
            (COMPILER, default.memory(8 << 20)),
            (COMPILER, default.wall_time(Duration::ZERO)),
            ("/bin/true", default),
            ("no/such/compiler", default),
        ] {
            let runtime = WasmRuntime::builder()
                .compiler(Compiler::Executable(executable.into()))
                .compile_limits(limits)
                .cache_folder(CacheFolder::None)
                .build()
                .unwrap();
            for component in [&good[..], invalid] {
                tokio.block_on(runtime.component(component)).unwrap_err();
                // Given up before it begins, and somewhere on the way.
                tokio.block_on(async {
                    let never = Duration::ZERO;
                    let _ = tokio::time::timeout(never, runtime.component(component)).await;
                });
                let runtime = runtime.clone();
                let task = tokio.spawn(async move { runtime.component(component).await });
                task.abort();
            }
        }
    };
    // What a process makes once and keeps.
    round();
    let before = held();
    for _ in 0..5 {
        round();
    }
    assert_eq!(held(), before, "descriptors, threads, children");
}
