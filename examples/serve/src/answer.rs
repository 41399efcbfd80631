//! Which error is which status.

use axum::Json;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use python_runtime::{CallError, Limit, PythonError};
use serde_json::json;

/// The response to a call that failed. Exceptions of the function are described in development
/// only.
pub(crate) fn of(error: &CallError, development: bool) -> Response {
    if let Some(python) = PythonError::of(error) {
        return of_python(&python, development);
    }
    let (status, kind) = status(error);
    let message = match status.is_server_error() && !development {
        true => status.canonical_reason().unwrap_or_default().to_owned(),
        false => error.to_string(),
    };
    let mut answer = problem(status, kind, message);
    if is_busy(status) {
        answer.headers_mut().insert(header::RETRY_AFTER, 1.into());
    }
    answer
}

/// Whether the same request may succeed a little later.
pub(crate) fn is_busy(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

pub(crate) fn status(error: &CallError) -> (StatusCode, &'static str) {
    match error {
        CallError::InvalidInput { .. } => (StatusCode::BAD_REQUEST, "input"),
        CallError::Limit { exceeded, .. } => match exceeded.limit {
            Limit::Input => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Limit::Queue | Limit::Concurrency => (StatusCode::TOO_MANY_REQUESTS, "busy"),
            Limit::Instances | Limit::Computing | Limit::Wait => {
                (StatusCode::SERVICE_UNAVAILABLE, "busy")
            }
            Limit::WallTime | Limit::CpuTime | Limit::Deadline => {
                (StatusCode::GATEWAY_TIMEOUT, "time")
            }
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "limit"),
        },
        CallError::ShutDown => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    }
}

fn of_python(error: &PythonError, development: bool) -> Response {
    if error.is_input_error() {
        let body = json!({"error": "input", "message": error.message, "path": error.path});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
    }
    let body = match development {
        true => json!({"error": error.ty, "message": error.message, "traceback": error.traceback}),
        false => json!({"error": "failed", "message": "the function failed"}),
    };
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

/// The response where the path exists, but not for this method.
pub(crate) async fn wrong_method() -> Response {
    let message = "functions are called with POST; everything else is read with GET".to_owned();
    problem(StatusCode::METHOD_NOT_ALLOWED, "method", message)
}

/// The response where nothing has such a path.
pub(crate) async fn not_found(uri: Uri) -> Response {
    let message = format!("no function at {}", uri.path());
    problem(StatusCode::NOT_FOUND, "not_found", message)
}

/// The body of every error: see `Problem` in `openapi`.
pub(crate) fn problem(status: StatusCode, kind: &'static str, message: String) -> Response {
    (status, Json(json!({"error": kind, "message": message}))).into_response()
}
