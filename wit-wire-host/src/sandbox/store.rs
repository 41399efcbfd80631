//! What a store holds besides its instance.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use super::clock::{MonotonicClock, WallClock};
use super::environment::{CurrentEnvironment, RunEnvironment};
use super::handles;
use super::hostcalls::{HostcallContext, Router};
use super::limiter::{MemoryLimiter, OPEN_HANDLES, RANDOM_BYTES};
use super::random::Randomness;
use super::streams::StandardStreams;
use crate::interrupts::{Flag, Guest};
use crate::metering::{LimitExceeded, Meter};
use crate::telemetry::Counted;

/// What a store holds besides its instance.
pub(crate) struct StoreState {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) memory: MemoryLimiter,
    guest: Arc<Guest>,
    streams: StandardStreams,
    pub(super) router: Arc<Router>,
    pub(super) run: Option<CurrentRun>,
    /// What the guest reported of its panic, in the current run.
    pub(super) panic: Option<String>,
    pub(super) seeds: Randomness,
    /// How often the guest subscribed to a stream.
    subscribed: u64,
    is_at_rest: Arc<AtomicBool>,
    environment: CurrentEnvironment,
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
    pub(super) fn new(
        router: Arc<Router>,
        guest: Arc<Guest>,
        settles: bool,
        memory: MemoryLimiter,
        _live: Counted,
    ) -> Self {
        let is_at_rest = Arc::new(AtomicBool::new(!settles));
        let environment = CurrentEnvironment::default();
        let streams = StandardStreams::new(environment.clone());
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdin(streams.stdin())
            .stdout(streams.stdout())
            .stderr(streams.stderr());
        let randomness = || Randomness::new(is_at_rest.clone(), environment.clone());
        wasi.secure_random(randomness())
            .insecure_random(randomness());
        wasi.monotonic_clock(MonotonicClock(environment.clone()))
            .wall_clock(WallClock(environment.clone()));
        wasi.allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        wasi.max_random_size(RANDOM_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(OPEN_HANDLES);
        Self {
            wasi: wasi.build(),
            table,
            memory,
            guest,
            streams,
            router,
            run: None,
            panic: None,
            seeds: randomness(),
            subscribed: 0,
            is_at_rest,
            environment,
            _live,
        }
    }

    /// Points the store at a run: its limits, and what it has on the host. A run may begin several
    /// times, here and in other stores; it goes on where it was.
    pub(crate) fn begin(
        &mut self,
        meter: &Meter,
        environment: RunEnvironment,
        op: Option<&Arc<str>>,
    ) {
        self.memory.allowed = meter.limits().memory;
        // It may have been set when its run was over.
        self.guest.take();
        self.panic = None;
        self.environment.set(Some(environment));
        self.run = Some(CurrentRun {
            meter: meter.clone(),
            op: op.cloned(),
        });
    }

    /// Ends that, and with it the run's hostcalls that have no answer yet, unless the run goes on.
    pub(crate) fn end(&mut self) {
        if let Some(current) = self.run.take()
            && !current.meter.goes_on()
        {
            current.meter.drop_outstanding();
        }
        self.environment.set(None);
    }

    /// What the current run has on the host.
    pub(crate) fn environment(&self) -> Option<RunEnvironment> {
        self.environment.get()
    }

    /// Registers what the guest's code looks at. It lies in a memory of its own, which no limit
    /// counts.
    pub(super) fn add_flag(&mut self, flag: Option<Flag>) -> wasmtime::Result<()> {
        const NO_WORD: &str = "the flag for interrupts is not an aligned word of 4 bytes";
        self.guest
            .add(flag.ok_or_else(|| wasmtime::Error::msg(NO_WORD))?);
        self.memory.uncount_flag();
        Ok(())
    }

    /// Asked wherever the guest looks up: whether its run may go on. If the ticker has set its flag
    /// it yields first.
    pub(super) async fn look_up(&mut self) -> Result<(), LimitExceeded> {
        if !self.guest.take() {
            return Ok(());
        }
        if let Some(current) = &self.run {
            current.meter.check()?;
        }
        tokio::task::yield_now().await;
        Ok(())
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
        let (opened, closed) = self.streams.handles();
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
