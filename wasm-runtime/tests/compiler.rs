//! The process that compiles: what it is started for, what ends it, and that nothing of it is left.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use wasm_encoder::ComponentBuilder;
use wasm_runtime::{
    BuildError, CompileLimit, CompileLimits, Compiler, Error, WasmRuntime, WasmRuntimeBuilder,
};

const COMPILER: &str = env!("CARGO_BIN_EXE_wasm-runtime-compiler");

/// A component that compiles, and speaks another protocol; and one like it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
const OTHER: &[u8] = b"\0asm\x0d\0\x01\0\0\x02\x01x";

/// A function of 4 KB that takes 60 MB to compile: 100 blocks that take and give 1,000 values.
fn wide() -> Vec<u8> {
    let values = "i32 ".repeat(1_000);
    let text = format!(
        "(module (type $wide (func (param {values}) (result {values}))) (func {} {} {}))",
        "i32.const 0 ".repeat(1_000),
        "block (type $wide) end ".repeat(100),
        "drop ".repeat(1_000),
    );
    component(&text)
}

/// A component that is a core module, in text format.
fn component(module: &str) -> Vec<u8> {
    let mut component = ComponentBuilder::default();
    component.core_module_raw(None, &wat::parse_str(module).unwrap());
    component.finish()
}

fn builder(executable: impl Into<PathBuf>) -> WasmRuntimeBuilder {
    let compiler = Compiler::Executable(executable.into());
    let cache = wasm_runtime::CacheFolder::None;
    WasmRuntime::builder()
        .compiler(compiler)
        .cache_folder(cache)
}

/// What becomes of a component in a runtime that is built so.
fn error(builder: WasmRuntimeBuilder, component: &[u8]) -> Error {
    let runtime = builder.build().unwrap();
    let tokio = Runtime::new().unwrap();
    tokio.block_on(runtime.component(component)).unwrap_err()
}

fn was_compiled(error: &Error) -> bool {
    matches!(error, Error::Host(host) if matches!(&**host, BuildError::Mismatch(_)))
}

/// A compiler that says that it runs, and then does nothing for ever. What it says is read from a
/// pipe, which ends with it.
struct Endless {
    folder: TempDir,
}

impl Endless {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        // A child of its own, which must end too.
        let script = format!(
            "#!/bin/sh\nexec 3>'{}'\necho $$ >&3\n/usr/bin/tail -f /dev/null\n",
            pipe.display()
        );
        let executable = folder.path().join("compiler");
        fs::write(&executable, script).unwrap();
        fs::set_permissions(&executable, Permissions::from_mode(0o700)).unwrap();
        Self { folder }
    }

    fn executable(&self) -> PathBuf {
        self.folder.path().join("compiler")
    }

    /// Waits until it runs. The pipe ends when it and what it started have ended.
    fn running(&self) -> (u32, BufReader<File>) {
        let mut pipe = BufReader::new(File::open(self.folder.path().join("pipe")).unwrap());
        let mut number = String::new();
        pipe.read_line(&mut number).unwrap();
        (number.trim().parse().unwrap(), pipe)
    }
}

fn has_ended(mut pipe: impl Read) -> bool {
    pipe.read_to_end(&mut Vec::new()).unwrap() == 0
}

#[test]
fn an_executable_that_can_not_compile_is_told_what_to_do() {
    let error = WasmRuntime::builder().build().unwrap_err();
    assert!(matches!(error, Error::NoCompiler), "{error}");
    // Now it could.
    wasm_runtime::run_if_compiler();
    WasmRuntime::builder().build().unwrap();
}

#[test]
fn limits_are_told_from_bad_components() {
    assert!(was_compiled(&error(builder(COMPILER), EMPTY)));
    let of_wide = |limits| error(builder(COMPILER).compile_limits(limits), &wide());
    assert!(was_compiled(&of_wide(CompileLimits::default())));

    // Whatever is being done when the memory ends: starting, reading, compiling, packing.
    let (mut exceeded, mut compiled) = (0, 0);
    for megabytes in (8..=64).step_by(2) {
        let bytes = megabytes << 20;
        match of_wide(CompileLimits::default().memory(bytes)) {
            Error::CompileLimit(CompileLimit::Memory(limit)) if limit == bytes => exceeded += 1,
            error if was_compiled(&error) => compiled += 1,
            error => panic!("{megabytes} MiB: {error:?}"),
        }
    }
    assert!(exceeded > 10 && compiled > 3, "{exceeded}, {compiled}");

    let nested = format!(
        "(module (func (local {}) {} {} {}))",
        "i32 ".repeat(1_000),
        "loop ".repeat(900),
        (0..1_000)
            .map(|local| format!("(local.set {local} (i32.add (local.get {local}) (i32.const 1)))"))
            .collect::<String>(),
        "end ".repeat(900),
    );
    let second = Duration::from_millis(500);
    let limits = CompileLimits::default().cpu_time(second);
    let found = error(
        builder(COMPILER).compile_limits(limits),
        &component(&nested),
    );
    assert!(
        matches!(found, Error::CompileLimit(CompileLimit::CpuTime(time)) if time == second),
        "{found:?}"
    );

    let invalid = b"\0asm\x0d\0\x01\0\x05\xff\x01";
    let found = error(builder(COMPILER), invalid);
    assert!(matches!(found, Error::Compile(_)), "{found:?}");
}

