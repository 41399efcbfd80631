//! A gateway: Python functions behind one GraphQL-like query, which call each other through the
//! same query, with rights by caller.
//!
//! ```console
//! $ cargo run --bin gateway examples/gateway/functions
//! $ curl localhost:8001/graphql --header 'authorization: Bearer shop-token' \
//!     --json '{"query": "{ customer(id: 7) { name orders { total } } }"}'
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

use anyhow::Result;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use clap::Parser;
use http_server::Guard;
use python_runtime::{HostcallContext, HostcallError, Limits, PythonRuntime};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use config::Gateway;
use request::Request;

/// Of a request's body, of a function's input and result, and of its hostcalls.
const LARGEST: usize = 1 << 20;

#[derive(Parser)]
struct Args {
    /// The folder of Python files and `gateway.json`.
    folder: PathBuf,
    /// The address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8001")]
    listen: SocketAddr,
    /// A name that the server is called by, besides those of loopback. Without any, a server that
    /// listens on another address is called by every name.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
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
    let limits = Limits::default().input(LARGEST).output(LARGEST);
    let runtime = PythonRuntime::builder()
        .limits(limits.hostcall_payload(LARGEST))
        .hostcall("gql", gql)
        .hostcall("call", call)
        .build()?;
    let gateway = Arc::new(Gateway::load(&runtime, &args.folder).await?);
    let limits = http_server::Limits {
        body_bytes: LARGEST,
        ..http_server::Limits::default()
    };
    let listener = http_server::listen(args.listen).await?;
    let address = listener.local_addr()?;
    let guard = Guard::new(address, args.host, limits, problem);
    let misplaced = |status, kind| {
        move || {
            let message = "queries are sent to /graphql with POST".to_owned();
            std::future::ready(problem(status, kind, message))
        }
    };
    let app = Router::new()
        .route("/graphql", post(graphql))
        .method_not_allowed_fallback(misplaced(StatusCode::METHOD_NOT_ALLOWED, "method"))
        .fallback(misplaced(StatusCode::NOT_FOUND, "not_found"));
    let app = guard.protect(app).with_state(gateway);
    println!("http://{address}");
    http_server::serve(app, listener, limits, runtime.shut_down()).await;
    Ok(())
}

/// `POST /graphql`
async fn graphql(State(gateway): State<Arc<Gateway>>, headers: HeaderMap, body: Bytes) -> Response {
    let caller = bearer_token(&headers).and_then(|token| gateway.caller(token));
    let Some(caller) = caller else {
        let message = "no caller has this token".to_owned();
        let answer = problem(StatusCode::UNAUTHORIZED, "token", message);
        return ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response();
    };
    match serde_json::from_slice(&body) {
        Ok(query) => {
            let request = Request::new(gateway, caller);
            Json(query::answer(&request, query).await).into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, "body", error.to_string()),
    }
}

/// The body of every response that is not 200.
fn problem(status: StatusCode, kind: &'static str, message: String) -> Response {
    let error = json!({"message": message, "extensions": {"code": kind}});
    (status, Json(json!({"errors": [error]}))).into_response()
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
        .call(&call.function, || Ok(call.input))
        .await
}
