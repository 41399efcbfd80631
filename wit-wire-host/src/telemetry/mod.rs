//! Names of the metrics and spans that a host emits.
//!
//! # Metrics
//!
//! Emitted through the [`metrics`] facade. Install a recorder before building the host: that is
//! when the handles are registered, and without a recorder they do nothing. Hosts of one process
//! add up. No label has a value that a guest or a caller chooses. The constants below are the
//! names.
//!
//! # Spans
//!
//! Emitted through [`tracing`], with the target [`TARGET`]. Fields whose values are only known at
//! the end are declared empty when the span opens.
//!
//! | span | level | fields | at the end |
//! |---|---|---|---|
//! | `call` | `INFO` | `op`, `isolation` | `outcome`, `wall_seconds`, `cpu_seconds`, `memory_bytes`, `hostcalls`, `bytes_in`, `bytes_out`, `cold` |
//! | `init` | `INFO` | `ops` (how many) | `outcome` |
//! | `hostcall` | `DEBUG` | `name` (at most a hundred characters of it) | `outcome` |
//!
//! A `call` is the child of the span in which its future is first polled, and the parent of its
//! hostcalls' spans. Closures and futures that answer hostcalls run inside those spans, or inside
//! the call's where they are disabled. What guests print becomes events of the target
//! `wit_wire::output` inside the call's span.

mod handles;
mod instruments;

use metrics::Unit;

pub(crate) use handles::{CallMetrics, HostcallMetrics, InstanceMetrics, PoolMetrics, outcome};
pub(crate) use instruments::{Counted, Counters, Level, Timed};

/// Calls that ended: a counter by `outcome`, which is `ok`, `cancelled` (the call's future was
/// dropped) or the error's [`CallError::kind`](crate::CallError::kind).
pub const CALLS: &str = "wit_wire_calls_total";
/// Wall time of calls, however they ended: a histogram.
pub const CALL_SECONDS: &str = "wit_wire_call_seconds";
/// CPU time of calls: a histogram.
pub const CALL_CPU_SECONDS: &str = "wit_wire_call_cpu_seconds";
/// Linear memory at the end of calls that had an instance: a histogram.
pub const CALL_MEMORY: &str = "wit_wire_call_memory_bytes";
/// Runs of a guest's `init`: a counter by `outcome`, which is `ok`, `error` or `cancelled`.
pub const INITS: &str = "wit_wire_inits_total";
/// Wall time of `init`: a histogram.
pub const INIT_SECONDS: &str = "wit_wire_init_seconds";
/// Hostcalls: a counter by `name` and `outcome`, which is `ok`, `error`, `panic` or `dropped` (the
/// call ended or gave it up). The name is the one it was registered with, the protocol's own for
/// files, or [`OTHERS`].
pub const HOSTCALLS: &str = "wit_wire_hostcalls_total";
/// Wall time of hostcalls: a histogram by `name`.
pub const HOSTCALL_SECONDS: &str = "wit_wire_hostcall_seconds";
/// Time that calls waited for an instance, of those that had to wait: a histogram.
pub const WAIT_SECONDS: &str = "wit_wire_wait_seconds";
/// Instances that exist: a gauge.
pub const INSTANCES_LIVE: &str = "wit_wire_instances_live";
/// Idle instances: a gauge.
pub const INSTANCES_IDLE: &str = "wit_wire_instances_idle";
/// Calls waiting for an instance: a gauge.
pub const CALLS_WAITING: &str = "wit_wire_calls_waiting";
/// Calls and `init`s in flight, including the waiting ones: a gauge.
pub const CALLS_IN_FLIGHT: &str = "wit_wire_calls_in_flight";
/// Calls that are parked: a gauge.
pub const CALLS_PARKED: &str = "wit_wire_calls_parked";
/// Bytes that the states of parked calls take: a gauge.
pub const PARKED_BYTES: &str = "wit_wire_parked_bytes";
/// Time for which calls were parked, each time that one was resumed or given up: a histogram, whose
/// count is that of parks that are over.
pub const PARKED_SECONDS: &str = "wit_wire_parked_seconds";
/// Calls and `init`s that compute for long, on threads of the host's own: a gauge.
pub const CALLS_ON_COMPUTE_THREADS: &str = "wit_wire_calls_on_compute_threads";
/// Time to reset an instance to a clean state: a histogram.
pub const RESET_SECONDS: &str = "wit_wire_reset_seconds";
/// Time to load a program's state into an instance: a histogram.
pub const PROGRAM_LOAD_SECONDS: &str = "wit_wire_program_load_seconds";
/// Time to build an instance: a histogram.
pub const INSTANTIATE_SECONDS: &str = "wit_wire_instantiate_seconds";
/// CPU time of work that no call pays for: building the first instance of a component, and
/// instances ahead of the calls that need them. A histogram.
pub const BACKGROUND_CPU_SECONDS: &str = "wit_wire_background_cpu_seconds";
/// Discarded instances: a counter by `reason`, which is a field of [`Discarded`](crate::Discarded).
pub const DISCARDED: &str = "wit_wire_instances_discarded_total";
/// Instances built to replace discarded ones: a counter.
pub const REBUILDS: &str = "wit_wire_rebuilds_total";

