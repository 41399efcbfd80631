//! The Python guest's modules in C: sources from the registries, compiled and linked against the
//! interpreter that componentize-py brings, which then links them into the component.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use guest_stamp::Inputs;
use serde::Deserialize;

use crate::{shell, tools};

/// What CPython and componentize-py ask of a file's name.
pub(crate) const SUFFIX: &str = ".cpython-314-wasm32-wasi.so";

const COMPILE: &str = "cc -target wasm32-wasi -fPIC -std=gnu11 -O2 -g0 -ffunction-sections -fdata-sections \
                       -D_WASI_EMULATED_PROCESS_CLOCKS";

/// What does not resolve is an error here, and not when a program imports the module.
const LINK: &str =
    "wasm-ld -shared --no-entry --unresolved-symbols=report-all --gc-sections --strip-all -O2";

/// The interpreter's libraries, as componentize-py names them, each with a function that it alone
/// exports.
const LIBRARIES: [(&str, &str); 3] = [
    ("libpython3.14.so", "Py_GetBuildInfo"),
    ("libc.so", "closedir"),
    ("libwasi-emulated-process-clocks.so", "clock"),
];

/// How a module is made, as `modules.json` has it. Paths are below the glue's own sources, or below
/// those that were fetched.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    /// Files; all of a folder as `FOLDER/*.c`.
    sources: Vec<String>,
    /// Files of these folders to leave out, less `.c`.
    #[serde(default)]
    without: Vec<String>,
    include: Vec<String>,
    define: Vec<String>,
    /// Small code rather than fast code.
    #[serde(default)]
    small: bool,
}

/// The folder with all modules, built where they are not up to date.
pub(crate) fn build(guests: &Path, tools: &Path) -> Result<PathBuf> {
    let ours = shell::root().join("guest-glue/python/native");
    let made = guests.join("python-native");
    let stamp = Inputs::default()
        .text(include_str!("native.rs"))
        .path(&ours)?
        .path(&shell::root().join("guest-glue/python/requirements.txt"))?
        .stamp(&made);
    if stamp.is_fresh() {
        return Ok(made);
    }
    stamp.clear()?;
    let work = tempfile::tempdir_in(guests)?;
    let fetched = shell::step(
        "fetching the sources of the Python guest's C modules",
        || fetch(guests, tools, &ours),
    )?;
    shell::step("building the Python guest's C modules", || {
        let compiler = Compiler {
            zig: tools::site_packages(tools)?.join("ziglang/zig"),
            cache: tools.join("zig-cache"),
            folders: [ours.clone(), fetched],
            work: work.path().to_owned(),
        };
        let libraries = libraries(tools, work.path())?;
        let modules = fs::read_to_string(ours.join("modules.json"))?;
        let modules: BTreeMap<String, Module> =
            serde_json::from_str(&modules).context("reading modules.json")?;
        let objects = compiler.compile(&modules)?;
        replace_folder(&made)?;
        for (name, objects) in objects {
            compiler.link(&objects, &libraries, &made.join(name + SUFFIX))?;
        }
        Ok(())
    })?;
    stamp.set()?;
    Ok(made)
}

/// Fetches what others have written: crates as `Cargo.lock` pins them, and Python packages as
/// `requirements.txt` does, each in a folder of its name.
fn fetch(guests: &Path, tools: &Path, ours: &Path) -> Result<PathBuf> {
    let folder = guests.join("python-native-sources");
    let stamp = Inputs::default()
        .path(&ours.join("Cargo.lock"))?
        .path(&ours.join("requirements.txt"))?
        .stamp(&folder);
    if stamp.is_fresh() {
        return Ok(folder);
    }
    stamp.clear()?;
    replace_folder(&folder)?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args("vendor --locked --quiet --manifest-path".split(' '));
    cargo.arg(ours.join("Cargo.toml")).arg(&folder);
    shell::quiet(&mut cargo).context("Cargo could not fetch the crates")?;

    let packages = tempfile::tempdir_in(guests)?;
    let python = || {
        let mut python = tools::isolated(tools::program(tools, "python"));
        python.args(["-I", "-m"]);
        python
    };
    let mut pip = python();
    // Pip asks a package for its metadata: with the tools there are, not with some that it fetches.
    pip.args(
        "pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --no-build-isolation \
         --require-hashes --requirement"
            .split(' '),
    );
    pip.arg(ours.join("requirements.txt"));
    shell::quiet(pip.arg("--dest").arg(packages.path()))
        .context("pip could not fetch the packages' sources")?;
    for package in fs::read_dir(packages.path())? {
        let package = package?.path();
        let name = package.file_name().unwrap_or_default().to_string_lossy();
        let named = name.strip_suffix(".tar.gz").context("no .tar.gz")?;
        let (plain, _) = named.rsplit_once('-').context("no version in the name")?;
        let mut unpack = python();
        unpack.args(["tarfile", "--extract"]).arg(&package);
        shell::quiet(unpack.arg(packages.path()))?;
        fs::rename(packages.path().join(named), folder.join(plain))
            .with_context(|| format!("{name} has no folder {named}"))?;
    }
    stamp.set()?;
    Ok(folder)
}

