//! `cargo xtask stubs MODULES FOLDER`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use python_runtime::ModuleDescription;

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
