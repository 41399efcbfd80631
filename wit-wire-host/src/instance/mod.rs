//! One live guest: built from a template, run under a meter, taken back to a state it had.
//!
//! The state of an instance is its memory, its mutable globals and its handles to things of the
//! host. Memory is restored; an instance in which anything else is not as it was at rest is
//! discarded. This floor knows neither a queue nor a caller, and of programs only their images.

mod discard;
mod init_in_flight;
mod live;
mod origin;
mod pooled;
mod probe;
mod template;

pub use discard::DiscardReason;
pub(crate) use discard::Refusal;
pub use live::Instance;
pub(crate) use live::{Handled, Request, check_names};
pub(crate) use origin::Origin;
pub use origin::ResetPolicy;
pub(crate) use pooled::{Held, PooledInstance};
pub(crate) use template::Template;
