//! The blocking form of the async API.

use std::future::Future;
use std::panic::catch_unwind;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

use crate::error::Error;

/// A runtime with one thread, which lives as long as the process; `None` while the system has no thread or no descriptors for
/// it.
fn shared() -> Option<&'static Runtime> {
    static SHARED: OnceLock<Runtime> = OnceLock::new();
    static BUILDING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = SHARED.get() {
        return Some(runtime);
    }
    let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    if SHARED.get().is_none() {
        // Tokio panics where it can't have a thread. So one is asked for first, and the panic is for whoever takes it meanwhile.
        thread::Builder::new().spawn(|| ()).ok()?.join().ok()?;
        let build = || {
            Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("wit-wire-io")
                .enable_all()
                .build()
        };
        let runtime = catch_unwind(build).ok()?.ok()?;
        return Some(SHARED.get_or_init(|| runtime));
    }
    SHARED.get()
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
