//! From an archive to a component.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tracing::Span;
use tracing::field::Empty;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::archive::Archive;
use crate::cache::Cache;
use crate::cache_folder::CacheFolder;
use crate::error::Error;
use crate::profile::{EngineProfile, HOST_TARGET, WASMTIME_VERSION, missing_features, platform};

/// Where a component's code lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backing {
    /// A file in a cache folder that only this user can write. The first process decompresses into it; later ones map it
    /// and copy nothing.
    CacheFile,
    /// A sealed file in memory (Linux): decompressed by each process, then mapped.
    Memfd,
    /// Plain memory.
    Memory,
}

/// Loads archives into one engine.
///
/// ```no_run
/// # fn example(archive: artifact_embed::Archive<'static>) -> Result<(), artifact_embed::Error> {
/// use artifact_embed::{Backing, EngineProfile, Loader};
///
/// let loader = Loader::new(&EngineProfile::default())?.cache_folder("/var/cache/my-service");
/// let loaded = loader.load(&archive)?;
/// if loaded.backing != Backing::CacheFile {
///     eprintln!("each start will take longer: {:?}", loaded.skipped);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Loader {
    engine: Engine,
    pub(crate) profile: EngineProfile,
    pub(crate) order: Vec<Backing>,
    pub(crate) cache: Option<PathBuf>,
    #[cfg(unix)]
    perf_map: bool,
}

/// A component, and how it came to be.
pub struct Loaded {
    /// The component.
    pub component: Component,
    /// Where its code lies.
    pub backing: Backing,
    /// Why backings that come earlier in the order were not used.
    pub skipped: Vec<Error>,
}

impl Loader {
    /// A loader with an engine of `profile`.
    ///
    /// - order: cache file, memfd, memory
    /// - cache folder: `artifact-embed` in the user's own cache folder (`$XDG_CACHE_HOME` or `~/.cache` on Linux)
    /// - no list of functions for `perf`
    pub fn new(profile: &EngineProfile) -> Result<Self, Error> {
        Ok(Self {
            engine: profile.engine()?,
            profile: profile.clone(),
            order: vec![Backing::CacheFile, Backing::Memfd, Backing::Memory],
            cache: CacheFolder::UserDefault.path(),
            #[cfg(unix)]
            perf_map: false,
        })
    }

    /// The backings to try, in this order. One that this machine does not offer is skipped, with a warning by `tracing`; a
    /// damaged archive is an error at once.
    #[must_use]
    pub fn order(mut self, order: impl Into<Vec<Backing>>) -> Self {
        self.order = order.into();
        self
    }

    /// The cache folder. With [`CacheFolder::None`], [`Backing::CacheFile`] is taken out of the order.
    #[must_use]
    pub fn cache_folder(mut self, folder: impl Into<CacheFolder>) -> Self {
        let folder = folder.into();
        if folder == CacheFolder::None {
            self.order.retain(|backing| *backing != Backing::CacheFile);
        }
        self.cache = folder.path();
        self
    }

    /// Tells `perf` the functions of what is loaded from now on, by the names in the component: in `/tmp/perf-PID.map`, which stays
    /// when the process has ended. Code goes into plain memory ([`Backing::Memory`]) and not into files, mapped ones included: `perf` asks a
    /// file itself for its functions, and these say nothing. So each start decompresses the code, or compiles it. Not on Windows.
    #[cfg(unix)]
    #[must_use]
    pub fn perf_map(mut self) -> Self {
        self.order = vec![Backing::Memory];
        self.perf_map = true;
        self
    }

    /// The engine that loaded components belong to.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Checks `archive` against this engine and machine, and loads it. Blocks: milliseconds from a cache
    /// file; without one, as long as it takes to decompress the code and to get it on the disk.
    ///
    /// Each load is a span `load` of `tracing`, of the level `INFO` and the target `artifact_embed::load`: `artifact` (its name in the cache),
    /// `backing`, `cached` (whether the code was there, and was neither decompressed nor compiled), `bytes`, `milliseconds`.
    pub fn load(&self, archive: &Archive<'_>) -> Result<Loaded, Error> {
        self.check(archive)?;
        let name = archive.digest();
        self.load_as(name, Some(archive.header().code_bytes), || archive.code())
    }

