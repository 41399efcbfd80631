//! What a store holds besides its instance.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::Determinism;
use super::clock::{SinceStart, WallClock};
use super::determinism::Fixed;
use super::handles;
use super::hostcalls::{HostcallContext, Router};
use super::limiter::{MemoryLimiter, OPEN_HANDLES, RANDOM_BYTES};
use super::output::OutputStreams;
use super::random::Randomness;
use crate::metering::{LimitExceeded, Meter};
use crate::telemetry::Counted;

/// What a store holds besides its instance.
pub(crate) struct StoreState {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) memory: MemoryLimiter,
    pub(crate) output: OutputStreams,
    pub(super) router: Arc<Router>,
    pub(super) run: Option<CurrentRun>,
    /// What the guest reported of its panic, in the current run.
    pub(super) panic: Option<String>,
    pub(super) seeds: Randomness,
    /// How often the guest subscribed to a stream.
    subscribed: u64,
    is_at_rest: Arc<AtomicBool>,
    fixed: Fixed,
    _live: Counted,
}

/// The run that the instance serves at the moment.
pub(super) struct CurrentRun {
    pub(super) meter: Meter,
    op: Option<Arc<str>>,
}

impl CurrentRun {
    pub(super) fn context(&self) -> HostcallContext {
        HostcallContext {
            op: self.op.clone(),
            deadline: self.meter.deadline(),
            // What a guest does while it initialises is not on behalf of the call that waits for
            // it.
            value: self.op.as_ref().and(self.meter.context()).cloned(),
        }
    }
}

impl StoreState {
    /// WASI is there, and empty: no files, no environment, no arguments, no sockets, nothing on
    /// stdin. Clocks and random numbers are the machine's, unless a call fixes them.
    pub(super) fn new(router: Arc<Router>, settles: bool, _live: Counted) -> Self {
        let is_at_rest = Arc::new(AtomicBool::new(!settles));
        let output = OutputStreams::default();
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdin(output.stdin())
            .stdout(output.stdout())
            .stderr(output.stderr());
        let fixed = Fixed::default();
        let randomness = || Randomness::new(is_at_rest.clone(), fixed.clone());
        wasi.secure_random(randomness())
            .insecure_random(randomness());
        wasi.monotonic_clock(SinceStart)
            .wall_clock(WallClock(fixed.clone()));
        wasi.allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        wasi.max_random_size(RANDOM_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(OPEN_HANDLES);
        Self {
            wasi: wasi.build(),
            table,
            memory: MemoryLimiter::default(),
            output,
            router,
            run: None,
            panic: None,
            seeds: randomness(),
            subscribed: 0,
            is_at_rest,
            fixed,
            _live,
        }
    }

    /// Points the store at a run: its limits, its log, what it has fixed.
    pub(crate) fn begin(&mut self, meter: &Meter, determinism: Determinism, op: Option<&Arc<str>>) {
        self.memory.allowed = meter.limits().memory;
        self.output.start(meter.limits().log);
        self.panic = None;
        self.fixed.set(determinism);
        self.run = Some(CurrentRun {
            meter: meter.clone(),
            op: op.cloned(),
        });
    }

    /// Ends that, and with it the run's hostcalls that have no answer yet, unless the guest
    /// returned because it was asked to.
    pub(crate) fn end(&mut self) {
        if let Some(current) = self.run.take()
            && !current.meter.is_asked_to_park()
        {
            current.meter.drop_outstanding();
        }
    }

    /// Whether the current run may go on: asked at each epoch tick.
    pub(super) fn check(&self) -> Result<(), LimitExceeded> {
        match &self.run {
            Some(current) => current.meter.check(),
            None => Ok(()),
        }
    }

    /// What the guest reported of its panic, in the run that ended.
    pub(crate) fn take_panic(&mut self) -> Option<String> {
        self.panic.take()
    }

    /// From now on, random numbers are the machine's, and what the guest opened counts as at rest.
    pub(crate) fn come_to_rest(&self) {
        self.is_at_rest.store(true, Relaxed);
    }

    /// Whether the guest holds nothing of the host but its standard streams and pollables of them,
    /// which are stateless.
    pub(crate) fn holds_only_streams(&mut self) -> bool {
        let [opened, closed, _] = self.handles();
        handles::are_streams(&mut self.table, opened.saturating_sub(closed))
    }

    /// How often streams were opened, closed and subscribed to.
    pub(crate) fn handles(&self) -> [u64; 3] {
        let (opened, closed) = self.output.handles();
        [opened, closed, self.subscribed]
    }

    pub(super) fn subscribe<T: Pollable>(
        &mut self,
        stream: Resource<T>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribed += 1;
        subscribe(&mut self.table, stream)
    }

    pub(crate) fn spare_handle(&mut self) {
        handles::spare(&mut self.table);
    }

    pub(crate) fn next_handle(&mut self) -> Option<u32> {
        handles::next(&mut self.table)
    }
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}
