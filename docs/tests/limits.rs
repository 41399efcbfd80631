//! The tables of limits say what the defaults are.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::Duration;

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
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

#[test]
fn the_defaults_are_those_of_the_code() {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operations.md");
    let chapter = fs::read_to_string(chapter).unwrap();
    let limits = Limits::default();
    let pool = PoolConfig::default();
    let processors = std::thread::available_parallelism().unwrap().get();
    for (name, default) in [
        ("wall_time", seconds(limits.wall_time)),
        ("cpu_time", seconds(limits.cpu_time)),
        ("memory", bytes(limits.memory)),
        ("input", bytes(limits.input)),
        ("output", bytes(limits.output)),
        ("log", bytes(limits.log)),
        ("hostcalls", count(limits.hostcalls)),
        ("hostcall_payload", bytes(limits.hostcall_payload)),
        ("wait", seconds(limits.wait)),
        ("nesting", count(limits.nesting.into())),
        (
            "PoolConfig::instances",
            format!("{} for each processor", pool.instances / processors),
        ),
        ("PoolConfig::queue", count(pool.queue as u64)),
        ("PoolConfig::idle_time", seconds(pool.idle_time)),
    ] {
        let row = format!("| `{name}` | {default} |");
        assert!(chapter.contains(&row), "operations.md does not have: {row}");
    }
}
