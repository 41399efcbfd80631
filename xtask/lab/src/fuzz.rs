//! `cargo xtask fuzz`: the fuzz targets of `fuzz/`, one after the other.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};

use crate::shell;

#[derive(Parser)]
pub(crate) struct Args {
    /// Which targets. Without any, all of them.
    targets: Vec<String>,
    /// How long each.
    #[arg(long, default_value_t = 5)]
    minutes: u64,
}

pub(crate) fn fuzz(args: Args) -> Result<()> {
    shell::build_guests(&["python"])?;
    let is_there = nightly(&["fuzz", "--version"])
        .stderr(Stdio::null())
        .output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        shell::show(&mut nightly(&[
            "install",
            "cargo-fuzz",
            "--version",
            "=0.13.2",
            "--locked",
        ]))?;
    }
    let targets = match args.targets.is_empty() {
        true => all()?,
        false => args.targets,
    };
    for target in &targets {
        let build = ["fuzz", "build", "--target-dir", "target/fuzz", target];
        shell::show(&mut nightly(&build))?;
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["", "executions", "per second", "edges", "features"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for target in &targets {
        table.add_row(one(target, args.minutes * 60)?);
    }
    println!("{table}");
    Ok(())
}

fn all() -> Result<Vec<String>> {
    let folder = fs::read_dir(shell::root().join("fuzz/fuzz_targets"))?;
    let mut targets = Vec::new();
    for entry in folder {
        let path = entry?.path();
        targets.extend(
            path.file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    targets.sort();
    Ok(targets)
}

/// Cargo of the nightly toolchain, which sanitizers need.
fn nightly(arguments: &[&str]) -> Command {
    let mut rustup = Command::new("rustup");
    rustup
        .current_dir(shell::root())
        .args(["run", "nightly", "cargo"])
        .args(arguments);
    rustup
}

/// Runs one target for so many seconds: its row of the table.
fn one(target: &str, seconds: u64) -> Result<Vec<String>> {
    // What is found on the way is kept apart from what is committed.
    let found = shell::root().join("target/fuzz/corpus").join(target);
    fs::create_dir_all(&found)?;
    let mut run = nightly(&["fuzz", "run", "--target-dir", "target/fuzz", target]);
    run.arg(&found)
        .arg(format!("fuzz/corpus/{target}"))
        .arg("--");
    run.arg(format!("-max_total_time={seconds}"));
    run.args(["-print_final_stats=1", "-timeout=60", "-rss_limit_mb=4096"]);
    // It does not look into the stacks of guests, and takes what only they hold for lost.
    run.arg("-detect_leaks=0");
    let output = shell::step(target, || run.output().context("can't start rustup"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let last: Vec<_> = said.lines().rev().take(60).collect();
        let last: Vec<_> = last.into_iter().rev().collect();
        bail!("`{target}` found something:\n{}", last.join("\n"));
    }
    let after = |line: &str, word: &str| {
        let rest = line.split_once(word)?.1.split_whitespace().next()?;
        Some(rest.to_owned())
    };
    let last = |word: &str| said.lines().rev().find_map(|line| after(line, word));
    let words = [
        "number_of_executed_units:",
        "average_exec_per_sec:",
        " cov: ",
        " ft: ",
    ];
    let figures = words.map(|word| last(word).unwrap_or_default());
    Ok(std::iter::once(target.to_owned()).chain(figures).collect())
}
