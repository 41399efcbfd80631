//! The loader: checks that code fits engine and machine, and tries one backing after the other.

use std::fmt;
use std::path::PathBuf;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::backing::{Backing, copy, map, seal};
use super::span::{LoadSpan, TARGET};
use crate::archive::{Archive, Header};
use crate::cache::{Cache, CacheFolder};
use crate::engine::{EngineConfig, HOST_TARGET, WASMTIME_VERSION, check_cpu, platform};
use crate::error::Error;

/// Loads archives into one engine. Cloning it is cheap, and clones share the engine.
///
/// ```no_run
/// # fn example(archive: artifact_embed::Archive<'static>) -> Result<(), artifact_embed::Error> {
/// use artifact_embed::{Backing, EngineConfig, Loader};
///
/// let loader =
///     Loader::new(&EngineConfig::default())?.with_cache_folder("/var/cache/my-service");
/// let loaded = loader.load(&archive)?;
/// if loaded.backing != Backing::CacheFile {
///     eprintln!("each start will take longer: {:?}", loaded.skipped);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Loader {
    pub(super) engine: Engine,
    pub(super) config: EngineConfig,
    backings: Vec<Backing>,
    cache: Option<PathBuf>,
    #[cfg(unix)]
    perf_map: bool,
}

/// A component, and where its code lies.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The component.
    pub component: Component,
    /// Where its code lies.
    pub backing: Backing,
    /// Why backings that come earlier in the order were not used.
    pub skipped: Vec<Error>,
}

