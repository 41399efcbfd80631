//! Exceptions of Python as data.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wit_wire_host::{CallError, HostcallError, json_nodes};

/// Values and keys of an exception that was not forged: an input error that lists a thousand of
/// them stays below.
const NODES: usize = 50_000;

/// An exception, as the guest reports it. Its `Display` is the traceback that Python prints.
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
    /// Its message. One of more than 64 Ki characters is shortened in the middle.
    pub message: String,
    /// The notes added by `add_note`.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The traceback, outermost frame first: at most the first 25 and the last 25. The location
    /// of a syntax error follows as a frame of its own.
    #[serde(default)]
    pub frames: Vec<Frame>,
    /// How many frames in the middle were left out.
    #[serde(default)]
    pub omitted: usize,
    /// The exception it was raised from: `raise ... from`.
    #[serde(default)]
    pub cause: Option<Box<PythonError>>,
    /// The exception that was being handled when it was raised.
    #[serde(default)]
    pub context: Option<Box<PythonError>>,
    /// The members of an `ExceptionGroup`.
    #[serde(default)]
    pub exceptions: Vec<PythonError>,
    /// The path of the offending value, such as `$.items[2].price`, if the input does not fit the
    /// function's annotations or the result does not fit its return annotation.
    #[serde(default)]
    pub path: Option<String>,
    /// The host's error, if this is the exception of a failed hostcall.
    #[serde(default)]
    pub hostcall: Option<HostcallError>,
    /// The traceback as Python prints it, with the file names and line numbers of the user's
    /// sources. Empty for causes, contexts and group members, which this one's traceback includes.
    #[serde(default)]
    pub traceback: String,
}

/// A frame of a traceback.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Frame {
    /// The file in the user's sources, or `<NAME>` for a function given as a string.
    #[serde(default)]
    pub file: Option<String>,
    /// The line, counted from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// The function; `None` for the location of a syntax error.
    #[serde(default)]
    pub function: Option<String>,
    /// The source of the line.
    #[serde(default)]
    pub text: Option<String>,
}

impl PythonError {
    /// Whether the call failed because its input does not fit the function's annotations, by the
    /// guest's own word: a program can raise such an error itself.
    pub fn is_input_error(&self) -> bool {
        self.ty == "InputError" && self.path.is_some()
    }

    /// The exception that made a call fail; `None` if something else did.
    ///
    /// The guest wrote it, and a hostile program writes what serves it: all of this is its word.
    pub fn of(error: &CallError) -> Option<Self> {
        match error {
            CallError::Handler { message, .. } => parse(message),
            _ => None,
        }
    }
}

/// What a guest says of an exception; nothing, if it is too much to be one.
pub(crate) fn parse<T: DeserializeOwned>(message: &str) -> Option<T> {
    match json_nodes(message) {
        0..=NODES => serde_json::from_str(message).ok(),
        _ => None,
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
