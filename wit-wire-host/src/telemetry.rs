//! What whoever runs a host can watch: the names of its metrics and spans.
//!
//! # Metrics
//!
//! Through the facade `metrics`: install a recorder before the host is built, which is when it takes its handles; without a recorder they
//! do nothing. Hosts of one process add up. No label has a value that a guest or a caller chooses. The constants below are their names.
//!
//! # Spans
//!
//! Through `tracing`, with the target [`TARGET`]. The names of the fields that are known at the end only are there from the start.
//!
//! | span | level | fields | at the end |
//! |---|---|---|---|
//! | `call` | `INFO` | `op`, `isolation` | `outcome`, `wall_seconds`, `cpu_seconds`, `memory_bytes`, `hostcalls`, `bytes_in`, `bytes_out`, `cold` |
//! | `init` | `INFO` | `ops` (how many) | `outcome` |
//! | `hostcall` | `DEBUG` | `name` (a hundred characters of it) | `outcome` |
//!
//! A `call` is the child of the span in which its future is polled first, and the parent of its hostcalls' spans. The closures and
//! futures that answer hostcalls run inside of those, and where those are switched off, inside of the call's. What guests print are
//! events of the target `wit_wire::output` inside of the call's span.

use std::sync::Arc;
use std::time::Instant;

use metrics::{Counter, Histogram, Unit, counter, histogram};
use tracing::Span;
use tracing::field::Empty;

use crate::call::Receipt;
use crate::error::Error;
use crate::limits::Limit;
use crate::program::Isolation;
use crate::run::Run;

/// Calls that ended, a counter by `outcome`: `ok`; `failed` (the function's own error, or a panic); `input` or `output` (JSON that does not
/// fit); `no_handler` (also where a profile was asked for that the guest can't make); `init`; `trap`; `exit`; `limit_` and a field of
/// [`Limits`](crate::Limits), or `deadline`, `tables`, `handles`, `instances`, `concurrency`, `queue`; `cancelled` (its future was dropped);
/// `shut_down`; `error` (the host or the machine).
pub const CALLS: &str = "wit_wire_calls_total";
/// Time on the clock of calls, however they ended, a histogram.
pub const CALL_SECONDS: &str = "wit_wire_call_seconds";
/// Time on a processor of calls, a histogram.
pub const CALL_CPU_SECONDS: &str = "wit_wire_call_cpu_seconds";
/// Linear memory at the end of calls that had an instance, a histogram.
pub const CALL_MEMORY: &str = "wit_wire_call_memory_bytes";
/// Runs of a guest's `init`, a counter by `outcome`: `ok`, `error`, `cancelled`.
pub const INITS: &str = "wit_wire_inits_total";
/// Time on the clock of `init`, a histogram.
pub const INIT_SECONDS: &str = "wit_wire_init_seconds";
/// Hostcalls, a counter by `name` and `outcome`: `ok`, `error`, `panic`, `dropped` (its call ended, or gave it up). The name is the one that
/// it was registered with, the protocol's own for files, or [`OTHERS`].
pub const HOSTCALLS: &str = "wit_wire_hostcalls_total";
/// Time on the clock of hostcalls, a histogram by `name`.
pub const HOSTCALL_SECONDS: &str = "wit_wire_hostcall_seconds";
/// Time that calls waited for a place, of those that had to wait, a histogram.
pub const WAIT_SECONDS: &str = "wit_wire_wait_seconds";
/// Instances that exist, a gauge.
pub const INSTANCES_LIVE: &str = "wit_wire_instances_live";
/// Instances ready for a call, a gauge.
pub const INSTANCES_IDLE: &str = "wit_wire_instances_idle";
/// Calls that wait for an instance, a gauge.
pub const CALLS_WAITING: &str = "wit_wire_calls_waiting";
/// Calls and `init`s under way, the waiting ones among them, a gauge.
pub const CALLS_IN_FLIGHT: &str = "wit_wire_calls_in_flight";
/// Time to take an instance back to a clean state, a histogram.
pub const RESET_SECONDS: &str = "wit_wire_reset_seconds";
/// Time to give an instance another program's state, a histogram.
pub const APPLY_SECONDS: &str = "wit_wire_apply_seconds";
/// Time to build an instance, a histogram.
pub const INSTANTIATE_SECONDS: &str = "wit_wire_instantiate_seconds";
/// Instances not used again, a counter by `reason`: a field of [`Discarded`](crate::Discarded).
pub const DISCARDED: &str = "wit_wire_instances_discarded_total";
/// Instances built to replace those, a counter.
pub const REBUILDS: &str = "wit_wire_rebuilds_total";

/// The `name` of all hostcalls that [`HostBuilder::hostcalls`](crate::HostBuilder::hostcalls) answers, and of those that nobody does.
pub const OTHERS: &str = "*";

/// The target of spans.
pub const TARGET: &str = "wit_wire";

