//! Serving until the process is asked to stop.

use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use python_runtime::PythonRuntime;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// In addition to the time limit of calls, for clients that are slow to send or to read.
const SLOW_CLIENTS: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or Ctrl-C. Requests that are under way then are finished, unless that takes
/// much longer than `call`, the time limit of a call, or the process is asked again.
pub(crate) async fn serve(
    app: Router,
    listener: TcpListener,
    runtime: &PythonRuntime,
    call: Duration,
) -> Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let stop = async {
        asked_to_stop().await;
        let _ = stopping.send(());
    };
    let all = async {
        let server = axum::serve(listener, app).with_graceful_shutdown(stop);
        server.await.context("cannot serve")?;
        runtime.shut_down().await;
        Ok(())
    };
    let late = async {
        let _ = stopped.await;
        let grace = tokio::time::sleep(call.saturating_add(SLOW_CLIENTS));
        tokio::select! {
            () = grace => {}
            () = asked_to_stop() => {}
        }
    };
    tokio::select! {
        done = all => done,
        () = late => {
            eprintln!("stopped before every request was answered");
            Ok(())
        }
    }
}

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
