//! Threads that only compute: guests run there, and nobody else's code.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

thread_local! {
    static IS_COMPUTE_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Makes this thread one of them, for good.
pub(crate) fn become_compute_thread() {
    IS_COMPUTE_THREAD.set(true);
}

/// Whether this thread is one of them.
pub(super) fn is_compute_thread() -> bool {
    IS_COMPUTE_THREAD.get()
}

/// Comes back once the run is polled on its caller's task. It wakes nobody: a run that waits on
/// such a thread is given back to its caller.
pub(crate) async fn leave_compute_thread() {
    poll_fn(|_| match is_compute_thread() {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
    .await;
}
