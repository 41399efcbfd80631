//! Connections, from the listener until the process is asked to stop.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::limits::Limits;

/// What is read of a connection before somebody wants it, in bytes.
const READ_AHEAD: usize = 64 << 10;

/// How long to wait when no connection can be accepted, for want of descriptors for example.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens on `address`.
///
/// # Errors
///
/// If the system does not allow it.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}"))
}

/// Serves `app` until SIGTERM or Ctrl-C. Requests that are under way then are answered, and
/// `finish` is awaited, unless that takes longer than [`Limits::response`] or the process is asked
/// again.
pub async fn serve(
    app: Router,
    listener: TcpListener,
    limits: Limits,
    finish: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let (stopping, stop) = watch::channel(());
    tokio::select! {
        () = accept(&app, &listener, limits, &places, &stop) => {}
        () = asked_to_stop() => {}
    }
    // Whoever comes now is refused.
    drop(listener);
    drop(stopping);
    let finished = async {
        let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
        let _all = places.acquire_many(all).await;
        finish.await;
    };
    tokio::select! {
        () = finished => {}
        () = sleep(limits.response) => eprintln!("stopped before every request was answered"),
        () = asked_to_stop() => eprintln!("stopped before every request was answered"),
    }
}

async fn accept(
    app: &Router,
    listener: &TcpListener,
    limits: Limits,
    places: &Arc<Semaphore>,
    stop: &watch::Receiver<()>,
) {
    while let Ok(place) = places.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let connection = connection(app.clone(), stream, limits, stop.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Answers the requests of one connection. Its errors concern nobody else.
async fn connection(app: Router, stream: TcpStream, limits: Limits, mut stop: watch::Receiver<()>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_header_size(limits.header_bytes)
        .max_buf_size(READ_AHEAD.max(limits.header_bytes))
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = sleep(limits.age) => {}
        _ = stop.changed() => {}
    }
    // An idle one ends at once, another one after its response: however slowly a client sends and
    // reads, its connection ends.
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits.headers + limits.body + limits.response, connection).await;
}

/// SIGTERM, or Ctrl-C.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
