//! Reads components before they are compiled, folds their constants, and extends those whose
//! instances can be reset.
//!
//! This floor decides which components are accepted ([`bounds`]), which of them keep all state in
//! one memory and mutable globals ([`inspect`](mod@inspect)), makes constants of globals that never
//! change ([`constants`]), and gives those components the interface through which a host resets
//! instances ([`instrument`](mod@instrument)). It works on bytes of WebAssembly alone: it does not
//! know engines, machine code or archives, and of the protocol only the one name in
//! [`state_interface`].

mod bounds;
mod constants;
mod exports;
mod inspect;
mod instrument;
mod outline;
mod state_interface;
mod state_module;

pub use constants::fold_constants;
pub use inspect::{CoreModule, Inspection, inspect};
pub use instrument::instrument;
