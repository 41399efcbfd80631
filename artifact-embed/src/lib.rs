//! Compile a WebAssembly component ahead of time, ship it inside a binary, load it in milliseconds.
//!
//! The crate knows engine settings, machine code, compression and where to put it. It does not know what the component
//! does, nor any protocol that it speaks: it ends with a [`wasmtime::component::Component`].
//!
//! ```no_run
//! # #[cfg(feature = "compile")]
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use artifact_embed::{Archive, Effort, EngineProfile, HOST_TARGET, Loader, compile};
//!
//! let profile = EngineProfile::default();
//! let archive = compile(&std::fs::read("guest.wasm")?, &profile, HOST_TARGET)?.pack(Effort::Small)?;
//! // SAFETY: made two lines above.
//! let archive = unsafe { Archive::trust(archive)? };
//! let loader = Loader::new(&profile)?;
//! let component = loader.load(&archive)?.component;
//! # Ok(())
//! # }
//! ```
//!
//! To ship the archive inside a crate, call `build_script::embed` from its build script and
//! [`embedded!`] in its code.
//!
//! Features: `load` (default) reads archives and links no compiler; `compile` adds Cranelift; `cross` adds its backends
//! for other architectures; `sign` signs archives and loads signed ones; `build` is the build-script helper alone.
//!
//! In reading order: `profile` (settings that both sides share), `inspect`, `extent` (what small components expand to),
//! `instrument` (what lets a host reset instances), `compile`, `archive` (the format), `signature`, `load`, `cache` (the
//! folder that code is mapped from), `identity` (which file a component was read from), `perf_map` (functions' names for
//! `perf`), `embedded`, `build_script`, `error`.

#[cfg(feature = "build")]
pub mod build_script;

#[cfg(feature = "load")]
mod archive;
#[cfg(feature = "load")]
mod cache;
#[cfg(feature = "compile")]
mod compile;
#[cfg(feature = "load")]
mod embedded;
#[cfg(feature = "load")]
mod error;
#[cfg(feature = "compile")]
mod extent;
#[cfg(all(feature = "compile", any(test, fuzzing)))]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "compile")]
mod identity;
#[cfg(feature = "compile")]
mod inspect;
#[cfg(feature = "compile")]
mod instrument;
#[cfg(feature = "load")]
mod load;
#[cfg(all(feature = "load", unix))]
mod perf_map;
#[cfg(feature = "load")]
mod profile;
#[cfg(feature = "sign")]
mod signature;

#[cfg(feature = "load")]
pub use archive::{Archive, FORMAT, Frame, Header};
#[cfg(feature = "compile")]
pub use compile::{Compiled, Effort, compile};
#[cfg(feature = "load")]
pub use embedded::Embedded;
#[cfg(feature = "load")]
pub use error::Error;
#[cfg(feature = "compile")]
pub use identity::FileIdentity;
#[cfg(feature = "compile")]
pub use inspect::{CoreModule, Inspection, Obstacle, inspect};
#[cfg(feature = "compile")]
pub use instrument::instrument;
#[cfg(feature = "compile")]
pub use load::CompileKey;
#[cfg(feature = "load")]
pub use load::{Backing, Loaded, Loader};
#[cfg(feature = "load")]
pub use profile::{EngineProfile, HOST_TARGET, WASMTIME_VERSION, cpu};
#[cfg(feature = "sign")]
pub use signature::{PublicKey, SigningKey, signer};
