//! What a call spends its time on, as its guest tells: the op `wit-wire:profile`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::error::Error;
use crate::wire::HandleReq;

/// The protocol's own op that runs another one and measures it.
const PROFILE: &str = "wit-wire:profile";

/// What a call spent its time on, by the guest's own stacks of functions ([`Call::profiled`](crate::Call::profiled)).
///
/// Prints as folded stacks, of which flame graphs are drawn: on a line the functions of a stack, the outermost first, with `;`
/// between them, a space, and microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    stacks: Vec<(Vec<String>, u64)>,
}

impl Profile {
    /// Stacks of functions, the outermost first, with the time that the innermost took for itself. What the guest took beside
    /// the function, to read the input and the like, has an empty one.
    pub fn stacks(&self) -> impl Iterator<Item = (&[String], Duration)> {
        let stacks = self.stacks.iter();
        stacks.map(|(functions, micros)| (functions.as_slice(), Duration::from_micros(*micros)))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (functions, micros) in &self.stacks {
            if functions.is_empty() {
                f.write_str("(the guest itself)")?;
            }
            for (at, function) in functions.iter().enumerate() {
                let between = if at > 0 { ";" } else { "" };
                let function = function.replace([';', '\n', '\r'], "_");
                write!(f, "{between}{function}")?;
            }
            writeln!(f, " {micros}")?;
        }
        Ok(())
    }
}

/// Asks for `op` with a profile.
pub(crate) fn request(op: &str, in_json: &str) -> HandleReq {
    HandleReq {
        op_name: PROFILE.into(),
        in_json: Arc::from(json!({"op": op, "input": in_json}).to_string()),
    }
}

#[derive(Deserialize)]
struct ProfiledAnswer {
    #[serde(flatten)]
    outcome: ProfiledOutcome,
    stacks: Vec<(Vec<String>, u64)>,
}

#[derive(Deserialize)]
enum ProfiledOutcome {
    #[serde(rename = "output")]
    Output(String),
    #[serde(rename = "in-json-err")]
    InvalidInput(String),
    #[serde(rename = "handler-err")]
    Failed(String),
}

/// The answer of the op itself, and its profile.
pub(crate) fn read(
    op: &str,
    answer: Result<String, Error>,
) -> (Result<String, Error>, Option<Profile>) {
    let name = || op.to_owned();
    let text = match answer {
        Ok(text) => text,
        Err(Error::NoHandler { .. }) => return (Err(Error::NoProfile { op: name() }), None),
        Err(error) => return (Err(error), None),
    };
    let ProfiledAnswer { outcome, stacks } = match serde_json::from_str(&text) {
        Ok(answer) => answer,
        Err(_) => return (Err(Error::NoProfile { op: name() }), None),
    };
    let output = match outcome {
        ProfiledOutcome::Output(output) => Ok(output),
        ProfiledOutcome::InvalidInput(message) => Err(Error::InvalidInput {
            op: name(),
            message,
        }),
        ProfiledOutcome::Failed(message) => Err(Error::Handler {
            op: name(),
            message,
        }),
    };
    (output, Some(Profile { stacks }))
}
