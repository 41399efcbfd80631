//! What all stores of a host share.

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime::{Engine, Store};

use super::hostcalls::Router;
use super::limiter::MemoryLimiter;
use super::{GuestStore, StoreState, linker};
use crate::interrupts::Ticker;
use crate::telemetry::InstanceMetrics;

/// What all stores of a host share, and what makes them.
pub(crate) struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<StoreState>,
    ticker: Ticker,
    pub(crate) metrics: InstanceMetrics,
    router: Arc<Router>,
}

impl Sandbox {
    pub(crate) fn new(engine: &Engine, router: Router, ticker: Ticker) -> wasmtime::Result<Self> {
        Ok(Self {
            engine: engine.clone(),
            linker: linker::new(engine)?,
            ticker,
            metrics: InstanceMetrics::new(),
            router: Arc::new(router),
        })
    }

    /// A store for one instance, which counts as live as long as the store exists. Its guest is at
    /// rest at once, unless it `settles` first. It may see a part of its memory if that
    /// `is_virtual`.
    pub(crate) fn store(&self, settles: bool, is_virtual: bool) -> GuestStore {
        let live = self.metrics.live.count();
        let registration = self.ticker.register();
        let guest = registration.guest().clone();
        let memory = MemoryLimiter::new(is_virtual);
        let state = StoreState::new(self.router.clone(), guest, settles, memory, live);
        let mut store = Store::new(&self.engine, state);
        store.limiter_async(|state| state);
        GuestStore::new(registration, store)
    }
}
