//! Why a runtime, a function or stubs could not be made.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use wit_wire_host::{BuildError, CallError, ProgramError};

use crate::python_error::{self, PythonError};

/// Why a runtime, a function or stubs could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The Python source failed to load: a syntax error, an exception at module level, or a
    /// function that does not exist.
    #[error("cannot load function `{op}`:\n{error}")]
    Python {
        /// The function's name in its program.
        op: String,
        /// The exception.
        error: Box<PythonError>,
    },
    /// A target does not have the form `module:function`.
    #[error(
        "invalid function target `{target}`: expected `module:function`, for example \
         `shop.cart:total`"
    )]
    Target {
        /// The target as given.
        target: String,
    },
    /// The sources do not contain the module.
    #[error("no module `{module}` in the sources; they contain {}", list(known))]
    NoModule {
        /// The requested module.
        module: String,
        /// The modules that the sources contain.
        known: Vec<String>,
    },
    /// A source file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// A file is not a readable wheel.
    #[error("cannot read wheel {}", path.display())]
    Wheel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A wheel contains native code, which cannot run in the sandbox.
    #[error(
        "package `{package}` contains native code ({file} in {}), and only Python code runs in the \
         sandbox: if the package can be built without it, build such a wheel with \
         CC=false CXX=false pip wheel --no-binary {package} {package}",
        from.display()
    )]
    Native {
        /// The package.
        package: String,
        /// The native library.
        file: String,
        /// The wheel that contains it.
        from: PathBuf,
    },
    /// A pattern for source files is invalid.
    #[error("invalid file pattern `{pattern}`")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: glob::PatternError,
    },
    /// The path of a source file is absolute, leads out of its tree, or contains a backslash.
    #[error("invalid source path `{path}`: expected a relative path with `/` and without `..`")]
    Path {
        /// The path.
        path: String,
    },
    /// Two files of one tree, or of two packages, have the same path and different content.
    #[error("two different files have the same path `{path}`")]
    Conflict {
        /// The path inside the tree.
        path: String,
    },
    /// The sources or packages are too large, or one file of them is.
    #[error("limit of {limit} bytes exceeded by {}: is this the right folder?", path.display())]
    TooLarge {
        /// The file that exceeded the limit.
        path: PathBuf,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A folder of sources has too many folders within each other.
    #[error("limit of {limit} folders within each other exceeded by {}", path.display())]
    TooDeep {
        /// The folder that exceeded the limit.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A host module or one of its functions has a name that cannot be used.
    #[error("invalid name `{name}` of a host module or its function: {problem}")]
    HostName {
        /// The module's name, or `module.function`.
        name: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// A stub could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// A snapshot is one of a program of functions, and not of a session.
    #[error(
        "the snapshot is of a program with {}, and not of a session: `PythonRuntime::restore` is \
         for those",
        list(functions)
    )]
    NoSession {
        /// The program's functions.
        functions: Vec<String>,
    },
    /// The build embeds no Python guest, or the guest could not be loaded.
    #[error(transparent)]
    Artifact(#[from] artifact_embed::Error),
    /// The host could not be built, or rejected the guest.
    #[error(transparent)]
    Host(#[from] BuildError),
    /// The program could not be built, for another reason than its source: a limit was exceeded,
    /// two functions have the same name, a snapshot does not fit.
    #[error(transparent)]
    Program(ProgramError),
}

/// Why a host module or function cannot have its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameProblem {
    /// It is not a public Python identifier in ASCII.
    Identifier,
    /// The generated code uses this name itself.
    Reserved,
    /// Another module, or another function of the module, has this name.
    Duplicate,
    /// A package is called `host`, like the package of the host modules.
    Package,
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identifier => {
                "expected ASCII letters, digits and underscores, beginning with a letter, and not \
                 a Python keyword"
            }
            Self::Reserved => "the generated code uses this name itself",
            Self::Duplicate => "it is used twice",
            Self::Package => "a package has the same name; remove it to use host modules",
        })
    }
}

impl Error {
    /// The error of listing what is below `folder`.
    pub(crate) fn walking(folder: &Path, error: walkdir::Error) -> Self {
        Self::Read {
            path: error.path().unwrap_or(folder).to_owned(),
            // The only other error is a loop of links, and links to folders are not followed.
            source: error
                .into_io_error()
                .unwrap_or_else(|| std::io::ErrorKind::Other.into()),
        }
    }

    /// The error of reading `path`.
    pub(crate) fn reading(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".into(),
        names => names.join(", "),
    }
}

impl From<ProgramError> for Error {
    fn from(error: ProgramError) -> Self {
        #[derive(Deserialize)]
        struct Failed {
            op: String,
            #[serde(flatten)]
            error: PythonError,
        }
        match &error {
            ProgramError::Run(CallError::Init { message }) => match python_error::parse(message) {
                Some(Failed { op, error }) => Self::Python {
                    op,
                    error: Box::new(error),
                },
                None => Self::Program(error),
            },
            _ => Self::Program(error),
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        ProgramError::from(error).into()
    }
}
