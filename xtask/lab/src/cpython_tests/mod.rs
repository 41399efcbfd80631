//! `cargo xtask cpython-tests`: CPython's own tests, inside the sandbox.

mod explained;
mod outcome;

use std::collections::BTreeMap;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use python_cli::{explain, guest};
use python_runtime::{
    CallError, Function, HostcallContext, HostcallError, Limits, PythonRuntime, PythonSource,
};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::shell;
use explained::Explanations;
use outcome::{Ears, Outcome, Test, Told};

#[derive(Parser)]
pub(crate) struct Args {
    /// Which modules, such as `test_json` or `test_asyncio.test_tasks`. Without any, those that
    /// make sense in a sandbox.
    modules: Vec<String>,
    /// Show of each failure how it came about.
    #[arg(long)]
    failures: bool,
    /// Another folder that has a package `test` than Debian's.
    #[arg(long, requires = "modules")]
    folder: Option<PathBuf>,
}

/// The modules whose tests are about what there is: not about files, processes, sockets, threads or
/// a terminal.
const MODULES: &str = include_str!("modules.txt");

const RUNNER: &str = include_str!("run.py");

/// For the tests of one module, which are one call unless one of them ends it.
const LIMITS: Limits = Limits::new()
    .wall_time(Duration::from_secs(3600))
    .cpu_time(Duration::from_secs(60))
    .memory(1 << 30)
    .input(1 << 20)
    .output(1 << 20)
    .log(1 << 10)
    .hostcalls(u64::MAX)
    .hostcall_payload(64 << 20)
    .wait(Duration::from_secs(3600))
    .nesting(1);

/// A module whose tests were run.
struct Module {
    name: String,
    tests: Vec<Test>,
    time: Duration,
}

pub(crate) fn cpython_tests(args: Args) -> Result<()> {
    shell::build_guests(&["python"])?;
    let explanations = Explanations::read()?;
    let (folder, tests_version) = match args.folder {
        Some(folder) => (folder, None),
        None => debian().map(|(folder, version)| (folder, Some(version)))?,
    };
    let modules = match args.modules.is_empty() {
        true => MODULES.split_whitespace().map(str::to_owned).collect(),
        false => args.modules,
    };
    let tokio = tokio::runtime::Runtime::new()?;
    let (guest_version, modules) = tokio.block_on(run_all(&folder, modules))?;
    match tests_version {
        Some(version) => println!("CPython {guest_version}, tests of {version}\n"),
        None => println!("CPython {guest_version}, tests in {}\n", folder.display()),
    }
    print_table(&modules);
    let tests = || modules.iter().flat_map(|module| &module.tests);
    let failures = || tests().filter(|test| test.outcome == Outcome::Failed);
    print_reasons(failures().filter_map(|test| explanations.reason(&test.id)));
    if args.failures {
        for test in failures() {
            println!(
                "\n{}\n{}",
                test.id,
                if test.traceback.is_empty() {
                    &test.text
                } else {
                    &test.traceback
                }
            );
        }
    }
    let unexplained: Vec<_> = failures()
        .filter(|test| explanations.reason(&test.id).is_none())
        .collect();
    for test in &unexplained {
        println!("\nFAILED {}\n  {}", test.id, test.text);
    }
    let stale: Vec<_> = modules
        .iter()
        .flat_map(|module| explanations.stale(&module.name, &module.tests))
        .collect();
    for stale in &stale {
        println!("\nSTALE {stale}");
    }
    match (unexplained.len(), stale.len()) {
        (0, 0) => Ok(()),
        (failed, stale) => bail!(
            "failures without an explanation: {failed}, explanations without a failure: {stale}"
        ),
    }
}

/// The tests as Debian packs them, with the version of CPython that they are of.
fn debian() -> Result<(PathBuf, String)> {
    let folder = shell::guests().join("cpython-tests");
    let version = folder.join("version");
    if !version.is_file() {
        shell::step("getting CPython's tests from Debian", || {
            shell::quiet(Command::new(shell::root().join(".ci/cpython-tests")).arg(&folder))
        })?;
    }
    let version = std::fs::read_to_string(&version)
        .with_context(|| format!("reading {}", version.display()))?;
    Ok((folder, version.trim().to_owned()))
}

