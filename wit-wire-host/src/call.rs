//! One call of a function: what it is given, and what it used.

use std::any::Any;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::capture::Output;
use crate::error::Error;
use crate::fixed;
use crate::function::Function;
use crate::limits::Limits;
use crate::pool::CleanState;
use crate::profile::{self, Profile};
use crate::program::{Isolation, Used};
use crate::run::{Run, Terms};
use crate::telemetry::{CallUnderWay, call_span};

/// A call that was not made yet: await it, or [`blocking`](Self::blocking) it.
///
/// Dropping the future cancels the call and ends the instance it ran on; other calls go on.
///
/// ```no_run
/// # async fn example(total: wit_wire_host::Function, tenant: u64) {
/// use std::time::{Duration, Instant};
/// use wit_wire_host::Limits;
///
/// let call = total
///     .call::<_, f64>(&[19.9, 5.0])
///     .limits(Limits { cpu_time: Duration::from_millis(200), ..Limits::default() })
///     .deadline(Instant::now() + Duration::from_secs(1))
///     // For the hostcalls that the call makes: `HostcallContext::value::<u64>`.
///     .context(tenant);
/// let (sum, receipt) = call.with_receipt().await;
/// println!("{sum:?} in {:?}, {} hostcalls", receipt.wall_time, receipt.hostcalls);
/// # }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'f, O> {
    pub(crate) function: &'f Function,
    pub(crate) input: Result<Arc<str>, Error>,
    pub(crate) settings: Settings,
    pub(crate) decode: fn(String) -> Result<O, serde_json::Error>,
}

#[derive(Default)]
pub(crate) struct Settings {
    limits: Option<Limits>,
    deadline: Option<Instant>,
    context: Option<Arc<dyn Any + Send + Sync>>,
    fixed: fixed::Settings,
    is_profiled: bool,
}

/// What one call used. There is one for failed calls too.
///
/// ```no_run
/// # fn example(receipt: wit_wire_host::Receipt) {
/// use wit_wire_host::Stream;
///
/// println!("{:?} on the clock, {:?} on a processor", receipt.wall_time, receipt.cpu_time);
/// if receipt.cold {
///     println!("an instance had to be built, or `init` run");
/// }
/// print!("{}", receipt.output.text(Stream::Stdout));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// Time on the clock, from the call to its answer.
    pub wall_time: Duration,
    /// Time on a processor, of the threads that ran the call and the hostcalls it made. What it is below 10 ms
    /// may be time on the clock, which is longer where the machine has more to do than processors.
    pub cpu_time: Duration,
    /// Bytes of linear memory that the instance had at the end. Linear memory never shrinks, so it is the peak.
    pub memory: usize,
    /// Hostcalls made.
    pub hostcalls: u64,
    /// Bytes of JSON given.
    pub bytes_in: usize,
    /// Bytes of JSON returned.
    pub bytes_out: usize,
    /// What the call could see of others.
    pub isolation: Isolation,
    /// How the call came to its clean state: by a reset or by a fresh instance. `None` if it got no instance, and under
    /// [`Isolation::Shared`].
    pub clean_state: Option<CleanState>,
    /// Whether the call waited for an instance to be built, or for `init`.
    pub cold: bool,
    /// What the guest wrote to stdout and stderr.
    pub output: Output,
    /// What the call spent its time on, if it was to be told and the guest came back.
    pub profile: Option<Profile>,
}

impl<'f, O: Send + 'f> Call<'f, O> {
    /// Limits for this call instead of the host's.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = Some(limits);
        self
    }

    /// When the caller has no more use for an answer. The call ends then at the latest; its limit on wall time holds
    /// all the same.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.settings.deadline = Some(deadline);
        self
    }

    /// A value of the embedder's own (a tenant, an identity, a trace) for the hostcalls that the call makes:
    /// [`HostcallContext::value`](crate::HostcallContext::value).
    pub fn context(mut self, value: impl Any + Send + Sync) -> Self {
        self.settings.context = Some(Arc::new(value));
        self
    }

    /// The time of day that the guest sees throughout the call. Clocks that measure how long something takes go on, and so do
    /// time limits.
    pub fn clock(mut self, time: SystemTime) -> Self {
        self.settings.fixed.clock = Some(time);
        self
    }

    /// The seed of all random numbers that the guest gets in the call, also of those that are secret otherwise. Under
    /// [`Isolation::Shared`], generators that the guest seeded in earlier calls go on, and so do those that it seeds in this one.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.fixed.seed = Some(seed);
        self
    }

    /// Has the guest tell what the call spends its time on: [`Receipt::profile`], also of a call that fails. Isolation, limits and
    /// hostcalls are the same; the call takes longer. A guest that knows of no profiles is [`Error::NoProfile`].
    ///
    /// The guest for Python measures at every call and return of a function: a program of many small functions takes several times as
    /// long, and those seem longer than they are.
    pub fn profiled(mut self) -> Self {
        self.settings.is_profiled = true;
        self
    }

    /// Makes the call, and says what it used.
    pub async fn with_receipt(self) -> (Result<O, Error>, Receipt) {
        let Self {
            function,
            input,
            settings,
            decode,
        } = self;
        let Settings {
            limits,
            deadline,
            context,
            fixed,
            is_profiled,
        } = settings;
        let terms = Terms {
            deadline,
            context,
            fixed,
            span: call_span(&function.op, function.program.isolation()),
            is_profiled,
        };
        let host = function.program.host();
        let run = Run::with(limits.unwrap_or(*host.limits()), terms);
        let under_way = CallUnderWay {
            metrics: &host.0.metrics,
            run: &run,
            is_over: false,
        };
        let mut used = Used::default();
        let bytes_in = input.as_ref().map_or(0, |input| input.len());
        let output = match input {
            Ok(input) => {
                function
                    .program
                    .run(&run, &function.op, input, &mut used)
                    .await
            }
            Err(error) => Err(error),
        };
        let (output, profile) = match is_profiled {
            true => profile::read(function.name(), output),
            false => (output, None),
        };
        let bytes_out = output.as_ref().map_or(0, String::len);
        let mut receipt = used.receipt(&run, function.program.isolation(), bytes_in, bytes_out);
        receipt.profile = profile;
        let decoded = output.and_then(|json| {
            decode(json).map_err(|source| Error::Decode {
                op: function.name().to_owned(),
                source,
            })
        });
        under_way.end(&decoded, &receipt);
        (decoded, receipt)
    }

    /// Makes the call on this thread, which must not be one that drives async tasks; one of `spawn_blocking` is fine.
    pub fn blocking(self) -> Result<O, Error> {
        crate::blocking::block_on(self.into_future())?
    }
}

impl<'f, O: Send + 'f> IntoFuture for Call<'f, O> {
    type Output = Result<O, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'f>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.with_receipt().await.0 })
    }
}
