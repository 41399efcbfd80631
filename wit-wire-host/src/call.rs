//! One call of a function.

use std::any::Any;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tracing::Span;
use tracing::field::Empty;

use crate::blocking::block_on;
use crate::compute;
use crate::error::{CallError, Phase};
use crate::metering::{Awaited, Limits, Meter, MeterOptions, MeterUse};
use crate::parked_call::{Parts, Waiting};
use crate::profile;
use crate::program::Program;
use crate::protocol::Payload;
use crate::protocol::reserved::{PROFILE, RESUME};
use crate::receipt::{CallInFlight, Isolation, Receipt};
use crate::run::{Ended, Finished, Run, Start, Waits};
use crate::sandbox::{Determinism, OutputSink, RunEnvironment, SavedEnvironment, Stream};
use crate::telemetry::TARGET;

/// A prepared call. Await it, or run it on the current thread with
/// [`run_blocking`](Self::run_blocking).
///
/// Not cancel safe: dropping the future cancels the call and ends the instance it ran on. Other
/// calls are not affected.
///
/// ```no_run
/// # async fn example(total: wit_wire_host::Function, tenant: u64) {
/// use std::time::{Duration, Instant};
/// use wit_wire_host::Limits;
///
/// let call = total
///     .call::<_, f64>(&[19.9, 5.0])
///     .limits(Limits::default().cpu_time(Duration::from_millis(200)))
///     .deadline(Instant::now() + Duration::from_secs(1))
///     // For the hostcalls that the call makes: `HostcallContext::value::<u64>`.
///     .context(tenant);
/// let (sum, receipt) = call.with_receipt().await;
/// println!("{sum:?} in {:?}, {} hostcalls", receipt.wall_time, receipt.hostcalls);
/// # }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'f, O> {
    program: &'f Program,
    op: Arc<str>,
    start: Start,
    input: Result<Payload, CallError>,
    options: CallOptions,
    deadline: Option<Instant>,
    context: Option<Arc<dyn Any + Send + Sync>>,
    on_output: Option<OutputSink>,
    earlier: Option<Earlier>,
    decode: Decode<O>,
}

/// What a durable call was before it is resumed.
struct Earlier {
    used: MeterUse,
    environment: SavedEnvironment,
    /// How long ago.
    passed: Duration,
    /// The hostcalls that it still waits for.
    awaited: Vec<Awaited>,
}

/// How a call ended.
pub(crate) enum Done<O> {
    Output(O),
    /// Only a durable one. With the meter, which has its hostcalls.
    Waits(Box<(Waiting, Meter, RunEnvironment)>),
}

/// How the output of a call becomes what its caller asked for.
#[derive(Clone, Copy)]
pub(crate) enum Decode<O> {
    /// Unread.
    Pass(fn(Payload) -> O),
    /// Parsed.
    Parse(fn(&Payload) -> Result<O, serde_json::Error>),
}

impl<O: Send + 'static> Decode<O> {
    async fn decode(self, output: Payload, op: &str, meter: &Meter) -> Result<O, CallError> {
        let parse = match self {
            Self::Pass(pass) => return Ok(pass(output)),
            Self::Parse(parse) => parse,
        };
        let parsed = meter
            .parse(output, parse)
            .await
            .map_err(|interrupt| CallError::interrupted(interrupt, Phase::Handle, Some(op)))?;
        parsed.map_err(|source| CallError::Decode {
            op: op.to_owned(),
            source,
        })
    }
}

/// What can be set for one call, as plain data: to be kept, compared, sent to another process.
///
/// - limits: the host's
/// - timeout: none but the limit on wall time
/// - clock and seed: the machine's
/// - profile: no
///
/// ```
/// use std::time::Duration;
/// use wit_wire_host::CallOptions;
///
/// let options = CallOptions::default().timeout(Duration::from_secs(1)).seed(7);
/// assert_eq!(options.seed, Some(7));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct CallOptions {
    /// Limits instead of the host's.
    pub limits: Option<Limits>,
    /// Time from the start of the call after which the caller no longer needs an answer. The limit
    /// on wall time still applies.
    pub timeout: Option<Duration>,
    /// The time of day that the guest sees throughout the call.
    pub clock: Option<SystemTime>,
    /// The seed of all random numbers that the guest gets.
    pub seed: Option<u64>,
    /// Whether the guest is asked for a profile.
    pub profile: bool,
}

/// Each of these sets one option; the others stay as they are.
impl CallOptions {
    /// Sets [`limits`](Self::limits).
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        let limits = Some(limits);
        Self { limits, ..self }
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        let timeout = Some(timeout);
        Self { timeout, ..self }
    }

    /// Sets [`clock`](Self::clock).
    #[must_use]
    pub fn clock(self, clock: SystemTime) -> Self {
        let clock = Some(clock);
        Self { clock, ..self }
    }

    /// Sets [`seed`](Self::seed).
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        let seed = Some(seed);
        Self { seed, ..self }
    }

    /// Sets [`profile`](Self::profile).
    #[must_use]
    pub fn profile(self, profile: bool) -> Self {
        Self { profile, ..self }
    }
}

