//! Sessions: cells that run one after the other, each in what the ones before it left.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;
use wit_wire_host::{Call, CallError, Component, Op, Program, ProgramSize, Session, Snapshot};

use super::program::{Tracebacks, op_data};
use super::python_runtime::PythonRuntime;
use crate::error::Error;

/// The op of a session's program, and its kind.
const CELLS: &str = "cells";

/// Python as a notebook or an interactive interpreter has it: cells run one after the other in one
/// namespace, and each finds what the ones before it left. Between cells a session is data, and
/// takes no interpreter.
///
/// Cells take turns, in the order in which they are first polled. A cell is a transaction: if a
/// limit or a crash ends it, or its future is dropped, the session stays what it was before. A
/// cell that raises an exception keeps what it did until then, as in Python. What a session may
/// take is [`Limits::state`](crate::Limits::state).
///
/// Where interpreters can't be reset
/// ([`Session::size`](Self::size) is `None`), a session keeps an interpreter as long as it exists.
/// It can't be forked or stored then, and a cell that a limit or a crash ends takes the state with
/// it: the next one finds a new session.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use python_runtime::PythonRuntime;
/// use serde_json::json;
///
/// let runtime = PythonRuntime::builder().build()?;
/// let session = runtime.session().await?;
/// session.run("prices = [19.9, 5.0]").await?;
/// let total = session.run("sum(prices)").await?;
/// assert_eq!((total.number, total.value), (2, Some(json!(24.9))));
///
/// // What if? Both go on from here, and neither sees the other.
/// let other = session.fork()?;
/// other.run("prices.append(100)").await?;
/// assert_eq!(session.run("len(prices)").await?.value, Some(json!(2)));
/// # Ok(())
/// # }
/// ```
pub struct PythonSession(Session);

/// How a cell ended that raised no exception.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CellOutcome {
    /// The cell's number in its session, from 1. It is counted with the session: by forks and
    /// snapshots too, and by cells that raise an exception, whose traceback names it
    /// (`<cell 3>`). A cell that leaves no state does not count.
    pub number: u64,
    /// The value of the expression that the cell ends with, as Python shows it. `None` if there is
    /// no such expression, or its value is Python's `None`. What is beyond 10,000 characters is
    /// cut off, and counted at the end.
    #[serde(default)]
    pub repr: Option<String>,
    /// The same value as JSON, if it consists of what JSON has, and is not more than a host with
    /// the default limits parses. Integers of more than 64 bits are not among it.
    #[serde(default)]
    pub value: Option<Value>,
}

impl PythonRuntime {
    /// Begins a session. It takes nothing before its first cell: the sessions of a runtime share
    /// one program, which is built by the first one.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if the program can't be built: a limit is exceeded, no interpreter is
    /// available.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; the next one begins again if the program was not yet built.
    pub async fn session(&self) -> Result<PythonSession, Error> {
        let build = || build(&self.guest, &self.packages, self.tracebacks);
        let program = self.sessions.get_or_try_init(build).await?;
        Ok(PythonSession(program.session()))
    }

    /// Goes on with a session that [`PythonSession::snapshot`] saved, in this process or in
    /// another one with the same guest and packages. No cell runs again.
    ///
    /// # Errors
    ///
    /// [`Error::NoSession`] if it is the snapshot of a program of functions, [`Error::Program`] if
    /// it is one of another guest or release.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn restore_session(&self, snapshot: &Snapshot) -> Result<PythonSession, Error> {
        if !snapshot.ops().iter().any(is_cells) {
            let ops = snapshot.ops().iter();
            return Err(Error::NoSession {
                functions: ops.map(|op| op.name().to_owned()).collect(),
            });
        }
        let program = self.guest.restore(snapshot)?.build().await?;
        Ok(PythonSession(program.session()))
    }
}

/// The program that all sessions of a runtime begin with, once there is one.
pub(super) type Sessions = OnceCell<Program>;

async fn build(
    guest: &Component,
    packages: &[String],
    tracebacks: Tracebacks,
) -> Result<Program, Error> {
    let fields = Map::from_iter([("ty".into(), CELLS.into())]);
    let data = op_data(fields, packages, tracebacks);
    Ok(guest
        .program([Op::new(CELLS).with_data(&data)])
        .build()
        .await?)
}

fn is_cells(op: &Op) -> bool {
    let data: Option<Value> = serde_json::from_str(op.data()).ok();
    op.name() == CELLS && data.is_some_and(|data| data.get("ty") == Some(&CELLS.into()))
}

impl PythonSession {
    /// A cell. `await` may be used outside of functions in it, and `ctx.hostcall` and
    /// `ctx.hostcall_async` ask the host. An exception is [`CallError::Handler`], which
    /// [`PythonError::of`](crate::PythonError::of) reads; [`Call::stream`] tells what is printed,
    /// as it is printed.
    ///
    /// Not cancel safe: dropping the future cancels the cell, and the session stays what it was.
    pub fn run(&self, source: &str) -> Call<'_, CellOutcome> {
        self.0.call(CELLS, &json!({ "source": source }))
    }

    /// Another session in the same state, that of the cells that are over. Nothing is copied. From
    /// here on both draw different random numbers, except from generators of their own
    /// (`random.Random()`).
    ///
    /// # Errors
    ///
    /// [`CallError::NoReset`] if the session keeps an interpreter.
    pub fn fork(&self) -> Result<Self, CallError> {
        self.0.fork().map(Self)
    }

    /// Goes back to how the session began, after the cells that were run before: to nothing, or
    /// for one of [`PythonRuntime::restore_session`] to the snapshot. Cancel safe.
    pub async fn reset(&self) {
        self.0.reset().await;
    }

    /// What the session takes while no cell of it runs, apart from what all sessions share, or
    /// from the snapshot it was restored from. `None` if it keeps an interpreter.
    pub fn size(&self) -> Option<ProgramSize> {
        self.0.size()
    }

    /// The session as bytes, in the state of the cells that are over, for
    /// [`PythonRuntime::restore_session`]. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Error::Program`] if the session keeps an interpreter.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        Ok(self.0.snapshot().await?)
    }
}

impl fmt::Debug for PythonSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonSession")
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
