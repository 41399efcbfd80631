//! Why something could not be made, and Python's own errors as data.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use wit_wire_host::HostcallError;

/// Why a runtime, a function or stubs could not be made.
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
        error: Box<PythonError>,
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
    /// Two files of one tree, or of two packages, have the same path.
    #[error("two files would both be `{path}`, and differ")]
    Conflict {
        /// The path inside the tree.
        path: String,
    },
    /// The sources or packages are too large, or one file of them.
    #[error("with {} the limit of {limit} bytes is exceeded: is this the right folder?", path.display())]
    TooLarge {
        /// The file that was one too many.
        path: PathBuf,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A host module or one of its functions can't have its name.
    #[error("host module: the name `{name}`: {problem}")]
    HostName {
        /// The module's name, or `module.function`.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A stub could not be written.
    #[error("can't write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The Python guest is not there or can't be loaded.
    #[error(transparent)]
    Artifact(#[from] artifact_embed::Error),
    /// The host refused the guest, or a limit was reached while the source was loaded.
    #[error(transparent)]
    Host(wit_wire_host::Error),
}

impl Error {
    /// Why what is below `folder` can't be listed.
    pub(crate) fn walking(folder: &Path, error: walkdir::Error) -> Self {
        Self::Read {
            path: error.path().unwrap_or(folder).to_owned(),
            // A loop of links is the only other error, and links are not followed.
            source: error
                .into_io_error()
                .unwrap_or_else(|| std::io::ErrorKind::Other.into()),
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

/// An exception, as Python tells it. Prints as Python prints it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use python_runtime::{PythonError, PythonRuntime, PythonSource};
///
/// let runtime = PythonRuntime::builder().build()?;
/// let source = "def invert(x: float):\n    return 1 / x\n";
/// let invert = runtime.function(PythonSource::def("invert", source)).await?;
///
/// let error = invert.call::<_, f64>(&0.0).await.unwrap_err();
/// let error = PythonError::of(&error).unwrap();
/// assert_eq!((error.ty.as_str(), error.frames[0].line), ("ZeroDivisionError", Some(2)));
///
/// let error = invert.call::<_, f64>("zero").await.unwrap_err();
/// let error = PythonError::of(&error).unwrap();
/// assert!(error.is_input_error());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct PythonError {
    /// The exception's type, such as `KeyError`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Its text. What is longer than 64 Ki characters is cut in its middle.
    pub message: String,
    /// What was added to it by `add_note`.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Where it was raised, the outermost frame first: the 25 first and the 25 last ones. A syntax error's place comes after them.
    #[serde(default)]
    pub frames: Vec<Frame>,
    /// How many frames were left out in the middle.
    #[serde(default)]
    pub omitted: usize,
    /// What it was raised from: `raise ... from`.
    #[serde(default)]
    pub cause: Option<Box<PythonError>>,
    /// What was being handled when it was raised.
    #[serde(default)]
    pub context: Option<Box<PythonError>>,
    /// The members of an `ExceptionGroup`.
    #[serde(default)]
    pub exceptions: Vec<PythonError>,
    /// If the input does not fit the function's annotations, or the result its own: where, as in `$.items[2].price`.
    #[serde(default)]
    pub path: Option<String>,
    /// If it is the error of a hostcall: what the host said.
    #[serde(default)]
    pub hostcall: Option<HostcallError>,
    /// The traceback as Python prints it, in the user's own file names and line numbers. Empty for causes, contexts and
    /// members, which are part of this one's.
    #[serde(default)]
    pub traceback: String,
}

/// A place in Python code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Frame {
    /// The file in the user's sources, or `<NAME>` for a function that was given as text.
    #[serde(default)]
    pub file: Option<String>,
    /// The line, counted from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// The function; `None` where a syntax error is.
    #[serde(default)]
    pub function: Option<String>,
    /// The line's text.
    #[serde(default)]
    pub text: Option<String>,
}

impl PythonError {
    /// Whether the input does not fit the function's annotations.
    pub fn is_input_error(&self) -> bool {
        self.ty == "InputError" && self.path.is_some()
    }

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
        if self.traceback.is_empty() {
            return write!(f, "{}: {}", self.ty, self.message);
        }
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
                Ok(Failed { op, error }) => Self::Python {
                    op,
                    error: Box::new(error),
                },
                Err(_) => Self::Host(error),
            },
            _ => Self::Host(error),
        }
    }
}