impl<'f, O: Send + 'static> Call<'f, O> {
    pub(crate) fn new(
        program: &'f Program,
        op: Arc<str>,
        input: Result<Payload, CallError>,
        decode: Decode<O>,
    ) -> Self {
        Self {
            program,
            op,
            start: Start::Program,
            input,
            options: CallOptions::default(),
            deadline: None,
            context: None,
            on_output: None,
            earlier: None,
            decode,
        }
    }

    pub(crate) fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Goes on with what `parked` had used and fixed. It still waits for `awaited`.
    pub(crate) fn resumed(mut self, parked: &Parts, awaited: Vec<Awaited>) -> Self {
        let passed = SystemTime::now().duration_since(parked.parked_at);
        self.earlier = Some(Earlier {
            used: parked.used,
            environment: parked.environment,
            passed: passed.unwrap_or_default(),
            awaited,
        });
        self
    }

    /// What the embedder gave to a call that is resumed.
    pub(crate) fn given(
        mut self,
        deadline: Option<Instant>,
        context: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Self {
        (self.deadline, self.context) = (deadline, context);
        self
    }

    pub(crate) fn program(&self) -> &Program {
        self.program
    }

    pub(crate) fn op(&self) -> &Arc<str> {
        &self.op
    }

    /// All options at once, instead of those that were set before.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Limits for this call instead of the host's.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = Some(limits);
        self
    }

    /// The instant after which the caller no longer needs an answer. The call is stopped then at
    /// the latest; the limit on wall time still applies.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// A value of the embedder's own (a tenant, an identity, a trace) for the hostcalls that the
    /// call makes: [`HostcallContext::value`](crate::HostcallContext::value).
    pub fn context(mut self, value: impl Any + Send + Sync) -> Self {
        self.context = Some(Arc::new(value));
        self
    }

    /// Is told of what the guest writes to stdout and stderr, as it writes it: for a page or a
    /// terminal that shows the output of a long call. Of each stream these are the bytes that
    /// [`Receipt::output`] stores, the first ones up to [`Limits::log`]; a piece may end within a
    /// line or a character. What `init` writes is not among them.
    ///
    /// It is called from within the guest's write, on the thread that the guest computes on, at the
    /// call's expense: it must be quick and must not block, and finds no task-local values. Send to an unbounded channel, or try to
    /// send to a bounded one. If it panics, the call goes on, and it is dropped and not called
    /// again. It is dropped with the call at the latest.
    ///
    /// ```no_run
    /// # async fn example(report: wit_wire_host::Function) -> Result<(), wit_wire_host::CallError> {
    /// let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    /// let call = report.call::<_, f64>(&2026).on_output(move |_stream, bytes| {
    ///     // Nobody may be interested any more.
    ///     let _ = sender.send(bytes.to_vec());
    /// });
    /// let show = async {
    ///     while let Some(bytes) = receiver.recv().await {
    ///         print!("{}", String::from_utf8_lossy(&bytes));
    ///     }
    /// };
    /// let (total, ()) = tokio::join!(call, show);
    /// # total?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_output(mut self, sink: impl Fn(Stream, &[u8]) + Send + Sync + 'static) -> Self {
        self.on_output = Some(Arc::new(sink));
        self
    }

    /// The time of day that the guest sees throughout the call. Clocks that measure durations go
    /// on, and so do time limits.
    pub fn clock(mut self, time: SystemTime) -> Self {
        self.options.clock = Some(time);
        self
    }

    /// The seed of all random numbers that the guest gets in the call, also of those meant to be
    /// secret. Under [`Isolation::Shared`], generators that the guest seeded in earlier calls go
    /// on, and so do those that it seeds in this one.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = Some(seed);
        self
    }

    /// Asks the guest for a profile of this call ([`Receipt::profile`]), also if it fails.
    /// Isolation, limits and hostcalls are the same; the call takes longer. Fails with
    /// [`CallError::NoProfile`] if the guest cannot profile.
    ///
    /// The guest for Python measures at every call and return of a function: a program of many
    /// small functions takes several times as long, and those seem longer than they are.
    pub fn profiled(mut self) -> Self {
        self.options.profile = true;
        self
    }

    /// Makes the call, and reports what it used.
    ///
    /// Not cancel safe: dropping the future cancels the call and ends the instance it ran on.
    ///
    /// # Errors
    ///
    /// Any [`CallError`]; there is a receipt all the same.
    pub async fn with_receipt(self) -> (Result<O, CallError>, Receipt) {
        let (done, receipt) = self.run(Waits::Parked).await;
        let output = done.and_then(|done| match done {
            Done::Output(output) => Ok(output),
            // Only durable calls end so.
            Done::Waits(_) => Err(CallError::InstanceEnded),
        });
        (output, receipt)
    }

    /// Makes the call. What becomes of it while it waits is up to `waits`.
    pub(crate) async fn run(self, waits: Waits) -> (Result<Done<O>, CallError>, Receipt) {
        let Self {
            program,
            op: name,
            start,
            input,
            options,
            deadline,
            context,
            on_output,
            earlier,
            decode,
        } = self;
        let timeout = options
            .timeout
            .map(|timeout| Instant::now().checked_add(timeout));
        let deadline = [deadline, timeout.flatten()].into_iter().flatten().min();
        let isolation = program.isolation();
        let meter = MeterOptions {
            deadline,
            context,
            span: call_span(&name, isolation),
        };
        let host = program.host();
        let meter = Meter::with(options.limits.unwrap_or(*host.limits()), meter);
        let in_flight = CallInFlight::new(&host.0.metrics, &meter);
        let determinism = Determinism::new(options.clock, options.seed);
        let environment = match earlier {
            None => RunEnvironment::new(&meter, determinism, on_output),
            Some(earlier) => {
                meter.resume(earlier.used, earlier.awaited);
                let (saved, passed) = (earlier.environment, earlier.passed);
                RunEnvironment::restore(&meter, saved, passed, on_output)
            }
        };
        let is_resumed = matches!(start, Start::Parked(_));
        let bytes_in = input.as_ref().map_or(0, Payload::len);
        let run = |op, input, waits| {
            let run = Run {
                program: program.clone(),
                meter: meter.clone(),
                environment: environment.clone(),
                name: name.clone(),
                waits,
            };
            let run = Box::pin(run.end(start, op, input));
            compute::Run::new(run, &meter, host.0.pool.on_compute_threads())
        };
        let (finished, profile) = match (input, options.profile && waits != Waits::Durable) {
            (Err(error), _) => (Finished::failed(error), None),
            (Ok(input), false) => {
                let op = match is_resumed {
                    true => RESUME.into(),
                    false => name.clone(),
                };
                (run(op, input, waits).await, None)
            }
            // A profile is an op of the protocol that runs another one.
            (Ok(input), true) => {
                let input = profile::request(&name, &input);
                let finished = run(PROFILE.into(), input, Waits::InPlace).await;
                let answer = finished.ended.and_then(Ended::output);
                let (output, profile) = Box::pin(profile::read(&name, answer, &meter)).await;
                let ended = output.map(Ended::Output);
                (Finished { ended, ..finished }, profile)
            }
        };
        let Finished { ended, usage, left } = finished;
        let mut bytes_out = 0;
        let done = match ended {
            Ok(Ended::Output(output)) => {
                bytes_out = output.len();
                let decoded = decode.decode(output, &name, &meter).await;
                decoded.map(Done::Output)
            }
            Ok(Ended::Waits(waiting)) => {
                let waits = (waiting, meter.clone(), environment.clone());
                Ok(Done::Waits(Box::new(waits)))
            }
            Err(error) => Err(error),
        };
        // Nothing is awaited any more: who drops the call from here on has its answer.
        if let Some(left) = left
            && done.as_ref().err().is_none_or(is_of_guest_or_caller)
        {
            left.keep();
        }
        let receipt = Receipt::new(usage, &meter, isolation, [bytes_in, bytes_out], profile);
        in_flight.end(&done, &receipt);
        (done, receipt)
    }

    /// Makes the call on this thread, which must not belong to a tokio runtime.
    ///
    /// # Errors
    ///
    /// Any [`CallError`]; [`CallError::BlockingInAsync`] on a thread of a tokio runtime, those of
    /// `spawn_blocking` among them.
    pub fn run_blocking(self) -> Result<O, CallError> {
        block_on(self.into_future())?
    }
}

impl<'f, O: Send + 'static> IntoFuture for Call<'f, O> {
    type Output = Result<O, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'f>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.with_receipt().await.0 })
    }
}

impl<O> fmt::Debug for Call<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("op", &self.op)
            .field("options", &self.options)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Whether the guest said so itself, or the caller asked for something else than it got. It is not
/// so where a limit ends the call.
fn is_of_guest_or_caller(error: &CallError) -> bool {
    error.is_reported_by_guest() || matches!(error, CallError::Decode { .. })
}

fn call_span(op: &str, isolation: Isolation) -> Span {
    tracing::info_span!(
        target: TARGET, "call", op, ?isolation, outcome = Empty, wall_seconds = Empty, cpu_seconds = Empty,
        memory_bytes = Empty, hostcalls = Empty, bytes_in = Empty, bytes_out = Empty, cold = Empty
    )
}
