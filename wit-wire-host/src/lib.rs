//! The host's half of wit-wire: run functions of any WebAssembly component that speaks a small JSON protocol, each call
//! on clean state, inside this process.
//!
//! The crate knows the protocol, hostcalls, limits and the sandbox. It does not know Python or any other language, where
//! components come from, or how they are compiled: it takes a [`wasmtime::Engine`] and a component of it.
//!
//! ```no_run
//! # async fn example(engine: wasmtime::Engine, component: wasmtime::component::Component) -> Result<(), wit_wire_host::Error> {
//! use serde_json::{Value, json};
//! use wit_wire_host::{Host, HostcallContext, HostcallError, Op};
//!
//! let host = Host::builder()
//!     .hostcall("now", async |_: HostcallContext, _: Value| Ok::<_, HostcallError>(json!("noon")))
//!     .build(&engine)?;
//! let program = host.component(&component)?.program([Op::new("greet")]).build().await?;
//! let greet = program.function("greet")?;
//! let greeting: String = greet.call(&json!({"name": "Ada"})).await?;
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: `op` (what is asked of a guest), `program` (a component with its ops), `function` (one of them, as callers hold it),
//! `call` (one call and its receipt), `run` (what meters and bounds it), `cpu_time` (which clock meters it), `limits`, `pool` (the instances
//! that calls take in turns), `counts` (what they do, in numbers), `reset` (how one is taken back to a state it had), `image` (a program's
//! state as data), `snapshot` (the same as bytes), `memory` (a guest's memory, and all unsafe code), `component` (checked and linked) and
//! `shape` (the check), `instance` (a live one), `state` (what its store holds: sandbox, handles, the run under way), `host` (what components
//! share: linker, limits, hostcalls), `hostcall`, `batch` (hostcalls made together), `files` (what guests may read), `capture` (what guests
//! print), `profile` (what they spend their time on), `randomness`, `fixed` (what a call makes the same every time), `ticker` (what interrupts
//! guests), [`telemetry`] (metrics and spans), `wire` (the protocol's values), `blocking`, `error`.

mod batch;
mod blocking;
mod call;
mod capture;
mod component;
mod counts;
mod cpu_time;
mod error;
mod file_content;
mod files;
mod fixed;
mod forward_host_builder;
mod function;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod host;
mod hostcall;
mod image;
mod instance;
mod limits;
mod memory;
mod op;
mod pool;
mod profile;
mod program;
mod randomness;
mod reset;
mod run;
mod shape;
mod snapshot;
mod state;
pub mod telemetry;
mod ticker;
mod wire;

pub use call::{Call, Receipt};
pub use capture::{Output, Stream};
pub use component::Component;
pub use counts::{Discarded, PoolStats};
pub use error::{Error, Phase};
pub use file_content::file_content;
pub use function::Function;
pub use host::{Host, HostBuilder};
pub use hostcall::{HostcallContext, HostcallError, Hostcalls};
pub use instance::{Instance, PROTOCOL_VERSION};
pub use limits::{Limit, LimitExceeded, Limits};
pub use op::Op;
pub use pool::{CleanState, PoolConfig};
pub use profile::Profile;
pub use program::{Isolation, Program, ProgramBuilder, ProgramSize};
pub use run::Run;
pub use shape::{Mismatch, Shape};
pub use snapshot::SnapshotError;