/// The `name` of all hostcalls that [`HostBuilder::hostcalls`](crate::HostBuilder::hostcalls)
/// answers, and of those that nothing answers.
pub const OTHERS: &str = "*";

/// The target of spans.
pub const TARGET: &str = "wit_wire";

/// Describes each metric to the recorder.
pub(crate) fn describe() {
    use metrics::{describe_counter as count, describe_gauge as level, describe_histogram as time};

    count!(CALLS, Unit::Count, "Calls that ended, by outcome");
    time!(CALL_SECONDS, Unit::Seconds, "Wall time of calls");
    time!(CALL_CPU_SECONDS, Unit::Seconds, "CPU time of calls");
    time!(
        CALL_MEMORY,
        Unit::Bytes,
        "Linear memory at the end of calls"
    );
    count!(INITS, Unit::Count, "Runs of a guest's init, by outcome");
    time!(INIT_SECONDS, Unit::Seconds, "Wall time of inits");
    count!(HOSTCALLS, Unit::Count, "Hostcalls, by name and outcome");
    time!(
        HOSTCALL_SECONDS,
        Unit::Seconds,
        "Wall time of hostcalls, by name"
    );
    time!(
        WAIT_SECONDS,
        Unit::Seconds,
        "Time that calls waited for an instance"
    );
    level!(INSTANCES_LIVE, Unit::Count, "Instances that exist");
    level!(INSTANCES_IDLE, Unit::Count, "Idle instances");
    level!(CALLS_WAITING, Unit::Count, "Calls waiting for an instance");
    level!(CALLS_IN_FLIGHT, Unit::Count, "Calls in flight");
    level!(CALLS_PARKED, Unit::Count, "Calls that are parked");
    level!(
        PARKED_BYTES,
        Unit::Bytes,
        "Bytes that the states of parked calls take"
    );
    time!(
        PARKED_SECONDS,
        Unit::Seconds,
        "Time for which calls were parked"
    );
    level!(
        CALLS_ON_COMPUTE_THREADS,
        Unit::Count,
        "Calls on threads that only compute"
    );
    time!(
        RESET_SECONDS,
        Unit::Seconds,
        "Time to reset an instance to a clean state"
    );
    time!(
        PROGRAM_LOAD_SECONDS,
        Unit::Seconds,
        "Time to load a program into an instance"
    );
    time!(
        INSTANTIATE_SECONDS,
        Unit::Seconds,
        "Time to build an instance"
    );
    time!(
        BACKGROUND_CPU_SECONDS,
        Unit::Seconds,
        "CPU time of work that no call pays for"
    );
    count!(DISCARDED, Unit::Count, "Discarded instances, by reason");
    count!(
        REBUILDS,
        Unit::Count,
        "Instances built to replace discarded ones"
    );
}
