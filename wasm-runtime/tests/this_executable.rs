//! An executable that is its own compiler, as most are: whatever became of its file, with nothing
//! of its environment, and no longer than it lives itself. It has a `main` of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::env;

use tokio::runtime::Runtime;
use wasm_runtime::{BuildError, CacheFolder, Error, WasmRuntime};

fn main() {
    // A compiler that was started with this would end here, and the test fail.
    if env::var_os("ONLY_FOR_THE_FIRST").is_some() && env::args().count() == 4 {
        panic!("the compiler has the environment of the process that started it");
    }
    wasm_runtime::run_if_compiler();
    match env::args().nth(1).as_deref() {
        #[cfg(target_os = "linux")]
        Some("without-a-file") => linux::without_a_file(),
        #[cfg(target_os = "linux")]
        Some("for-long") => linux::for_long(),
        _ => {
            compiles();
            #[cfg(target_os = "linux")]
            {
                linux::in_a_process_of_its_own("without-a-file");
                linux::ends_with_its_parent();
            }
        }
    }
}

fn compiles() {
    let runtime = WasmRuntime::builder().cache_folder(CacheFolder::None);
    let runtime = runtime.build().unwrap();
    let compiled = runtime.component(*b"\0asm\x0d\0\x01\0");
    match Runtime::new().unwrap().block_on(compiled) {
        // It compiles, and has not the right exports.
        Err(Error::Host(error)) if matches!(*error, BuildError::Mismatch(_)) => {}
        other => panic!("{other:?}"),
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::{Command, Stdio};
    use std::time::Duration;
    use std::{env, fs, thread};

    use tokio::runtime::Runtime;
    use wasm_encoder::ComponentBuilder;
    use wasm_runtime::{CacheFolder, CompileLimits, WasmRuntime};

    /// A process of a copy of this executable.
    fn process(what: &str) -> (tempfile::TempDir, Command) {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy");
        fs::copy(env::current_exe().unwrap(), &copy).unwrap();
        let mut process = Command::new(copy);
        process.arg(what).env("ONLY_FOR_THE_FIRST", "1");
        (folder, process)
    }

    pub(super) fn in_a_process_of_its_own(what: &str) {
        let (_folder, mut process) = process(what);
        assert!(process.status().unwrap().success(), "{what}");
    }

    /// As during an upgrade.
    pub(super) fn without_a_file() {
        fs::remove_file(env::current_exe().unwrap()).unwrap();
        super::compiles();
    }

    /// Compiles what takes minutes.
    pub(super) fn for_long() {
        let text = format!(
            "(module (func (local {}) {} {} {}))",
            "i32 ".repeat(40),
            "loop ".repeat(1_000),
            (0..40)
                .map(|n| format!("(local.set {n} (i32.add (local.get {n}) (i32.const 1)))"))
                .collect::<String>(),
            "(br_if 0 (local.get 0)) end ".repeat(1_000)
        );
        let mut component = ComponentBuilder::default();
        component.core_module_raw(None, &wat::parse_str(text).unwrap());
        let hour = Duration::from_secs(3_600);
        let limits = CompileLimits::default().cpu_time(hour).wall_time(hour);
        let runtime = WasmRuntime::builder()
            .compile_limits(limits)
            .cache_folder(CacheFolder::None)
            .build()
            .unwrap();
        let tokio = Runtime::new().unwrap();
        drop(tokio.block_on(runtime.component(component.finish())));
    }

    pub(super) fn ends_with_its_parent() {
        let (_folder, mut process) = process("for-long");
        let mut process = process.stdin(Stdio::null()).spawn().unwrap();
        let compiler = loop {
            let threads = fs::read_dir(format!("/proc/{}/task", process.id())).unwrap();
            let children = threads.filter_map(|thread| {
                let children = thread.unwrap().path().join("children");
                fs::read_to_string(children).ok()
            });
            let children: String = children.collect();
            if let Some(number) = children.split_whitespace().next() {
                break format!("/proc/{number}/stat");
            }
            assert_eq!(process.try_wait().unwrap(), None);
            thread::yield_now();
        };
        // With SIGKILL, so that it can end nothing itself.
        process.kill().unwrap();
        process.wait().unwrap();
        // Whoever adopts it may not ask how it ended.
        let runs = |stat: String| !stat.contains(") Z ");
        while fs::read_to_string(&compiler).is_ok_and(runs) {
            thread::yield_now();
        }
    }
}
