//! The one type for what is handed between host and guest.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// An input, an output, or the payload or answer of a hostcall: JSON text that the host passes on
/// without reading it.
///
/// JSON is the only kind today. Other kinds may join, so [`as_json`](Self::as_json) answers with an
/// `Option`.
///
/// ```
/// use wit_wire_host::Payload;
///
/// let payload = Payload::from("[19.9, 5.0]");
/// assert_eq!(payload.as_json(), Some("[19.9, 5.0]"));
/// assert_eq!(payload.deserialize::<Vec<f64>>().unwrap(), [19.9, 5.0]);
/// ```
#[derive(Clone)]
pub struct Payload(Repr);

#[derive(Clone)]
enum Repr {
    /// As it is handed to guests.
    Shared(Arc<str>),
    /// As it comes from guests.
    Owned(String),
}

impl Payload {
    /// The JSON form of `value`.
    ///
    /// # Errors
    ///
    /// If `value` has no JSON form.
    pub fn serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self::from)
    }

    /// Reads the payload as a `T`.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or does not fit `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text())
    }

    /// The payload as JSON text, if it is JSON.
    pub fn as_json(&self) -> Option<&str> {
        Some(self.text())
    }

    /// The payload as owned JSON text, if it is JSON.
    pub fn into_json(self) -> Option<String> {
        Some(self.into_text())
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.text().len()
    }

    /// Whether it has no bytes at all, and so is not JSON either.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    pub(crate) fn text(&self) -> &str {
        match &self.0 {
            Repr::Shared(text) => text,
            Repr::Owned(text) => text,
        }
    }

    pub(crate) fn into_text(self) -> String {
        match self.0 {
            Repr::Shared(text) => text.as_ref().to_owned(),
            Repr::Owned(text) => text,
        }
    }

    pub(crate) fn into_shared(self) -> Arc<str> {
        match self.0 {
            Repr::Shared(text) => text,
            Repr::Owned(text) => text.into(),
        }
    }
}

impl From<String> for Payload {
    fn from(json: String) -> Self {
        Self(Repr::Owned(json))
    }
}

impl From<&str> for Payload {
    fn from(json: &str) -> Self {
        Self(Repr::Shared(json.into()))
    }
}

impl From<Arc<str>> for Payload {
    fn from(json: Arc<str>) -> Self {
        Self(Repr::Shared(json))
    }
}

/// The JSON text.
impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payload").field(&self.text()).finish()
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Payload {}

impl PartialEq<str> for Payload {
    fn eq(&self, other: &str) -> bool {
        self.text() == other
    }
}

impl PartialEq<&str> for Payload {
    fn eq(&self, other: &&str) -> bool {
        self.text() == *other
    }
}

impl PartialEq<String> for Payload {
    fn eq(&self, other: &String) -> bool {
        self.text() == other
    }
}
