//! Loads files again when they change.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::Server;

/// Editors write a file in several steps.
const SETTLED: Duration = Duration::from_millis(50);

/// Watches until what it returns is dropped.
pub(crate) fn watch(server: Arc<Server>) -> Result<RecommendedWatcher> {
    let changed = Arc::new(Notify::new());
    let tell = changed.clone();
    let folder = server.endpoints.folder().to_owned();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            tell.notify_one();
        }
    })?;
    watcher.watch(&folder, RecursiveMode::Recursive)?;
    tokio::spawn(async move {
        loop {
            changed.notified().await;
            tokio::time::sleep(SETTLED).await;
            if let Err(error) = server.endpoints.reload(&server.runtime).await {
                tracing::warn!("{error:#}");
            }
        }
    });
    Ok(watcher)
}
