//! Work beside the call that it is done for, and the tokio runtime for it.

use std::future::Future;
use std::panic::catch_unwind;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::JoinHandle;

/// A runtime with one thread that lives as long as the process; `None` while the system has no
/// thread or no descriptors for it.
pub(crate) fn shared_runtime() -> Option<&'static Runtime> {
    static SHARED: OnceLock<Runtime> = OnceLock::new();
    static BUILDING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = SHARED.get() {
        return Some(runtime);
    }
    let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    if SHARED.get().is_none() {
        // Tokio panics where it can't have a thread. So we ask for one first; the panic is left for
        // the case that another thread takes it in between.
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

/// Where to spawn work that nobody awaits: the current runtime if it has threads of its own, else
/// the shared one, because a runtime with a single thread may never be driven again. `None` outside
/// of a runtime.
pub(crate) fn handle() -> Option<Handle> {
    let here = Handle::try_current().ok()?;
    match here.runtime_flavor() {
        RuntimeFlavor::CurrentThread => shared_runtime().map(|runtime| runtime.handle().clone()),
        _ => Some(here),
    }
}

/// Work that goes on beside its owner, and ends with it.
pub(crate) struct Owned(JoinHandle<()>);

impl Owned {
    /// `None` outside of a runtime.
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Option<Self> {
        handle().map(|runtime| Self(runtime.spawn(work)))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.abort();
    }
}
