//! The blocking form of the async API.

use std::future::Future;

use tokio::runtime::Handle;

use crate::background::shared_runtime;
use crate::error::CallError;

/// Drives `future` on this thread. Timers and the like are driven by one thread that all blocking
/// calls share and that lives as long as the process.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, CallError> {
    if Handle::try_current().is_ok() {
        return Err(CallError::BlockingInAsync);
    }
    shared_runtime()
        .map(|runtime| runtime.block_on(future))
        .ok_or(CallError::NoRuntime)
}
