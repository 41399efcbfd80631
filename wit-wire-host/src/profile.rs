//! Where a call spends its time, as its guest reports it: the op `wit-wire:profile`.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::error::{CallError, Phase};
use crate::metering::{Limit, LimitExceeded, Meter};
use crate::protocol::Payload;

/// Where a call spent its time, by the guest's own stacks of functions
/// ([`Call::profiled`](crate::Call::profiled)).
///
/// Prints as folded stacks, the input of flame graphs: on each line the functions of a stack, the
/// outermost first, separated by `;`, then a space, then microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Profile {
    stacks: Vec<(Vec<String>, u64)>,
}

impl Profile {
    /// Stacks of functions, the outermost first, with the time that the innermost took for itself.
    /// What the guest took besides the function, to read the input and the like, has an empty one.
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

/// The input of the op `wit-wire:profile` that runs `op` on `input`.
pub(crate) fn request(op: &str, input: &Payload) -> Payload {
    json!({"op": op, "input": input.text()}).to_string().into()
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
pub(crate) async fn read(
    op: &str,
    answer: Result<Payload, CallError>,
    meter: &Meter,
) -> (Result<Payload, CallError>, Option<Profile>) {
    let name = || op.to_owned();
    let text = match answer {
        Ok(text) => text,
        Err(CallError::NoHandler { .. }) => {
            return (Err(CallError::NoProfile { op: name() }), None);
        }
        Err(error) => return (Err(error), None),
    };
    let parsed = meter.parse(text, Payload::deserialize::<ProfiledAnswer>);
    let ProfiledAnswer { outcome, stacks } = match parsed.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => return (Err(CallError::NoProfile { op: name() }), None),
        Err(interrupt) => {
            let error = CallError::interrupted(interrupt, Phase::Handle, Some(op));
            return (Err(error), None);
        }
    };
    if let ProfiledOutcome::InvalidInput(text) | ProfiledOutcome::Failed(text) = &outcome {
        let allowed = meter.limits().error;
        if let Err(exceeded) = LimitExceeded::check(Limit::Error, allowed, text.len()) {
            let error = CallError::limit(exceeded, Phase::Handle, Some(op));
            return (Err(error), None);
        }
    }
    let output = match outcome {
        ProfiledOutcome::Output(output) => Ok(output.into()),
        ProfiledOutcome::InvalidInput(message) => Err(CallError::InvalidInput {
            op: name(),
            message,
        }),
        ProfiledOutcome::Failed(message) => Err(CallError::Handler {
            op: name(),
            message,
        }),
    };
    (output, Some(Profile { stacks }))
}
