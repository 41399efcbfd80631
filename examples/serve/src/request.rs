//! From a request to a call, and from its outcome to a response.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use python_runtime::{PythonError, printable};
use serde::Serialize;
use serde::de::IgnoredAny;
use tracing::Instrument;

use crate::{Server, answer, telemetry, traces};

/// The request that a call belongs to. It is the context of the call and of its hostcalls.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Request {
    /// `x-request-id`: the caller's, if it is a word of at most 128 letters, or a new UUID.
    pub(crate) id: String,
    /// W3C Trace Context: of the hostcall if there is a collector, or else as the caller sent it.
    pub(crate) traceparent: Option<String>,
}

impl Request {
    fn of(headers: &HeaderMap) -> Self {
        let header = |name: &str| {
            let value = headers.get(name)?.as_bytes();
            Some(String::from_utf8_lossy(value).into_owned())
        };
        Self {
            id: header(ID).unwrap_or_default(),
            traceparent: header("traceparent"),
        }
    }
}

/// Drops a request ID that is no word: it stands in every line of the log about the request.
pub(crate) async fn without_odd_id(mut request: axum::extract::Request) -> axum::extract::Request {
    let is_word = |id: &HeaderValue| {
        id.len() <= 128 && id.as_bytes().iter().all(u8::is_ascii_graphic) && !id.is_empty()
    };
    let headers = request.headers_mut();
    let ids = headers.get_all(ID);
    if ids.iter().count() > 1 || !ids.iter().all(is_word) {
        headers.remove(ID);
    }
    request
}

const ID: &str = "x-request-id";

/// `POST /module/function`. The call is cancelled if the caller disconnects.
pub(crate) async fn call(
    State(server): State<Arc<Server>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Ok(Path(path)) = path else {
        let message = "the path is not UTF-8".to_owned();
        return answer::problem(StatusCode::NOT_FOUND, "not_found", message);
    };
    let request = Request::of(&headers);
    let span = tracing::info_span!("request", otel.kind = "server", id = request.id, path);
    traces::continue_trace(&span, &headers);
    answer(&server, &path, request, body).instrument(span).await
}

async fn answer(server: &Server, path: &str, request: Request, body: Bytes) -> Response {
    let Some(function) = server.endpoints.table().function(path) else {
        return answer::problem(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("no function at /{path}"),
        );
    };
    let Ok(mut input) = String::from_utf8(body.into()) else {
        return answer::problem(
            StatusCode::BAD_REQUEST,
            "input",
            "the body is not UTF-8".to_owned(),
        );
    };
    if input.is_empty() {
        input.push_str("null");
    }
    let (outcome, receipt) = function
        .call_raw(input)
        .context(request)
        .with_receipt()
        .await;
    telemetry::record(path, &outcome, &receipt);
    match outcome {
        // The host passes on what the guest says, and a hostile one says anything.
        Ok(output) if output.deserialize::<IgnoredAny>().is_err() => answer::problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "the function's answer is not JSON".to_owned(),
        ),
        Ok(json) => ([("content-type", "application/json")], json.to_string()).into_response(),
        Err(error) => {
            let answer = answer::of(&error, server.development);
            match PythonError::of(&error) {
                Some(python) => tracing::info!("{}", printable(python.traceback.trim_end())),
                // There can be thousands of them a second, and the metrics count them.
                None if answer::is_busy(answer.status()) => {
                    tracing::debug!("{}", printable(&error.to_string()))
                }
                None => tracing::info!("{}", printable(&error.to_string())),
            }
            answer
        }
    }
}
