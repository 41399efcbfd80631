//! `cargo xtask serve FOLDER`.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

use crate::{guest, shell};

#[derive(Parser)]
pub(crate) struct Args {
    /// The folder of Python files: `POST /module/function` calls a function of `module.py`.
    folder: PathBuf,
    /// What else to tell the server, such as `--listen 0.0.0.0:80` or `--development`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<OsString>,
}

/// Becomes the server.
pub(crate) fn serve(args: &Args) -> Result<()> {
    guest::build(&guest::Args::python())?;
    let mut cargo = shell::cargo();
    // From where the user stands: the paths they gave are relative to it.
    cargo
        .current_dir(std::env::current_dir()?)
        .args(["run", "--quiet", "--manifest-path"])
        .arg(shell::root().join("Cargo.toml"))
        // Not `--package`, for which cargo would build the engine again with fewer features.
        .args(["--bin", "serve"]);
    // It brings more packages than the rest of the server: built only for those who use it.
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some() {
        cargo.args(["--features", "serve/otlp"]);
    }
    cargo.arg("--").arg(&args.folder).args(&args.more);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        Err(cargo.exec()).context("can't start cargo")
    }
    #[cfg(not(unix))]
    {
        let status = cargo.status().context("can't start cargo")?;
        std::process::exit(status.code().unwrap_or(1))
    }
}
