//! The tables of limits state the defaults of the code.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use wasm_runtime::CompileLimits;
use wit_wire_host::{Limits, PoolConfig};

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

fn bytes(bytes: usize) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mib => format!("{mib} MiB"),
    }
}

fn count(count: u64) -> String {
    match (count / 1_000, count % 1_000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{},{rest:03}", self::count(thousands)),
    }
}

#[test]
fn the_defaults_are_those_of_the_code() {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operations.md");
    let chapter = fs::read_to_string(chapter).unwrap();
    let Limits {
        wall_time,
        cpu_time,
        memory,
        input,
        output,
        error,
        log,
        hostcalls,
        hostcall_payload,
        hostcall_answer,
        json_nodes,
        state,
        parked_time,
        wait,
        nesting,
        ..
    } = Limits::default();
    assert_eq!(parked_time, None);
    let pool = PoolConfig::default();
    let compile = CompileLimits::default();
    let processors = std::thread::available_parallelism().unwrap().get();
    let rows = [
        ("wall_time", seconds(wall_time)),
        ("cpu_time", seconds(cpu_time)),
        ("memory", bytes(memory)),
        ("input", bytes(input)),
        ("output", bytes(output)),
        ("error", bytes(error)),
        ("log", bytes(log)),
        ("hostcalls", count(hostcalls)),
        ("hostcall_payload", bytes(hostcall_payload)),
        ("hostcall_answer", bytes(hostcall_answer)),
        ("json_nodes", count(json_nodes as u64)),
        ("state", bytes(state)),
        ("parked_time", "what is left of `wall_time`".to_owned()),
        ("wait", seconds(wait)),
        ("nesting", count(nesting.into())),
        ("PoolConfig::instances", count(pool.instances as u64)),
        (
            "PoolConfig::computing",
            format!("{} for each processor", pool.computing / processors),
        ),
        ("PoolConfig::queue", count(pool.queue as u64)),
        (
            "PoolConfig::park_after",
            format!("{} ms", pool.park_after.as_millis()),
        ),
        ("PoolConfig::parked_calls", count(pool.parked_calls as u64)),
        (
            "PoolConfig::parked_bytes",
            format!("{} GiB", pool.parked_bytes >> 30),
        ),
        ("PoolConfig::idle_time", seconds(pool.idle_time)),
        (
            "CompileLimits::memory",
            bytes(usize::try_from(compile.memory).unwrap()),
        ),
        ("CompileLimits::cpu_time", seconds(compile.cpu_time)),
        ("CompileLimits::wall_time", seconds(compile.wall_time)),
        (
            "CompileLimits::concurrency",
            format!("{} for each processor", compile.concurrency / processors),
        ),
        ("CompileLimits::queue", count(compile.queue as u64)),
    ];
    for (name, default) in &rows {
        let row = format!("| `{name}` | {default} |");
        assert!(chapter.contains(&row), "operations.md does not have: {row}");
    }
    // The pattern above can't say that these are all.
    let fields = format!("{:#?}", Limits::default());
    let fields = fields
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    for (field, _) in fields {
        assert!(
            rows.iter().any(|(name, _)| *name == field),
            "no row for `{field}`"
        );
    }
}
