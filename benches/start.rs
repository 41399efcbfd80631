//! From nothing to a first result: processes, and loading the guest.
//!
//! The processes are this program again, told where the cache folder is to be.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use artifact_embed::{Archive, Backing, EngineConfig, Loader};
use benches::{ADD, Times, repeat, sum, value};
use python_runtime::{PythonRuntime, PythonSource};
use serde_json::Value;
use tempfile::TempDir;

/// Set for a process that is to be measured: where its cache folder is to be.
const CHILD: &str = "WIT_WIRE_BENCH_START";

fn main() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return first_result(Path::new(&folder));
    }
    let build = |folder: &Path| {
        let started = Instant::now();
        let runtime = PythonRuntime::builder().cache_folder(folder.join("cache"));
        let runtime = runtime.build();
        let time = started.elapsed();
        let runtime = runtime.expect("`cargo xtask bench` builds the guest first");
        assert_eq!(runtime.cache_problem(), None);
        time
    };
    let filled = folder();
    build(filled.path());

    start("start.first_ever", 8.0, || start_process(folder().path()));
    start("start.cached", 4.0, || start_process(filled.path()));
    start("load.embedded", 8.0, || build(folder().path()));
    start("load.cached", 3.0, || build(filled.path()));

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/guest/python.aot");
    let bytes = std::fs::read(path).expect("the Python guest");
    value("artifact.size", "bytes", bytes.len() as f64, 1);
    #[allow(unsafe_code, reason = "loading an archive is running it")]
    // SAFETY: `cargo xtask bench` made it of this source.
    let archive = unsafe { Archive::trust(bytes) }.expect("an archive");
    start("load.memfd", 4.0, || {
        let started = Instant::now();
        let loader = Loader::new(&EngineConfig::default()).expect("a loader");
        let loaded = loader.with_backings([Backing::Memfd]).load(&archive);
        let time = started.elapsed();
        drop(loaded.expect("a component"));
        time
    });
}

fn start(name: &'static str, seconds: f64, mut run: impl FnMut() -> Duration) {
    let mut times = Times::of(name);
    run();
    for _ in repeat(seconds) {
        times.add(run());
    }
    times.record();
}

/// An empty folder on the disk that also has `target`.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// From the order to start a process to the line it prints.
fn start_process(folder: &Path) -> Duration {
    let mut this = Command::new(std::env::current_exe().expect("a path of this program"));
    this.env(CHILD, folder).stdout(Stdio::piped());
    let started = Instant::now();
    let mut process = this.spawn().expect("a process");
    let mut line = String::new();
    let mut stdout = BufReader::new(process.stdout.take().expect("a pipe"));
    stdout.read_line(&mut line).expect("a line");
    let time = started.elapsed();
    assert_eq!(line, "{\"sum\":3}\n");
    process.wait().expect("an end");
    time
}

fn first_result(folder: &Path) {
    let runtime = PythonRuntime::builder().cache_folder(folder.join("cache"));
    let runtime = runtime.build().expect("a runtime");
    let tokio = tokio::runtime::Runtime::new().expect("a tokio runtime");
    let answer: Value = tokio.block_on(async {
        let function = runtime.function(PythonSource::def("add", ADD)).await;
        let function = function.expect("a function");
        function.call(&sum()).await.expect("an answer")
    });
    println!("{answer}");
}
