//! What who runs the server sees: logs, traces, metrics, health.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::Result;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
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

pub(crate) struct Telemetry {
    pub(crate) metrics: PrometheusHandle,
    traces: Option<SdkTracerProvider>,
}

/// Logs to stderr, by `RUST_LOG`. Traces to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names, if it does. To be called before the
/// runtime is built, which takes its metrics then.
pub(crate) fn install() -> Result<Telemetry> {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env()?;
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
        tracing_opentelemetry::layer().with_tracer(tracer)
    });
    tracing_subscriber::registry()
        .with(spans)
        .with(logs.with_filter(filter))
        .init();
    let seconds = [
        0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0,
    ];
    let metrics = PrometheusBuilder::new()
        .set_buckets(&seconds)?
        .install_recorder()?;
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
    server.telemetry.metrics.run_upkeep();
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