/// Says to the recorder what each metric is.
pub(crate) fn describe() {
    use metrics::{describe_counter as count, describe_gauge as level, describe_histogram as time};

    count!(CALLS, Unit::Count, "Calls that ended, by outcome");
    time!(CALL_SECONDS, Unit::Seconds, "Time on the clock of calls");
    time!(
        CALL_CPU_SECONDS,
        Unit::Seconds,
        "Time on a processor of calls"
    );
    time!(
        CALL_MEMORY,
        Unit::Bytes,
        "Linear memory at the end of calls"
    );
    count!(INITS, Unit::Count, "Runs of a guest's init, by outcome");
    time!(INIT_SECONDS, Unit::Seconds, "Time on the clock of inits");
    count!(HOSTCALLS, Unit::Count, "Hostcalls, by name and outcome");
    time!(
        HOSTCALL_SECONDS,
        Unit::Seconds,
        "Time on the clock of hostcalls, by name"
    );
    time!(
        WAIT_SECONDS,
        Unit::Seconds,
        "Time that calls waited for a place"
    );
    level!(INSTANCES_LIVE, Unit::Count, "Instances that exist");
    level!(INSTANCES_IDLE, Unit::Count, "Instances ready for a call");
    level!(
        CALLS_WAITING,
        Unit::Count,
        "Calls that wait for an instance"
    );
    level!(CALLS_IN_FLIGHT, Unit::Count, "Calls under way");
    time!(
        RESET_SECONDS,
        Unit::Seconds,
        "Time to take an instance back to a clean state"
    );
    time!(
        APPLY_SECONDS,
        Unit::Seconds,
        "Time to give an instance the state of another program"
    );
    time!(
        INSTANTIATE_SECONDS,
        Unit::Seconds,
        "Time to build an instance"
    );
    count!(
        DISCARDED,
        Unit::Count,
        "Instances not used again, by reason"
    );
    count!(REBUILDS, Unit::Count, "Instances built to replace those");
}

/// Counters of one name, by the value of a label.
pub(crate) struct Counters(Vec<(&'static str, Counter)>);

impl Counters {
    /// What comes most often should come first.
    pub(crate) fn new<const N: usize>(
        values: [&'static str; N],
        counter: impl Fn(&'static str) -> Counter,
    ) -> Self {
        Self(values.map(|value| (value, counter(value))).into())
    }

    pub(crate) fn add(&self, value: &str, count: u64) {
        match self.0.iter().find(|(known, _)| *known == value) {
            Some((_, counter)) => counter.increment(count),
            None => debug_assert!(false, "no counter for {value}"),
        }
    }
}

const OK: &str = "ok";
const ERROR: &str = "error";
const CANCELLED: &str = "cancelled";
const PANIC: &str = "panic";
const DROPPED: &str = "dropped";

/// The host's own handles. The pool and the router have theirs.
pub(crate) struct Metrics {
    calls: Counters,
    seconds: Histogram,
    cpu_seconds: Histogram,
    memory: Histogram,
    inits: Counters,
    init_seconds: Histogram,
    pub(crate) instantiate_seconds: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let calls = [
            OK,
            "failed",
            "input",
            "output",
            "no_handler",
            "init",
            "trap",
            "exit",
            "limit_wall_time",
            "limit_deadline",
            "limit_cpu_time",
            "limit_memory",
            "limit_tables",
            "limit_handles",
            "limit_input",
            "limit_output",
            "limit_hostcalls",
            "limit_hostcall_payload",
            "limit_instances",
            "limit_concurrency",
            "limit_wait",
            "limit_queue",
            "limit_nesting",
            CANCELLED,
            "shut_down",
            ERROR,
        ];
        Self {
            calls: Counters::new(calls, |outcome| counter!(CALLS, "outcome" => outcome)),
            seconds: histogram!(CALL_SECONDS),
            cpu_seconds: histogram!(CALL_CPU_SECONDS),
            memory: histogram!(CALL_MEMORY),
            inits: Counters::new(
                [OK, ERROR, CANCELLED],
                |outcome| counter!(INITS, "outcome" => outcome),
            ),
            init_seconds: histogram!(INIT_SECONDS),
            instantiate_seconds: histogram!(INSTANTIATE_SECONDS),
        }
    }
}

fn outcome<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => OK,
        Err(Error::Handler { .. }) => "failed",
        Err(Error::InvalidInput { .. } | Error::Encode { .. }) => "input",
        Err(Error::Decode { .. }) => "output",
        Err(Error::NoHandler { .. } | Error::NoProfile { .. }) => "no_handler",
        Err(Error::Init { .. } | Error::UnexpectedOp { .. } | Error::VersionMismatch { .. }) => {
            "init"
        }
        Err(Error::Trap { .. }) => "trap",
        Err(Error::Exit { .. }) => "exit",
        Err(Error::ShutDown) => "shut_down",
        Err(Error::Limit { exceeded, .. }) => match exceeded.limit {
            Limit::WallTime => "limit_wall_time",
            Limit::Deadline => "limit_deadline",
            Limit::CpuTime => "limit_cpu_time",
            Limit::Memory => "limit_memory",
            Limit::Tables => "limit_tables",
            Limit::Handles => "limit_handles",
            Limit::Input => "limit_input",
            Limit::Output => "limit_output",
            Limit::Hostcalls => "limit_hostcalls",
            Limit::HostcallPayload => "limit_hostcall_payload",
            Limit::Instances => "limit_instances",
            Limit::Concurrency => "limit_concurrency",
            Limit::Wait => "limit_wait",
            Limit::Queue => "limit_queue",
            Limit::Nesting => "limit_nesting",
        },
        Err(_) => ERROR,
    }
}

/// A call's span.
pub(crate) fn call_span(op: &str, isolation: Isolation) -> Span {
    tracing::info_span!(
        target: TARGET, "call", op, ?isolation, outcome = Empty, wall_seconds = Empty, cpu_seconds = Empty,
        memory_bytes = Empty, hostcalls = Empty, bytes_in = Empty, bytes_out = Empty, cold = Empty
    )
}

/// A call under way. One that is dropped before its end was cancelled.
pub(crate) struct CallUnderWay<'a> {
    pub(crate) metrics: &'a Metrics,
    pub(crate) run: &'a Run,
    pub(crate) is_over: bool,
}

