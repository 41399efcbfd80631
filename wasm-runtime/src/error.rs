//! Why a component can't be used.

use std::path::PathBuf;
use std::sync::Arc;

use wit_wire_host::BuildError;

use crate::sniff::BinaryFormat;

/// Why a component can't be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The bytes are not a component.
    #[error("expected a component, found {found}: {}", found.remedy())]
    NotAComponent {
        /// What they are instead.
        found: BinaryFormat,
    },
    /// The component is larger than the runtime accepts.
    #[error("component too large: {bytes} bytes, limit {limit}")]
    TooLarge {
        /// Its size, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The component does not compile.
    #[error(transparent)]
    Compile(Arc<artifact_embed::Error>),
    /// The component does not speak the protocol, or imports what the host does not offer.
    #[error(transparent)]
    Host(Arc<BuildError>),
    /// There is no tokio runtime here.
    #[error("no tokio runtime here: await this inside one")]
    NoRuntime,
    /// The async runtime shut down during the compilation.
    #[error("the async runtime shut down before the component was compiled")]
    Stopped,
}

impl From<artifact_embed::Error> for Error {
    fn from(error: artifact_embed::Error) -> Self {
        Self::Compile(Arc::new(error))
    }
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::Host(Arc::new(error))
    }
}
