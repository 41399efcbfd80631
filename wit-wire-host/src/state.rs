//! What a store holds beside its instance: a sandbox, and the run that is under way in it.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{HostMonotonicClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::batch::Batch;
use crate::capture::Capture;
use crate::fixed::Fixed;
use crate::hostcall::{HostcallContext, HostcallError, Router};
use crate::limits::{HANDLES, LimitExceeded, MemoryLimiter, RANDOM_BYTES};
use crate::randomness::Randomness;
use crate::run::Run;

/// What a store holds beside its instance.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) memory: MemoryLimiter,
    /// Either of the streams tells of both.
    pub(crate) output: Capture,
    pub(crate) router: Arc<Router>,
    pub(crate) run: Option<CurrentRun>,
    /// What the guest told of its panic, in the run under way.
    pub(crate) panic: Option<String>,
    pub(crate) seeds: Randomness,
    /// Whether random numbers are the machine's.
    pub(crate) is_at_rest: Arc<AtomicBool>,
    pub(crate) fixed: Fixed,
}

/// The hostcall with which a guest says why it is about to trap. It is the protocol's own.
pub(crate) const PANIC: &str = "wit-wire:panic";

/// The longest payload with which a panic is told, in bytes.
const LONGEST_PANIC: usize = 64 << 10;

impl State {
    /// WASI is there, and empty: no files, no environment, no arguments, no sockets, nothing on stdin. Clocks and randomness
    /// are the machine's, unless a call has them fixed.
    ///
    /// The instance is at rest at once, unless it `settles` first.
    pub(crate) fn new(router: Arc<Router>, settles: bool) -> Self {
        let is_at_rest = Arc::new(AtomicBool::new(!settles));
        let [stdout, stderr] = Capture::streams();
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(stdout.clone()).stderr(stderr);
        let fixed = Fixed::default();
        let randomness = || Randomness::new(is_at_rest.clone(), fixed.clone());
        wasi.secure_random(randomness())
            .insecure_random(randomness());
        wasi.monotonic_clock(SinceStart).wall_clock(fixed.clone());
        wasi.allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        wasi.max_random_size(RANDOM_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Self {
            wasi: wasi.build(),
            table,
            memory: MemoryLimiter::default(),
            output: stdout,
            router,
            run: None,
            panic: None,
            seeds: randomness(),
            is_at_rest,
            fixed,
        }
    }

    /// Makes room for one handle more than there are, as whoever opens and closes one leaves it.
    pub(crate) fn spare_handle(&mut self) {
        if let Ok(spare) = self.table.push(()) {
            // It was pushed in the line above.
            let _ = self.table.delete(spare);
        }
    }

    /// The handle that would be given out next, if it is the only one that was ever closed. Had there been two at once, the
    /// order in which they were closed would show in the order in which they are given out again.
    pub(crate) fn next_handle(&mut self) -> Option<u32> {
        let capacity = self.table.max_capacity();
        // A full table gives out what was closed, and nothing new.
        self.table.set_max_capacity(0);
        let first = self.table.push(()).ok();
        let second = self.table.push(()).ok();
        let next = first.as_ref().map(Resource::rep);
        let next = next.filter(|_| second.is_none());
        for probe in [second, first].into_iter().flatten() {
            // They were pushed above.
            let _ = self.table.delete(probe);
        }
        self.table.set_max_capacity(capacity);
        next
    }

    /// The outer error ends the run.
    pub(crate) fn note_panic(
        &mut self,
        payload: &str,
    ) -> Result<Result<String, String>, LimitExceeded> {
        let Some(current) = &self.run else {
            return Ok(Ok("null".to_owned()));
        };
        current.run.count_hostcall()?;
        let allowed = LONGEST_PANIC.min(current.run.limits().output);
        let refused = |why: &dyn std::fmt::Display| {
            let message = format!("the payload of `{PANIC}` does not fit: {why}");
            Ok(Err(HostcallError::new("op_400", message).to_json()))
        };
        if payload.len() > allowed {
            return refused(&format_args!("it has more than {allowed} bytes"));
        }
        match serde_json::from_str(payload) {
            Ok(text) => {
                self.panic = Some(text);
                Ok(Ok("null".to_owned()))
            }
            Err(error) => refused(&error),
        }
    }
}

/// The run that the instance serves at the moment.
pub(crate) struct CurrentRun {
    pub(crate) run: Run,
    pub(crate) op: Option<Arc<str>>,
    pub(crate) batch: Batch,
}

impl CurrentRun {
    pub(crate) fn context(&self) -> HostcallContext {
        HostcallContext {
            op: self.op.clone(),
            deadline: self.run.deadline(),
            value: self.run.context().cloned(),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Nanoseconds since this process first asked, in all instances alike: what a guest read in one it may compare in another.
struct SinceStart;

impl HostMonotonicClock for SinceStart {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}
