//! What a function may ask of its host.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bindings::metatype::wit_wire::typegate_wire;
use crate::error::Result;
use crate::json;

/// What a function may ask of its host.
pub struct Context(());

impl Context {
    pub(crate) const fn new() -> Self {
        Self(())
    }

    /// Runs the host's op `op` on `payload`, and reads its answer as an `O`.
    ///
    /// # Errors
    ///
    /// What the host says, by its `code`: `op_404` if it has no such op, `op_400` if the payload does not fit, others of its
    /// own. `payload` and `answer` are this side's: the payload has no JSON form, the answer is no `O`.
    pub fn hostcall<I, O>(&self, op: &str, payload: &I) -> Result<O, HostcallError>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        let own = |code: &str, error: serde_json::Error| {
            HostcallError::new(code, format!("hostcall `{op}`: {error}"))
        };
        let payload = json::to_string(payload).map_err(|error| own("payload", error))?;
        let answer = typegate_wire::hostcall(op, &payload).map_err(HostcallError::read)?;
        serde_json::from_str(&answer).map_err(|error| own("answer", error))
    }
}

/// The host answered a hostcall with an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostcallError {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whatever else the host says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Value>,
}

impl HostcallError {
    fn new(code: &str, message: String) -> Self {
        Self {
            code: code.to_owned(),
            message,
            cause: None,
        }
    }

    fn read(text: String) -> Self {
        serde_json::from_str(&text).unwrap_or_else(|_| Self::new("unknown", text))
    }
}

impl fmt::Display for HostcallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for HostcallError {}
