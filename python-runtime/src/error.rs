//! Why a function could not be made, and Python's own errors as data.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Why a runtime or a function could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The Python source failed while it was loaded: a syntax error, an exception at the top of a module, a function
    /// that is not there.
    #[error("function `{op}` can't be loaded:\n{error}")]
    Python {
        /// The function's name in its program.
        op: String,
        /// What Python said.
        error: PythonError,
    },
    /// A function or module was asked for in a form that is none.
    #[error("`{target}` names no function: want `module:function`, such as `shop.cart:total`")]
    Target {
        /// What was asked for.
        target: String,
    },
    /// The sources have no such module.
    #[error("no module `{module}` in the sources; they have {}", list(known))]
    NoModule {
        /// The module asked for.
        module: String,
        /// The modules there are.
        known: Vec<String>,
    },
    /// A source file could not be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// A wheel can't be read.
    #[error("{} is no wheel that can be read", path.display())]
    Wheel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A wheel has native code, which does not run here.
    #[error(
        "the package `{package}` has native code ({file} in {}): only Python code can be used; if it has a variant without, \
         this makes it: CC=false CXX=false pip wheel --no-binary {package} {package}",
        from.display()
    )]
    Native {
        /// The package.
        package: String,
        /// The native library.
        file: String,
        /// The wheel that it is in.
        from: PathBuf,
    },
    /// A pattern for source files is none.
    #[error("`{pattern}` is no file pattern")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: glob::PatternError,
    },
    /// The path of a source leads out of its tree, or is none with `/` between its parts.
    #[error("source path `{path}`: want a relative one with `/` and without `..`")]
    Path {
        /// The path.
        path: String,
    },
    /// Two files of one tree have the same path.
    #[error("two files would both be `{path}`, and differ")]
    Conflict {
        /// The path inside the tree.
        path: String,
    },
    /// The sources are too large.
    #[error("the sources are larger than {limit} bytes with {}: is this the right folder?", path.display())]
    TooLarge {
        /// The file that was one too many.
        path: PathBuf,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The Python guest is not there or can't be loaded.
    #[error(transparent)]
    Artifact(#[from] artifact_embed::Error),
    /// The host refused the guest, or a limit was reached while the source was loaded.
    #[error(transparent)]
    Host(wit_wire_host::Error),
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

/// An exception, as Python tells it. Prints as Python prints it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct PythonError {
    /// The exception's type, such as `KeyError`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Its text.
    pub message: String,
    /// The traceback as Python prints it, in the user's own file names and line numbers.
    pub traceback: String,
}

impl PythonError {
    /// The exception that failed a call, if it was one.
    pub fn of(error: &wit_wire_host::Error) -> Option<Self> {
        match error {
            wit_wire_host::Error::Handler { message, .. } => serde_json::from_str(message).ok(),
            _ => None,
        }
    }
}

impl fmt::Display for PythonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.traceback.trim_end())
    }
}

impl std::error::Error for PythonError {}

impl From<wit_wire_host::Error> for Error {
    fn from(error: wit_wire_host::Error) -> Self {
        #[derive(Deserialize)]
        struct Failed {
            op: String,
            #[serde(flatten)]
            error: PythonError,
        }
        match &error {
            wit_wire_host::Error::Init { message } => match serde_json::from_str(message) {
                Ok(Failed { op, error }) => Self::Python { op, error },
                Err(_) => Self::Host(error),
            },
            _ => Self::Host(error),
        }
    }
}
