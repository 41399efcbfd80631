//! Hostcalls: what a function may ask of its host.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bindings::metatype::wit_wire::typegate_wire;
use crate::error::Result;
use crate::json;

type Answer = dyn Fn(&str, Value) -> Result<Value, HostcallError>;

/// The way from a function to its host.
pub struct Context {
    /// Answers instead of the host.
    stand_in: Option<Box<Answer>>,
}

impl Context {
    pub(crate) const fn of_host() -> Self {
        Self { stand_in: None }
    }

    /// A context for tests outside of WebAssembly, where there is no host: `answer` is called with
    /// op and payload.
    ///
    /// ```
    /// use serde_json::json;
    /// use wit_wire_guest::{Context, Result};
    ///
    /// fn total(quantity: u32, context: &Context) -> Result<f64> {
    ///     Ok(context.hostcall::<_, f64>("price", "x1")? * f64::from(quantity))
    /// }
    ///
    /// let context = Context::stand_in(|_op, _payload| Ok(json!(2.5)));
    /// assert_eq!(total(4, &context).unwrap(), 10.0);
    /// ```
    pub fn stand_in(
        answer: impl Fn(&str, Value) -> Result<Value, HostcallError> + 'static,
    ) -> Self {
        Self {
            stand_in: Some(Box::new(answer)),
        }
    }

    /// Runs the host's op `op` on `payload`, and reads its answer as an `O`.
    ///
    /// # Errors
    ///
    /// The host's error has a `code`: `op_404` if it has no such op, `op_400` if the payload does
    /// not fit, or one of its own. Two codes are this crate's: `payload` if the payload has no JSON
    /// form, `answer` if the answer can't be read as an `O`.
    pub fn hostcall<I, O>(&self, op: &str, payload: &I) -> Result<O, HostcallError>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        let own = |code: &str, error: serde_json::Error| {
            HostcallError::new(code, format!("hostcall `{op}`: {error}"))
        };
        let payload = json::to_string(payload).map_err(|error| own("payload", error))?;
        if let Some(answer) = &self.stand_in {
            let payload = serde_json::from_str(&payload).map_err(|error| own("payload", error))?;
            let answer = answer(op, payload)?;
            return serde_json::from_value(answer).map_err(|error| own("answer", error));
        }
        let answer = typegate_wire::hostcall(op, &payload).map_err(HostcallError::read)?;
        serde_json::from_str(&answer).map_err(|error| own("answer", error))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("is_stand_in", &self.stand_in.is_some())
            .finish()
    }
}

/// The host answered a hostcall with an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostcallError {
    /// What kind of error it is, for programs.
    pub code: String,
    /// What went wrong, for people.
    pub message: String,
    /// Further details, if the host gives any.
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
