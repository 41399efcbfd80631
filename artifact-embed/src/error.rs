//! Why an archive could not be made or loaded.

use std::path::PathBuf;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why an archive could not be made or loaded. Every mismatch names both values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The build embedded nothing under this name.
    #[error("no `{name}` artifact is embedded in this build: {remedy}")]
    NotEmbedded {
        /// The artifact's name.
        name: &'static str,
        /// What to do.
        remedy: &'static str,
    },

    /// The bytes are no archive.
    #[error("not an artifact archive: it begins with {found:02x?}")]
    NotAnArchive {
        /// The first bytes.
        found: Vec<u8>,
    },
    /// The archive's format is another one.
    #[error(
        "the archive has format {found}, this build reads format {expected}: build the artifact again"
    )]
    Format {
        /// The format that this build reads.
        expected: u32,
        /// The archive's.
        found: u32,
    },
    /// The archive ends too early, or goes on after its end.
    #[error(
        "the archive should be {expected} bytes long and has {found}: it was cut or mixed up; copy or build it again"
    )]
    Length {
        /// The length that the header states, or the least that a header needs.
        expected: u64,
        /// The length found.
        found: u64,
    },
    /// The header was changed after it was written.
    #[error(
        "the archive's header is damaged: its digest should be {expected} and is {found}; copy or build it again"
    )]
    HeaderDigest {
        /// The digest stored.
        expected: String,
        /// The digest of what is there.
        found: String,
    },
    /// The header says things that can't be.
    #[error("the archive's header makes no sense: {0}")]
    Header(String),
    /// The compressed code was changed after it was written.
    #[error(
        "the archive's payload is damaged: its digest should be {expected} and is {found}; copy or build it again"
    )]
    PayloadDigest {
        /// The digest that the header states.
        expected: String,
        /// The digest of what is there.
        found: String,
    },
    /// A frame could not be decompressed although its digest is right.
    #[error("frame {frame} of the archive can't be decompressed: {reason}")]
    Frame {
        /// The frame's number, from 0.
        frame: usize,
        /// What zstd said, or the lengths that differ.
        reason: String,
    },

    /// There is no signature.
    #[error("the archive is not signed: its signature is empty")]
    #[cfg(feature = "sign")]
    NotSigned,
    /// The bytes are no signature.
    #[error("not the signature of an archive: {0}")]
    #[cfg(feature = "sign")]
    Signature(String),
    /// The signature is of another archive, or the archive was changed after it was signed.
    #[error("the signature is of the archive {signed}, and this is {found}")]
    #[cfg(feature = "sign")]
    SignedOther {
        /// The digest of the archive that was signed.
        signed: String,
        /// This archive's.
        found: String,
    },
    /// The signature was not made by the key that it names.
    #[error("the signature is not by the key {key} that it names: it was forged or damaged")]
    #[cfg(feature = "sign")]
    WrongSignature {
        /// The key named.
        key: String,
    },
    /// The signature is right, and by somebody who is not trusted.
    #[error("the archive is signed by {key}, who is none of the trusted keys {trusted:?}")]
    #[cfg(feature = "sign")]
    UnknownKey {
        /// Whose signature it is.
        key: String,
        /// Whose would do.
        trusted: Vec<String>,
    },
    /// What should be a key is none.
    #[error("not an Ed25519 key: {0}")]
    #[cfg(feature = "sign")]
    Key(String),

    /// The archive was made by another release of Wasmtime.
    #[error(
        "the artifact was compiled by Wasmtime {found}, this build has {expected}: build the artifact again"
    )]
    WasmtimeVersion {
        /// This build's release.
        expected: String,
        /// The archive's.
        found: String,
    },
    /// The archive was made with other engine settings.
    #[error(
        "the artifact was compiled for other engine settings: expected `{expected}`, found `{found}`"
    )]
    Profile {
        /// This profile's fingerprint.
        expected: String,
        /// The archive's.
        found: String,
    },
    /// The archive holds code for another machine.
    #[error(
        "the artifact was compiled for {found}, and this program for {expected}: build the artifact for this target"
    )]
    Target {
        /// This process's target.
        expected: String,
        /// The archive's.
        found: String,
    },
    /// The processor is too old for the code.
    #[error("the artifact needs a processor with {cpu}, and this one lacks {missing:?}")]
    Cpu {
        /// The set of features needed.
        cpu: String,
        /// Those that are not there.
        missing: Vec<&'static str>,
    },
    /// Wasmtime refused the code.
    #[error("Wasmtime refused the artifact")]
    Refused(#[source] Source),

    /// No way of loading that was allowed worked.
    #[error("the artifact could not be loaded: {}", reasons.join("; "))]
    NoBacking {
        /// Why, for each way that was tried.
        reasons: Vec<String>,
    },
    /// The cache folder is not ours alone, so code in it can't be trusted.
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
        /// The system's words.
        #[source]
        source: std::io::Error,
    },

    /// An engine of this profile can't be built here.
    #[error("no engine of this profile can be built")]
    Engine(#[source] Source),
    /// The compiler has no backend for the target.
    #[error(
        "can't compile for {target}: another architecture than this machine's needs artifact-embed's feature `cross`"
    )]
    UnsupportedTarget {
        /// The target.
        target: String,
        /// The compiler's words.
        #[source]
        source: Source,
    },
    /// The state of the component's instances is not all in one memory and mutable globals.
    #[error("an instance of the component can't be reset: {}", in_words(.0))]
    #[cfg(feature = "compile")]
    Obstacles(std::collections::BTreeSet<crate::inspect::Obstacle>),
    /// The component is one that expands: compiled, or as an instance, it would take far more than its own size.
    #[error("the component would have {found} {what}, and {limit} are accepted")]
    #[cfg(feature = "compile")]
    Expands {
        /// What there would be too much of.
        what: &'static str,
        /// How much of it.
        found: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// The component does not compile, or can't be read.
    #[error("the component does not compile")]
    Compile(#[source] Source),
}

#[cfg(feature = "compile")]
fn in_words(obstacles: &std::collections::BTreeSet<crate::inspect::Obstacle>) -> String {
    let words: Vec<_> = obstacles.iter().map(ToString::to_string).collect();
    words.join("; ")
}

impl Error {
    pub(crate) fn engine(error: wasmtime::Error) -> Self {
        Self::Engine(error.into())
    }

    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// The message, followed by that of the source if there is one: for logs.
    pub fn report(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}
