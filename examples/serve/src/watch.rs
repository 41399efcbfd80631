//! Loads files again when they change.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher};
use python_runtime::printable;
use tokio::sync::Notify;

use crate::Server;

/// How long to wait after a change: editors write a file in several steps.
const SETTLED: Duration = Duration::from_millis(50);

/// Watches until the returned watcher is dropped.
///
/// `notify-debouncer-mini` does not say what happened to a file. To read one is an event too, and
/// loading reads all of them.
pub(crate) fn watch(server: Arc<Server>) -> Result<RecommendedWatcher> {
    let changed = Arc::new(Notify::new());
    let changes = changed.clone();
    let folder = server.endpoints.folder().to_owned();
    let notice = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            changed.notify_one();
        }
    };
    // Links are not read either, and one to `/` would have the whole system watched.
    let options = Config::default().with_follow_symlinks(false);
    let mut watcher = RecommendedWatcher::new(notice, options)?;
    watcher.watch(&folder, RecursiveMode::Recursive)?;
    tokio::spawn(async move {
        loop {
            changes.notified().await;
            tokio::time::sleep(SETTLED).await;
            if let Err(error) = server.endpoints.reload(&server.runtime).await {
                tracing::warn!("{}", printable(&format!("{error:#}")));
            }
        }
    });
    Ok(watcher)
}
