//! Run functions of WebAssembly components that users bring, in a sandbox inside this process.
//!
//! The crate knows how a component's bytes become a program: it compiles them. It does not know Python, nor what any
//! component does.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wasm_runtime::{Op, WasmRuntime};
//!
//! let runtime = WasmRuntime::builder().build()?;
//! let component = runtime.component(std::fs::read("plugin.wasm")?).await?;
//! let echo = component.program([Op::new("echo")]).build().await?.function("echo")?;
//! let answer: String = echo.call("hello").await?;
//! # Ok(())
//! # }
//! ```

use std::future::Future;

use artifact_embed::{EngineProfile, HOST_TARGET, Loader, compile};
use serde::Serialize;
use serde::de::DeserializeOwned;
pub use wit_wire_host::{
    Call, Component, Error as CallError, Function, HostcallContext, HostcallError, Hostcalls,
    Isolation, Limit, LimitExceeded, Limits, Mismatch, Op, Output, Phase, Program, ProgramBuilder,
    Receipt, Shape,
};
use wit_wire_host::{Host, HostBuilder};

/// Compiles components and runs their functions. Cheap to clone.
#[derive(Clone)]
pub struct WasmRuntime {
    loader: Loader,
    host: Host,
}

/// Configures a [`WasmRuntime`].
///
/// - hostcalls: none
/// - limits: [`Limits::default`]
pub struct Builder {
    host: HostBuilder,
}

/// Why a component can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no component, or none that compiles.
    #[error(transparent)]
    Compile(#[from] artifact_embed::Error),
    /// The component does not speak the protocol, or wants what the host does not offer.
    #[error(transparent)]
    Host(#[from] CallError),
    /// The compiler was stopped.
    #[error("the compiler did not finish")]
    Stopped(#[from] tokio::task::JoinError),
}

impl Builder {
    /// Answers the hostcall `op` with `closure`, whose input and output are JSON through serde.
    #[must_use]
    pub fn hostcall<I, O, F, Fut>(self, op: impl Into<String>, closure: F) -> Self
    where
        I: DeserializeOwned + Send,
        O: Serialize,
        F: Fn(HostcallContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HostcallError>> + Send + 'static,
    {
        Self {
            host: self.host.hostcall(op, closure),
        }
    }

    /// Answers the hostcalls that no closure was registered for.
    #[must_use]
    pub fn hostcalls(self, hostcalls: impl Hostcalls) -> Self {
        Self {
            host: self.host.hostcalls(hostcalls),
        }
    }

    /// The limits of calls that bring none of their own.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self {
            host: self.host.limits(limits),
        }
    }

    /// Builds the runtime.
    pub fn build(self) -> Result<WasmRuntime, Error> {
        let loader = Loader::new(&EngineProfile::default())?;
        let host = self.host.build(loader.engine())?;
        Ok(WasmRuntime { loader, host })
    }
}

impl WasmRuntime {
    /// A runtime to be.
    pub fn builder() -> Builder {
        Builder {
            host: Host::builder(),
        }
    }

    /// Compiles a component, on a thread for blocking work, and checks it against the protocol. Takes seconds for a large
    /// one. What dropping the future stops is the waiting, not the compiler.
    pub async fn component(&self, bytes: impl Into<Vec<u8>>) -> Result<Component, Error> {
        let bytes = bytes.into();
        let loader = self.loader.clone();
        let compiled = tokio::task::spawn_blocking(move || {
            loader.load_compiled(&compile(&bytes, &EngineProfile::default(), HOST_TARGET)?)
        });
        Ok(self.host.component(&compiled.await??)?)
    }
}
