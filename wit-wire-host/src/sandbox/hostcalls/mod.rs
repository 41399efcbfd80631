//! What guests may ask of the host.
//!
//! A guest calls one imported function with the name of an op and a payload. The protocol's own
//! names (batches, panics, files) are answered here; every other name goes to the embedder's
//! closures and its [`Hostcalls`]. Every hostcall gets an answer: unknown, failing and panicking
//! ones are errors. Nothing here knows the store that a hostcall comes from.

mod api;
mod batch;
mod files;
pub(super) mod panic;
mod router;

pub use api::{HostcallContext, Hostcalls};
pub(crate) use batch::{answers_of_parked, exchange, given_answers};
pub(crate) use router::Router;
