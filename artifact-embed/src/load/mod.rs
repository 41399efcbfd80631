//! From an archive, or a component compiled on the spot, to a component that can be instantiated.
//!
//! A [`Loader`] checks that code fits its engine and this machine, finds it in the cache or puts it
//! there, and maps it. This is the only floor that makes code executable. It does not know what the
//! code does, nor who calls it.

mod backing;
#[cfg(feature = "compile")]
mod compiled;
mod loader;
#[cfg(unix)]
mod perf_map;
mod span;

pub use backing::Backing;
#[cfg(feature = "compile")]
pub use compiled::CompileKey;
pub use loader::{Loaded, Loader};
