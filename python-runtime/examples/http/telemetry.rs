//! What who runs the server sees: logs, metrics, health.

use std::sync::Arc;

use anyhow::Result;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use python_runtime::{CallError, PythonError, Receipt};
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use crate::{Server, answer};

/// Logs to stderr, by `RUST_LOG`; what functions print is there too.
pub(crate) fn install() -> Result<PrometheusHandle> {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env()?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let seconds = [
        0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0,
    ];
    Ok(PrometheusBuilder::new()
        .set_buckets(&seconds)?
        .install_recorder()?)
}

/// Counts one call. A path is one of a function that there is, so that there are no more series than functions.
pub(crate) fn record(path: &str, outcome: &Result<String, CallError>, receipt: &Receipt) {
    let outcome = match outcome {
        Ok(_) => "ok",
        Err(error) if PythonError::of(error).is_some_and(|error| error.is_input_error()) => "input",
        Err(error) => answer::status(error).1,
    };
    let path = path.to_owned();
    metrics::counter!("calls_total", "path" => path.clone(), "outcome" => outcome).increment(1);
    metrics::histogram!("call_seconds", "path" => path.clone()).record(receipt.wall_time);
    metrics::histogram!("call_cpu_seconds", "path" => path).record(receipt.cpu_time);
}

/// `GET /metrics`, for Prometheus.
pub(crate) async fn metrics(State(server): State<Arc<Server>>) -> String {
    let stats = server.runtime.stats();
    metrics::gauge!("interpreters_live").set(stats.live as f64);
    metrics::gauge!("interpreters_idle").set(stats.idle as f64);
    metrics::gauge!("calls_waiting").set(stats.waiting as f64);
    metrics::gauge!("calls_in_flight").set(stats.in_flight as f64);
    metrics::counter!("interpreters_rebuilt_total").absolute(stats.rebuilds);
    server.metrics.run_upkeep();
    server.metrics.render()
}

/// `GET /healthz`: 200 as long as something is served. What can't be loaded is told, and harms nothing else.
pub(crate) async fn health(State(server): State<Arc<Server>>) -> (StatusCode, Json<Value>) {
    let table = server.endpoints.table();
    let functions = table.functions().count();
    let status = match functions {
        0 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    (
        status,
        Json(json!({"functions": functions, "problems": table.problems()})),
    )
}
