//! What one call used.

use std::time::Duration;

use crate::error::CallError;
use crate::instance::{DiscardReason, Instance};
use crate::metering::Meter;
use crate::profile::Profile;
use crate::sandbox::{Output, RunEnvironment};
use crate::telemetry::{CallMetrics, outcome};

/// What calls of a program see of each other. It names the meaning; how that is achieved depends on
/// component and machine ([`CleanedBy`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Isolation {
    /// Every call sees the state that `init` left. Calls can't see each other, and run
    /// concurrently.
    #[default]
    PerCall,
    /// Calls share live state, as in a long-running process, and run one after the other in the
    /// order they were made. The program keeps one instance; a call that ends it (a trap, a limit
    /// exceeded while it runs, a cancelled call) loses the state, and the next call starts with a
    /// new one. A hostcall that calls the same program waits for its own caller, until the
    /// deadline.
    Shared,
}

/// How a call got its clean state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CleanedBy {
    /// The instance's memory was reset.
    Reset,
    /// An instance was built for the call.
    FreshInstance,
}

/// What one call used. Failed calls have a receipt, too.
///
/// ```no_run
/// # fn example(receipt: wit_wire_host::Receipt) {
/// use wit_wire_host::Stream;
///
/// println!("{:?} wall time, {:?} CPU time", receipt.wall_time, receipt.cpu_time);
/// if receipt.cold {
///     println!("an instance had to be built, or `init` run");
/// }
/// print!("{}", receipt.output.text(Stream::Stdout));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Receipt {
    /// Wall time, from the call to its answer.
    pub wall_time: Duration,
    /// CPU time of the threads that ran the call and the hostcalls it made. Below 10 ms this may be
    /// wall time, which overstates CPU time on an oversubscribed machine.
    pub cpu_time: Duration,
    /// Bytes of linear memory that the instance had at the end. Linear memory never shrinks, so
    /// this is the peak.
    pub memory: usize,
    /// Hostcalls made.
    pub hostcalls: u64,
    /// How often the call was parked: it waited, and others had its instance.
    pub parks: u32,
    /// Wall time that it was parked, or waited to be resumed on its own instance because its state
    /// can't be stored.
    pub parked_time: Duration,
    /// Bytes of input.
    pub bytes_in: usize,
    /// Bytes of output.
    pub bytes_out: usize,
    /// What the call could see of others.
    pub isolation: Isolation,
    /// How the call got its clean state. `None` if it got no instance, and under
    /// [`Isolation::Shared`].
    pub cleaned_by: Option<CleanedBy>,
    /// Whether the call waited for an instance to be built, or for `init`.
    pub cold: bool,
    /// Why the instance can't serve another call, if it can't. Building one in its place takes some
    /// milliseconds of CPU time after the call, or what the component takes, which is not in
    /// `cpu_time`. A changed global is seen only later, and counted in
    /// [`PoolStats::discarded`](crate::PoolStats::discarded) alone.
    pub discarded: Option<DiscardReason>,
    /// What the guest wrote to stdout and stderr.
    pub output: Output,
    /// Where the call spent its time, if a profile was requested and the guest returned.
    pub profile: Option<Profile>,
}

/// What a call used, as far as its instance can say.
#[derive(Default)]
pub(crate) struct Usage {
    pub(crate) cold: bool,
    pub(crate) cleaned_by: Option<CleanedBy>,
    pub(crate) discarded: Option<DiscardReason>,
    memory: usize,
    output: Output,
}

impl Usage {
    /// After the guest came back, or was stopped.
    pub(crate) fn note(&mut self, instance: &Instance) {
        self.memory = self.memory.max(instance.memory());
    }

    /// After a run of `op`, or of `init`, that got an instance or failed without one.
    pub(crate) fn note_output(
        &mut self,
        meter: &Meter,
        environment: &RunEnvironment,
        op: Option<&str>,
    ) {
        let output = environment.take_output();
        if !output.is_empty() {
            self.output = output;
            meter.span().in_scope(|| self.output.trace(op));
        }
    }
}

impl Receipt {
    pub(crate) fn new(
        usage: Usage,
        meter: &Meter,
        isolation: Isolation,
        [bytes_in, bytes_out]: [usize; 2],
        profile: Option<Profile>,
    ) -> Self {
        let Usage {
            cold,
            cleaned_by,
            discarded,
            memory,
            output,
        } = usage;
        let (parks, parked_time) = meter.parked();
        Self {
            wall_time: meter.elapsed(),
            cpu_time: meter.cpu_time(),
            memory,
            hostcalls: meter.hostcalls(),
            parks,
            parked_time,
            bytes_in,
            bytes_out,
            isolation,
            cleaned_by,
            cold,
            discarded,
            output,
            profile,
        }
    }
}

/// The metrics of a host's calls.
pub(crate) fn call_metrics() -> CallMetrics {
    let errors = CallError::KINDS.into_iter();
    CallMetrics::new([outcome::OK, outcome::CANCELLED].into_iter().chain(errors))
}

/// A call in flight. If it is dropped before its end, it was cancelled.
pub(crate) struct CallInFlight<'a> {
    metrics: &'a CallMetrics,
    meter: &'a Meter,
    is_over: bool,
}

impl<'a> CallInFlight<'a> {
    pub(crate) fn new(metrics: &'a CallMetrics, meter: &'a Meter) -> Self {
        Self {
            metrics,
            meter,
            is_over: false,
        }
    }

    pub(crate) fn end<T>(mut self, result: &Result<T, CallError>, receipt: &Receipt) {
        self.is_over = true;
        let outcome = match result {
            Ok(_) => outcome::OK,
            Err(error) => error.kind(),
        };
        let metrics = self.metrics;
        metrics.outcomes.add(outcome, 1);
        metrics.seconds.record(receipt.wall_time);
        metrics.cpu_seconds.record(receipt.cpu_time);
        if receipt.memory > 0 {
            metrics.memory.record(receipt.memory as f64);
        }
        let span = self.meter.span();
        if !span.is_disabled() {
            span.record("outcome", outcome)
                .record("wall_seconds", receipt.wall_time.as_secs_f64())
                .record("cpu_seconds", receipt.cpu_time.as_secs_f64())
                .record("memory_bytes", receipt.memory)
                .record("hostcalls", receipt.hostcalls)
                .record("bytes_in", receipt.bytes_in)
                .record("bytes_out", receipt.bytes_out)
                .record("cold", receipt.cold);
        }
    }
}

impl Drop for CallInFlight<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let Self { metrics, meter, .. } = self;
        metrics.outcomes.add(outcome::CANCELLED, 1);
        metrics.seconds.record(meter.elapsed());
        metrics.cpu_seconds.record(meter.cpu_time());
        meter
            .span()
            .record("outcome", outcome::CANCELLED)
            .record("wall_seconds", meter.elapsed().as_secs_f64())
            .record("cpu_seconds", meter.cpu_time().as_secs_f64())
            .record("hostcalls", meter.hostcalls());
    }
}
