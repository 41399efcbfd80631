//! The host: an engine with what all components of it share.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::{Engine, WasmFeatures};

use crate::error::BuildError;
use crate::interrupts::Ticker;
use crate::metering::Limits;
use crate::pool::{Pool, PoolConfig, PoolStats};
use crate::protocol::HostcallError;
use crate::receipt::call_metrics;
use crate::sandbox::Sandbox;
use crate::sandbox::hostcalls::{HostcallContext, Hostcalls, Router};
use crate::telemetry::{self, CallMetrics};

/// An engine, the hostcalls that guests may make, and the limits that calls run under. Cheap to
/// clone.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) config: PoolConfig,
    pub(crate) limits: Limits,
    pub(crate) metrics: CallMetrics,
}

/// Configures a [`Host`].
///
/// - hostcalls: none; every hostcall is an error `op_404`
/// - files: none
/// - limits: [`Limits::default`]
/// - pool of instances: [`PoolConfig::default`]
#[derive(Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct HostBuilder {
    router: Router,
    limits: Limits,
    pool: PoolConfig,
}

impl HostBuilder {
    /// Answers the hostcall `op` with `closure`, whose input and output are JSON through serde.
    ///
    /// The future is dropped when the call that made the hostcall is cancelled or runs out of time.
    /// A panic in it becomes an error `op_500` for the guest.
    pub fn hostcall<I, O, F, Fut>(mut self, op: impl Into<String>, closure: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize,
        F: Fn(HostcallContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HostcallError>> + Send + 'static,
    {
        self.router.add(op.into(), closure);
        self
    }

    /// Answers the hostcalls that have no closure of their own.
    pub fn hostcalls(mut self, hostcalls: impl Hostcalls) -> Self {
        self.router.fallback(hostcalls);
        self
    }

    /// The hostcalls that the host also makes for durable calls
    /// ([`Call::until_parked`](crate::Call::until_parked)), by name: those that are done at once
    /// and may be done again, such as reading a clock or a log. By default none.
    pub fn immediate(mut self, ops: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.router
            .immediate
            .extend(ops.into_iter().map(Into::into));
        self
    }

    /// Files that guests may read, by path with `/` between its parts. A guest asks for the ones it
    /// needs (`wit-wire:files` and `wit-wire:file` in the protocol), which counts as a hostcall
    /// each time.
    pub fn files(mut self, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        self.router.files.extend(files);
        self
    }

    /// The limits of calls that do not bring their own.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many instances there are, and how calls wait for them.
    pub fn pool(mut self, config: PoolConfig) -> Self {
        self.pool = config;
        self
    }

    /// Builds the host and starts the thread that makes guests yield.
    ///
    /// The engine must have epoch interruption and garbage collection disabled, and allocate
    /// memories on demand: what a host maps over a memory must not reach the next
    /// instance, as it would if Wasmtime's pooling allocator, or a `MemoryCreator` of yours, reused
    /// it. Install a [metrics](crate::telemetry) recorder before calling this; handles are
    /// registered here.
    ///
    /// # Errors
    ///
    /// [`BuildError::Engine`], [`BuildError::ReservedHostcall`], [`BuildError::DuplicateHostcall`]
    /// or [`BuildError::Link`].
    pub fn build(self, engine: &Engine) -> Result<Host, BuildError> {
        let Self {
            mut router,
            limits,
            pool: config,
        } = self;
        if engine.get_epoch_interruption() {
            return Err(BuildError::Engine(
                "epoch interruption is enabled: disable it, since the epoch would never advance",
            ));
        }
        if engine.pooling_allocator_metrics().is_some() {
            return Err(BuildError::Engine(
                "it uses the pooling allocator, which would reuse memories that the host mapped over",
            ));
        }
        if engine.get_wasm_features().contains(WasmFeatures::GC) {
            return Err(BuildError::Engine(
                "garbage collection is enabled: disable it (`Config::wasm_gc`), since guests could abort a \
                 process that is built without a collector",
            ));
        }
        if let Some(op) = router.reserved() {
            return Err(BuildError::ReservedHostcall(op.to_owned()));
        }
        if let Some(op) = &router.duplicate {
            return Err(BuildError::DuplicateHostcall(op.clone()));
        }
        let ticker = Ticker::start()
            .map_err(|_| BuildError::Engine("the thread of the ticker could not be started"))?;
        telemetry::describe();
        router.register_metrics();
        let sandbox = Sandbox::new(engine, router, ticker).map_err(BuildError::link)?;
        let pool = Pool::new(
            config,
            sandbox.metrics.live.clone(),
            sandbox.metrics.background.clone(),
        );
        Ok(Host(Arc::new(Inner {
            sandbox: Arc::new(sandbox),
            pool: Arc::new(pool),
            config,
            limits,
            metrics: call_metrics(),
        })))
    }
}

impl Host {
    /// Returns a builder with the defaults listed on [`HostBuilder`].
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// The limits of calls that do not bring their own.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Numbers of the host's instances and calls.
    pub fn stats(&self) -> PoolStats {
        self.0.pool.stats()
    }

    /// Refuses new calls with [`CallError::ShutDown`](crate::CallError::ShutDown), waits for those
    /// in flight, parked ones among them, and releases all idle instances.
    ///
    /// Calls that wait for an instance are refused too. Programs with shared state keep their
    /// instances until they are dropped.
    ///
    /// Cancel safe: dropping the future stops the waiting and nothing else.
    pub async fn shut_down(&self) {
        self.0.pool.shut_down().await;
    }
}

impl Host {
    /// Shuts the host down without waiting for calls that are parked, or will be while it waits for
    /// others: they end with [`CallError::HandedOver`](crate::CallError::HandedOver) for their
    /// callers, and go on elsewhere from the bytes that this returns, as durable calls
    /// ([`Component::resume`](crate::Component::resume)). Who resumes one answers its hostcalls,
    /// also those that this host has begun: they are dropped here, and made at least once in all.
    ///
    /// Calls of sessions, calls that hostcalls make, and those whose state can't be stored are
    /// waited for.
    ///
    /// Not cancel safe: dropping the future loses the calls that have ended by then.
    pub async fn hand_over(&self) -> Vec<Bytes> {
        self.0.pool.hand_over().await
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("limits", self.limits())
            .field("pool", &self.0.config)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostBuilder")
            .field("limits", &self.limits)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
