//! `cargo xtask stubs MODULES FOLDER`, and whether a type checker agrees with what that writes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use python_runtime::ModuleDescription;

use crate::{guest, shell};

#[derive(Parser)]
pub(crate) struct Args {
    /// The modules: what the embedding program's `PythonRuntime::host_modules` is as JSON.
    modules: PathBuf,
    /// Where the package `host` of the stubs goes.
    folder: PathBuf,
}

pub(crate) fn stubs(args: &Args) -> Result<()> {
    for path in write(&args.modules, &args.folder)? {
        println!("{}", path.display());
    }
    Ok(())
}

fn write(modules: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let write = || -> Result<_> {
        let described: Vec<ModuleDescription> =
            serde_json::from_str(&fs::read_to_string(modules)?)?;
        Ok(python_runtime::write_stubs(&described, folder)?)
    };
    write().with_context(|| modules.display().to_string())
}

/// Has mypy read code against the stubs of the modules that `python-runtime` is tested with. It must find what the code's
/// own comments (`# error: arg-type`) say, and nothing else.
pub(crate) fn check() -> Result<()> {
    let tests = shell::root().join("python-runtime/tests");
    let code = tests.join("mypy");
    let tools = guest::environment(&shell::guests(), "mypy", &code)?;
    let work = tempfile::tempdir()?;
    write(&tests.join("host/modules.json"), work.path())?;

    let mut expected = BTreeSet::new();
    let mut mypy = guest::isolated(guest::program(&tools, "mypy"));
    mypy.current_dir(&code).env("MYPYPATH", work.path());
    mypy.args(
        "--strict --config-file= --no-color-output --no-pretty --no-error-summary --cache-dir"
            .split(' '),
    )
    .arg(work.path().join("cache"));
    for file in ["bad.py", "good.py"] {
        mypy.arg(file);
        let text = fs::read_to_string(code.join(file))?;
        expected.extend((1..).zip(text.lines()).filter_map(|(i, line)| {
            let (_, error) = line.split_once("# error: ")?;
            Some(format!("{file}:{i}: {error}"))
        }));
    }
    let output = shell::step("having mypy read the stubs of host modules", || {
        Ok(mypy.output()?)
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let found: BTreeSet<_> = said
        .lines()
        .filter_map(|line| {
            let (place, problem) = line.split_once(": error: ")?;
            let (_, code) = problem.trim_end_matches(']').rsplit_once('[')?;
            Some(format!("{place}: {code}"))
        })
        .collect();
    ensure!(
        found == expected,
        "expected of mypy: {expected:#?}\nit said:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
