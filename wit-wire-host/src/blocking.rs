//! The blocking form of the async API.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::Error;

/// Drives `future` on this thread. Timers and the like are driven by one thread that all blocking calls share and that
/// lives as long as the process.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    static SHARED: OnceLock<Option<Runtime>> = OnceLock::new();
    if Handle::try_current().is_ok() {
        return Err(Error::BlockingInAsync);
    }
    let build = || {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("wit-wire-io")
            .enable_all()
            .build()
            .ok()
    };
    SHARED
        .get_or_init(build)
        .as_ref()
        .map(|runtime| runtime.block_on(future))
        .ok_or(Error::NoRuntime)
}
