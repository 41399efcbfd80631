//! How a hostcall fails, as the guest sees it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The error of a hostcall, as the guest sees it: JSON `{code, message, cause?}`.
///
/// The host's own codes are `op_404` (no such op), `op_400` (the payload does not fit), `op_409` (a
/// durable call made it without awaiting it) and `op_500` (the op panicked, or its answer has no
/// JSON form).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct HostcallError {
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whatever else the guest should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Value>,
}

impl HostcallError {
    /// An error without a cause.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            cause: None,
        }
    }

    /// Adds a cause.
    #[must_use]
    pub fn with_cause(self, cause: Value) -> Self {
        Self {
            cause: Some(cause),
            ..self
        }
    }

    pub(crate) fn unknown(op: &str) -> Self {
        let shown: String = op.chars().take(100).collect();
        Self::new("op_404", format!("the host has no op `{shown}`"))
    }

    pub(crate) fn not_awaited(op: &str) -> Self {
        let shown: String = op.chars().take(100).collect();
        let message = format!(
            "the call is durable, and the host does not answer `{shown}` at once: await it in a coroutine"
        );
        Self::new("op_409", message)
    }

    pub(crate) fn panicked(op: &str) -> Self {
        Self::new("op_500", format!("the host's op `{op}` panicked"))
    }

    /// The form on the wire.
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}
