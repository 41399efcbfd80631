//! The README's table of figures.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use super::figure::Figure;
use crate::shell;

const BEGIN: &str = "<!-- cargo xtask bench --readme -->\n";
const END: &str = "<!-- end -->";

/// What the README tells, and the figure's name.
const ROWS: [(&str, &str); 17] = [
    (
        "process start to first result, the guest cached",
        "start.cached",
    ),
    (
        "process start to first result, the first time ever",
        "start.first_ever",
    ),
    ("new Python function to its first result", "function.new"),
    (
        "call on clean state, what the caller waits",
        "call.per_call.wait",
    ),
    ("the same, for any of 10,000 functions", "functions.10000"),
    ("call on clean state, all CPU time", "call.per_call.cpu"),
    (
        "calls on clean state, by one caller",
        "throughput.per_call.1",
    ),
    (
        "calls on clean state, by two callers",
        "throughput.per_call.2",
    ),
    (
        "call on clean state by a fresh instance, where a reset is impossible",
        "call.fresh_instance",
    ),
    ("call on shared state (`Isolation::Shared`)", "call.shared"),
    ("hostcall, inside a call", "hostcall"),
    (
        "a hundred hostcalls of 20 ms, awaited together",
        "hostcall.batch_100",
    ),
    ("memory of an idle function", "memory.function_idle"),
    (
        "memory of an interpreter, beyond what all have together",
        "memory.instance",
    ),
    (
        "1 KB echoed by a Rust guest on shared state",
        "wire.echo_1k",
    ),
    (
        "the same by a bare Wasmtime call, without limits, receipts or deadline",
        "bare.echo_1k",
    ),
    ("a CPython process for each call", "native.process_per_call"),
];

/// Replaces the table.
pub(super) fn write(figures: &[Figure], machine: &Value) -> Result<()> {
    let path = shell::root().join("README.md");
    let readme = fs::read_to_string(&path)?;
    let (before, rest) = readme.split_once(BEGIN).context("no place for figures")?;
    let (_, after) = rest.split_once(END).context("no end of figures")?;
    let table = table(figures, machine);
    fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}"))?;
    Ok(())
}

fn table(figures: &[Figure], machine: &Value) -> String {
    let of = |key: &str| machine[key].as_str().unwrap_or("?");
    let day = of("date").split('T').next().unwrap_or_default();
    let mut text = format!(
        "Medians on {} cores ({}) of a shared virtual machine, {}, Wasmtime {}, {day}.\n\n| | |\n|---|---|\n",
        machine["cores"],
        of("cpu"),
        of("kernel"),
        of("wasmtime")
    );
    for (what, name) in ROWS {
        if let Some(Figure { values, .. }) = figures.iter().find(|figure| figure.name == name) {
            let value = in_words(values.median, &values.unit);
            text += &format!("| {what} | {value} |\n");
        }
    }
    text
}

fn in_words(value: f64, unit: &str) -> String {
    match (unit, value) {
        ("us", 0.0..100.0) => format!("{value:.1} µs"),
        ("us", 100.0..1e3) => format!("{value:.0} µs"),
        ("us", 1e3..1e5) => format!("{:.1} ms", value / 1e3),
        ("us", _) => format!("{:.0} ms", value / 1e3),
        ("bytes", 0.0..1e6) => format!("{:.0} KB", value / 1e3),
        ("bytes", _) => format!("{:.1} MB", value / 1e6),
        ("1/s", _) => format!("{:.0} per second", (value / 100.0).round() * 100.0),
        _ => format!("{value} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figure;

    #[test]
    fn a_figure_is_told_in_the_unit_that_fits() {
        let line = r#"{"name":"start.cached","unit":"us","median":13238.4,"p99":2,"p99.9":3,"n":7}
{"name":"throughput.per_call.1","unit":"1/s","median":24280,"p99":2,"p99.9":3,"n":7}
{"name":"memory.function_idle","unit":"bytes","median":13210,"p99":2,"p99.9":3,"n":7}"#;
        let figures = figure::read(line).unwrap_or_default();
        let machine = serde_json::json!({"cores": 2, "cpu": "One", "kernel": "Linux 6", "wasmtime": "48", "date": "2026-11-22T19:00:00Z"});
        let table = table(&figures, &machine);
        assert!(table.starts_with("Medians on 2 cores (One) of a shared virtual machine, Linux 6, Wasmtime 48, 2026-11-22.\n"), "{table}");
        for row in [
            "| process start to first result, the guest cached | 13.2 ms |\n",
            "by one caller | 24300 per second |\n",
            "| memory of an idle function | 13 KB |\n",
        ] {
            assert!(table.contains(row), "{table}");
        }
        assert_eq!(table.lines().count(), 7);
    }
}
