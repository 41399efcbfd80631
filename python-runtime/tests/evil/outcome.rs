//! What came of a call, in the words of the table.

use python_runtime::{CallError, Error, Phase, ProgramError, PythonError};
use serde_json::value::RawValue;

/// Longer answers are shown by their length.
const LONGEST: usize = 100;

pub(crate) fn of(result: Result<Box<RawValue>, CallError>) -> String {
    match result {
        Ok(answer) if answer.get().len() <= LONGEST => answer.get().to_owned(),
        Ok(answer) => format!("{} bytes", answer.get().len()),
        Err(error) => of_error(error, Phase::Handle),
    }
}

pub(crate) fn of_loading(error: Error) -> String {
    match error {
        Error::Python { op, error } => {
            assert_eq!(op, "loaded");
            of_python(&error)
        }
        Error::Program(ProgramError::Run(error)) => of_error(error, Phase::Init),
        other => panic!("{other}"),
    }
}

fn of_error(error: CallError, expected: Phase) -> String {
    if let Some(error) = PythonError::of(&error) {
        return of_python(&error);
    }
    match error {
        CallError::Limit { exceeded, .. } => format!("limit {:?}", exceeded.limit),
        CallError::Trap { phase, reason, .. } => {
            assert_eq!(phase, expected);
            told(&reason)
        }
        CallError::Exit { phase, code, .. } => {
            assert_eq!(phase, expected);
            format!("exit {code}")
        }
        CallError::InvalidInput { message, .. } => format!("input refused: {message}"),
        CallError::Decode { source, .. } => format!("no JSON: {source}"),
        CallError::Failed { source, .. } => format!("could not go on: {source}"),
        CallError::NoHandler { .. } => "no handler".to_owned(),
        CallError::Panicked { message, .. } => format!("panicked: {message}"),
        CallError::Handler { message, .. } | CallError::Init { message } => {
            format!("failed: {message}")
        }
        other => panic!("{other:?}"),
    }
}

/// The kind of trap, of which the error says what it means.
fn told(reason: &str) -> String {
    let trap = reason.trim_start_matches("wasm trap: ");
    for (kind, meaning, word) in [
        (
            "call stack exhausted",
            " (by recursion, or by values that are nested too deep)",
            "stack exhausted",
        ),
        (
            "wasm `unreachable` instruction executed",
            " (it aborted; its stderr may say why)",
            "aborted",
        ),
    ] {
        if let Some(rest) = trap.strip_prefix(kind) {
            assert_eq!(rest, meaning);
            return format!("trap: {word}");
        }
    }
    format!("trap: {trap}")
}

fn of_python(error: &PythonError) -> String {
    let name = &error.ty;
    match error.message.as_str() {
        "" => name.clone(),
        message => format!("{name}: {message}"),
    }
}

/// Whether `seen` is what the table says, in which `…` stands for any text.
pub(crate) fn fits(expected: &str, seen: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| seen.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}
