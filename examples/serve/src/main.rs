//! A folder of Python files as a folder of HTTP endpoints: `POST /shop/cart/total` calls `total` of
//! `shop/cart.py`.
//!
//! ```console
//! $ cargo run --bin serve examples/functions
//! $ curl --json '{"name": "Ada"}' localhost:8000/hello/greet
//! "Hello, Ada!"
//! ```
//!
//! Each function that takes an input, or an input and a context, is an endpoint, unless its name
//! begins with `_`. When a file changes it is loaded again, without dropping a request; if it
//! cannot be loaded, its previous version keeps being served. `/` is a page to try the functions
//! on, `/openapi.json` describes them, `/healthz` and `/metrics` are for operators. Built with the
//! feature `otlp`, it sends traces to the OpenTelemetry collector that
//! `OTEL_EXPORTER_OTLP_ENDPOINT` names.
//!
//! In reading order: `endpoints` (from files to functions), `request` (from a request to a
//! response), `answer` (which error is which status), `watch` (changed files), `openapi`,
//! `telemetry`, `traces`. Which requests and connections are taken is `http_server`'s to say.

mod answer;
mod endpoints;
mod openapi;
mod request;
mod telemetry;
#[cfg_attr(not(feature = "otlp"), path = "no_traces.rs")]
mod traces;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::routing::{get, post};
use axum::{Router, middleware};
use clap::Parser;
use http_server::Guard;
use metrics_exporter_prometheus::PrometheusHandle;
use python_runtime::{HostcallContext, HostcallError, Limits, PoolConfig, PythonRuntime};
use serde::de::IgnoredAny;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

use endpoints::Endpoints;
use request::Request;
use traces::Traces;

/// Of a request's body, and of a function's result.
const LARGEST: usize = 4 << 20;

/// In addition to the time limit of calls, for clients that are slow to read.
const SLOW_CLIENTS: Duration = Duration::from_secs(5);

#[derive(Parser)]
struct Args {
    /// The folder of Python files.
    folder: PathBuf,
    /// The address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// A name that the server is called by, besides those of loopback. Without any, a server that
    /// listens on another address is called by every name.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// The time limit of a call.
    #[arg(long, default_value = "10000")]
    milliseconds: u64,
    /// Send callers the traceback of a function that fails.
    #[arg(long)]
    development: bool,
}

/// The state that all requests share.
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
                .input(LARGEST)
                .output(LARGEST)
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

    let limits = http_server::Limits {
        body_bytes: LARGEST,
        response: wall_time.saturating_add(SLOW_CLIENTS),
        ..http_server::Limits::default()
    };
    let listener = http_server::listen(args.listen).await?;
    let address = listener.local_addr()?;
    let guard = Guard::new(address, args.host, limits, answer::problem);

    let page = openapi::page("/openapi.json");
    let app = Router::new()
        .route("/", get(move || std::future::ready(page.clone())))
        .route("/openapi.json", get(openapi::document))
        .route("/healthz", get(telemetry::health))
        .route("/metrics", get(telemetry::metrics))
        .route("/{*path}", post(request::call))
        .method_not_allowed_fallback(answer::wrong_method)
        .fallback(answer::not_found);
    let app = guard
        .protect(app)
        // The request ID of the caller, or a new one, on the way in; the same in the response.
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(middleware::map_request(request::without_odd_id))
        .with_state(server);
    println!("http://{address}");
    http_server::serve(app, listener, limits, runtime.shut_down()).await;
    traces.flush().await
}

/// `ctx.hostcall("request")` in Python: the request that the call belongs to.
async fn request(context: HostcallContext, _: IgnoredAny) -> Result<Request, HostcallError> {
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
