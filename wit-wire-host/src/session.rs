//! Calls that see what earlier ones left.

use std::fmt;
use std::sync::Arc;

use crate::call::{Call, Decode};
use crate::error::{CallError, ProgramError};
use crate::memory::Snapshot;
use crate::program::{Program, ProgramSize};
use crate::protocol::Payload;
use crate::run::Start;
use crate::session_state::SessionState;

/// State that calls share and that nobody else sees: each call begins with what the one before it
/// left. Between calls it is data, and takes no instance.
///
/// Calls take turns, in the order in which they were first polled. A call is a transaction: if a
/// trap, an exit, a panic or a limit ends it, or its future is dropped, the state stays what it was
/// before. A function that reports an error (an exception in Python) came back by itself, and keeps
/// what it changed. What a state may take is [`Limits::state`](crate::Limits::state) of the call
/// that leaves it.
///
/// A hostcall that calls the session whose call made it waits for its own caller, until the
/// deadline.
///
/// If instances of the component can't be reset ([`Program::fallback_reason`]), the session keeps
/// an instance as long as it exists. Such a session can't be forked or stored, and a call that ends
/// the instance loses the state: the next one begins with that of the program.
///
/// ```no_run
/// # async fn example(program: wit_wire_host::Program) -> Result<(), Box<dyn std::error::Error>> {
/// let session = program.session();
/// session.call::<_, ()>("add", &"milk").await?;
/// // What if? Both go on from here, and neither sees the other.
/// let other = session.fork()?;
/// other.call::<_, ()>("add", &"tea").await?;
/// let list: Vec<String> = session.call("list", &()).await?;
/// assert_eq!(list, ["milk"]);
/// # Ok(())
/// # }
/// ```
pub struct Session {
    program: Program,
    state: Arc<SessionState>,
}

impl Program {
    /// A session that begins with the program's state. It costs nothing before its first call.
    pub fn session(&self) -> Session {
        Session {
            program: self.clone(),
            state: Arc::default(),
        }
    }
}

impl Session {
    /// The program whose ops can be called.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// A call of the op `op`, as [`Function::call`](crate::Function::call) makes one.
    /// [`CallError::NoHandler`] if the program has no such op.
    ///
    /// Not cancel safe: dropping the future cancels the call, and the state stays what it was.
    pub fn call<I, O>(&self, op: &str, input: &I) -> Call<'_, O>
    where
        I: serde::Serialize + ?Sized,
        O: serde::de::DeserializeOwned + Send + 'static,
    {
        let input = Payload::serialize(input).map_err(|source| CallError::Encode {
            op: op.to_owned(),
            source,
        });
        let parse = |output: &Payload| output.deserialize();
        self.begin(op, input, Decode::Parse(parse))
    }

    /// The same with input and output that the host does not read.
    pub fn call_raw(&self, op: &str, input: impl Into<Payload>) -> Call<'_, Payload> {
        self.begin(op, Ok(input.into()), Decode::Pass(|output| output))
    }

    fn begin<O: Send + 'static>(
        &self,
        op: &str,
        input: Result<Payload, CallError>,
        decode: Decode<O>,
    ) -> Call<'_, O> {
        let mut ops = self.program.ops().iter();
        let (op, input) = match ops.find(|known| known.name() == op) {
            Some(known) => (known.shared_name().clone(), input),
            None => {
                let error = CallError::NoHandler { op: op.to_owned() };
                (op.into(), Err(error))
            }
        };
        let start = Start::Session(self.state.clone());
        Call::new(&self.program, op, input, decode).start(start)
    }

    /// Another session in the same state, that of the calls that are over. Nothing is copied. From
    /// here on, guests that know how to (Python) draw different random numbers in both.
    ///
    /// # Errors
    ///
    /// [`CallError::NoReset`] if the session keeps an instance.
    pub fn fork(&self) -> Result<Self, CallError> {
        self.check_is_data()?;
        Ok(Self {
            program: self.program.clone(),
            state: Arc::new(self.state.fork()),
        })
    }

    /// The session as bytes: a program whose state is the session's, that of the calls that are
    /// over. [`Component::restore`](crate::Component::restore) makes it a program, in this process
    /// or another, and [`Program::session`] makes that a session.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// Those of [`Program::snapshot`].
    pub async fn snapshot(&self) -> Result<Snapshot, ProgramError> {
        self.program.snapshot_of(self.state.state().as_ref()).await
    }

    /// What the session takes while nobody calls it, apart from its program. `None` if it keeps an
    /// instance.
    pub fn size(&self) -> Option<ProgramSize> {
        let program = self.program.image().as_ref().ok()?;
        Some(match self.state.state() {
            Some(state) => ProgramSize::of(&state),
            None => ProgramSize::nothing(program.length()),
        })
    }

    /// Goes back to the program's state, after the calls that were made before. Cancel safe.
    pub async fn reset(&self) {
        self.state.turn().await.reset().await;
    }

    fn check_is_data(&self) -> Result<(), CallError> {
        match self.program.fallback_reason() {
            Some(why) => Err(CallError::no_reset(why)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("program", &self.program)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
