//! `cargo xtask repl`: an interactive interpreter whose cells run in the sandbox.
//!
//! `input` reads what the user types, `command` what begins with a colon; `cell` runs the rest and
//! `screen` shows what comes of it; `repl` has the sessions. Knows of sessions no more than the API
//! of `python-runtime` says.

mod cell;
mod command;
mod input;
mod repl;
mod screen;

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use python_cli::{guest, guest_with};
use python_runtime::{PythonRuntime, printable};

use crate::input::{Terminal, parts};
use crate::repl::{Next, Repl};

const INPUT: &str = "\
`:help` lists what can be done with sessions. What comes through a pipe is one cell, as for `python -`; lines that \
begin with a colon are commands, and divide it. The first part that fails is the last, with status 1.";

/// Run Python cell by cell in the sandbox: values on stdout, tracebacks on stderr.
#[derive(Parser)]
#[command(name = "cargo xtask repl", bin_name = "cargo xtask repl", after_help = INPUT)]
struct Args {
    /// Packages to import: a wheel, or a folder such as `site-packages`. May be given several
    /// times.
    #[arg(long, value_name = "PATH")]
    packages: Vec<PathBuf>,
    /// Packages that pip takes from this file: the guest is built with them.
    #[arg(short, long, value_name = "FILE.txt")]
    requirements: Option<PathBuf>,
    /// Begin with this: a file of Python, whose name ends in `.py`, is run; any other is a session
    /// that `:save` wrote.
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
}

fn main() -> ExitCode {
    match start(&Args::parse()) {
        Ok(code) => code,
        Err(error) => python_cli::exit_code(Err(error)),
    }
}

fn start(args: &Args) -> Result<ExitCode> {
    let archive = match &args.requirements {
        Some(requirements) => guest_with(requirements)?,
        None => guest()?,
    };
    let mut builder = PythonRuntime::builder().archive(archive);
    for path in &args.packages {
        builder = builder.packages(path);
    }
    let runtime = builder.build()?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let mut repl = tokio.block_on(Repl::new(runtime))?;
    let loaded = match &args.load {
        Some(file) => tokio.block_on(repl.load(file))?,
        None => Next::Goes,
    };
    if !std::io::stdin().is_terminal() {
        if loaded != Next::Goes {
            return Ok(loaded.code());
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        for part in parts(&text) {
            let next = tokio.block_on(repl.take(&part))?;
            if next != Next::Goes {
                return Ok(next.code());
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Next::Ends(_) = loaded {
        return Ok(loaded.code());
    }
    eprintln!("Python in a sandbox. :help lists commands, Ctrl-D ends.");
    let mut terminal = Terminal::open()?;
    loop {
        let is_complete = |source: &str| tokio.block_on(repl.is_complete(source));
        let Some(part) = terminal.read(&repl.prompt(), is_complete)? else {
            return Ok(ExitCode::SUCCESS);
        };
        // What fails is not the end of what a person does.
        match tokio.block_on(repl.take(&part)) {
            Ok(end @ Next::Ends(_)) => return Ok(end.code()),
            Ok(_) => {}
            Err(error) => eprintln!("error: {}", printable(&format!("{error:#}")).lines()),
        }
    }
}
