//! Draws a profile as a flame graph: `flame-graph TITLE FILE.svg`, with folded stacks in
//! microseconds on stdin. A program of its own, since few calls are drawn and what draws is much to
//! build.

use std::process::ExitCode;

use anyhow::{Context, Result};
use inferno::flamegraph;

fn main() -> ExitCode {
    xtask_shell::exit_code(draw())
}

fn draw() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let title = arguments.next().context("no title")?;
    let file = arguments.next().context("no file")?;
    let mut options = flamegraph::Options::default();
    options.title = title;
    options.count_name = "µs".to_owned();
    let mut svg = Vec::new();
    flamegraph::from_reader(&mut options, std::io::stdin().lock(), &mut svg)?;
    std::fs::write(&file, svg).with_context(|| format!("writing {file}"))
}
