//! What a function prints, as events of `tracing`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt;
use std::sync::{Arc, Mutex};

use python_runtime::{PythonRuntime, PythonSource};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps what events say.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "wit_wire::output"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn lines_are_events_also_of_calls_that_fail() {
    let events = Events::default();
    // For the whole process: whether an event is wanted is remembered for all threads.
    tracing::subscriber::set_global_default(events.clone()).unwrap();
    let runtime = PythonRuntime::builder().build().unwrap();
    let source = "\
import os, sys

print('loading')

def say(x):
    print('one')
    print('two', file=sys.stderr)
    os.abort()
";
    let say = runtime
        .function(PythonSource::def("say", source))
        .await
        .unwrap();
    assert!(say.call::<_, Value>(&0).await.is_err());
    assert_eq!(
        *events.0.lock().unwrap(),
        [
            r#"INFO message=loading stream="stdout""#,
            r#"INFO message=one op="say" stream="stdout""#,
            r#"WARN message=two op="say" stream="stderr""#,
        ]
    );
}
