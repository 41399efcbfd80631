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
use crate::instance::Request;
use crate::metering::{Limits, Meter, MeterOptions};
use crate::profile;
use crate::program::Program;
use crate::protocol::Payload;
use crate::protocol::reserved::PROFILE;
use crate::receipt::{CallInFlight, Isolation, Receipt, Usage};
use crate::sandbox::Determinism;
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
    op: &'f Arc<str>,
    input: Result<Payload, CallError>,
    options: CallOptions,
    deadline: Option<Instant>,
    context: Option<Arc<dyn Any + Send + Sync>>,
    decode: Decode<O>,
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
        op: &'f Arc<str>,
        input: Result<Payload, CallError>,
        decode: Decode<O>,
    ) -> Self {
        Self {
            program,
            op,
            input,
            options: CallOptions::default(),
            deadline: None,
            context: None,
            decode,
        }
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
        let Self {
            program,
            op: name,
            input,
            options,
            deadline,
            context,
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
            span: call_span(name, isolation),
        };
        let host = program.host();
        let meter = Meter::with(options.limits.unwrap_or(*host.limits()), meter);
        let in_flight = CallInFlight::new(&host.0.metrics, &meter);
        let determinism = Determinism {
            clock: options.clock,
            seed: options.seed,
        };
        let bytes_in = input.as_ref().map_or(0, Payload::len);
        let request = |op, input| Request {
            name: name.clone(),
            op,
            input,
        };
        let run = |request| {
            let run = Box::pin(program.clone().run(meter.clone(), determinism, request));
            compute::Run::new(run, &meter, host.0.pool.on_compute_threads())
        };
        let (output, usage, profile) = match (input, options.profile) {
            (Err(error), _) => (Err(error), Usage::default(), None),
            (Ok(input), false) => {
                let (output, usage) = run(request(name.clone(), input)).await;
                (output, usage, None)
            }
            // A profile is an op of the protocol that runs another one.
            (Ok(input), true) => {
                let input = profile::request(name, &input);
                let (answer, usage) = run(request(PROFILE.into(), input)).await;
                let (output, profile) = Box::pin(profile::read(name, answer, &meter)).await;
                (output, usage, profile)
            }
        };
        let bytes_out = output.as_ref().map_or(0, Payload::len);
        let decoded = match output {
            Ok(output) => decode.decode(output, name, &meter).await,
            Err(error) => Err(error),
        };
        let receipt = Receipt::new(usage, &meter, isolation, [bytes_in, bytes_out], profile);
        in_flight.end(&decoded, &receipt);
        (decoded, receipt)
    }

    /// Makes the call on this thread, which must not be one that drives async tasks; one of
    /// `spawn_blocking` is fine.
    ///
    /// # Errors
    ///
    /// Any [`CallError`]; [`CallError::BlockingInAsync`] on a thread that drives async tasks.
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

fn call_span(op: &str, isolation: Isolation) -> Span {
    tracing::info_span!(
        target: TARGET, "call", op, ?isolation, outcome = Empty, wall_seconds = Empty, cpu_seconds = Empty,
        memory_bytes = Empty, hostcalls = Empty, bytes_in = Empty, bytes_out = Empty, cold = Empty
    )
}
