//! Calls that end where they wait, and go on later, perhaps in another process.

use std::any::Any;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::{Call, CallOptions, Decode, Done};
use crate::component::Component;
use crate::error::{CallError, ProgramError};
use crate::metering::{Awaited, Limits, Outstanding};
use crate::parked_call::{ParkedCall, Stored};
use crate::protocol::{HostcallError, Payload};
use crate::receipt::Receipt;
use crate::run::{Start, Waits};
use crate::sandbox::hostcalls::given_answers;

/// How far a durable call got.
#[derive(Debug)]
pub enum Durable<O> {
    /// To its end.
    Done(O),
    /// It waits: for answers, or until a time.
    Parked(ParkedCall),
}

impl<O: Send + 'static> Call<'_, O> {
    /// Makes the call as a durable one: it ends where it waits, as a value that can be stored and
    /// resumed by [`ParkedCall::resume`], or in another process by [`Component::resume`].
    ///
    /// The host makes none of its hostcalls, except those of
    /// [`HostBuilder::immediate`](crate::HostBuilder::immediate); the embedder does what they ask
    /// for. Only hostcalls that a coroutine awaits can wait; others get the error `op_409`.
    /// Durations that the guest measures count the time until the call is resumed. A call of a
    /// session that is parked leaves the session: its state stays what it was.
    ///
    /// Not cancel safe: dropping the future cancels the call.
    ///
    /// # Errors
    ///
    /// Any [`CallError`] of a call; [`CallError::NotStored`] if its state is not all in memory that
    /// the host can copy.
    pub async fn until_parked(self) -> Result<Durable<O>, CallError> {
        self.until_parked_with_receipt().await.0
    }

    /// The same, and what was used, from its very beginning.
    pub async fn until_parked_with_receipt(self) -> (Result<Durable<O>, CallError>, Receipt) {
        let program = self.program().clone();
        let op = self.op().clone();
        let (done, receipt) = self.run(Waits::Durable).await;
        let durable = done.map(|done| match done {
            Done::Output(output) => Durable::Done(output),
            Done::Waits(waits) => {
                let (waiting, meter, environment) = *waits;
                let awaited =
                    |outstanding: &mut Outstanding| outstanding.awaited().cloned().collect();
                let awaited = meter.outstanding(awaited);
                let parked = ParkedCall::new(&program, &op, waiting, awaited, &meter, &environment);
                Durable::Parked(parked)
            }
        });
        (durable, receipt)
    }
}

/// A durable call that is about to go on. Give it answers, and await it: that is again
/// [`Durable`].
///
/// Without an answer, before [`wakes_at`](Self::wakes_at), it is parked again at once. Limits are
/// those of the host, unless others are set: CPU time and hostcalls count from the beginning of the
/// call, wall time from here.
///
/// ```no_run
/// # async fn example(guest: wit_wire_host::Component, bytes: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// use wit_wire_host::Durable;
///
/// let resume = guest.resume(bytes)?;
/// let approval = resume.hostcalls().iter().find(|hostcall| hostcall.op == "approval").ok_or("none")?;
/// let id = approval.id;
/// match resume.answer(id, Ok(true)).output::<String>().await? {
///     Durable::Done(order) => println!("{order}"),
///     Durable::Parked(parked) => std::fs::write("order", parked.to_bytes()?)?,
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Resume<O> {
    from: From,
    answers: Vec<(u64, Result<String, HostcallError>)>,
    options: CallOptions,
    deadline: Option<Instant>,
    context: Option<Arc<dyn Any + Send + Sync>>,
    decode: Decode<O>,
    output: PhantomData<fn() -> O>,
}

enum From {
    Value(ParkedCall),
    Bytes(Box<Stored>),
}

impl ParkedCall {
    /// Goes on with the call.
    pub fn resume(&self) -> Resume<Payload> {
        Resume::new(From::Value(self.clone()))
    }
}

impl Component {
    /// Goes on with a durable call that was stored by [`ParkedCall::to_bytes`], in this process or
    /// another one with the same component. The bytes are a guest's memory: if they were forged,
    /// the guest may do anything, within its sandbox.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Snapshot`] if they are not such bytes, were damaged, or are of another
    /// component or format.
    pub fn resume(&self, bytes: impl Into<Bytes>) -> Result<Resume<Payload>, ProgramError> {
        let stored = Stored::read(self, bytes.into())?;
        Ok(Resume::new(From::Bytes(Box::new(stored))))
    }
}