    /// Loads `code`, which is made at most once, or what the cache has of it under `name`.
    pub(crate) fn load_as(
        &self,
        name: &str,
        length: Option<u64>,
        code: impl FnOnce() -> Result<Vec<u8>, Error>,
    ) -> Result<Loaded, Error> {
        let watched = Watched::new(name);
        let mut code = LazyCode {
            make: Some(code),
            made: None,
        };
        let loaded = watched
            .span
            .in_scope(|| self.load_in_order(name, length, &mut code))?;
        watched.end(&loaded.component, loaded.backing, code.made.is_none());
        #[cfg(unix)]
        if self.perf_map {
            crate::perf_map::add(&loaded.component)?;
        }
        Ok(loaded)
    }

    fn load_in_order<F: FnOnce() -> Result<Vec<u8>, Error>>(
        &self,
        name: &str,
        length: Option<u64>,
        code: &mut LazyCode<F>,
    ) -> Result<Loaded, Error> {
        let mut skipped = Vec::<Error>::new();
        for &backing in &self.order {
            let loaded = match backing {
                Backing::CacheFile => self.cached(name, length, code),
                Backing::Memfd => code.get().and_then(|code| self.memfd(code)),
                Backing::Memory => code.get().and_then(|code| self.memory(code)),
            };
            match loaded {
                Ok(component) => {
                    for error in &skipped {
                        tracing::warn!(
                            ?backing,
                            "artifact not loaded as it was to be: {}",
                            error.report()
                        );
                    }
                    return Ok(Loaded {
                        component,
                        backing,
                        skipped,
                    });
                }
                Err(error @ (Error::Io { .. } | Error::CacheFolder { .. })) => skipped.push(error),
                // Also what a file system gives that does not let files be executed. Memory has the last word.
                Err(error @ Error::Refused(_)) if backing != Backing::Memory => skipped.push(error),
                Err(error) => return Err(error),
            }
        }
        Err(Error::NoBacking {
            reasons: skipped.iter().map(Error::report).collect(),
        })
    }

    fn check(&self, archive: &Archive<'_>) -> Result<(), Error> {
        let header = archive.header();
        let differ = |expected: &str, found: &str| {
            (expected != found).then(|| (expected.to_owned(), found.to_owned()))
        };
        if let Some((expected, found)) = differ(WASMTIME_VERSION, &header.wasmtime) {
            return Err(Error::WasmtimeVersion { expected, found });
        }
        if platform(HOST_TARGET) != platform(&header.target) {
            return Err(Error::Target {
                expected: HOST_TARGET.to_owned(),
                found: header.target.clone(),
            });
        }
        if let Some((expected, found)) = differ(&self.profile.fingerprint(), &header.profile) {
            return Err(Error::Profile { expected, found });
        }
        check_cpu(&header.cpu)
    }

    /// The code in the cache's entry `name`, made first if it is not there.
    fn cached<F: FnOnce() -> Result<Vec<u8>, Error>>(
        &self,
        name: &str,
        length: Option<u64>,
        code: &mut LazyCode<F>,
    ) -> Result<Component, Error> {
        let Some(folder) = &self.cache else {
            let problem = "this user has none".to_owned();
            return Err(Error::CacheFolder {
                path: PathBuf::new(),
                problem,
            });
        };
        let cache = Cache::open(folder)?;
        // One that Wasmtime can't read is written anew. Damage beyond that is not looked for: see `Cache::write`.
        if let Some(entry) = cache.find(name, length)?
            && let Ok(component) = self.map(&entry.file, &entry.path)
        {
            return Ok(component);
        }
        let entry = cache.write(name, code.get()?)?;
        self.map(&entry.file, &entry.path)
    }

