//! Which requests reach a handler.
//!
//! A page that a user has open can send requests to this server, too, also where it listens on
//! loopback alone. Its name then is not one of the server's (DNS rebinding), its `Origin` is not
//! the server's, or its body is not JSON: JSON is what a browser asks permission for first, and
//! nobody here gives any.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;

use crate::bodies::{Place, Room, Unread};
use crate::limits::Limits;

/// How a server words what is wrong with a request: its status, the kind of error in a word, and
/// what to do.
pub type Problem = fn(StatusCode, &'static str, String) -> Response;

/// Refuses requests that no handler should see.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Without ports. Empty: any.
    hosts: Vec<String>,
    limits: Limits,
    room: Room,
    problem: Problem,
}

type Refusal = (StatusCode, &'static str, String);

impl Guard {
    /// For a server that listens on `address` and is called `names`. On loopback, and if there are
    /// names, `Host` must be one of them or a name of loopback; else it may be any.
    pub fn new(address: SocketAddr, names: Vec<String>, limits: Limits, problem: Problem) -> Self {
        let mut hosts = names;
        if address.ip().is_loopback() || !hosts.is_empty() {
            let own = match address {
                SocketAddr::V4(address) => address.ip().to_string(),
                SocketAddr::V6(address) => format!("[{}]", address.ip()),
            };
            hosts.extend(["localhost", "127.0.0.1", "[::1]", &own].map(str::to_owned));
        }
        Self {
            hosts,
            limits,
            room: Room::new(limits.bodies_bytes),
            problem,
        }
    }

    /// The application behind this guard. Requests with `POST` have their whole body by then.
    pub fn protect<S: Clone + Send + Sync + 'static>(self, app: Router<S>) -> Router<S> {
        let largest = DefaultBodyLimit::max(self.limits.body_bytes);
        app.layer(middleware::from_fn_with_state(Arc::new(self), check))
            .layer(largest)
    }

    /// The request with its body and what that takes, or why it is refused.
    async fn admit(&self, request: Request) -> Result<(Request, Place), Refusal> {
        let host = host(&request)?;
        let name = host.host();
        if !self.hosts.is_empty() && !self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            let message = "`Host` is no name of this server; `--host NAME` gives it one";
            return Err((StatusCode::MISDIRECTED_REQUEST, "host", message.to_owned()));
        }
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok((request, None));
        }
        let is_own = |origin: &HeaderValue| {
            let origin = origin
                .to_str()
                .ok()
                .and_then(|origin| origin.split_once("://"));
            origin.is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host.as_str()))
        };
        if !request.headers().get_all(header::ORIGIN).iter().all(is_own) {
            let message = "`Origin` is not this server: pages of others may not call it";
            return Err((StatusCode::FORBIDDEN, "origin", message.to_owned()));
        }
        if request.method() != Method::POST {
            return Ok((request, None));
        }
        if !is_json(request.headers()) {
            let message = "expected `Content-Type: application/json`".to_owned();
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", message));
        }
        let (head, body) = request.into_parts();
        let whole = self.room.read(body, self.limits.body_bytes);
        let (status, message) = match tokio::time::timeout(self.limits.body, whole).await {
            Ok(Ok((body, place))) => {
                return Ok((Request::from_parts(head, Body::from(body)), place));
            }
            Ok(Err(Unread::NoRoom)) => return Err(self.no_room()),
            Ok(Err(Unread::TooLarge)) => {
                let limit = self.limits.body_bytes;
                let message = format!("body limit exceeded: limit {limit} bytes");
                (StatusCode::PAYLOAD_TOO_LARGE, message)
            }
            Ok(Err(Unread::Broken(error))) => (StatusCode::BAD_REQUEST, error.to_string()),
            Err(_) => {
                let limit = self.limits.body.as_secs_f64();
                let message = format!("body time limit exceeded: limit {limit} s");
                (StatusCode::REQUEST_TIMEOUT, message)
            }
        };
        Err((status, "body", message))
    }

    fn no_room(&self) -> Refusal {
        let limit = self.limits.bodies_bytes;
        let message = format!("limit on all bodies together exceeded: limit {limit} bytes");
        (StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    }
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let response = match guard.admit(request).await {
        Ok((request, place)) => {
            let response = next.run(request).await;
            drop(place);
            guard.room.hold(response).ok_or_else(|| guard.no_room())
        }
        Err(refusal) => Err(refusal),
    };
    let mut response =
        response.unwrap_or_else(|(status, kind, message)| (guard.problem)(status, kind, message));
    let own_pages_only = HeaderName::from_static("cross-origin-resource-policy");
    let headers = response.headers_mut();
    headers.insert(own_pages_only, HeaderValue::from_static("same-origin"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// What a request calls the server: its one `Host`, unless its target says it (RFC 9112, section
/// 3.2).
fn host(request: &Request) -> Result<Authority, Refusal> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    };
    let host = host.map(|host| request.uri().authority().cloned().unwrap_or(host));
    let host = host.filter(|host| !host.as_str().contains('@'));
    host.ok_or_else(|| {
        let message = "expected one header `Host`, as in `Host: localhost:8000`".to_owned();
        (StatusCode::BAD_REQUEST, "host", message)
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else {
        return false;
    };
    let name = one.to_str().ok().and_then(|value| value.split(';').next());
    name.is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json"))
}
