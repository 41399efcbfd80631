//! What an operator of the server can watch: logs, metrics, health. Traces are in `traces`.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use python_runtime::{CallError, Payload, PythonError, Receipt};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::traces::Traces;
use crate::{Server, answer};

const SECONDS: [f64; 11] = [
    0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0,
];
const BYTES: [f64; 4] = [4e6, 16e6, 64e6, 256e6];

/// Logs go to stderr, filtered by `RUST_LOG`. Call this in an async runtime, before the Python
/// runtime is built: it registers its metrics then.
pub(crate) fn install(traces: &Traces) -> Result<PrometheusHandle> {
    let logs = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Without the runtime's own spans, which say little in a log and cost something.
    let filter = std::env::var(EnvFilter::DEFAULT_ENV);
    let filter = filter
        .as_deref()
        .unwrap_or("info,wit_wire=warn,wit_wire::output=info");
    tracing_subscriber::registry()
        .with(traces.layer())
        .with(logs.with_filter(EnvFilter::try_new(filter)?))
        .init();
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)?
        .install_recorder()?;
    let upkeep = metrics.clone();
    // Folds samples into histograms, so that they do not pile up while nobody asks for metrics.
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    Ok(metrics)
}

/// Paths that have series of their own.
static PATHS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A file that changes has other functions, and the series of those before stay.
const MAX_PATHS: usize = 1_000;

/// The label of a path: `*` if there are too many already.
fn label(path: &str) -> String {
    let mut paths = PATHS.lock().unwrap_or_else(PoisonError::into_inner);
    if !paths.contains(path) {
        if paths.len() >= MAX_PATHS {
            return "*".to_owned();
        }
        paths.insert(path.to_owned());
    }
    path.to_owned()
}

/// Counts a request. `path` is that of an existing function. The runtime has metrics of its own for
/// what it does.
pub(crate) fn record(path: &str, outcome: &Result<Payload, CallError>, receipt: &Receipt) {
    let outcome = match outcome {
        Ok(_) => "ok",
        Err(error) if PythonError::of(error).is_some_and(|error| error.is_input_error()) => "input",
        Err(error) => answer::status(error).1,
    };
    let path = label(path);
    metrics::counter!("requests_total", "path" => path.clone(), "outcome" => outcome).increment(1);
    metrics::histogram!("request_seconds", "path" => path).record(receipt.wall_time);
}

/// `GET /metrics`, for Prometheus.
pub(crate) async fn metrics(State(server): State<Arc<Server>>) -> String {
    server.metrics.render()
}

/// `GET /healthz`: 200 as long as any function is served. Files that cannot be loaded are
/// listed, or `.` if that is so for the whole folder; the log says why.
pub(crate) async fn health(State(server): State<Arc<Server>>) -> (StatusCode, Json<Value>) {
    let table = server.endpoints.table();
    let functions = table.functions().count();
    let status = match functions {
        0 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    (
        status,
        Json(json!({"functions": functions, "problems": server.endpoints.problems(&table)})),
    )
}
