//! A gateway: Python functions behind one GraphQL-like query, which call each other through the
//! same query, with rights by caller.
//!
//! ```console
//! $ cargo run --bin gateway examples/gateway/functions
//! $ curl localhost:8001/graphql --header 'authorization: Bearer shop-token' \
//!     --data '{"query": "{ customer(id: 7) { name orders { total } } }"}'
//! {"data":{"customer":{"name":"Ada","orders":[{"total":29.9},{"total":12.5}]}}}
//! ```
//!
//! `gateway.json` in the folder names the functions and what each caller may call. The caller is
//! the context of every call: a function that queries others (`ctx.gql(query)`,
//! `ctx.hostcall("call", ...)`) has its caller's rights and no more.
//!
//! In reading order: `config` (functions and callers), `request` (the calls of one request, and
//! what they may), `query` (from a query to calls and back).

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
use axum::response::{IntoResponse, Response};
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
    /// The address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8001")]
    listen: SocketAddr,
}

/// A query, as it comes by HTTP and by `ctx.gql`.
#[derive(Deserialize)]
struct Query {
    query: String,
    #[serde(default)]
    variables: Map<String, Value>,
}

/// The call of one function, as it comes by `ctx.hostcall("call", ...)`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionCall {
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
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    println!("http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app).with_graceful_shutdown(asked_to_stop());
    server.await.context("cannot serve")?;
    runtime.shut_down().await;
    Ok(())
}

/// Ctrl-C. The example `serve` also handles SIGTERM, and clients that would keep it from stopping.
async fn asked_to_stop() {
    let _ = tokio::signal::ctrl_c().await;
}

/// `POST /graphql`
async fn graphql(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    body: Result<String, StringRejection>,
) -> Response {
    let problem = |status, message: &str| {
        (status, Json(json!({"errors": [{"message": message}]}))).into_response()
    };
    let caller = bearer_token(&headers).and_then(|token| gateway.caller(token));
    let Some(caller) = caller else {
        let answer = problem(StatusCode::UNAUTHORIZED, "no caller has this token");
        return ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response();
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return problem(rejection.status(), &rejection.body_text()),
    };
    match serde_json::from_str(&body) {
        Ok(query) => {
            let request = Request::new(gateway, caller);
            Json(query::answer(&request, query).await).into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// The token in `authorization: Bearer TOKEN`. The scheme is case-insensitive (RFC 9110).
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim_start())
}

/// `ctx.gql(query, variables)` in Python.
async fn gql(context: HostcallContext, query: Query) -> Result<Value, HostcallError> {
    Ok(query::answer(Request::of(&context)?, query).await)
}

/// `ctx.hostcall("call", {"function": "order", "input": {"id": 1}})` in Python.
async fn call(context: HostcallContext, call: FunctionCall) -> Result<Value, HostcallError> {
    Request::of(&context)?
        .call(&call.function, call.input)
        .await
}
