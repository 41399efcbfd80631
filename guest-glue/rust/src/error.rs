//! Why a function failed, or could not be called or set up.

use std::fmt;

/// What a function returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a function failed: a message for the caller.
///
/// `?` converts any [`std::error::Error`] into one, with its causes:
/// `can't read the order: missing field "sku"`. To make one from a message alone, write
/// `.ok_or_else(|| Error::new("no such item"))?`.
pub struct Error(String);

/// Why an op could not be handled.
pub(crate) enum HandleError {
    NotJson(serde_json::Error),
    Failed(Error),
}

/// Why an op could not be set up.
pub(crate) enum SetUpError {
    UnusableData,
    Failed(Error),
}

impl Error {
    /// An error with this message.
    pub fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        Self(text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The message itself: what `unwrap` shows in a test.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
