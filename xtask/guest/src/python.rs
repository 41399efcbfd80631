//! The Python guest: tools, then component, then archive, each built again only when what it is
//! made from changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Result;
use artifact_embed::{Effort, EngineConfig, HOST_TARGET};
use walkdir::WalkDir;

use guest_stamp::python::{archive_for, archive_stamp, sources};
use guest_stamp::{Stamp, replace};

use crate::lock::lock;
use crate::{files, native, packages, shell, sqlite, tools};

/// Builds the guest's archives: for each target where [`archive_for`] says, and without any for
/// this machine at `target/guest/python.aot`. In both places `python-runtime` finds them.
pub(crate) fn build(guests: &Path, targets: &[String], effort: Effort) -> Result<()> {
    let image = Image::new(guests, "python", None)?;
    let mut archives: Vec<_> = targets
        .iter()
        .map(|target| (target.as_str(), archive_for(guests, target)))
        .collect();
    if archives.is_empty() {
        archives.push((HOST_TARGET, guests.join("python.aot")));
    }
    for (target, archive) in archives {
        if image.is_fresh(&archive, target, effort) {
            continue;
        }
        let _lock = lock(guests)?;
        image.build(&archive, target, effort)?;
    }
    Ok(())
}

/// Builds the archive of a guest that has the packages of `requirements` in it.
pub(crate) fn build_with(
    guests: &Path,
    requirements: &Path,
    output: Option<&Path>,
    effort: Effort,
) -> Result<()> {
    let stem = requirements.file_stem().unwrap_or_default();
    let name = format!("python-with-{}", stem.to_string_lossy());
    let _lock = lock(guests)?;
    let packages = packages::install(guests, requirements, &guests.join(&name))?;
    let image = Image::new(guests, &name, Some(packages))?;
    let archive = guests.join(format!("{name}.aot"));
    if !image.is_fresh(&archive, HOST_TARGET, effort) {
        image.build(&archive, HOST_TARGET, effort)?;
    }
    let archive = match output {
        None => &archive,
        Some(output) => {
            replace(output, &fs::read(&archive)?)?;
            output
        }
    };
    eprintln!("{}", archive.display());
    Ok(())
}

/// A guest to be: where it goes, and what it is made from.
struct Image {
    guests: PathBuf,
    sources: PathBuf,
    packages: Option<PathBuf>,
    config: EngineConfig,
    component: PathBuf,
    made: Stamp,
}

impl Image {
    fn new(guests: &Path, name: &str, packages: Option<PathBuf>) -> Result<Self> {
        let component = guests.join(format!("{name}.wasm"));
        let mut inputs = sources()?;
        if let Some(packages) = &packages {
            inputs = inputs.everything(packages)?;
        }
        Ok(Self {
            guests: guests.to_owned(),
            sources: shell::root().join("guest-glue/python"),
            packages,
            config: EngineConfig::default(),
            made: inputs.stamp(&component),
            component,
        })
    }

    /// A small archive serves wherever a fast one does.
    fn is_fresh(&self, archive: &Path, target: &str, effort: Effort) -> bool {
        let archived = |effort| self.archived(archive, target, effort).is_fresh();
        self.made.is_fresh() && (archived(effort) || archived(Effort::Small))
    }

    fn archived(&self, archive: &Path, target: &str, effort: Effort) -> Stamp {
        archive_stamp(archive, self.made.digest(), target, &format!("{effort:?}"))
    }

    fn build(&self, archive: &Path, target: &str, effort: Effort) -> Result<()> {
        if !self.made.is_fresh() {
            let tools = tools::environment(&self.guests, "python", &self.sources)?;
            self.made.clear()?;
            self.componentize(&tools)?;
            self.made.set()?;
        }
        if self.is_fresh(archive, target, effort) {
            return Ok(());
        }
        let wasm = fs::read(&self.component)?;
        let compiled = shell::step(&format!("compiling it for {target}"), || {
            Ok(artifact_embed::compile(&wasm, &self.config, target)?)
        })?;
        let code = compiled.code_bytes();
        let packed = shell::step("compressing it", || Ok(compiled.pack(effort)?))?;
        let archived = self.archived(archive, target, effort);
        archived.clear()?;
        replace(archive, &packed)?;
        archived.set()?;
        eprintln!(
            "Python guest: {:.1} MB component, {:.1} MB code, {:.1} MB archive",
            mega(wasm.len()),
            mega(code),
            mega(packed.len())
        );
        Ok(())
    }

    fn componentize(&self, tools: &Path) -> Result<()> {
        let work = tempfile::tempdir_in(&self.guests)?;
        let wit = work.path().join("wit");
        fs::create_dir(&wit)?;
        // One shape of the protocol alone: the folder has both, as packages of one name.
        fs::copy(
            shell::root().join("wit/wit-wire.wit"),
            wit.join("wit-wire.wit"),
        )?;
        // A copy, into which the guest's Python may write its caches, and the first run what it
        // compiles.
        let glue = work.path().join("glue");
        let is_source = |path: &Path| path.extension().is_some_and(|kind| kind == "py");
        copy(
            &self.sources.join("wit_wire_guest"),
            &glue.join("wit_wire_guest"),
            is_source,
        )?;
        let site_packages = glue.join("site-packages");
        if let Some(packages) = &self.packages {
            copy(packages, &site_packages, |_| true)?;
        }
        // The zones of zoneinfo, unless the packages have their own.
        let zones = site_packages.join("tzdata");
        if !zones.exists() {
            let ours = tools::site_packages(tools)?.join("tzdata");
            copy(&ours, &zones, |_| true)?;
        }
        let made = work.path().join("python.wasm");
        let run = |module: &str| {
            let mut command = tools::isolated(tools::program(tools, "componentize-py"));
            command
                .arg("--wit-path")
                .arg(&wit)
                .args(["--world", "wit-wire", "componentize", module])
                .arg("--python-path")
                .arg(&glue)
                .arg("--output")
                .arg(&made);
            // Packages of whatever environment is active here would become part of the image.
            command.env("VIRTUAL_ENV", tools);
            shell::quiet(&mut command)
        };
        // The one takes one processor, and the other what more there is.
        let native = thread::scope(|scope| {
            let native = scope.spawn(|| native::build(&self.guests, tools));
            shell::step("compiling the Python guest's modules", || {
                run("wit_wire_guest.build.preparation")
            })?;
            let native = native.join();
            native.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        copy(&native, &glue, |_| true)?;
        shell::step("building the Python guest's component", || {
            run("wit_wire_guest.build.image")
        })?;
        let component = sqlite::replace(&fs::read(&made)?)?;
        replace(&self.component, &files::redirect(&component)?)
    }
}

/// Copies the files below a folder whose path inside it is wanted.
fn copy(from: &Path, to: &Path, wanted: impl Fn(&Path) -> bool) -> Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let inside = entry.path().strip_prefix(from)?;
        if entry.file_type().is_file() && wanted(inside) {
            let target = to.join(inside);
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
