//! Waiting in tests for what another task or thread does, in its own time; and, in [`watch`], what
//! tests measure of their process.
//!
//! Nothing here sleeps. The deadline is no statement about speed: it turns what would never end
//! into a failure that says what it was waiting for.

#[cfg(target_os = "linux")]
pub mod watch;

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Longer than anything that ends takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits, in turns with the other tasks of the runtime, until `is_so`.
///
/// `what` is formatted only at the deadline, so it can show the state of things then.
///
/// # Panics
///
/// After a minute.
pub async fn until(what: impl Display, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        check(deadline, &what);
        tokio::task::yield_now().await;
    }
}

/// Waits, in turns with other threads, until `is_so`. For threads outside of async runtimes.
///
/// # Panics
///
/// After a minute.
pub fn until_blocking(what: impl Display, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        check(deadline, &what);
        std::thread::yield_now();
    }
}

#[allow(clippy::panic, reason = "a test fails by panicking")]
fn check(deadline: Instant, what: &impl Display) {
    if Instant::now() >= deadline {
        panic!("still not so after {DEADLINE:?}: {what}");
    }
}
