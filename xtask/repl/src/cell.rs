//! One cell, from its source to what the user sees of it.

use std::pin::pin;
use std::time::Duration;

use anyhow::Result;
use python_cli::explain;
use python_runtime::{
    CallError, CallEvent, CellOutcome, Limits, PythonError, PythonSession, Stream,
};

use crate::screen::Screen;

/// The user ends what takes too long.
const NO_END: Duration = Duration::from_secs(365 * 86_400);

/// What a person does in one session is not one of many calls: all that fits into memory may stay
/// there, and be printed.
const LIMITS: Limits = {
    let limits = Limits::new().wall_time(NO_END).cpu_time(NO_END);
    limits.log(16 << 20).state(limits.memory)
};

/// How a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It returned.
    Well,
    /// It raised an exception.
    Raised,
    /// The user or a limit ended it, or it crashed: the session is what it was before.
    Stopped,
    /// It wants the interpreter to end, with this status.
    Exits(u8),
}

/// Runs a cell, and shows what it prints as it prints it; its value, if `shows_value`; or why it
/// failed.
pub(crate) async fn run(
    session: &PythonSession,
    source: &str,
    shows_value: bool,
    screen: &mut Screen,
) -> Result<Ran> {
    let mut events = session.run(source).limits(LIMITS).stream();
    // One for the whole cell: what is pressed while the screen is written to counts, too.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    loop {
        let event = tokio::select! {
            // First, so that the signal is caught before the cell begins.
            biased;
            // Dropping the stream cancels the cell.
            pressed = &mut interrupted => {
                pressed?;
                screen.echoed();
                screen.lines(Stream::Stderr, "interrupted; the session is as it was before")?;
                return Ok(Ran::Stopped);
            }
            event = events.next() => event,
        };
        match event {
            Some(CallEvent::Output(stream, text)) => screen.write(stream, &text)?,
            Some(CallEvent::Ended { result, receipt }) => {
                for stream in [Stream::Stdout, Stream::Stderr] {
                    let dropped = receipt.output.dropped(stream);
                    if dropped > 0 {
                        screen.lines(Stream::Stderr, &format!("[{dropped} more bytes]"))?;
                    }
                }
                return end(result, shows_value, screen);
            }
            Some(_) => {}
            None => return Ok(Ran::Stopped),
        }
    }
}

fn end(
    result: Result<CellOutcome, CallError>,
    shows_value: bool,
    screen: &mut Screen,
) -> Result<Ran> {
    let error = match result {
        Ok(outcome) => {
            if let Some(repr) = outcome.repr.filter(|_| shows_value) {
                screen.lines(Stream::Stdout, &repr)?;
            }
            return Ok(Ran::Well);
        }
        Err(error) => error,
    };
    match PythonError::of(&error) {
        Some(exit) if exit.ty == "SystemExit" => Ok(Ran::Exits(match exit.message.as_str() {
            "" | "None" => 0,
            // Of a status that is larger the system takes the last byte.
            status => match status.parse::<i64>() {
                Ok(status) => status.to_le_bytes()[0],
                Err(_) => {
                    screen.lines(Stream::Stderr, status)?;
                    1
                }
            },
        })),
        Some(python) => {
            screen.lines(Stream::Stderr, &python.to_string())?;
            Ok(Ran::Raised)
        }
        None => {
            let why = explain(&error);
            let text = format!("error: {why}; the session is as it was before");
            screen.lines(Stream::Stderr, &text)?;
            Ok(Ran::Stopped)
        }
    }
}