impl Loader {
    /// A loader with an engine of its own, built with `config`.
    ///
    /// - backings: cache file, memfd, memory
    /// - cache folder: `artifact-embed` in the user's own cache folder (`$XDG_CACHE_HOME` or
    ///   `~/.cache` on Linux)
    /// - no function list for `perf`
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] if Wasmtime rejects the settings on this machine.
    pub fn new(config: &EngineConfig) -> Result<Self, Error> {
        Ok(Self {
            engine: config.build_engine()?,
            config: config.clone(),
            backings: vec![Backing::CacheFile, Backing::Memfd, Backing::Memory],
            cache: CacheFolder::UserDefault.path(),
            #[cfg(unix)]
            perf_map: false,
        })
    }

    /// Sets the backings to try, in this order. One that this machine does not offer is skipped,
    /// with a `tracing` warning; a damaged archive is an error at once.
    #[must_use]
    pub fn with_backings(mut self, backings: impl Into<Vec<Backing>>) -> Self {
        self.backings = backings.into();
        self
    }

    /// Sets the cache folder. It is created with access for this user only; a folder to which
    /// others have access is not used. [`CacheFolder::None`] removes [`Backing::CacheFile`].
    #[must_use]
    pub fn with_cache_folder(mut self, folder: impl Into<CacheFolder>) -> Self {
        let folder = folder.into();
        if folder == CacheFolder::None {
            self.backings
                .retain(|backing| *backing != Backing::CacheFile);
        }
        self.cache = folder.path();
        self
    }

    /// Lists the functions of what is loaded from now on for `perf`, with the names that the
    /// component gives them, in `/tmp/perf-PID.map`, which remains when the process has ended.
    ///
    /// This sets the backings to [`Backing::Memory`]: for code mapped from a file, `perf` looks for
    /// symbols in the file, which has none. So each start decompresses the code, or compiles it.
    /// Not available on Windows.
    #[cfg(unix)]
    #[must_use]
    pub fn with_perf_map(mut self) -> Self {
        self.backings = vec![Backing::Memory];
        self.perf_map = true;
        self
    }

    /// The engine that loaded components belong to.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Checks that `archive` fits this engine and machine, and loads it.
    ///
    /// Blocks: milliseconds from a cache file; without one, for as long as it takes to decompress
    /// the code and to write it to disk.
    ///
    /// Each load is a `tracing` span `load` of level `INFO` and target `artifact_embed::load`, with
    /// the fields `artifact` (its name in the cache), `backing`, `cached` (whether the code was
    /// there and was neither decompressed nor compiled), `bytes` and `milliseconds`.
    ///
    /// # Errors
    ///
    /// - [`Error::WasmtimeVersion`], [`Error::EngineConfig`], [`Error::Target`] or [`Error::Cpu`]
    ///   if the archive does not fit
    /// - [`Error::PayloadDigest`], [`Error::Frame`] or [`Error::InvalidHeader`] if it is damaged
    /// - [`Error::Refused`] if Wasmtime does not accept the code
    /// - [`Error::NoBacking`] if none of the backings can be used
    /// - [`Error::Io`] if the function list for `perf` can't be written
    pub fn load(&self, archive: &Archive<'_>) -> Result<Loaded, Error> {
        self.check(archive.header())?;
        let name = archive.digest();
        self.load_as(name, Some(archive.header().code_bytes()), || archive.code())
    }

    /// Loads `code`, which is made at most once, or the code that the cache has under `name`.
    pub(super) fn load_as(
        &self,
        name: &str,
        length: Option<u64>,
        code: impl FnOnce() -> Result<Vec<u8>, Error>,
    ) -> Result<Loaded, Error> {
        let span = LoadSpan::new(name);
        let mut code = LazyCode {
            make: Some(code),
            made: None,
        };
        let loaded = span.in_scope(|| self.try_backings(name, length, &mut code))?;
        span.end(&loaded.component, loaded.backing, code.made.is_none());
        #[cfg(unix)]
        if self.perf_map {
            super::perf_map::append(&loaded.component)?;
        }
        Ok(loaded)
    }

    fn try_backings<F: FnOnce() -> Result<Vec<u8>, Error>>(
        &self,
        name: &str,
        length: Option<u64>,
        code: &mut LazyCode<F>,
    ) -> Result<Loaded, Error> {
        let mut skipped: Vec<Error> = Vec::new();
        for &backing in &self.backings {
            let loaded = match backing {
                Backing::CacheFile => self.cached(name, length, code),
                Backing::Memfd => code.get().and_then(|code| seal(&self.engine, code)),
                Backing::Memory => code.get().and_then(|code| copy(&self.engine, code)),
            };
            match loaded {
                Ok(component) => {
                    for error in &skipped {
                        tracing::warn!(
                            target: TARGET,
                            ?backing,
                            "artifact loaded from a slower backing than configured: {}",
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
                // Also the result of a file system that forbids execution. Memory decides.
                Err(error @ Error::Refused(_)) if backing != Backing::Memory => skipped.push(error),
                Err(error) => return Err(error),
            }
        }
        Err(Error::NoBacking {
            reasons: skipped.iter().map(Error::report).collect(),
        })
    }

    pub(super) fn check(&self, header: &Header) -> Result<(), Error> {
        let differ = |expected: &str, found: &str| {
            (expected != found).then(|| (expected.to_owned(), found.to_owned()))
        };
        if let Some((expected, found)) = differ(WASMTIME_VERSION, header.wasmtime_version()) {
            return Err(Error::WasmtimeVersion { expected, found });
        }
        if platform(HOST_TARGET) != platform(header.target()) {
            return Err(Error::Target {
                expected: HOST_TARGET.to_owned(),
                found: header.target().to_owned(),
            });
        }
        if let Some((expected, found)) = differ(&self.config.fingerprint(), header.fingerprint()) {
            return Err(Error::EngineConfig { expected, found });
        }
        check_cpu(header.cpu())
    }

    /// Maps the cache's entry `name`, and writes it first if there is none.
    fn cached<F: FnOnce() -> Result<Vec<u8>, Error>>(
        &self,
        name: &str,
        length: Option<u64>,
        code: &mut LazyCode<F>,
    ) -> Result<Component, Error> {
        let Some(folder) = &self.cache else {
            let problem =
                "this user has no default one: set one with `Loader::with_cache_folder`".to_owned();
            return Err(Error::CacheFolder {
                path: PathBuf::new(),
                problem,
            });
        };
        let cache = Cache::open(folder)?;
        // An entry that Wasmtime can't read is written again. Other damage is not looked for: see
        // `Cache::write`.
        if let Some(entry) = cache.find(name, length)?
            && let Ok(component) = map(&self.engine, &entry.file, &entry.path)
        {
            return Ok(component);
        }
        let entry = cache.write(name, code.get()?)?;
        map(&self.engine, &entry.file, &entry.path)
    }

    /// The cache, if it is one of the backings and can be used.
    #[cfg(feature = "compile")]
    pub(super) fn open_cache(&self) -> Option<Cache> {
        let folder = self.cache.as_deref()?;
        let is_used = self.backings.contains(&Backing::CacheFile);
        is_used.then(|| Cache::open(folder).ok()).flatten()
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loader")
            .field("config", &self.config)
            .field("backings", &self.backings)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
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