#[test]
fn a_compiler_that_is_none_is_an_error_of_its_own() {
    let found = error(builder("no/such/compiler"), EMPTY);
    assert!(
        matches!(&found, Error::CompilerStart { executable, .. } if executable == Path::new("no/such/compiler")),
        "{found:?}"
    );
    // Each reads nothing of what it is sent, and more than a pipe holds.
    for (executable, expected_status, expected_words) in [
        ("/bin/true", "exit status: 0", "run_if_compiler"),
        ("/bin/false", "exit status: 1", "run_if_compiler"),
        ("/bin/cat", "exit status: 1", "--wasm-runtime-compile"),
        ("/bin/echo", "exit status: 0", "run_if_compiler"),
    ] {
        let component = [EMPTY, &[0; 1 << 20]].concat();
        match error(builder(executable), &component) {
            Error::CompilerFailed { status, said, .. } => {
                assert_eq!(status, expected_status, "{executable}");
                assert!(said.contains(expected_words), "{executable}: {said}");
            }
            other => panic!("{executable}: {other:?}"),
        }
    }
}

#[test]
fn wall_time_ends_a_compiler_that_does_nothing() {
    let endless = Endless::new();
    let time = Duration::from_millis(1);
    let limits = CompileLimits::default().wall_time(time);
    // So much that it does not fit into a pipe.
    let component = [EMPTY, &[0; 1 << 20]].concat();
    let executable = endless.executable();
    let found = error(builder(executable).compile_limits(limits), &component);
    assert!(
        matches!(found, Error::CompileLimit(CompileLimit::WallTime(limit)) if limit == time),
        "{found:?}"
    );
}

#[test]
fn a_compiler_ends_with_the_last_task_that_waits_for_it() {
    let endless = Endless::new();
    let builder = builder(endless.executable());
    let limits = CompileLimits::default().concurrency(1).queue(0);
    let runtime = builder.compile_limits(limits).build().unwrap();
    let tokio = Runtime::new().unwrap();
    let ask = |component: &'static [u8]| {
        let runtime = runtime.clone();
        tokio.spawn(async move { runtime.component(component).await })
    };
    let join = |task: tokio::task::JoinHandle<_>| tokio.block_on(task);

    let first = ask(EMPTY);
    let (number, mut pipe) = endless.running();
    let other = join(ask(OTHER)).unwrap();
    assert!(
        matches!(other, Err(Error::CompileLimit(CompileLimit::Queue(0)))),
        "{other:?}"
    );
    first.abort();
    assert!(join(first).unwrap_err().is_cancelled());
    assert!(has_ended(&mut pipe));

    // And with the async runtime.
    let second = ask(EMPTY);
    let (_, pipe) = endless.running();
    drop(tokio);
    assert!(has_ended(pipe));
    assert!(second.is_finished());
    // It was waited for: no zombie is left.
    assert!(!Path::new(&format!("/proc/{number}")).exists());
}

#[test]
fn what_exceeded_a_limit_is_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("compiler");
    symlink(COMPILER, &link).unwrap();
    let limits = CompileLimits::default().memory(40 << 20);
    let runtime = builder(&link).compile_limits(limits).build().unwrap();
    let tokio = Runtime::new().unwrap();
    let ask = |component: Vec<u8>| tokio.block_on(runtime.component(component)).unwrap_err();
    let is_limit = |error: &Error| matches!(error, Error::CompileLimit(CompileLimit::Memory(_)));
    let found = ask(wide());
    assert!(is_limit(&found), "{found:?}");
    fs::remove_file(&link).unwrap();
    let found = ask(wide());
    assert!(is_limit(&found), "{found:?}");
    let found = ask(EMPTY.to_vec());
    assert!(matches!(found, Error::CompilerStart { .. }), "{found:?}");
}

#[test]
fn what_was_compiled_needs_no_compiler_again() {
    let folder = tempfile::tempdir().unwrap();
    let cached = |executable| builder(executable).cache_folder(folder.path().join("cache"));
    assert!(was_compiled(&error(cached(COMPILER), EMPTY)));
    assert!(was_compiled(&error(cached("no/such/compiler"), EMPTY)));
    let found = error(cached("no/such/compiler"), OTHER);
    assert!(matches!(found, Error::CompilerStart { .. }), "{found:?}");
}
