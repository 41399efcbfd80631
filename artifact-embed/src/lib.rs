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
//! To ship the archive inside a crate, call `artifact_embed_build::embed` from its build script and
//! [`embedded!`] in its code.
//!
//! Features, none of which is on by default: without any, the crate reads archives and links no compiler; `compile` adds Cranelift, which
//! makes them; `cross` adds its backends for other architectures; `sign` signs archives and loads signed ones.
//!
//! In reading order: `profile` (settings that both sides share), `inspect`, `extent` (what small components expand to),
//! `instrument` (what lets a host reset instances), `compile`, `archive` (the format), `signature`, `load`, `cache` (the
//! folder that code is mapped from) and `cache_folder` (which one that is), `compile_cache` (components compiled where they are used, and kept), `identity` (which file a component
//! was read from), `perf_map` (functions' names for `perf`), `embedded`, `error`.

mod archive;
mod cache;
mod cache_folder;
#[cfg(feature = "compile")]
mod compile;
#[cfg(feature = "compile")]
mod compile_cache;
mod embedded;
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
mod load;
#[cfg(unix)]
mod perf_map;
mod profile;
#[cfg(feature = "sign")]
mod signature;

pub use archive::{Archive, FORMAT, Frame, Header};
pub use cache_folder::CacheFolder;
#[cfg(feature = "compile")]
pub use compile::{Compiled, Effort, compile};
#[cfg(feature = "compile")]
pub use compile_cache::CompileKey;
pub use embedded::Embedded;
pub use error::Error;
#[cfg(feature = "compile")]
pub use identity::FileIdentity;
#[cfg(feature = "compile")]
pub use inspect::{CoreModule, Inspection, Obstacle, inspect};
#[cfg(feature = "compile")]
pub use instrument::instrument;
pub use load::{Backing, Loaded, Loader};
pub use profile::{EngineProfile, HOST_TARGET, WASMTIME_VERSION, cpu};
#[cfg(feature = "sign")]
pub use signature::{PublicKey, SigningKey, signer};
