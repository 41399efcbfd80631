//! The host's half of wit-wire: run functions of any WebAssembly component that speaks a small JSON
//! protocol, each call on clean state, inside this process.
//!
//! The crate knows the protocol, hostcalls, limits and the sandbox. It does not know Python or any
//! other language, where components come from, or how they are compiled: it takes a
//! [`wasmtime::Engine`] and a component of it.
//!
//! ```no_run
//! # async fn example(engine: wasmtime::Engine, component: wasmtime::component::Component) -> Result<(), Box<dyn std::error::Error>> {
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
//! The code stands on floors, each of which uses only those below it (`xtask/tests/layers.rs`
//! checks that). From the bottom up: `protocol` (what host and guest say to each other),
//! [`telemetry`] (names of metrics and spans, and their handles), `contain` and `background` (other
//! people's panics; work that nobody awaits), `lanes` (permits, and who waits for one), `interrupts` (how
//! running guests are made to look up),
//! [`printable`](fn@printable) (other people's words);
//! `metering` (what a run may cost, and when it is interrupted); `memory` (a guest's memory as
//! bytes), `sandbox` (everything a guest can see or ask for) and `compute` (threads for guests that
//! compute for long), which do not know each other;
//! `error` (what can go wrong, as users see it); `instance` (one live guest, taken back to a state
//! it had); `pool` (many instances, shared by many callers). On top stands what an embedder holds,
//! in the order in which it is met: `host`, `component`, `program` (with `shared` and
//! `program_builder`), `function`, `call` (with `profile`, `receipt` and `call_stream`), `session`
//! (with `session_state`), `durable` (calls that end where they wait, with `parked_call`, which is
//! one as a value and as bytes), `blocking`. Below a call is its `run`, which may be parked (with
//! `kept_permits`).

mod background;
mod blocking;
mod call;
mod call_stream;
mod component;
mod compute;
mod contain;
mod durable;
mod error;
mod forward_host_builder;
mod function;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod host;
mod instance;
mod interrupts;
mod kept_permits;
mod lanes;
mod memory;
mod metering;
mod parked_call;
mod pool;
mod printable;
mod profile;
mod program;
mod program_builder;
mod protocol;
mod receipt;
mod run;
mod sandbox;
mod session;
mod session_state;
mod shared;
pub mod telemetry;

pub use call::{Call, CallOptions};
pub use call_stream::{CallEvent, CallStream};
pub use component::Component;
pub use durable::{Durable, Resume};
pub use error::{BuildError, CallError, Phase, ProgramError};
pub use function::Function;
pub use host::{Host, HostBuilder};
pub use instance::{DiscardReason, Instance, ResetPolicy};
pub use memory::{Snapshot, SnapshotError};
pub use metering::{Awaited, Limit, LimitExceeded, Limits, Meter, Pause};
pub use parked_call::ParkedCall;
pub use pool::{Discarded, PoolConfig, PoolStats};
pub use printable::{Printable, printable};
pub use profile::Profile;
pub use program::{Program, ProgramSize};
pub use program_builder::ProgramBuilder;
pub use protocol::{
    Dialect, HostcallError, Mismatch, Op, PROTOCOL_VERSION, Payload, file_content, json_nodes,
};
pub use receipt::{CleanedBy, Isolation, Receipt};
pub use sandbox::hostcalls::{HostcallContext, Hostcalls};
pub use sandbox::{Output, Stream};
pub use session::Session;
