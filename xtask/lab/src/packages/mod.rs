//! `cargo xtask packages`: small jobs with well-known packages, done by this machine's Python and in
//! the sandbox, with the same files of the packages.

mod book;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use python_cli::{explain, guest};
use python_runtime::{Limits, PythonRuntime, PythonSource};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::shell;

#[derive(Parser)]
pub(crate) struct Args {
    /// Of which packages, such as `attrs`. Without any, of all that have jobs.
    packages: Vec<String>,
    /// Write the book's table.
    #[arg(long, conflicts_with = "packages")]
    book: bool,
}

const NATIVE: &str = include_str!("native.py");

/// Why a job's result differs, by the package and the job.
const EXPLAINED: &str = include_str!("explained.json");

const LIMITS: Limits = Limits::new()
    .wall_time(Duration::from_secs(600))
    .cpu_time(Duration::from_secs(60))
    .memory(512 << 20)
    .state(256 << 20);

/// What Python did natively.
#[derive(Deserialize)]
struct Native {
    python: String,
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Job {
    package: String,
    version: String,
    name: String,
    about: String,
    input: Value,
    result: Value,
}

impl Job {
    fn id(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }
}

/// A job that was done in both, and how the sandbox's result differs.
struct Compared {
    job: Job,
    difference: Option<String>,
}

pub(crate) fn packages(args: &Args) -> Result<()> {
    shell::build_guests(&["python"])?;
    let explained: BTreeMap<String, String> =
        serde_json::from_str(EXPLAINED).context("reading explained.json")?;
    let jobs = sources().join("jobs");
    for name in &args.packages {
        if !jobs.join(format!("{name}.py")).is_file() {
            bail!(
                "there is no job of the package {name:?} in {}",
                jobs.display()
            );
        }
    }
    let environment = environment()?;
    let Native { python, jobs } = native(&environment.python, &args.packages)?;
    let tokio = tokio::runtime::Runtime::new()?;
    let compared = tokio.block_on(compare_all(&environment.site_packages, jobs))?;
    let same = |compared: &&Compared| compared.difference.is_none();
    println!(
        "{} of {} jobs as in CPython {python}",
        compared.iter().filter(same).count(),
        compared.len()
    );
    let mut wrong = 0;
    for Compared { job, difference } in &compared {
        match (difference, explained.get(&job.id())) {
            (None, None) => {}
            (Some(_), Some(reason)) => println!("\n{}: {reason}", job.id()),
            (Some(difference), None) => {
                wrong += 1;
                println!("\nDIFFERS {}\n{difference}", job.id());
            }
            (None, Some(_)) => {
                wrong += 1;
                println!("\nSTALE {} is the same, and explained", job.id());
            }
        }
    }
    if wrong > 0 {
        bail!("jobs that differ without an explanation, or are explained and do not: {wrong}");
    }
    if args.book {
        book::write(&compared, &python, &explained)?;
    }
    Ok(())
}

/// Where the packages are, and a Python that has them.
struct Environment {
    python: PathBuf,
    site_packages: PathBuf,
}

/// A virtual environment with what `requirements.txt` pins, made again when that changes.
fn environment() -> Result<Environment> {
    let requirements = sources().join("requirements.txt");
    let text = std::fs::read_to_string(&requirements)?;
    let folder = shell::guests().join("package-jobs");
    let made = folder.join("made-from.txt");
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    let python = folder.join(bin).join("python");
    if std::fs::read_to_string(&made).ok() != Some(text.clone()) {
        shell::step("installing packages", || {
            let mut venv = Command::new("python3");
            shell::quiet(venv.args(["-I", "-m", "venv", "--clear"]).arg(&folder))?;
            let mut pip = Command::new(&python);
            pip.args("-I -m pip --quiet --disable-pip-version-check install".split(' '));
            pip.args("--require-hashes --no-deps --requirement".split(' '));
            pip.arg(&requirements);
            // Without a compiler, optional native parts are left out of what is built here.
            pip.arg("--no-cache-dir")
                .env("CC", "false")
                .env("CXX", "false");
            shell::quiet(&mut pip)
        })?;
        std::fs::write(&made, text)?;
    }
    let mut ask = Command::new(&python);
    ask.args([
        "-I",
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]);
    let site_packages = String::from_utf8(ask.output()?.stdout)?.trim().into();
    Ok(Environment {
        python,
        site_packages,
    })
}

fn sources() -> PathBuf {
    shell::root().join("xtask/lab/src/packages")
}

fn native(python: &Path, packages: &[String]) -> Result<Native> {
    let mut run = Command::new(python);
    run.args(["-I", "-B", "-W", "ignore", "-c", NATIVE])
        .arg(sources().join("jobs"))
        .args(packages)
        .env("TZ", "UTC");
    let output = run.output().context("can't start Python")?;
    if !output.status.success() {
        bail!(
            "a job fails in this machine's Python:\n{}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    serde_json::from_slice(&output.stdout).context("reading the jobs' results")
}

/// Does the jobs in the sandbox; those of a package are one program.
async fn compare_all(site_packages: &Path, jobs: Vec<Job>) -> Result<Vec<Compared>> {
    let runtime = PythonRuntime::builder()
        .archive(guest()?)
        .limits(LIMITS)
        .packages(site_packages)
        .build()?;
    let mut packages = BTreeMap::<_, Vec<_>>::new();
    for job in jobs {
        packages.entry(job.package.clone()).or_default().push(job);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let turns = Arc::new(Semaphore::new(cores));
    let mut running = JoinSet::new();
    for (package, jobs) in packages {
        let (runtime, turns) = (runtime.clone(), turns.clone());
        running.spawn(async move {
            let _turn = turns.acquire_owned().await?;
            let compared = compare(&runtime, &package, jobs).await?;
            anyhow::Ok((package, compared))
        });
    }
    let mut done = BTreeMap::new();
    while let Some(package) = running.join_next().await {
        let (package, compared) = package??;
        done.insert(package, compared);
    }
    Ok(done.into_values().flatten().collect())
}

async fn compare(runtime: &PythonRuntime, package: &str, jobs: Vec<Job>) -> Result<Vec<Compared>> {
    let path = sources().join("jobs").join(format!("{package}.py"));
    let source = std::fs::read_to_string(path)?;
    let mut program = runtime.program();
    for job in &jobs {
        program = program.function(&job.name, PythonSource::def(&job.name, &source));
    }
    let program = match program.build().await {
        Ok(program) => program,
        Err(error) => {
            let difference = format!("the program: {error}");
            let all = jobs.into_iter().map(|job| Compared {
                job,
                difference: Some(difference.clone()),
            });
            return Ok(all.collect());
        }
    };
    let mut compared = Vec::new();
    for job in jobs {
        let result = program
            .function(&job.name)?
            .call::<_, Value>(&job.input)
            .await;
        let difference = match result {
            Ok(result) if result == job.result => None,
            Ok(result) => Some(format!("native   {}\nsandbox  {result}", job.result)),
            Err(error) => Some(explain(&error)),
        };
        compared.push(Compared { job, difference });
    }
    Ok(compared)
}
