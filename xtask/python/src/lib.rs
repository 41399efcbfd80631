//! The Python guest of this checkout, and what a call's result looks like to the user: for all
//! programs of `cargo xtask` that run guests. Knows nothing of how guests are built.

mod archive;
mod report;

pub use archive::{guest, guest_with};
pub use report::{exit_code, explain, report};
