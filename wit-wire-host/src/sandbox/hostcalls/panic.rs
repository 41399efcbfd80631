//! How a guest says why it is about to trap: its targets abort on panic.

use crate::metering::{LimitExceeded, Meter};
use crate::protocol::HostcallError;
use crate::protocol::reserved::PANIC;

/// The longest report of a panic, in bytes.
const LONGEST: usize = 64 << 10;

/// Stores the report `payload`, a JSON string. The outer error ends the run.
pub(crate) fn note(
    meter: &Meter,
    payload: &str,
    report: &mut Option<String>,
) -> Result<Result<String, HostcallError>, LimitExceeded> {
    meter.count_hostcall()?;
    let allowed = LONGEST.min(meter.limits().error);
    let refused = |why: &dyn std::fmt::Display| {
        let message = format!("invalid payload for `{PANIC}`: {why}");
        Ok(Err(HostcallError::new("op_400", message)))
    };
    if payload.len() > allowed {
        return refused(&format_args!("it has more than {allowed} bytes"));
    }
    match serde_json::from_str(payload) {
        Ok(text) => {
            *report = Some(text);
            Ok(Ok("null".to_owned()))
        }
        Err(error) => refused(&error),
    }
}