/// The guest's version of CPython, and the outcomes, in the order asked for.
async fn run_all(folder: &Path, names: Vec<String>) -> Result<(String, Vec<Module>)> {
    let ears = Ears::default();
    let (function, version) = prepare(folder, &ears).await?;
    let bar = ProgressBar::new(names.len() as u64).with_style(ProgressStyle::with_template(
        "{wide_bar} {pos}/{len} modules ({elapsed})",
    )?);
    bar.enable_steady_tick(Duration::from_millis(200));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let turns = Arc::new(Semaphore::new(cores));
    let mut running = JoinSet::new();
    for (place, name) in names.into_iter().enumerate() {
        let (function, ears, turns, bar) =
            (function.clone(), ears.clone(), turns.clone(), bar.clone());
        running.spawn(async move {
            let _turn = turns.acquire_owned().await?;
            let module = run_one(&function, name, &ears).await;
            bar.inc(1);
            if bar.is_hidden() {
                eprintln!("{}: {:.1} s", module.name, module.time.as_secs_f64());
            }
            anyhow::Ok((place, module))
        });
    }
    let mut done = BTreeMap::new();
    while let Some(module) = running.join_next().await {
        let (place, module) = module??;
        done.insert(place, module);
    }
    bar.finish_and_clear();
    Ok((version, done.into_values().collect()))
}

/// The function that runs a module's tests, and the guest's version of CPython.
async fn prepare(folder: &Path, ears: &Ears) -> Result<(Function, String)> {
    let ears = ears.clone();
    let runtime = PythonRuntime::builder()
        .archive(guest()?)
        .limits(LIMITS)
        .packages(folder)
        .hostcall("told", move |_: HostcallContext, told: Told| {
            ears.hear(told);
            ready(Ok::<_, HostcallError>(()))
        })
        .build()?;
    let program = runtime
        .program()
        .function("run", PythonSource::def("run", RUNNER))
        .function("version", PythonSource::def("version", RUNNER))
        .build()
        .await?;
    let version = program.function("version")?.call(&()).await?;
    Ok((program.function("run")?, version))
}

/// Runs a module's tests, each trap or limit at the cost of the one test that met it.
async fn run_one(function: &Function, name: String, ears: &Ears) -> Module {
    let started = Instant::now();
    let mut next = Some(0);
    while let Some(start) = next {
        let input = json!({"module": name, "start": start});
        next = match function.call::<_, ()>(&input).await {
            Ok(()) => None,
            Err(error) => ears.lost(&name, lost(&error)),
        };
    }
    Module {
        tests: ears.take(&name).into_tests(),
        name,
        time: started.elapsed(),
    }
}

/// What ended an interpreter.
fn lost(error: &CallError) -> Test {
    let whole = explain(error);
    let text = error.to_string();
    Test {
        traceback: whole,
        ..Test::new("", Outcome::Failed, text.lines().next().unwrap_or_default())
    }
}

fn print_table(modules: &[Module]) {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["", "passed", "failed", "skipped", "seconds"]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut totals = [0; 3];
    for module in modules {
        let counts = [Outcome::Passed, Outcome::Failed, Outcome::Skipped].map(|outcome| {
            module
                .tests
                .iter()
                .filter(|test| test.outcome == outcome)
                .count()
        });
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
        table.add_row(row(
            &module.name,
            counts,
            &format!("{:.1}", module.time.as_secs_f64()),
        ));
    }
    table.add_row(row("all", totals, ""));
    println!("{table}");
    let [passed, failed, _] = totals;
    let ran = passed + failed;
    println!(
        "\n{passed} of {ran} tests that ran pass: {:.1} %",
        100.0 * passed as f64 / ran.max(1) as f64
    );
}

fn row(name: &str, counts: [usize; 3], seconds: &str) -> Vec<String> {
    let counts = counts.map(|count| count.to_string());
    let mut row = vec![name.to_owned()];
    row.extend(counts);
    row.push(seconds.to_owned());
    row
}

/// How many failures each reason explains, most first.
fn print_reasons<'a>(reasons: impl Iterator<Item = &'a str>) {
    let mut counts = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if !counts.is_empty() {
        println!("\nWhy tests fail:\n");
    }
    for (reason, count) in counts {
        println!("{count:>6}  {reason}");
    }
}
