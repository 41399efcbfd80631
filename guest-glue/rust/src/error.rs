//! Why a function failed.

use std::fmt;

/// What a function returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a function failed, as a text: what the caller sees.
///
/// `?` makes one of any [`std::error::Error`], with its causes: `can't read the order: missing field "sku"`. Where there is only
/// a text, `.ok_or_else(|| Error::new("no such item"))?`.
pub struct Error(String);

impl Error {
    /// An error of this text.
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

/// The text itself: what `unwrap` shows in a test.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
