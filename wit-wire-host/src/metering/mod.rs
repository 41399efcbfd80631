//! What a run may cost, what it has cost so far, and when it is interrupted.
//!
//! A [`Meter`] accompanies one run of guest code from the first instruction that a caller pays for
//! to the answer. This floor knows clocks and
//! numbers, and never a guest, a store or an error of the crate.

mod compute_thread;
mod cpu_clock;
mod limit;
mod limits;
mod meter;
mod nesting;
mod offload;
mod outstanding;
mod parking;
mod timeout;
mod turn;

pub(crate) use compute_thread::{become_compute_thread, leave_compute_thread};
pub(crate) use limit::Interrupt;
pub use limit::{Limit, LimitExceeded};
pub use limits::Limits;
pub use meter::{Meter, Pause};
pub(crate) use meter::{MeterOptions, MeterUse, offload_of_hostcall};
pub(crate) use nesting::{NestedCall, Nesting};
pub(crate) use offload::LONG_TEXT;
pub use outstanding::Awaited;
pub(crate) use outstanding::{Answered, Outstanding};
pub(crate) use parking::{Asked, InUse, ParkPolicy, Pressure};
pub(crate) use timeout::timeout;
