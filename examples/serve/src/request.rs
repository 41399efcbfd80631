//! From a request to a call, and from its outcome to an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use python_runtime::PythonError;
use serde::Serialize;
use tracing::Instrument;

use crate::{Server, answer, telemetry, traces};

/// Which request a call belongs to. It goes with the call, and from there into its hostcalls.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Request {
    /// The caller's `x-request-id`, or one made here.
    pub(crate) id: String,
    /// W3C Trace Context: of the hostcall, if there is a collector; else as the caller sent it.
    pub(crate) traceparent: Option<String>,
}

const ID: HeaderName = HeaderName::from_static("x-request-id");

impl Request {
    fn of(headers: &HeaderMap) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Self {
            id: header(ID.as_str()).unwrap_or_else(|| NEXT.fetch_add(1, Relaxed).to_string()),
            traceparent: header("traceparent"),
        }
    }
}

/// `POST /module/function`. A caller that hangs up cancels the call.
pub(crate) async fn call(
    State(server): State<Arc<Server>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(Path(path)) = path else {
        let message = "the path is not UTF-8".to_owned();
        return answer::problem(StatusCode::NOT_FOUND, "not_found", message);
    };
    let request = Request::of(&headers);
    let id = request.id.clone();
    let span = tracing::info_span!("request", otel.kind = "server", id, path);
    traces::continue_trace(&span, &headers);
    let answered = answer(&server, &path, request, body).instrument(span).await;
    ([(ID, id)], answered).into_response()
}

async fn answer(
    server: &Server,
    path: &str,
    request: Request,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(function) = server.endpoints.table().function(path) else {
        return answer::problem(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("no function at /{path}"),
        );
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            return answer::problem(rejection.status(), "body", rejection.body_text());
        }
    };
    let Ok(input) = String::from_utf8(body.into()) else {
        return answer::problem(
            StatusCode::BAD_REQUEST,
            "input",
            "the body is not UTF-8".to_owned(),
        );
    };
    let input = if input.is_empty() {
        "null".to_owned()
    } else {
        input
    };
    let (outcome, receipt) = function
        .call_raw(input)
        .context(request)
        .with_receipt()
        .await;
    telemetry::record(path, &outcome, &receipt);
    match outcome {
        Ok(json) => ([("content-type", "application/json")], json).into_response(),
        Err(error) => {
            let answer = answer::of(&error, server.development);
            let busy = [
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::SERVICE_UNAVAILABLE,
            ];
            match PythonError::of(&error) {
                Some(python) => tracing::info!("{}", python.traceback.trim_end()),
                // There can be thousands a second, and they are counted.
                None if busy.contains(&answer.status()) => tracing::debug!("{error}"),
                None => tracing::info!("{error}"),
            }
            answer
        }
    }
}