/// The interpreter's libraries, which componentize-py's own native code has in it, compressed.
fn libraries(tools: &Path, work: &Path) -> Result<Vec<PathBuf>> {
    const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let package = tools::site_packages(tools)?.join("componentize_py");
    let native = ["componentize_py.abi3.so", "componentize_py.pyd"];
    let native = native.map(|name| package.join(name));
    let native = native.iter().find(|path| path.exists());
    let native = fs::read(native.context("componentize-py has no native code")?)?;
    let mut found = BTreeMap::new();
    for (at, window) in native.windows(FRAME.len()).enumerate() {
        if window != FRAME {
            continue;
        }
        let frame = zstd::Decoder::new(native.get(at..).unwrap_or_default())?;
        let mut bytes = Vec::new();
        // What only looks like a frame, or is no module, is something else's.
        if std::io::copy(&mut frame.single_frame(), &mut bytes).is_err() {
            continue;
        }
        for (library, function) in LIBRARIES {
            if exports(&bytes, function) {
                found.insert(library, bytes.clone());
            }
        }
    }
    let write = |(library, _)| {
        let bytes = found.get(library);
        let bytes = bytes.with_context(|| format!("componentize-py has no {library}"))?;
        let path = work.join(library);
        fs::write(&path, bytes)?;
        Ok(path)
    };
    LIBRARIES.into_iter().map(write).collect()
}

fn exports(module: &[u8], function: &str) -> bool {
    module.starts_with(b"\0asm")
        && wasmparser::Parser::new(0)
            .parse_all(module)
            .map_while(Result::ok)
            .any(|payload| match payload {
                wasmparser::Payload::ExportSection(exports) => exports
                    .into_iter()
                    .map_while(Result::ok)
                    .any(|export| export.name == function),
                _ => false,
            })
}

struct Compiler {
    zig: PathBuf,
    cache: PathBuf,
    /// Where sources are: the glue's own, and those that were fetched.
    folders: [PathBuf; 2],
    work: PathBuf,
}

impl Compiler {
    fn zig(&self) -> Command {
        let mut zig = Command::new(&self.zig);
        zig.env("ZIG_GLOBAL_CACHE_DIR", &self.cache);
        zig.env("ZIG_LOCAL_CACHE_DIR", &self.cache);
        zig
    }

    /// Compiles all sources, as many at once as there are processors. The objects of each module.
    fn compile(
        &self,
        modules: &BTreeMap<String, Module>,
    ) -> Result<BTreeMap<String, Vec<PathBuf>>> {
        let mut objects = BTreeMap::<String, Vec<PathBuf>>::new();
        let mut commands = Vec::new();
        for (name, module) in modules {
            for source in self.sources(module)? {
                let object = self.work.join(format!("{}.o", commands.len()));
                commands.push((source, object.clone(), module));
                objects.entry(name.clone()).or_default().push(object);
            }
        }
        // What takes longest first, so that it does not end alone.
        let size = |source: &PathBuf| fs::metadata(source).map_or(0, |file| file.len());
        commands.sort_by_key(|(source, ..)| std::cmp::Reverse(size(source)));
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some((source, object, module)) =
                commands.get(next.fetch_add(1, Ordering::Relaxed))
            {
                self.compile_one(source, object, module)?;
            }
            Ok(())
        };
        let processors = thread::available_parallelism()?.get();
        thread::scope(|scope| {
            let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| {
                let outcome = worker.join();
                outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
        })?;
        Ok(objects)
    }

    fn compile_one(&self, source: &Path, object: &Path, module: &Module) -> Result<()> {
        let [ours, fetched] = &self.folders;
        let mut zig = self.zig();
        zig.args(COMPILE.split_whitespace());
        // The same code wherever it is built.
        for folder in &self.folders {
            zig.arg(format!("-ffile-prefix-map={}=.", folder.display()));
        }
        match source.starts_with(ours) {
            true => zig.args(["-Wall", "-Wextra", "-Werror"]),
            false => zig.arg("-w"),
        };
        zig.arg("-I").arg(ours.join("include"));
        for include in &module.include {
            zig.arg("-isystem").arg(fetched.join(include));
        }
        if module.small {
            zig.arg("-Os");
        }
        for define in &module.define {
            zig.arg(format!("-D{define}"));
        }
        shell::quiet(zig.arg("-c").arg(source).arg("-o").arg(object))
    }

    fn sources(&self, module: &Module) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for source in &module.sources {
            let paths = self.folders.iter().map(|folder| folder.join(source));
            let Some(folder) = source.strip_suffix("/*.c") else {
                let path = paths.into_iter().find(|path| path.exists());
                found.push(path.with_context(|| format!("no source {source}"))?);
                continue;
            };
            let [_, fetched] = &self.folders;
            let listed = fs::read_dir(fetched.join(folder));
            let mut all = Vec::new();
            for file in listed.with_context(|| format!("no sources {source}"))? {
                let file = file?.path();
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                let is_c = file.extension() == Some(OsStr::new("c"));
                if is_c && !module.without.iter().any(|name| *name == stem) {
                    all.push(file);
                }
            }
            ensure!(!all.is_empty(), "no sources {source}");
            all.sort_unstable();
            found.append(&mut all);
        }
        Ok(found)
    }

    fn link(&self, objects: &[PathBuf], libraries: &[PathBuf], module: &Path) -> Result<()> {
        let mut zig = self.zig();
        zig.args(LINK.split_whitespace()).arg("-o").arg(module);
        shell::quiet(zig.args(objects).args(libraries))
    }
}

fn replace_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}
