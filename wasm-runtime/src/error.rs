//! Why a component can't be used.

use std::path::PathBuf;
use std::sync::Arc;

/// Why a component can't be used.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The bytes are something else than a component.
    #[error("this is {found}, not a component: {remedy}")]
    NotAComponent {
        /// What it is.
        found: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The component is larger than the runtime accepts.
    #[error("the component has {bytes} bytes, and this runtime accepts {limit}")]
    TooLarge {
        /// Its size, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The component does not compile.
    #[error(transparent)]
    Compile(Arc<artifact_embed::Error>),
    /// The component does not speak the protocol, or wants what the host does not offer.
    #[error(transparent)]
    Host(Arc<wit_wire_host::Error>),
    /// The runtime that compiles was shut down.
    #[error("the compiler was stopped before it was done")]
    Stopped,
}

impl From<artifact_embed::Error> for Error {
    fn from(error: artifact_embed::Error) -> Self {
        Self::Compile(Arc::new(error))
    }
}

impl From<wit_wire_host::Error> for Error {
    fn from(error: wit_wire_host::Error) -> Self {
        Self::Host(Arc::new(error))
    }
}
