//! The blocking form of the async API.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

use crate::error::Error;

static SHARED: OnceLock<Option<Runtime>> = OnceLock::new();

fn shared() -> Option<&'static Runtime> {
    let build = || {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("wit-wire-io")
            .enable_all()
            .build()
            .ok()
    };
    SHARED.get_or_init(build).as_ref()
}

/// Where work is done that nobody waits for at once: the runtime here if it has threads of its own; one with a single thread
/// might not be driven again.
pub(crate) fn background() -> Option<Handle> {
    let here = Handle::try_current().ok()?;
    match here.runtime_flavor() {
        RuntimeFlavor::CurrentThread => shared().map(|runtime| runtime.handle().clone()),
        _ => Some(here),
    }
}

/// Drives `future` on this thread. Timers and the like are driven by one thread that all blocking calls share and that
/// lives as long as the process.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Error> {
    if Handle::try_current().is_ok() {
        return Err(Error::BlockingInAsync);
    }
    shared()
        .map(|runtime| runtime.block_on(future))
        .ok_or(Error::NoRuntime)
}
