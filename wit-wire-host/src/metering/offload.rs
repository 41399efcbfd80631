//! Work that takes too long for a thread that drives async tasks.

use std::panic::resume_unwind;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::Interrupt;
use crate::contain::contain;

/// Texts from this length on, in bytes, are parsed on threads for blocking work.
pub(crate) const LONG_TEXT: usize = 64 << 10;

/// Does `work` on a thread for blocking work, or here if the system has none left. A panic in it is
/// one here. As much is done at once as there are processors: more threads would not do more.
pub(super) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Interrupt> {
    static PROCESSORS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Arc::new(Semaphore::new(processors))
    });
    // Never closed.
    let permit = PROCESSORS.clone().acquire_owned().await.ok();
    let work = Arc::new(Mutex::new(Some(work)));
    let take = |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let spawned = contain(|| {
        let work = work.clone();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            take(&work).map(|work| work())
        })
    });
    let done = match spawned {
        Some(spawned) => match spawned.await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => None,
            },
        },
        None => take(&work).map(|work| work()),
    };
    done.ok_or(Interrupt::NoRuntime)
}
