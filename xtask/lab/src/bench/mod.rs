//! `cargo xtask bench`: runs the ladder, and shows what was measured.

mod chart;
mod figure;
mod ratio;
mod readme;
mod table;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::{Value, json};

use crate::shell::{self, cargo, show};

#[derive(Parser)]
pub(crate) struct Args {
    /// Take one minute, not four, for a first impression.
    #[arg(long)]
    quick: bool,
    /// Where to write the figures; `target/bench.json` unless told.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Update the README's table of figures.
    #[arg(long)]
    readme: bool,
}

/// The benches, each a process of its own, in the order of their rungs.
const BENCHES: [&str; 9] = [
    "start", "instance", "call", "state", "compute", "wire", "native", "load", "memory",
];

pub(crate) fn bench(args: &Args) -> Result<()> {
    shell::build_guests(&["all"])?;
    // By the profile of releases: the engine is built once more, as those who use the crates have
    // it.
    const BENCH: &str = "bench --package benches";
    let mut build = cargo();
    build.args(BENCH.split(' ')).arg("--no-run");
    show(build.args(BENCHES.iter().flat_map(|name| ["--bench", name])))?;

    let folder = tempfile::tempdir()?;
    let lines = folder.path().join("figures");
    for name in BENCHES {
        eprintln!("{name}:");
        let mut bench = cargo();
        bench
            .args(BENCH.split(' '))
            .args(["--quiet", "--bench", name]);
        // Rungs tell their results themselves; this is criterion's way to say least.
        bench.args("-- --output-format bencher".split(' '));
        bench.stdout(Stdio::null()).env("WIT_WIRE_BENCH", &lines);
        if args.quick {
            bench.env("WIT_WIRE_BENCH_QUICK", "1");
        }
        let status = bench.status().context("starting cargo")?;
        ensure!(status.success(), "the bench `{name}` failed ({status})");
    }

    let figures = figure::read(&fs::read_to_string(&lines)?)?;
    let target = shell::root().join("target");
    let json = args
        .json
        .clone()
        .unwrap_or_else(|| target.join("bench.json"));
    let machine = machine();
    if args.readme {
        readme::write(&figures, &machine)?;
    }
    let python = machine.get("python").and_then(Value::as_str);
    let python = python.unwrap_or("?").to_owned();
    let text = serde_json::to_string_pretty(&figure::to_json(&figures, machine))?;
    fs::write(&json, text + "\n").with_context(|| format!("writing {}", json.display()))?;
    let svg = target.join("bench.svg");
    chart::draw(&svg, &figures)?;
    table::print(&figures);
    println!("\n`native` is {python}");
    eprintln!("\nwritten: {}, {}", json.display(), svg.display());
    Ok(())
}

/// What the figures were measured on.
fn machine() -> Value {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    json!({
        "cpu": cpu.map(|cpu| cpu.trim_start_matches([' ', '\t', ':'])),
        "cores": std::thread::available_parallelism().ok(),
        "kernel": said("uname", "-sr"),
        "rustc": said("rustc", "--version"),
        "python": said("python3", "--version"),
        "wasmtime": artifact_embed::WASMTIME_VERSION,
        "date": said("date", "-u +%Y-%m-%dT%H:%M:%SZ"),
    })
}

/// What another program says when asked, if it is there.
fn said(program: &str, arguments: &str) -> Option<String> {
    let output = Command::new(program)
        .args(arguments.split(' '))
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned())
}
