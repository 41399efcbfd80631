//! Panics of other people's code, kept from ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `code` that is not ours, and returns its result unless it panics. The state behind a panic
/// is that code's own; ours is not touched in between.
pub(crate) fn contain<T>(code: impl FnOnce() -> T) -> Option<T> {
    let payload = match catch_unwind(AssertUnwindSafe(code)) {
        Ok(done) => return Some(done),
        Err(payload) => payload,
    };
    // The payload of a panic may panic again when it is dropped. The payload of that one is leaked.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(payload);
    }
    None
}
