//! What who runs the server sees: logs, traces, metrics, health.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use python_runtime::{CallError, PythonError, Receipt};
use serde_json::{Value, json};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::{Server, answer};

const SECONDS: [f64; 11] = [
    0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0,
];
const BYTES: [f64; 4] = [4e6, 16e6, 64e6, 256e6];

pub(crate) struct Telemetry {
    pub(crate) metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

/// Logs to stderr, by `RUST_LOG`. Traces to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names, if it does. To be called before the
/// runtime is built, which takes its metrics then, and in an async runtime.
pub(crate) fn install() -> Result<Telemetry> {
    let logs = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let traces = match std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT") {
        Some(_) => {
            let exporter = SpanExporter::builder().with_http().build()?;
            let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
            Some(provider.build())
        }
        None => None,
    };
    let spans = traces.as_ref().map(|traces| {
        let tracer = traces.tracer("python-functions");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        layer.with_filter(EnvFilter::new("info,wit_wire=debug"))
    });
    // Without the runtime's own spans, which say little in a log and cost something.
    let filter = std::env::var(EnvFilter::DEFAULT_ENV);
    let filter = filter
        .as_deref()
        .unwrap_or("info,wit_wire=warn,wit_wire::output=info");
    tracing_subscriber::registry()
        .with(spans)
        .with(logs.with_filter(EnvFilter::try_new(filter)?))
        .init();
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)?
        .install_recorder()?;
    let upkeep = metrics.clone();
    // What has been measured is counted and forgotten, whether or not somebody asks for it.
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    Ok(Telemetry { metrics, traces })
}

impl Telemetry {
    /// Sends what was not sent yet.
    pub(crate) async fn flush(self: &Arc<Self>) -> Result<()> {
        let telemetry = self.clone();
        let flush = move || {
            telemetry
                .traces
                .as_ref()
                .map_or(Ok(()), SdkTracerProvider::shutdown)
        };
        Ok(tokio::task::spawn_blocking(flush).await??)
    }
}

/// The span goes on with the trace that the caller's `traceparent` names.
pub(crate) fn follow(span: &Span, headers: &HeaderMap) {
    let known = ["traceparent", "tracestate"];
    let known = known.into_iter().filter_map(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_owned(), value.to_owned()))
    });
    let known: HashMap<_, _> = known.collect();
    // Without a collector there is nothing to go on with.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&known));
}

/// The `traceparent` for whoever is asked on behalf of this span; `None` if it is in no trace.
pub(crate) fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut headers);
    headers.remove("traceparent")
}

/// Counts one request. A path is one of a function that there is, so that there are no more series than functions. What the runtime does
/// it counts itself.
pub(crate) fn record(path: &str, outcome: &Result<String, CallError>, receipt: &Receipt) {
    let outcome = match outcome {
        Ok(_) => "ok",
        Err(error) if PythonError::of(error).is_some_and(|error| error.is_input_error()) => "input",
        Err(error) => answer::status(error).1,
    };
    let path = path.to_owned();
    metrics::counter!("requests_total", "path" => path.clone(), "outcome" => outcome).increment(1);
    metrics::histogram!("request_seconds", "path" => path).record(receipt.wall_time);
}

/// `GET /metrics`, for Prometheus.
pub(crate) async fn metrics(State(server): State<Arc<Server>>) -> String {
    server.telemetry.metrics.render()
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
