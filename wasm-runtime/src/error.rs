//! Why a component can't be used.

use std::path::PathBuf;
use std::sync::Arc;

use wit_wire_host::BuildError;

use crate::compile_limits::CompileLimit;
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
    /// Compiling the component takes more than [`CompileLimits`](crate::CompileLimits) allow.
    #[error("{0}")]
    CompileLimit(CompileLimit),
    /// This executable is to compile components, and did not call
    /// [`run_if_compiler`](crate::run_if_compiler).
    #[error(
        "this executable can't compile components: begin `main` with `wasm_runtime::run_if_compiler()`, name an executable that does with `Compiler::Executable`, or compile trusted components with `Compiler::InProcess`"
    )]
    NoCompiler,
    /// The process that was to compile the component could not be started.
    #[error("cannot start the compiler {}", executable.display())]
    CompilerStart {
        /// Its executable.
        executable: PathBuf,
        /// The error of the operating system.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The process that was to compile the component ended without a result. This says nothing of
    /// the component.
    #[error("the compiler {} ended with {status}: {said}", executable.display())]
    CompilerFailed {
        /// Its executable.
        executable: PathBuf,
        /// Its exit status.
        status: String,
        /// What it said last.
        said: String,
    },
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

impl From<CompileLimit> for Error {
    fn from(limit: CompileLimit) -> Self {
        Self::CompileLimit(limit)
    }
}
