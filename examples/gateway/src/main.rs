//! A gateway: Python functions behind one GraphQL-like query, which call each other through the same query, with rights by caller.
//!
//! ```console
//! $ cargo run --bin gateway examples/gateway/functions
//! $ curl localhost:8001/graphql --header 'authorization: Bearer shop-token' \
//!     --data '{"query": "{ customer(id: 7) { name orders { total } } }"}'
//! {"data":{"customer":{"name":"Ada","orders":[{"total":29.9},{"total":12.5}]}}}
//! ```
//!
//! `gateway.json` in the folder names the functions and what each caller may call. Who calls goes along with every call, so that a
//! function that asks for something (`ctx.gql(query)`, `ctx.hostcall("call", ...)`) has its caller's rights and no more.
//!
//! In reading order: `config` (functions and callers), `request` (one caller's calls, and what they may), `query` (from a
//! query to calls and back).

mod config;
mod query;
mod request;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::State;
use axum::extract::rejection::StringRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use python_runtime::{HostcallContext, HostcallError, PythonRuntime};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use config::Gateway;
use request::Request;

#[derive(Parser)]
struct Args {
    /// The folder of Python files and `gateway.json`.
    folder: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8001")]
    listen: SocketAddr,
}

/// What a query is given as, by HTTP and by `ctx.gql`.
#[derive(Deserialize)]
struct Query {
    query: String,
    #[serde(default)]
    variables: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    function: String,
    #[serde(default)]
    input: Map<String, Value>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let runtime = PythonRuntime::builder()
        .hostcall("gql", gql)
        .hostcall("call", call)
        .build()?;
    let gateway = Arc::new(Gateway::load(&runtime, &args.folder).await?);
    let app = Router::new()
        .route("/graphql", post(graphql))
        .with_state(gateway);
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("listening on {}", args.listen))?;
    println!("http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app).with_graceful_shutdown(asked_to_stop());
    server.await.context("serving")?;
    runtime.shut_down().await;
    Ok(())
}

/// Ctrl-C. The example `serve` also handles SIGTERM and clients that keep it from stopping.
async fn asked_to_stop() {
    let _ = tokio::signal::ctrl_c().await;
}

/// `POST /graphql`
async fn graphql(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> (StatusCode, Json<Value>) {
    let problem = |status, message: &str| (status, Json(json!({"errors": [{"message": message}]})));
    let token = headers.get(header::AUTHORIZATION);
    let token = token.and_then(|token| token.to_str().ok()?.strip_prefix("Bearer "));
    let Some(caller) = token.and_then(|token| gateway.caller(token)) else {
        return problem(StatusCode::UNAUTHORIZED, "no caller has this token");
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return problem(rejection.status(), &rejection.body_text()),
    };
    match serde_json::from_str(&body) {
        Ok(query) => {
            let request = Request::new(gateway.clone(), caller);
            (StatusCode::OK, Json(query::answer(&request, query).await))
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// `ctx.gql(query, variables)` in Python.
async fn gql(context: HostcallContext, query: Query) -> Result<Value, HostcallError> {
    Ok(query::answer(Request::of(&context)?, query).await)
}

/// `ctx.hostcall("call", {"function": "order", "input": {"id": 1}})` in Python.
async fn call(context: HostcallContext, ask: Ask) -> Result<Value, HostcallError> {
    Request::of(&context)?.call(&ask.function, ask.input).await
}
