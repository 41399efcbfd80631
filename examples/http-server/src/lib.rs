//! What the examples that serve HTTP share: how long clients may take and how many there may be,
//! and which requests are for a server at all. It knows nothing of what is served.
//!
//! In reading order: `limits`, `bodies` (how much of them is held at once), `guard` (a request,
//! before a handler sees it), `connections` (from the listener to a graceful stop).

mod bodies;
mod connections;
mod guard;
mod limits;

pub use connections::{listen, serve};
pub use guard::{Guard, Problem};
pub use limits::Limits;
