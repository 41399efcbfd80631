//! What a function may ask of its host.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bindings::metatype::wit_wire::typegate_wire;
use crate::error::Result;
use crate::json;

type Answer = dyn Fn(&str, Value) -> Result<Value, HostcallError>;

/// What a function may ask of its host.
pub struct Context {
    /// What answers in the host's place.
    stand_in: Option<Box<Answer>>,
}

impl Context {
    pub(crate) const fn of_host() -> Self {
        Self { stand_in: None }
    }

    /// A context for tests outside of WebAssembly, where there is no host: `answer` gets op and payload.
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
        if let Some(answer) = &self.stand_in {
            let payload = serde_json::from_str(&payload).map_err(|error| own("payload", error))?;
            let answer = answer(op, payload)?;
            return serde_json::from_value(answer).map_err(|error| own("answer", error));
        }
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
