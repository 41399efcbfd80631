//! Components that are compiled where they are used: stored in the cache under a key, with notes on
//! which files they were read from, and as archives.

use std::io::Read;

use wasmtime::component::Component;

use super::backing::{Backing, map};
use super::loader::{Loaded, Loader};
use super::span::LoadSpan;
use crate::archive::{ARCHIVE_FORMAT, Archive, Header};
use crate::cache::FileIdentity;
use crate::compile::{Effort, compile};
use crate::engine::{HOST_TARGET, WASMTIME_VERSION, baseline_cpu, check_cpu};
use crate::error::Error;

/// A component's name in the cache ([`Loader::compile_key`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CompileKey(String);

impl CompileKey {
    /// The name. It differs for different components and settings.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Loader {
    /// The name of `component` in the cache: a digest of it and of all that its code depends on.
    pub fn compile_key(&self, component: &[u8]) -> CompileKey {
        CompileKey(self.name("compiled", component))
    }

    /// Records in the cache that the component with `key` was read from the file `identity`, for
    /// [`lookup_source`](Self::lookup_source). Does nothing if the cache can't be written.
    pub fn record_source(&self, identity: &FileIdentity, key: &CompileKey) {
        if let Some(cache) = self.open_cache() {
            let name = self.name("file", identity.as_str().as_bytes());
            // Without the note, the file is read again next time.
            let _ = cache.write(&name, key.0.as_bytes());
        }
    }

    /// The component that was compiled from the file `identity`, and its key, if the cache has it.
    /// Neither the file nor the component is read. Blocks for milliseconds.
    pub fn lookup_source(&self, identity: &FileIdentity) -> Option<(CompileKey, Component)> {
        let cache = self.open_cache()?;
        let name = self.name("file", identity.as_str().as_bytes());
        let note = cache.find(&name, None).ok()??;
        let mut key = String::new();
        note.file.take(128).read_to_string(&mut key).ok()?;
        let digest = key.strip_prefix("compiled-")?;
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let key = CompileKey(key);
        let component = self.lookup(&key)?;
        Some((key, component))
    }

    /// The component with `key`, if the cache has it compiled. Blocks for milliseconds.
    pub fn lookup(&self, key: &CompileKey) -> Option<Component> {
        check_cpu(baseline_cpu(HOST_TARGET).unwrap_or_default()).ok()?;
        let entry = self.open_cache()?.find(&key.0, None).ok()??;
        let span = LoadSpan::new(&key.0);
        let component = map(&self.engine, &entry.file, &entry.path).ok()?;
        span.end(&component, Backing::CacheFile, true);
        Some(component)
    }

    /// Compiles `component` for this engine and loads it, or loads it from the cache if any process
    /// compiled it before. `key` must be its [`compile_key`](Self::compile_key).
    ///
    /// Blocks: seconds for a large component the first time, milliseconds afterwards.
    ///
    /// # Errors
    ///
    /// As for [`compile`](crate::compile()), [`Error::Cpu`] if this processor is older than the
    /// baseline, and [`Error::Refused`], [`Error::NoBacking`] and [`Error::Io`] as for
    /// [`load`](Self::load).
    pub fn compile(&self, key: &CompileKey, component: &[u8]) -> Result<Loaded, Error> {
        check_cpu(baseline_cpu(HOST_TARGET).unwrap_or_default())?;
        self.load_as(&key.0, None, || {
            Ok(compile(component, &self.config, HOST_TARGET)?.into_code())
        })
    }

    /// Loads what another process compiled the component with `key` to, and stores it in the cache
    /// under `key`.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load).
    pub fn load_compiled(&self, key: &CompileKey, archive: &Archive<'_>) -> Result<Loaded, Error> {
        self.check(archive.header())?;
        let length = Some(archive.header().code_bytes());
        self.load_as(&key.0, length, || archive.code())
    }

    /// Compiles `component` for `target` and packs it with [`Effort::Fast`], or returns the archive
    /// that the cache has of it. A new one is stored there.
    ///
    /// Blocks: seconds for a large component the first time.
    ///
    /// # Errors
    ///
    /// As for [`compile`](crate::compile()) and [`Compiled::pack`](crate::Compiled::pack).
    pub fn compile_archive(&self, component: &[u8], target: &str) -> Result<Vec<u8>, Error> {
        let cache = self.open_cache();
        let name = self.name(&format!("archive-{target}"), component);
        if let Some(cache) = &cache
            && let Ok(Some(mut entry)) = cache.find(&name, None)
        {
            let mut archive = Vec::new();
            // One that is damaged or can't be read is made again.
            if entry.file.read_to_end(&mut archive).is_ok()
                && let Ok((header, payload)) = Header::read(&archive)
                && header.check_payload(payload).is_ok()
            {
                return Ok(archive);
            }
        }
        let archive = compile(component, &self.config, target)?.pack(Effort::Fast)?;
        if let Some(cache) = &cache {
            // If it can't be stored, it is made again next time.
            let _ = cache.write(&name, &archive);
        }
        Ok(archive)
    }

    fn name(&self, kind: &str, of: &[u8]) -> String {
        let mut digest = blake3::Hasher::new();
        let format = ARCHIVE_FORMAT.to_string();
        for part in [
            &format,
            WASMTIME_VERSION,
            HOST_TARGET,
            &self.config.fingerprint(),
        ] {
            digest.update(part.as_bytes()).update(&[0]);
        }
        format!("{kind}-{}", digest.update(of).finalize().to_hex())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::EngineConfig;

    const COMPONENT: &[u8] = include_bytes!("../../tests/common/answer.wasm");

    fn loader(folder: &Path) -> Loader {
        let loader = Loader::new(&EngineConfig::default()).unwrap();
        loader
            .with_backings([Backing::CacheFile])
            .with_cache_folder(folder.join("cache"))
    }

    #[test]
    fn a_component_is_found_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let loader = loader(folder.path());
        let file = FileIdentity::invented("a file");
        let key = loader.compile_key(COMPONENT);
        assert!(loader.lookup_source(&file).is_none(), "nothing is recorded");
        loader.record_source(&file, &key);
        assert!(loader.lookup_source(&file).is_none(), "nothing is compiled");
        loader.compile(&key, COMPONENT).unwrap();
        assert_eq!(loader.lookup_source(&file).unwrap().0, key);

        let other = FileIdentity::invented("another file");
        assert!(loader.lookup_source(&other).is_none());
        let loader = loader.with_backings([Backing::Memory]);
        assert!(
            loader.lookup_source(&file).is_none(),
            "the cache is not used"
        );
    }

    #[test]
    fn a_damaged_note_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let loader = loader(folder.path());
        let file = FileIdentity::invented("a file");
        let key = loader.compile_key(COMPONENT);
        loader.record_source(&file, &key);
        let mut entries = fs::read_dir(folder.path().join("cache")).unwrap();
        let note = entries.next().unwrap().unwrap().path();
        loader.compile(&key, COMPONENT).unwrap();
        for content in [
            "",
            "compiled-",
            "compiled-../../etc/passwd",
            "compiled-\u{e9}",
        ] {
            fs::write(&note, content).unwrap();
            assert!(loader.lookup_source(&file).is_none(), "{content}");
        }
    }
}
