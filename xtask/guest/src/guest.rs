//! Guests, each built again only when what it is made from changed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use artifact_embed::Effort;
use clap::{Parser, ValueEnum};

use guest_stamp::python::archive_for;

use crate::{c, compilers, javascript, python, rust, shell};

#[derive(Parser)]
pub(crate) struct Args {
    /// Which guests.
    #[arg(value_enum, default_values_t = [Language::Python])]
    languages: Vec<Language>,
    /// Compress archives as for a release: smaller, and slower to make.
    #[arg(long)]
    release: bool,
    /// Compile the Python guest for this target, into target/guest/python-PROCESSOR-SYSTEM.aot; may
    /// be given several times. Without it, for this machine, into target/guest/python.aot.
    #[arg(
        long = "target",
        value_name = "TRIPLE",
        conflicts_with = "requirements"
    )]
    targets: Vec<String>,
    /// Make a Python guest with the packages of a pip requirements file in it, at
    /// target/guest/python-with-STEM.aot.
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

    pub(crate) fn javascript() -> Self {
        Self::of(Language::JavaScript)
    }

    /// The Python guest as it is released, for these targets.
    pub(crate) fn release(targets: Vec<String>) -> Self {
        Self {
            release: true,
            targets,
            ..Self::python()
        }
    }

    fn wants(&self, language: Language) -> bool {
        self.languages.contains(&language) || self.languages.contains(&Language::All)
    }

    fn of(language: Language) -> Self {
        Self {
            languages: vec![language],
            release: false,
            targets: Vec::new(),
            requirements: None,
            output: None,
        }
    }
}

/// What guests become, by language.
fn products(args: &Args) -> impl Iterator<Item = (Language, PathBuf)> {
    let guests = shell::guests();
    let archives: Vec<_> = match args.targets.is_empty() {
        true => vec![guests.join("python.aot")],
        false => args
            .targets
            .iter()
            .map(|target| archive_for(&guests, target))
            .collect(),
    };
    let python = [guests.join("python.wasm")].into_iter().chain(archives);
    let rust = rust::GUESTS.map(|(.., name)| guests.join(format!("{name}.wasm")));
    python
        .map(|product| (Language::Python, product))
        .chain(rust.map(|product| (Language::Rust, product)))
        .chain([
            (Language::JavaScript, guests.join("javascript.wasm")),
            (Language::C, guests.join("c.wasm")),
        ])
}

/// Builds guests, and prints the digests of what they are then, to compare with another build's.
pub(crate) fn build_and_tell(args: &Args) -> Result<()> {
    build(args)?;
    if args.requirements.is_some() {
        return Ok(());
    }
    for (language, product) in products(args) {
        if args.wants(language) {
            let name = product.file_name().unwrap_or_default().to_string_lossy();
            println!("{}  {name}", blake3::hash(&fs::read(&product)?));
        }
    }
    Ok(())
}

/// Builds guests at `target/guest`.
pub(crate) fn build(args: &Args) -> Result<()> {
    let guests = shell::guests();
    fs::create_dir_all(&guests).with_context(|| format!("making {}", guests.display()))?;
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
    compilers::can_compile_for(&args.targets)?;
    if args.wants(Language::Python) {
        python::build(&guests, &args.targets, effort)?;
    }
    if args.wants(Language::Rust) {
        rust::build(&guests)?;
    }
    if args.wants(Language::JavaScript) {
        javascript::build(&guests)?;
    }
    if args.wants(Language::C) {
        c::build(&guests)?;
    }
    Ok(())
}
