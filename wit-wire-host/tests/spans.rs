//! The spans of calls, inits and hostcalls. In a process of their own: whether a span is wanted is
//! remembered for all threads.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Metadata, Subscriber, info_span};
use wit_wire_host::{HostcallContext, HostcallError, ResetPolicy, telemetry};

/// A span that there was.
#[derive(Debug, Clone)]
struct Seen {
    name: &'static str,
    target: &'static str,
    parent: Option<u64>,
    fields: BTreeMap<&'static str, String>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// Keeps all spans. The first has the number 1.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Seen>>>);

thread_local! {
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let current = ENTERED.with_borrow(|entered| entered.last().copied());
        let mut seen = Seen {
            name: span.metadata().name(),
            target: span.metadata().target(),
            parent: span
                .parent()
                .map(Id::into_u64)
                .or(current.filter(|_| span.is_contextual())),
            fields: BTreeMap::new(),
        };
        span.record(&mut seen);
        let mut spans = self.0.lock().unwrap();
        spans.push(seen);
        Id::from_u64(spans.len() as u64)
    }
    fn record(&self, id: &Id, values: &Record<'_>) {
        let at = id.into_u64() as usize - 1;
        values.record(&mut self.0.lock().unwrap()[at]);
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.into_u64()));
    }
    fn exit(&self, id: &Id) {
        let last = ENTERED.with_borrow_mut(Vec::pop);
        assert_eq!(
            last,
            Some(id.into_u64()),
            "spans are left in the order in which they were entered"
        );
    }
}

impl Spans {
    fn take(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }

    /// The spans from the number `from`, each with the names of those that it stands in.
    fn paths(&self, from: usize) -> Vec<String> {
        let spans = self.take();
        let path = |span: &Seen| {
            let mut names = vec![span.name];
            let mut parent = span.parent;
            while let Some(id) = parent {
                names.insert(0, spans[id as usize - 1].name);
                parent = spans[id as usize - 1].parent;
            }
            names.join(" > ")
        };
        spans[from..].iter().map(path).collect()
    }
}

#[tokio::test]
async fn spans_nest_and_say_how_it_ended() {
    let spans = Spans::default();
    tracing::subscriber::set_global_default(spans.clone()).unwrap();
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let host = common::host(ResetPolicy::Never)
        .hostcall("h:add", async |_: HostcallContext, (a, b): (i64, i64)| {
            let waiting = async {
                tokio::task::yield_now().await;
                Ok::<_, HostcallError>(a + b)
            };
            waiting.instrument(info_span!("database")).await
        })
        .hostcall("h:never", move |_: HostcallContext, _: Value| {
            begins.notify_one();
            std::future::pending::<Result<Value, HostcallError>>().instrument(info_span!("endless"))
        });
    let startup = info_span!("startup");
    let program = common::program(host, &["h:never"])
        .instrument(startup)
        .await;
    assert_eq!(spans.paths(0), ["startup", "startup > init"]);
    let init = &spans.take()[1];
    assert_eq!(init.target, telemetry::TARGET);
    assert_eq!(
        init.fields,
        BTreeMap::from([("ops", "10".to_owned()), ("outcome", "\"ok\"".to_owned())])
    );

    // Each call has an instance of its own, which runs `init`.
    let before = spans.take().len();
    let add = program.function("h:add").unwrap();
    let (answer, receipt) = add
        .call::<_, i64>(&[2, 3])
        .with_receipt()
        .instrument(info_span!("request"))
        .await;
    assert_eq!(answer.unwrap(), 5);
    assert_eq!(
        spans.paths(before),
        [
            "request",
            "request > call",
            "request > call > init",
            "request > call > hostcall",
            "request > call > hostcall > database"
        ]
    );
    let seen = spans.take();
    let (call, hostcall) = (&seen[before + 1], &seen[before + 3]);
    let field = |name| call.fields[name].as_str();
    assert_eq!(
        (field("op"), field("isolation"), field("outcome")),
        ("\"h:add\"", "PerCall", "\"ok\"")
    );
    assert_eq!(
        field("wall_seconds"),
        format!("{:?}", receipt.wall_time.as_secs_f64())
    );
    assert_eq!(
        field("cpu_seconds"),
        format!("{:?}", receipt.cpu_time.as_secs_f64())
    );
    assert_eq!(field("memory_bytes"), receipt.memory.to_string());
    assert_eq!(
        (
            field("hostcalls"),
            field("bytes_in"),
            field("bytes_out"),
            field("cold")
        ),
        ("1", "5", "1", "true")
    );
    assert_eq!(hostcall.fields["name"], "\"h:add\"");
    assert_eq!(hostcall.fields["outcome"], "\"ok\"");

    let before = spans.take().len();
    let trap = program.function("trap").unwrap();
    trap.call::<_, Value>(&0).await.unwrap_err();
    assert_eq!(spans.paths(before), ["call", "call > init"]);
    assert_eq!(spans.take()[before].fields["outcome"], "\"trap\"");

    // A call that is dropped while its hostcall is in flight.
    let before = spans.take().len();
    let never = program.function("h:never").unwrap();
    tokio::select! {
        ended = never.call::<_, Value>(&0).into_future() => panic!("{ended:?}"),
        () = begun.notified() => {}
    }
    assert_eq!(
        spans.paths(before),
        [
            "call",
            "call > init",
            "call > hostcall",
            "call > hostcall > endless"
        ]
    );
    let seen = spans.take();
    assert_eq!(seen[before].fields["outcome"], "\"cancelled\"");
    assert_eq!(seen[before + 2].fields["outcome"], "\"dropped\"");
    ENTERED.with_borrow(|entered| assert!(entered.is_empty(), "{entered:?}"));
}
