//! `cargo xtask run FILE:FUNCTION INPUT`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use python_cli::{guest, report};
use python_runtime::{Profile, PythonRuntime, PythonSource, SourceTree, Tracebacks};
use xtask_shell::Selection;

#[derive(Parser)]
pub(crate) struct Args {
    /// The function: FILE.py:FUNCTION, or FOLDER:MODULE:FUNCTION. Modules beside it can be
    /// imported.
    function: String,
    /// Its input, as JSON.
    #[arg(default_value = "null", allow_hyphen_values = true)]
    input: String,
    /// Draw what the call spent its time on: a flame graph.
    #[arg(long, value_name = "FILE.svg")]
    profile: Option<PathBuf>,
    /// Show the guest's own frames in tracebacks, too.
    #[arg(long)]
    full_tracebacks: bool,
    /// Tell `perf` the names of the interpreter's functions.
    #[cfg(unix)]
    #[arg(long)]
    perf_map: bool,
}

pub(crate) fn run(args: &Args, started: Instant) -> Result<()> {
    let (folder, target) = target(&args.function)?;
    let source = PythonSource::from_tree(tree(&folder)?, &target)?;
    let mut builder = PythonRuntime::builder().archive(guest()?);
    if args.full_tracebacks {
        builder = builder.tracebacks(Tracebacks::All);
    }
    #[cfg(unix)]
    if args.perf_map {
        builder = builder.perf_map();
    }
    let runtime = builder.build()?;
    if let Some(problem) = runtime.cache_problem() {
        eprintln!("the guest is not cached, so that each start is slow: {problem}");
    }
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let (result, receipt) = tokio.block_on(async {
        let function = runtime.function(source).await?;
        let mut call = function.call_raw(args.input.as_str());
        if args.profile.is_some() {
            call = call.profiled();
        }
        anyhow::Ok(call.with_receipt().await)
    })?;
    let reported = report(result, &receipt, started);
    if let (Some(file), Some(profile)) = (&args.profile, &receipt.profile) {
        draw(profile, &args.function, file)?;
    }
    reported
}

fn draw(profile: &Profile, function: &str, file: &Path) -> Result<()> {
    let mut program = xtask_shell::program("flame-graph", Selection::Workspace, &[])?;
    program.arg(function).arg(file).stdin(Stdio::piped());
    let mut program = program.spawn().context("can't start flame-graph")?;
    if let Some(mut stdin) = program.stdin.take() {
        write!(stdin, "{profile}")?;
    }
    ensure!(program.wait()?.success(), "drawing {}", file.display());
    eprintln!("written: {}", file.display());
    Ok(())
}

/// What can be imported from `folder`: the modules and packages in it, and not all that lies below
/// a home folder.
fn tree(folder: &Path) -> Result<SourceTree> {
    let mut tree = SourceTree::new().glob(folder, "*.py")?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().join("__init__.py").is_file()
            && let Some(name) = entry.file_name().to_str()
        {
            tree = tree.glob(folder, &format!("{}/**/*.py", glob::Pattern::escape(name)))?;
        }
    }
    Ok(tree)
}

/// The folder and the `module:function` that the user means.
fn target(given: &str) -> Result<(PathBuf, String)> {
    let (place, function) = given
        .rsplit_once(':')
        .with_context(|| format!("`{given}` names no function: want FILE.py:FUNCTION"))?;
    let file = Path::new(place);
    if !file.is_file() {
        let (folder, module) = place
            .rsplit_once(':')
            .with_context(|| format!("no file {place}"))?;
        return Ok((folder.into(), format!("{module}:{function}")));
    }
    let file = file.canonicalize()?;
    let mut module = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut folder = file.parent().unwrap_or(Path::new("/"));
    // A file of a package is imported through it, from the folder that the package stands in.
    while folder.join("__init__.py").is_file()
        && let (Some(name), Some(above)) = (folder.file_name(), folder.parent())
    {
        module = format!("{}.{module}", name.to_string_lossy());
        folder = above;
    }
    Ok((folder.to_owned(), format!("{module}:{function}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_file_is_a_module_of_the_folder_that_python_would_take() {
        let examples = xtask_shell::root()
            .join("examples/functions")
            .canonicalize()
            .unwrap();
        let place = |path: &str| examples.join(path).display().to_string();
        for (given, folder, module) in [
            (place("hello.py:greet"), &examples, "hello:greet"),
            (place("shop/cart.py:total"), &examples, "shop.cart:total"),
            (place("shop/../hello.py:greet"), &examples, "hello:greet"),
            (
                format!("{}:shop.cart:total", examples.display()),
                &examples,
                "shop.cart:total",
            ),
        ] {
            assert_eq!(
                target(&given).unwrap(),
                (folder.clone(), module.to_owned()),
                "{given}"
            );
        }
        for (given, said) in [
            ("hello.py", "`hello.py` names no function"),
            ("no.py:f", "no file no.py"),
        ] {
            let error = target(given).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
