//! Archives of the Python guest that were built elsewhere: which are of this checkout's sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use artifact_embed::{EngineConfig, HOST_TARGET, Header, WASMTIME_VERSION};
use serde::{Deserialize, Serialize};

use crate::{python, replace};

/// The effort to compress what is released.
const RELEASED: &str = "Small";

/// What a release built of the Python guest, as `cargo xtask dist` writes it. The checkout's own is
/// `guest-glue/python/guest.lock`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Digest of what the component was built from.
    pub sources: String,
    /// The Wasmtime release that compiled it.
    pub wasmtime: String,
    /// The settings of engines that can load it.
    pub profile: String,
    /// BLAKE3 of the archive for each processor and system, such as `x86_64-linux`.
    pub archives: BTreeMap<String, String>,
}

impl Lock {
    /// A lock of this checkout's sources and engine, without archives.
    ///
    /// # Errors
    ///
    /// If a source can't be read.
    pub fn of_this_checkout() -> Result<Self> {
        Ok(Self {
            sources: python::sources()?.digest(),
            wasmtime: WASMTIME_VERSION.to_owned(),
            profile: EngineConfig::default().fingerprint(),
            archives: BTreeMap::new(),
        })
    }

    /// Where the checkout's own is.
    pub fn path() -> PathBuf {
        xtask_shell::root().join("guest-glue/python/guest.lock")
    }

    /// Reads a lock.
    ///
    /// # Errors
    ///
    /// If there is none, or the file is something else.
    pub fn read(path: &Path) -> Result<Self> {
        let reading = || format!("reading {}", path.display());
        let text = fs::read_to_string(path).with_context(reading)?;
        serde_json::from_str(&text).with_context(reading)
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        replace(
            path,
            (serde_json::to_string_pretty(self)? + "\n").as_bytes(),
        )
    }

    /// Compares an archive for `target` with what the lock says of it, and the lock with this
    /// checkout.
    ///
    /// # Errors
    ///
    /// If they differ, with what differs.
    fn check(&self, archive: &[u8], target: &str) -> Result<()> {
        let here = Self::of_this_checkout()?;
        for (name, locked, found) in [
            ("sources of the Python guest", &self.sources, &here.sources),
            ("release of Wasmtime", &self.wasmtime, &here.wasmtime),
            ("settings of the engine", &self.profile, &here.profile),
        ] {
            ensure!(
                locked == found,
                "the {name} changed since the lock was written: {locked} then, {found} now"
            );
        }
        let platform = python::platform(target);
        let Some(locked) = self.archives.get(&platform) else {
            bail!("the lock names no archive for {platform}");
        };
        let digest = blake3::hash(archive).to_hex().to_string();
        ensure!(
            *locked == digest,
            "another archive than the lock names for {platform}: {digest}, not {locked}"
        );
        Ok(())
    }
}

/// Copies an archive for this machine to `guests`, where a build would put it, if it is the one
/// that `lock` names. It counts as built here from then on.
///
/// # Errors
///
/// If it is another one, or can't be read or written.
pub fn take(archive: &Path, lock: &Path, guests: &Path) -> Result<()> {
    let bytes = fs::read(archive).with_context(|| format!("reading {}", archive.display()))?;
    let lock = Lock::read(lock)?;
    lock.check(&bytes, HOST_TARGET)?;
    Header::read(&bytes)?;
    fs::create_dir_all(guests).with_context(|| format!("making {}", guests.display()))?;
    let to = guests.join("python.aot");
    let stamp = python::archive_stamp(&to, &lock.sources, HOST_TARGET, RELEASED);
    // Cargo goes by times: one that is the same stays the same file.
    if stamp.is_fresh() && fs::read(&to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    stamp.clear()?;
    replace(&to, &bytes)?;
    stamp.set()
}
