//! What a host tells a recorder of metrics.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit, with_local_recorder,
};
use serde_json::Value;
use tokio::sync::Notify;
use wit_wire_host::{
    CallError, Host, HostBuilder, HostcallContext, HostcallError, Limit, Limits, Op, PoolConfig,
    Program, ResetPolicy, telemetry,
};

/// Counters and gauges by name and labels. Of a histogram, how many values it has.
#[derive(Clone, Default)]
struct Kept {
    values: Arc<Mutex<BTreeMap<String, f64>>>,
    described: Arc<Mutex<BTreeSet<String>>>,
}

struct Handle {
    kept: Kept,
    key: String,
}

impl Handle {
    fn add(&self, value: f64) {
        *self.kept.values.lock().unwrap().get_mut(&self.key).unwrap() += value;
    }
}

impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }
    fn absolute(&self, _: u64) {
        panic!("counters count");
    }
}

impl GaugeFn for Handle {
    fn increment(&self, value: f64) {
        self.add(value);
    }
    fn decrement(&self, value: f64) {
        self.add(-value);
    }
    fn set(&self, _: f64) {
        panic!("hosts of one process add up");
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        assert!(value >= 0.0, "{} is {value}", self.key);
        self.add(1.0);
    }
}

impl Kept {
    fn handle(&self, key: &Key) -> Arc<Handle> {
        let labels: Vec<_> = key.labels().map(|label| label.value()).collect();
        let key = format!("{} {}", key.name(), labels.join(" "))
            .trim()
            .to_owned();
        self.values.lock().unwrap().entry(key.clone()).or_default();
        let kept = self.clone();
        Arc::new(Handle { kept, key })
    }

    fn value(&self, key: &str) -> f64 {
        let values = self.values.lock().unwrap();
        *values
            .get(key)
            .unwrap_or_else(|| panic!("no `{key}`: {values:#?}"))
    }

    /// What is not zero, of the metric `name`.
    fn counts(&self, name: &str) -> Vec<String> {
        let values = self.values.lock().unwrap();
        let of_name = values.iter().filter(|(_, value)| **value != 0.0);
        let of_name = of_name.filter_map(|(key, value)| match key.split_once(' ') {
            Some((of, labels)) if of == name => Some(format!("{labels} {value}")),
            _ => None,
        });
        of_name.collect()
    }

    fn describe(&self, key: &KeyName) {
        self.described
            .lock()
            .unwrap()
            .insert(key.as_str().to_owned());
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&key);
    }
    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&key);
    }
    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&key);
    }
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.handle(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.handle(key))
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.handle(key))
    }
}

async fn watched(host: HostBuilder, more: &[&str]) -> (Kept, Program) {
    let kept = Kept::default();
    let component = with_local_recorder(&kept, || common::component(host));
    let ops = common::ALL_OPS
        .iter()
        .chain(more)
        .map(|name| Op::new(*name));
    (
        kept,
        component.program(ops).concurrency(1).build().await.unwrap(),
    )
}

fn add(host: HostBuilder) -> HostBuilder {
    host.hostcall("h:add", async |_: HostcallContext, (a, b): (i64, i64)| {
        Ok::<_, HostcallError>(a + b)
    })
}

/// Begins a call that does not end, and drops it.
async fn cancel(call: impl Future) {
    let mut call = pin!(call);
    begin(call.as_mut()).await;
}

