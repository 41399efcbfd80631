//! What users see of calls and hostcalls is the same, however calls come to their clean state.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::duplicate_mod,
    clippy::indexing_slicing,
    reason = "a test fails by panicking; the same tests run twice"
)]

mod common;

#[path = "suite/fresh_instance.rs"]
mod fresh_instance;
#[path = "suite/reset.rs"]
mod reset;
