//! Everything that a guest can see or ask for, as the contents of one store.
//!
//! A [`Sandbox`] makes stores whose guests have an empty WASI, output streams that are stored and
//! counted, clocks, random numbers and the embedder's hostcalls. What belongs to a run and not to
//! the store that serves it is its [`RunEnvironment`]. It knows a run's meter, and neither an
//! instance nor a guest's memory.

mod answer;
mod clock;
mod environment;
mod guest_store;
mod handles;
pub(crate) mod hostcalls;
mod limiter;
mod linker;
mod output;
mod random;
mod shared;
mod store;
mod streams;

pub(crate) use environment::{Determinism, RunEnvironment, SavedEnvironment};
pub(crate) use guest_store::GuestStore;
pub(crate) use limiter::OPEN_HANDLES;
pub(crate) use output::OutputSink;
pub use output::{Output, Stream};
pub(crate) use shared::Sandbox;
pub(crate) use store::StoreState;