async fn begin(mut call: Pin<&mut impl Future>) {
    poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn calls_are_counted_by_how_they_end() {
    let (kept, program) = watched(Host::builder(), &[]).await;
    let function = |op| program.function(op).unwrap();
    let call = async |op, limits: Limits| {
        let function = program.function(op).unwrap();
        function.call::<_, Value>(&0).limits(limits).await
    };
    let defaults = Limits::default();
    call("echo", defaults).await.unwrap();
    call("bad", defaults).await.unwrap_err();
    call("trap", defaults).await.unwrap_err();
    let soon = defaults.wall_time(std::time::Duration::from_millis(1));
    call("loop", soon).await.unwrap_err();
    let small = defaults.input(0);
    call("echo", small).await.unwrap_err();
    let typed = function("echo").call::<_, String>(&0).await;
    assert!(matches!(typed, Err(CallError::Decode { .. })), "{typed:?}");
    let looping = function("loop");
    cancel(looping.call::<_, Value>(&0).into_future()).await;
    // One that was not awaited is none.
    drop(function("echo").call::<_, Value>(&0));
    assert_eq!(
        kept.counts(telemetry::CALLS),
        [
            "cancelled 1",
            "input 1",
            "limit_input 1",
            "limit_wall_time 1",
            "ok 1",
            "output 1",
            "trap 1"
        ]
    );
    assert_eq!(kept.value(telemetry::CALL_SECONDS), 7.0);
    assert_eq!(kept.value(telemetry::CALL_CPU_SECONDS), 7.0);
    assert_eq!(kept.counts(telemetry::INITS), ["ok 1"]);
    assert_eq!(kept.value(telemetry::CALLS_IN_FLIGHT), 0.0);
}

#[tokio::test]
async fn hostcalls_are_counted_by_the_names_that_were_registered() {
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let host = add(Host::builder())
        .hostcall(
            "h:panic",
            async |_: HostcallContext, _: Value| -> Result<Value, HostcallError> {
                panic!("as asked")
            },
        )
        .hostcall("h:never", move |_: HostcallContext, _: Value| {
            begins.notify_one();
            std::future::pending::<Result<Value, HostcallError>>()
        });
    let ops = ["h:panic", "h:never", "h:unknown", "h:unknown too"];
    let (kept, program) = watched(host, &ops).await;
    let function = |op| program.function(op).unwrap();
    function("h:add").call::<_, i64>(&[2, 3]).await.unwrap();
    function("h:add").call::<_, i64>(&"text").await.unwrap_err();
    for op in ["h:panic", "h:unknown", "h:unknown too"] {
        function(op).call::<_, Value>(&0).await.unwrap_err();
    }
    let never = function("h:never");
    tokio::select! {
        ended = never.call::<_, Value>(&0).into_future() => panic!("{ended:?}"),
        () = begun.notified() => {}
    }
    assert_eq!(
        kept.counts(telemetry::HOSTCALLS),
        [
            "* error 2",
            "h:add error 1",
            "h:add ok 1",
            "h:never dropped 1",
            "h:panic panic 1"
        ]
    );
    assert_eq!(kept.value("wit_wire_hostcall_seconds h:add"), 2.0);
}

#[tokio::test]
async fn instances_are_counted_while_they_are_there() {
    let pool = PoolConfig::default().reset(ResetPolicy::Never).queue(0);
    let (kept, program) = watched(Host::builder().pool(pool), &[]).await;
    let echo = program.function("echo").unwrap();
    let looping = program.function("loop").unwrap();
    let mut held = pin!(looping.call::<_, Value>(&0).into_future());
    begin(held.as_mut()).await;
    assert_eq!(kept.value(telemetry::CALLS_IN_FLIGHT), 1.0);
    let refused = echo.call::<_, Value>(&0).await;
    assert!(
        matches!(&refused, Err(CallError::Limit { exceeded, .. }) if exceeded.limit == Limit::Queue),
        "{refused:?}"
    );
    assert_eq!(kept.counts(telemetry::CALLS), ["limit_queue 1"]);
}

/// The names of the documentation are those that there are.
#[tokio::test]
async fn every_metric_is_described_and_documented() {
    let (kept, _) = watched(add(Host::builder()), &[]).await;
    let names: BTreeSet<String> = {
        let values = kept.values.lock().unwrap();
        values
            .keys()
            .map(|key| key.split(' ').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names, *kept.described.lock().unwrap());
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/observability.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `wit_wire_"));
    let documented = rows.filter_map(|row| row.split_once('`'));
    let documented = documented.map(|(name, _)| format!("wit_wire_{name}"));
    assert_eq!(names, documented.collect());
    let outcomes: Vec<_> = {
        let values = kept.values.lock().unwrap();
        let calls = values
            .keys()
            .filter_map(|key| key.strip_prefix("wit_wire_calls_total "));
        calls.map(str::to_owned).collect()
    };
    for outcome in outcomes {
        assert!(
            page.contains(&format!("`{outcome}`")),
            "`{outcome}` is not documented"
        );
    }
}
