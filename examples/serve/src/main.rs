//! A folder of Python files as a folder of HTTP endpoints: `POST /shop/cart/total` calls `total` of `shop/cart.py`.
//!
//! ```console
//! $ cargo run --bin serve examples/functions
//! $ curl --data '{"name": "Ada"}' localhost:8000/hello/greet
//! "Hello, Ada!"
//! ```
//!
//! Each function that takes an input, or an input and a context, is an endpoint, unless its name begins with `_`. A changed file is loaded
//! again, and no request is dropped for it; one that can't be loaded leaves what there was in its place. `/`
//! is a page to try the functions on, `/openapi.json` describes them, `/healthz` and `/metrics` are for who runs it. Traces go to the OpenTelemetry
//! collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names, if this is built with the feature `otlp`.
//!
//! In reading order: `endpoints` (from files to functions), `request` (from a request to an answer), `answer` (which error is
//! which status), `watch` (changed files), `openapi`, `telemetry`, `traces`, `stop` (until it is asked to stop).

mod answer;
mod endpoints;
mod openapi;
mod request;
mod stop;
mod telemetry;
#[cfg_attr(not(feature = "otlp"), path = "no_traces.rs")]
mod traces;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use clap::Parser;
use metrics_exporter_prometheus::PrometheusHandle;
use python_runtime::{HostcallContext, HostcallError, Limits, PoolConfig, PythonRuntime};
use serde_json::Value;
use tokio::net::TcpListener;

use endpoints::Endpoints;
use request::Request;
use traces::Traces;

#[derive(Parser)]
struct Args {
    /// The folder of Python files.
    folder: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// How long a call may take.
    #[arg(long, default_value = "10000")]
    milliseconds: u64,
    /// Show callers the traceback of a function that fails.
    #[arg(long)]
    development: bool,
}

/// What all requests have together.
struct Server {
    runtime: PythonRuntime,
    endpoints: Endpoints,
    metrics: PrometheusHandle,
    development: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let traces = Traces::from_environment()?;
    let metrics = telemetry::install(&traces)?;
    let wall_time = Duration::from_millis(args.milliseconds);
    let runtime = PythonRuntime::builder()
        .limits(
            Limits::default()
                .input(4 << 20)
                .output(4 << 20)
                .wall_time(wall_time)
                .cpu_time(wall_time),
        )
        .pool(PoolConfig::default().queue(256))
        .hostcall("request", request)
        .build()?;
    let endpoints = Endpoints::load(&runtime, args.folder).await?;
    let server = Arc::new(Server {
        runtime: runtime.clone(),
        endpoints,
        metrics,
        development: args.development,
    });
    let _watcher = watch::watch(server.clone())?;

    let app = Router::new()
        .route("/", get(openapi::page))
        .route("/openapi.json", get(openapi::document))
        .route("/healthz", get(telemetry::health))
        .route("/metrics", get(telemetry::metrics))
        .route("/{*path}", post(request::call))
        .method_not_allowed_fallback(answer::wrong_method)
        .layer(DefaultBodyLimit::max(4 << 20))
        .with_state(server);
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("listening on {}", args.listen))?;
    stop::serve(app, listener, &runtime, wall_time).await?;
    traces.flush().await?;
    Ok(())
}

/// `ctx.hostcall("request")` in Python: which request the call belongs to.
async fn request(context: HostcallContext, _: Value) -> Result<Request, HostcallError> {
    let Some(request) = context.value::<Request>().cloned() else {
        let message = "this call belongs to no request";
        return Err(HostcallError::new("no_request", message));
    };
    let traceparent = traces::traceparent(&tracing::Span::current());
    Ok(Request {
        traceparent: traceparent.or(request.traceparent),
        ..request
    })
}
