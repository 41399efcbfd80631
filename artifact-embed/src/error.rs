//! Why an archive could not be made or loaded.

use std::path::PathBuf;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why an archive could not be made or loaded. Every mismatch reports both values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The build embedded nothing under this name.
    #[error("no `{name}` artifact is embedded in this build: {remedy}")]
    NotEmbedded {
        /// The artifact's name.
        name: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },

    /// The bytes are not an archive.
    #[error("not an artifact archive: it begins with {found:02x?}")]
    NotAnArchive {
        /// The first bytes.
        found: Vec<u8>,
    },
    /// The archive has another format version.
    #[error(
        "the archive has format {found}, this build reads format {expected}: build the artifact again"
    )]
    Format {
        /// The version that this build reads.
        expected: u32,
        /// The archive's.
        found: u32,
    },
    /// The archive is truncated, or followed by other bytes.
    #[error(
        "the archive is {found} bytes long, expected {expected}: it was truncated or overwritten; copy or build it again"
    )]
    Length {
        /// The length that the header states, or the minimum for a header.
        expected: u64,
        /// The actual length.
        found: u64,
    },
    /// The header was changed after it was written.
    #[error(
        "the archive's header is damaged: expected digest {expected}, found {found}; copy or build it again"
    )]
    HeaderDigest {
        /// The digest stored in the archive.
        expected: String,
        /// The digest of the header's bytes.
        found: String,
    },
    /// The header contradicts itself or has unknown fields.
    #[error("the archive's header is invalid: {0}")]
    InvalidHeader(String),
    /// The compressed code was changed after it was written.
    #[error(
        "the archive's payload is damaged: expected digest {expected}, found {found}; copy or build it again"
    )]
    PayloadDigest {
        /// The digest that the header states.
        expected: String,
        /// The digest of the payload's bytes.
        found: String,
    },
    /// A frame could not be compressed, or not decompressed although its digest is right.
    #[error("frame {frame} of the archive: {reason}")]
    Frame {
        /// The frame's number, from 0.
        frame: usize,
        /// The message from zstd, or the lengths that differ.
        reason: String,
    },

    /// There is no signature.
    #[error("the archive is not signed: its signature is empty")]
    #[cfg(feature = "sign")]
    NotSigned,
    /// The bytes are not a signature file.
    #[error("not the signature of an archive: {0}")]
    #[cfg(feature = "sign")]
    MalformedSignature(String),
    /// The signature belongs to another archive, or the archive was changed after it was signed.
    #[error("the signature is of the archive {signed}, and this is {found}")]
    #[cfg(feature = "sign")]
    SignatureForOther {
        /// The digest of the archive that was signed.
        signed: String,
        /// This archive's.
        found: String,
    },
    /// The key that the signature names did not make it.
    #[error("bad signature: the key {key} that it names did not make it")]
    #[cfg(feature = "sign")]
    BadSignature {
        /// The key named.
        key: String,
    },
    /// The signature is good, but its key is not a trusted one.
    #[error("the archive is signed by the key {key}, which is not one of the trusted {trusted:?}")]
    #[cfg(feature = "sign")]
    UntrustedKey {
        /// The key that signed.
        key: String,
        /// The trusted keys.
        trusted: Vec<String>,
    },
    /// The bytes or the PEM file are not an Ed25519 key of the expected kind.
    #[error("not an Ed25519 key: {0}")]
    #[cfg(feature = "sign")]
    InvalidKey(String),

    /// The archive was compiled by another release of Wasmtime.
    #[error(
        "the artifact was compiled by Wasmtime {found}, this build has {expected}: build the artifact again"
    )]
    WasmtimeVersion {
        /// This build's release.
        expected: String,
        /// The archive's.
        found: String,
    },
    /// The archive was compiled with other engine settings.
    #[error(
        "the artifact was compiled for other engine settings: expected `{expected}`, found `{found}`"
    )]
    EngineConfig {
        /// The fingerprint of the loader's settings.
        expected: String,
        /// The archive's.
        found: String,
    },
    /// The archive holds code for another platform.
    #[error(
        "the artifact was compiled for {found}, this program for {expected}: build the artifact for this target"
    )]
    Target {
        /// This process's target.
        expected: String,
        /// The archive's.
        found: String,
    },
    /// The processor lacks features that the code needs.
    #[error("the artifact needs a processor with {cpu}, this one lacks {missing:?}")]
    Cpu {
        /// The set of features needed.
        cpu: String,
        /// The missing ones.
        missing: Vec<&'static str>,
    },
    /// Wasmtime refused the code.
    #[error("Wasmtime refused the artifact")]
    Refused(#[source] Source),

    /// None of the configured backings could be used.
    #[error("the artifact could not be loaded: {}", reasons.join("; "))]
    NoBacking {
        /// Why, for each backing that was tried.
        reasons: Vec<String>,
    },
    /// Other users have access to the cache folder, so code in it can't be trusted.
    #[error("cache folder {}: {problem}", path.display())]
    CacheFolder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file could not be read or written.
    #[error("{doing}")]
    Io {
        /// What was being done, to which file.
        doing: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },

    /// No engine with these settings can be built on this machine.
    #[error("no engine can be built with these settings")]
    Engine(#[source] Source),
    /// The compiler has no backend for the target.
    #[error(
        "can't compile for {target}: other architectures than this machine's need artifact-embed's feature `cross`"
    )]
    UnsupportedTarget {
        /// The target.
        target: String,
        /// The compiler's error.
        #[source]
        source: Source,
    },
    /// The component is small, but its code or its instances would be far larger.
    #[error("component too large once expanded: {found} {what}, limit {limit}")]
    #[cfg(feature = "compile")]
    TooLarge {
        /// What there would be too much of.
        what: String,
        /// How much of it.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The component can't be read or does not compile.
    #[error("the component does not compile")]
    Compile(#[source] Source),
}

impl Error {
    pub(crate) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine(error.into())
    }

    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    #[cfg(feature = "compile")]
    pub(crate) fn compile(source: impl Into<Source>) -> Self {
        Self::Compile(source.into())
    }

    /// The message, followed by that of the source if there is one: for logs.
    pub fn report(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}