impl CallUnderWay<'_> {
    pub(crate) fn end<T>(mut self, result: &Result<T, Error>, receipt: &Receipt) {
        self.is_over = true;
        let outcome = outcome(result);
        let metrics = self.metrics;
        metrics.calls.add(outcome, 1);
        metrics.seconds.record(receipt.wall_time);
        metrics.cpu_seconds.record(receipt.cpu_time);
        if receipt.memory > 0 {
            metrics.memory.record(receipt.memory as f64);
        }
        let span = self.run.span();
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

impl Drop for CallUnderWay<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let Self { metrics, run, .. } = self;
        metrics.calls.add(CANCELLED, 1);
        metrics.seconds.record(run.elapsed());
        metrics.cpu_seconds.record(run.cpu_time());
        run.span()
            .record("outcome", CANCELLED)
            .record("wall_seconds", run.elapsed().as_secs_f64())
            .record("cpu_seconds", run.cpu_time().as_secs_f64())
            .record("hostcalls", run.hostcalls());
    }
}

/// A guest's `init` under way. One that is dropped before its end was cancelled.
pub(crate) struct InitUnderWay<'a> {
    metrics: &'a Metrics,
    pub(crate) span: Span,
    began: Instant,
    outcome: &'static str,
}

impl<'a> InitUnderWay<'a> {
    pub(crate) fn new(metrics: &'a Metrics, run: &Run, ops: usize) -> Self {
        let span = || tracing::info_span!(target: TARGET, "init", ops, outcome = Empty);
        Self {
            metrics,
            span: run.span().in_scope(span),
            began: Instant::now(),
            outcome: CANCELLED,
        }
    }

    pub(crate) fn end<T>(mut self, result: &Result<T, Error>) {
        self.outcome = if result.is_ok() { OK } else { ERROR };
    }
}

impl Drop for InitUnderWay<'_> {
    fn drop(&mut self) {
        self.metrics.inits.add(self.outcome, 1);
        self.metrics.init_seconds.record(self.began.elapsed());
        self.span.record("outcome", self.outcome);
    }
}

/// The handles of hostcalls of one name.
pub(crate) struct HostcallMetrics {
    outcomes: Counters,
    seconds: Histogram,
}

impl HostcallMetrics {
    pub(crate) fn new(name: &str) -> Self {
        let name: Arc<str> = name.into();
        let count = |outcome| counter!(HOSTCALLS, "name" => name.clone(), "outcome" => outcome);
        Self {
            outcomes: Counters::new([OK, ERROR, PANIC, DROPPED], count),
            seconds: histogram!(HOSTCALL_SECONDS, "name" => name.clone()),
        }
    }
}

/// A hostcall under way. One without an outcome was dropped.
pub(crate) struct HostcallUnderWay<'a> {
    metrics: Option<&'a HostcallMetrics>,
    pub(crate) span: Span,
    began: Instant,
    outcome: &'static str,
}

impl<'a> HostcallUnderWay<'a> {
    /// Before the host has been built, nobody counts.
    pub(crate) fn new(metrics: Option<&'a HostcallMetrics>, name: &str) -> Self {
        Self {
            metrics,
            span: tracing::debug_span!(target: TARGET, "hostcall", name = beginning(name), outcome = Empty),
            began: Instant::now(),
            outcome: DROPPED,
        }
    }

    /// With what it came back, unless it panicked.
    pub(crate) fn end<T, E>(mut self, answer: Option<&Result<T, E>>) {
        self.outcome = match answer {
            Some(Ok(_)) => OK,
            Some(Err(_)) => ERROR,
            None => PANIC,
        };
    }
}

/// The name of a hostcall, which guests choose, as far as it is shown.
fn beginning(name: &str) -> &str {
    let end = name.char_indices().nth(100);
    end.map_or(name, |(end, _)| name.split_at(end).0)
}

impl Drop for HostcallUnderWay<'_> {
    fn drop(&mut self) {
        if let Some(metrics) = self.metrics {
            metrics.outcomes.add(self.outcome, 1);
            metrics.seconds.record(self.began.elapsed());
        }
        self.span.record("outcome", self.outcome);
    }
}