impl Resume<Payload> {
    fn new(from: From) -> Self {
        Self {
            from,
            answers: Vec::new(),
            options: CallOptions::default(),
            deadline: None,
            context: None,
            decode: Decode::Pass(|output| output),
            output: PhantomData,
        }
    }

    /// Reads the output as a `T`.
    pub fn output<T: DeserializeOwned + Send + 'static>(self) -> Resume<T> {
        let Self {
            from,
            answers,
            options,
            deadline,
            context,
            ..
        } = self;
        Resume {
            from,
            answers,
            options,
            deadline,
            context,
            decode: Decode::Parse(|output| output.deserialize()),
            output: PhantomData,
        }
    }
}

impl<O: Send + 'static> Resume<O> {
    /// The hostcalls that the call waits for.
    pub fn hostcalls(&self) -> &[Awaited] {
        match &self.from {
            From::Value(parked) => parked.hostcalls(),
            From::Bytes(stored) => stored.hostcalls(),
        }
    }

    /// When it goes on without an answer.
    pub fn wakes_at(&self) -> Option<SystemTime> {
        match &self.from {
            From::Value(parked) => parked.wakes_at(),
            From::Bytes(stored) => stored.wakes_at(),
        }
    }

    /// The answer to the hostcall `id`, or its error. Several may be given.
    pub fn answer<T: Serialize>(mut self, id: u64, answer: Result<T, HostcallError>) -> Self {
        let json = answer.and_then(|answer| {
            serde_json::to_string(&answer).map_err(|error| {
                HostcallError::new("op_500", format!("the answer has no JSON form: {error}"))
            })
        });
        self.answers.push((id, json));
        self
    }

    /// The same as JSON that the host does not read.
    pub fn answer_raw(mut self, id: u64, answer: Result<Payload, HostcallError>) -> Self {
        self.answers.push((id, answer.map(Payload::into_text)));
        self
    }

    /// Limits instead of the host's.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = Some(limits);
        self
    }

    /// The instant after which the caller no longer needs an answer.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// A value of the embedder's own for the hostcalls that the host makes.
    pub fn context(mut self, value: impl Any + Send + Sync) -> Self {
        self.context = Some(Arc::new(value));
        self
    }

    /// Goes on, and reports what the call has used from its beginning; output is what it wrote
    /// from here on.
    ///
    /// Not cancel safe: dropping the future cancels this attempt. What was stored can be resumed
    /// again.
    ///
    /// # Errors
    ///
    /// Any [`CallError`]: [`CallError::UnknownHostcall`] for an answer that it does not wait for,
    /// [`CallError::Snapshot`] for bytes that do not fit here.
    pub async fn with_receipt(self) -> (Result<Durable<O>, CallError>, Option<Receipt>) {
        let Self {
            from,
            answers,
            options,
            deadline,
            context,
            decode,
            ..
        } = self;
        let parked = match from {
            From::Value(parked) => Ok(parked),
            From::Bytes(stored) => {
                let host = *stored.component.host().limits();
                stored.load(&options.limits.unwrap_or(host)).await
            }
        };
        let parked = match parked {
            Ok(parked) => parked,
            Err(error) => return (Err(error), None),
        };
        let parts = &*parked.0;
        for (id, _) in &answers {
            if !parts.awaited.iter().any(|awaited| awaited.id == *id) {
                let error = CallError::UnknownHostcall {
                    op: parts.op.as_ref().to_owned(),
                    id: *id,
                    known: parts.awaited.iter().map(|awaited| awaited.id).collect(),
                };
                return (Err(error), None);
            }
        }
        let is_open =
            |awaited: &&Awaited| !answers.iter().any(|(answered, _)| *answered == awaited.id);
        let open = parts.awaited.iter().filter(is_open).cloned().collect();
        let input = given_answers(answers).map(Payload::from);
        let input = input.map_err(|error| CallError::failed(error, crate::error::Phase::Handle));
        let call = Call::new(&parts.program, parts.op.clone(), input, decode)
            .start(Start::Parked(parts.state.clone()))
            .resumed(parts, open)
            .options(options)
            .given(deadline, context);
        let (durable, receipt) = call.until_parked_with_receipt().await;
        (durable, Some(receipt))
    }
}

impl<O: Send + 'static> IntoFuture for Resume<O> {
    type Output = Result<Durable<O>, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.with_receipt().await.0 })
    }
}

impl<O> fmt::Debug for Resume<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resume")
            .field("answers", &self.answers.len())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
