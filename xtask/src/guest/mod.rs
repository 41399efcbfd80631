//! Guests, each built again only when what it is made from changed.

mod c;
mod javascript;
mod packages;
mod python;
mod rust;
mod tools;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use artifact_embed::Effort;
use clap::{Parser, ValueEnum};

use crate::shell;
pub(crate) use javascript::test as test_javascript;
pub(crate) use tools::{environment, isolated, program, python};

#[derive(Parser)]
pub(crate) struct Args {
    /// Which guests.
    #[arg(value_enum, default_values_t = [Language::Python])]
    languages: Vec<Language>,
    /// Compress archives as for a release: smaller, and slower to make.
    #[arg(long)]
    release: bool,
    /// Make a Python guest with the packages of a pip requirements file in it, at target/guest/python-with-STEM.aot.
    #[arg(long, value_name = "FILE")]
    requirements: Option<PathBuf>,
    /// Copy that guest's archive there.
    #[arg(long, value_name = "FILE", requires = "requirements")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Python,
    Rust,
    #[value(name = "javascript")]
    JavaScript,
    C,
    All,
}

impl Args {
    pub(crate) fn python() -> Self {
        Self::of(Language::Python)
    }

    pub(crate) fn all() -> Self {
        Self::of(Language::All)
    }

    /// The Python guest that has the packages that its tests use.
    pub(crate) fn tested_packages() -> Self {
        Self {
            requirements: Some(shell::root().join("xtask/tests/packages/tested.txt")),
            ..Self::python()
        }
    }

    fn of(language: Language) -> Self {
        Self {
            languages: vec![language],
            release: false,
            requirements: None,
            output: None,
        }
    }
}

/// The guests that take the conformance cases: name of the component, and its language.
pub(crate) const CONFORMANCE: [(&str, &str); 5] = [
    ("python", "python"),
    ("rust", "rust"),
    ("rust-no-wasi", "rust"),
    ("javascript", "javascript"),
    ("c", "c"),
];

/// Whether there was anything to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Built {
    UpToDate,
    Anew,
}

/// Builds guests at `target/guest`.
pub(crate) fn build(args: &Args) -> Result<Built> {
    let guests = shell::guests();
    fs::create_dir_all(&guests).with_context(|| format!("making {}", guests.display()))?;
    let wanted =
        |language| args.languages.contains(&language) || args.languages.contains(&Language::All);
    let effort = if args.release {
        Effort::Small
    } else {
        Effort::Fast
    };
    if let Some(requirements) = &args.requirements {
        if args.languages != [Language::Python] {
            bail!("packages can be had in the Python guest alone");
        }
        return python::build_with(&guests, requirements, args.output.as_deref(), effort);
    }
    let mut built = Built::UpToDate;
    if wanted(Language::Python) {
        built = python::build(&guests, effort)?;
    }
    if wanted(Language::Rust) {
        rust::build(&guests)?;
    }
    if wanted(Language::JavaScript) {
        javascript::build(&guests)?;
    }
    if wanted(Language::C) {
        c::build(&guests)?;
    }
    Ok(built)
}

/// Two of us at once would build into each other's folders.
fn lock(guests: &Path) -> Result<fs::File> {
    let lock = fs::File::create(guests.join(".lock"))?;
    if lock.try_lock().is_err() {
        eprintln!("waiting for another `cargo xtask` that builds guests ...");
        lock.lock()?;
    }
    Ok(lock)
}

/// Replaces a file whole, so that a build that was stopped leaves the old one.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = tempfile::Builder::new();
    #[cfg(unix)]
    file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = file.tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}