    #[cfg(target_os = "linux")]
    fn memfd(&self, code: &[u8]) -> Result<Component, Error> {
        use std::io::Write;

        let refused = |error: memfd::Error| {
            Error::io("making a file in memory")(std::io::Error::other(error))
        };
        let file = memfd::MemfdOptions::new()
            .allow_sealing(true)
            .create("artifact")
            .map_err(refused)?;
        file.as_file()
            .write_all(code)
            .map_err(Error::io("filling a file in memory"))?;
        file.add_seals(&[
            memfd::FileSeal::SealShrink,
            memfd::FileSeal::SealGrow,
            memfd::FileSeal::SealWrite,
            memfd::FileSeal::SealSeal,
        ])
        .map_err(refused)?;
        self.map(file.as_file(), Path::new("a file in memory"))
    }

    #[cfg(not(target_os = "linux"))]
    fn memfd(&self, _: &[u8]) -> Result<Component, Error> {
        Err(Error::io("making a file in memory")(
            std::io::ErrorKind::Unsupported.into(),
        ))
    }

    /// The component whose code is in `file`: an entry of the cache, or sealed.
    #[allow(unsafe_code, reason = "this is where code becomes executable")]
    pub(crate) fn map(&self, file: &File, path: &Path) -> Result<Component, Error> {
        // Through the descriptor where that has a path, so that the file is the one that was checked.
        #[cfg(target_os = "linux")]
        let path = {
            use std::os::fd::AsRawFd;
            let open = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
            if open.exists() { open } else { path.to_owned() }
        };
        #[cfg(not(target_os = "linux"))]
        let _ = file;
        // SAFETY: the file holds what this crate compiled, or what an `Archive` decompressed to, whose maker the caller of
        // `Archive::trust` vouched for and whose digest `Archive::code` checked. It does not change: it is either
        // sealed, or this user's own and writable for nobody else, in a folder of the same kind, and files there are
        // only ever replaced by a rename of one that is on the disk whole.
        unsafe { Component::deserialize_file(&self.engine, path) }
            .map_err(|error| Error::Refused(error.into()))
    }

    #[allow(unsafe_code, reason = "this is where code becomes executable")]
    fn memory(&self, code: &[u8]) -> Result<Component, Error> {
        // SAFETY: `code` was either compiled by this process, or is what an `Archive` decompressed to, whose maker the
        // caller of `Archive::trust` vouched for and whose digest `Archive::code` checked.
        unsafe { Component::deserialize(&self.engine, code) }
            .map_err(|error| Error::Refused(error.into()))
    }
}

/// The span of a load.
pub(crate) struct Watched {
    span: Span,
    began: Instant,
}

impl Watched {
    pub(crate) fn new(artifact: &str) -> Self {
        Self {
            span: tracing::info_span!(
                "load",
                artifact,
                backing = Empty,
                cached = Empty,
                bytes = Empty,
                milliseconds = Empty
            ),
            began: Instant::now(),
        }
    }

    pub(crate) fn end(&self, component: &Component, backing: Backing, cached: bool) {
        let image = component.image_range();
        self.span
            .record("backing", tracing::field::debug(backing))
            .record("cached", cached)
            .record("bytes", image.end.addr() - image.start.addr())
            .record("milliseconds", self.began.elapsed().as_secs_f64() * 1e3);
    }
}

/// Code that takes long to make and may not be needed.
struct LazyCode<F> {
    make: Option<F>,
    made: Option<Vec<u8>>,
}

impl<F: FnOnce() -> Result<Vec<u8>, Error>> LazyCode<F> {
    fn get(&mut self) -> Result<&[u8], Error> {
        if let Some(make) = self.make.take() {
            self.made = Some(make()?);
        }
        Ok(self.made.as_deref().unwrap_or_default())
    }
}

pub(crate) fn check_cpu(cpu: &str) -> Result<(), Error> {
    let missing = missing_features(cpu);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Error::Cpu {
            cpu: cpu.to_owned(),
            missing,
        })
    }
}
