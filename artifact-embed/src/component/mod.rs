//! Reads components before they are compiled, and adds what a host needs to stop their instances
//! and to reset them.
//!
//! This floor decides which components are accepted ([`bounds`]), which of them keep all state in
//! one memory and mutable globals ([`inspect`](mod@inspect)), makes constants of globals that never
//! change ([`constants`]), gives those components the interface through which a host resets
//! instances ([`state`]), and all of them checks for interrupts ([`checked_component`]). It works
//! on bytes of WebAssembly alone: it does not know engines, machine code or archives, and of the
//! protocol only the names in [`state_interface`] and [`interrupts_interface`].

mod bounds;
mod checked_component;
mod checked_module;
mod constants;
mod exports;
mod inspect;
mod instrument;
mod interrupts_interface;
mod moved_memory;
mod outline;
mod state;
mod state_interface;
mod state_module;
mod virtual_size;

pub use constants::fold_constants;
pub use inspect::{CoreModule, Inspection, inspect};
pub(crate) use instrument::with_state;
pub use instrument::{Instrumented, instrument};
