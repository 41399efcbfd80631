//! Says which packages of `Cargo.lock` have security advisories. It reads a local copy of the
//! RustSec database and fetches nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use rustsec::advisory::{Informational, Metadata};
use rustsec::package::Package;
use rustsec::report::{Report, Settings};
use rustsec::{Database, Lockfile};

/// Names the database where the command line does not.
const DATABASE: &str = "WIT_WIRE_ADVISORY_DB";

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    /// Say which packages of Cargo.lock have security advisories, by a local copy of the RustSec
    /// database.
    Advisories(Args),
}

#[derive(Parser)]
struct Args {
    /// The copy of the database. WIT_WIRE_ADVISORY_DB names it, too.
    #[arg(long, value_name = "FOLDER")]
    database: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Command::Advisories(args) = Command::parse();
    xtask_shell::exit_code(advisories(args))
}

fn advisories(args: Args) -> Result<()> {
    let named = std::env::var_os(DATABASE).filter(|folder| !folder.is_empty());
    let folder = args.database.or(named.map(PathBuf::from)).with_context(|| {
        format!(
            "no advisory database: `git clone --depth 1 https://github.com/rustsec/advisory-db FOLDER` makes a copy, \
             which `--database FOLDER` or {DATABASE} names"
        )
    })?;
    let database = Database::open(&folder)
        .with_context(|| format!("{} is no RustSec database", folder.display()))?;
    let lock = Lockfile::load(xtask_shell::root().join("Cargo.lock"))?;
    let settings = Settings {
        informational_warnings: vec![
            Informational::Notice,
            Informational::Unmaintained,
            Informational::Unsound,
        ],
        ..Settings::default()
    };
    let report = Report::generate(&database, &lock, &settings);
    for (kind, warnings) in &report.warnings {
        for warning in warnings {
            if let Some(advisory) = &warning.advisory {
                row(kind.as_str(), &warning.package, advisory);
            }
        }
    }
    for vulnerability in &report.vulnerabilities.list {
        row(
            "vulnerable",
            &vulnerability.package,
            &vulnerability.advisory,
        );
        for patched in vulnerability.versions.patched() {
            println!("              fixed in {patched}");
        }
    }
    let packages = lock.packages.len();
    println!(
        "{packages} packages, {} advisories read",
        database.iter().count()
    );
    match report.vulnerabilities.count {
        0 => Ok(()),
        1 => bail!("one vulnerability"),
        many => bail!("{many} vulnerabilities"),
    }
}

fn row(kind: &str, package: &Package, advisory: &Metadata) {
    let Metadata { id, title, .. } = advisory;
    println!(
        "{kind:<12}  {} {}: {id}, {title}",
        package.name, package.version
    );
}
