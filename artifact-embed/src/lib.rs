//! Compile a WebAssembly component ahead of time, ship it inside a binary, load it in milliseconds.
//!
//! The crate knows engine settings, machine code, compression and where to store it. It does not
//! know what a component does, nor the protocol that it speaks (except for the name of one
//! interface, which it adds so that hosts can reset instances): it ends with a
//! [`wasmtime::component::Component`].
//!
//! ```no_run
//! # #[cfg(feature = "compile")]
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use artifact_embed::{Archive, Effort, EngineConfig, HOST_TARGET, Loader, compile};
//!
//! let config = EngineConfig::default();
//! let guest = std::fs::read("guest.wasm")?;
//! let archive = compile(&guest, &config, HOST_TARGET)?.pack(Effort::Small)?;
//! // SAFETY: made in the line above.
//! let archive = unsafe { Archive::trust(archive)? };
//! let loader = Loader::new(&config)?;
//! let component = loader.load(&archive)?.component;
//! # Ok(())
//! # }
//! ```
//!
//! To ship the archive inside a crate, call `artifact_embed_build::embed` in its build script and
//! [`embedded!`] in its code.
//!
//! # Features
//!
//! None is on by default: without any, the crate loads archives and links no compiler.
//!
//! - `compile` adds Cranelift, which makes archives
//! - `cross` adds its backends for other architectures
//! - `sign` signs archives, and loads signed ones without `unsafe`
//!
//! # The code
//!
//! In reading order, from the lowest floor to the highest. Each imports only from those before it.
//!
//! - `obstacle`, `error`, `digest`: the words that all the others share
//! - `engine`: settings that compiler and loader must agree on
//! - `sys`: what differs between operating systems
//! - `component`: reads components, bounds what they may become, makes constants of what never
//!   changes in them, and adds what a host needs to stop and to reset them
//! - `archive`: the format, and who vouches for an archive
//! - `compile`: from a component to an archive
//! - `cache`: the folder where code is stored, and how files are recognised
//! - `load`: from an archive to a component; the only floor that makes code executable
//! - `embedded`: the archive that a build script embedded

mod archive;
mod cache;
#[cfg(feature = "compile")]
mod compile;
#[cfg(feature = "compile")]
mod component;
mod digest;
mod embedded;
mod engine;
mod error;
#[cfg(all(feature = "compile", any(test, fuzzing)))]
#[doc(hidden)]
pub mod fuzz;
mod load;
#[cfg(feature = "compile")]
mod obstacle;
mod sys;

pub use archive::{ARCHIVE_FORMAT, Archive, Header};
#[cfg(feature = "sign")]
pub use archive::{PublicKey, SigningKey, verify_signer};
pub use cache::CacheFolder;
#[cfg(feature = "compile")]
pub use cache::FileIdentity;
#[cfg(feature = "compile")]
pub use compile::{Compiled, Effort, compile};
#[cfg(feature = "compile")]
pub use component::{CoreModule, Inspection, Instrumented, fold_constants, inspect, instrument};
pub use embedded::Embedded;
pub use engine::{EngineConfig, HOST_TARGET, WASMTIME_VERSION, baseline_cpu};
pub use error::Error;
#[cfg(feature = "compile")]
pub use load::CompileKey;
pub use load::{Backing, Loaded, Loader};
#[cfg(feature = "compile")]
pub use obstacle::Obstacle;
