//! Components that are compiled where they are used, and kept in the cache: under a key, with notes of the files that they were
//! read from, and archives of them.

use std::io::Read;

use wasmtime::component::Component;

use crate::archive::Header;
use crate::cache::Cache;
use crate::error::Error;
use crate::identity::FileIdentity;
use crate::load::{Backing, Loaded, Loader, Watched, check_cpu};
use crate::profile::{HOST_TARGET, WASMTIME_VERSION};

/// A component's name in the cache ([`Loader::key`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CompileKey(String);

impl CompileKey {
    /// The name: it tells component and settings from all others.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Loader {
    /// What `component` is called in the cache: a digest of it and of all that its code depends on.
    pub fn key(&self, component: &[u8]) -> CompileKey {
        CompileKey(self.name("compiled", component))
    }

    /// Notes in the cache folder that the component with `key` was read from the file `identity`.
    pub fn remember(&self, identity: &FileIdentity, key: &CompileKey) {
        if let Some(cache) = self.open_cache() {
            let name = self.name("file", identity.as_str().as_bytes());
            // Where it can't be written, the file is read again next time.
            let _ = cache.write(&name, key.0.as_bytes());
        }
    }

    /// The component that was compiled from the file `identity`, and its key, if the cache has it: neither the file nor the
    /// component is read. Blocks for milliseconds.
    pub fn recall(&self, identity: &FileIdentity) -> Option<(CompileKey, Component)> {
        check_cpu(crate::cpu(HOST_TARGET).unwrap_or_default()).ok()?;
        let cache = self.open_cache()?;
        let name = self.name("file", identity.as_str().as_bytes());
        let note = cache.find(&name, None).ok()??;
        let mut key = String::new();
        note.file.take(128).read_to_string(&mut key).ok()?;
        let digest = key.strip_prefix("compiled-")?;
        if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let entry = cache.find(&key, None).ok()??;
        let watched = Watched::new(&key);
        let component = self.map(&entry.file, &entry.path).ok()?;
        watched.end(&component, Backing::CacheFile, true);
        Some((CompileKey(key), component))
    }

    /// Compiles `component`, whose key is `key`, for this engine and loads it, or loads it from the cache folder where it was
    /// compiled before, by whichever process. Blocks: seconds for a large component the first time, milliseconds
    /// afterwards.
    pub fn compile(&self, key: &CompileKey, component: &[u8]) -> Result<Loaded, Error> {
        check_cpu(crate::cpu(HOST_TARGET).unwrap_or_default())?;
        self.load_as(&key.0, None, || {
            Ok(crate::compile(component, &self.profile, HOST_TARGET)?.into_code())
        })
    }

    /// An archive of `component` for `target`: what [`compile`](crate::compile) and [`Effort::Fast`](crate::Effort) make, or what the cache
    /// folder has of it, where it is kept for next time. Blocks: seconds for a large component the first time.
    pub fn archive(&self, component: &[u8], target: &str) -> Result<Vec<u8>, Error> {
        let cache = self.open_cache();
        let name = self.name(&format!("archive-{target}"), component);
        if let Some(cache) = &cache
            && let Ok(Some(mut entry)) = cache.find(&name, None)
        {
            let mut archive = Vec::new();
            // One that can't be read, or was damaged, is made anew.
            if entry.file.read_to_end(&mut archive).is_ok()
                && let Ok((header, payload)) = Header::read(&archive)
                && header.check(payload).is_ok()
            {
                return Ok(archive);
            }
        }
        let archive =
            crate::compile(component, &self.profile, target)?.pack(crate::Effort::Fast)?;
        if let Some(cache) = &cache {
            // Where it can't be kept, it is made again next time.
            let _ = cache.write(&name, &archive);
        }
        Ok(archive)
    }

    fn name(&self, kind: &str, of: &[u8]) -> String {
        let mut digest = blake3::Hasher::new();
        let format = crate::FORMAT.to_string();
        for part in [
            &format,
            WASMTIME_VERSION,
            HOST_TARGET,
            &self.profile.fingerprint(),
        ] {
            digest.update(part.as_bytes()).update(&[0]);
        }
        format!("{kind}-{}", digest.update(of).finalize().to_hex())
    }

    /// The cache, if it is to be used and can be.
    fn open_cache(&self) -> Option<Cache> {
        let folder = self.cache.as_deref()?;
        let is_wanted = self.order.contains(&Backing::CacheFile);
        is_wanted.then(|| Cache::open(folder).ok()).flatten()
    }
}
