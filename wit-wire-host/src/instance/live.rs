//! One live component: a store with a linear memory. It runs one call at a time.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument;
use wasmtime::Store;
use wasmtime::component::TypedFunc;

use super::Template;
use super::init_in_flight::InitInFlight;
use crate::error::{CallError, Phase, ProgramError};
use crate::memory;
use crate::metering::{Asked, Interrupt, Limit, LimitExceeded, Meter};
use crate::protocol::reserved::{PARKED, PREFIX, RESUME};
use crate::protocol::values::{
    HandleErr, HandleReq, HashedInitArgs, HashedMatInfo, InitArgs, InitError, InitResponse, MatInfo,
};
use crate::protocol::{Dialect, Op, Payload};
use crate::sandbox::{GuestStore, Output, RunEnvironment, Sandbox, StoreState};

/// A live component.
///
/// A run that traps, exits, exceeds a limit while it runs, or whose future is dropped ends the
/// instance, because it was stopped in an unknown state. Every later use is
/// [`CallError::InstanceEnded`].
pub struct Instance {
    store: GuestStore,
    pub(super) linked: wasmtime::component::Instance,
    init: Init,
    handle: TypedFunc<(HandleReq,), (Result<String, HandleErr>,)>,
    initialised: bool,
    ended: bool,
    /// Whether pages of its memory may have become dirty since this was set to false.
    has_new_pages: bool,
    /// What the latest run of an instance without a program has on the host.
    alone: Option<RunEnvironment>,
    sandbox: Arc<Sandbox>,
}

/// What a guest is asked for.
pub(crate) struct Request {
    /// The op on whose behalf, for errors and hostcalls.
    pub(crate) name: Arc<str>,
    /// The op.
    pub(crate) op: Arc<str>,
    pub(crate) input: Payload,
}

/// How a guest came back.
pub(crate) enum Handled {
    Output(Payload),
    /// It waits, and is to be resumed.
    Parked(Asked),
}

/// What a transfer from the guest may copy beyond the limits: the names and lengths around a text,
/// and what a guest writes to a stream at once.
const TRANSFER_SLACK: usize = 64 << 10;

/// `init` in either dialect.
#[derive(Clone, Copy)]
enum Init {
    V1(TypedFunc<(InitArgs,), (Result<InitResponse, InitError<MatInfo>>,)>),
    V1Hashed(TypedFunc<(HashedInitArgs,), (Result<InitResponse, InitError<HashedMatInfo>>,)>),
}

impl Instance {
    /// One that `settles` is not yet at rest.
    pub(crate) async fn new(
        template: &Template,
        settles: bool,
        meter: &Meter,
    ) -> Result<Self, CallError> {
        let sandbox = &template.sandbox;
        let mut store = sandbox.store(settles, template.state.is_some());
        // A runtime without timers panics here, at its first instance, and not at some later call
        // that needs one.
        if tokio::runtime::Handle::try_current().is_ok() {
            drop(tokio::time::sleep(Duration::ZERO));
        }
        let environment = RunEnvironment::plain(meter);
        begin(&mut store, meter, environment, None);
        let began = Instant::now();
        let linked = store.drive(|store| template.pre.instantiate_async(store));
        let linked = meter.drive_guest(linked).await;
        let linked = classify(linked, Phase::Instantiate, None, None, meter)?;
        sandbox.metrics.instantiate_seconds.record(began.elapsed());

        let typed = |error: wasmtime::Error| {
            CallError::failed(error.into_boxed_dyn_error(), Phase::Instantiate)
        };
        let handle = linked
            .get_typed_func(&mut *store, template.handle)
            .map_err(typed)?;
        let init = match template.dialect {
            Dialect::V1 => linked
                .get_typed_func(&mut *store, template.init)
                .map(Init::V1),
            Dialect::V1Hashed => linked
                .get_typed_func(&mut *store, template.init)
                .map(Init::V1Hashed),
        };
        Ok(Self {
            store,
            linked,
            init: init.map_err(typed)?,
            handle,
            initialised: false,
            ended: false,
            has_new_pages: true,
            alone: None,
            sandbox: sandbox.clone(),
        })
    }

    /// Registers `ops` in the guest. Comes first, and only once: after an error no op is registered
    /// and the instance is of no further use.
    ///
    /// Not cancel safe: dropping the future ends the instance.
    ///
    /// # Errors
    ///
    /// [`ProgramError::DuplicateOp`], [`ProgramError::ReservedOp`], or [`ProgramError::Run`] with
    /// whatever ended the guest's `init`.
    pub async fn init(
        &mut self,
        meter: &Meter,
        ops: &[Op],
        version: &str,
    ) -> Result<(), ProgramError> {
        if self.initialised {
            return Err(CallError::AlreadyInitialised.into());
        }
        check_names(ops)?;
        let environment = self.begin_alone(meter);
        let initialised = self.init_with(meter, environment, ops, version);
        Ok(initialised.await?)
    }

    /// The same for ops whose names were checked.
    pub(crate) async fn init_with(
        &mut self,
        meter: &Meter,
        environment: RunEnvironment,
        ops: &[Op],
        version: &str,
    ) -> Result<(), CallError> {
        if self.initialised {
            return Err(CallError::AlreadyInitialised);
        }
        self.initialised = true;
        let sandbox = self.sandbox.clone();
        let in_flight = InitInFlight::new(&sandbox.metrics, meter, ops.len());
        let result = self.init_all(meter, environment, ops, version);
        let result = result.instrument(in_flight.span.clone()).await;
        in_flight.end(&result);
        result
    }

    async fn init_all(
        &mut self,
        meter: &Meter,
        environment: RunEnvironment,
        ops: &[Op],
        version: &str,
    ) -> Result<(), CallError> {
        let version: Arc<str> = version.into();
        let result = match self.init {
            Init::V1(init) => {
                let expected_ops = ops.iter().map(Op::mat_info).collect();
                let args = InitArgs {
                    expected_ops,
                    metatype_version: version.clone(),
                };
                let call = async |store: &mut Store<_>| init.call_async(store, (args,)).await;
                let (result,) = self
                    .run(meter, environment, Phase::Init, None, call)
                    .await?;
                result.map_err(|error| error.map(|mat| mat.op_name.as_ref().to_owned()))
            }
            Init::V1Hashed(init) => {
                let expected_ops = ops.iter().map(Op::hashed_mat_info).collect();
                let args = HashedInitArgs {
                    metatype_version: version.clone(),
                    expected_ops,
                };
                let call = async |store: &mut Store<_>| init.call_async(store, (args,)).await;
                let (result,) = self
                    .run(meter, environment, Phase::Init, None, call)
                    .await?;
                result.map_err(|error| error.map(|mat| mat.op_name.as_ref().to_owned()))
            }
        };
        if let Err(
            InitError::Other(text)
            | InitError::VersionMismatch(text)
            | InitError::UnexpectedMat(text),
        ) = &result
        {
            LimitExceeded::check(Limit::Error, meter.limits().error, text.len())
                .map_err(|exceeded| CallError::limit(exceeded, Phase::Init, None))?;
        }
        match result {
            Ok(InitResponse { ok: true }) => Ok(()),
            Ok(InitResponse { ok: false }) => Err(CallError::Init {
                message: "the guest reports that it is not ready, without a reason".into(),
            }),
            Err(InitError::VersionMismatch(guest)) => Err(CallError::VersionMismatch {
                guest,
                asked: version.as_ref().to_owned(),
            }),
            Err(InitError::UnexpectedMat(op)) => Err(CallError::UnexpectedOp { op }),
            Err(InitError::Other(message)) => Err(CallError::Init { message }),
        }
    }

    /// Runs the op `op` on `input`. The host passes both the input and the output on as they are.
    ///
    /// Not cancel safe: dropping the future ends the instance.
    ///
    /// # Errors
    ///
    /// Any [`CallError`] of a call, [`CallError::InstanceEnded`] among them.
    pub async fn handle(
        &mut self,
        meter: &Meter,
        op: &Arc<str>,
        input: impl Into<Payload>,
    ) -> Result<Payload, CallError> {
        let request = Request {
            name: op.clone(),
            op: op.clone(),
            input: input.into(),
        };
        let environment = self.begin_alone(meter);
        match self.handle_with(meter, environment, request).await? {
            Handled::Output(output) => Ok(output),
            // Nobody asked it to.
            Handled::Parked(_) => Err(CallError::InstanceEnded),
        }
    }

    pub(crate) async fn handle_with(
        &mut self,
        meter: &Meter,
        environment: RunEnvironment,
        request: Request,
    ) -> Result<Handled, CallError> {
        let Request { name, op, input } = request;
        let limit = |exceeded| CallError::limit(exceeded, Phase::Handle, Some(&name));
        // Answers have a limit of their own.
        if *op != *RESUME {
            LimitExceeded::check(Limit::Input, meter.limits().input, input.len()).map_err(limit)?;
        }
        let handle = self.handle;
        let request = HandleReq {
            op_name: op,
            in_json: input.into_shared(),
        };
        let call = async |store: &mut Store<_>| handle.call_async(store, (request,)).await;
        let run = self.run(meter, environment, Phase::Handle, Some(&name), call);
        let result = run.await;
        let asked = meter.take_asked();
        let is_parked = matches!(&result, Ok((Ok(text),)) if text == PARKED);
        if asked.is_some() && !is_parked {
            meter.drop_outstanding();
        }
        let (result,) = result?;
        let op = || name.as_ref().to_owned();
        let limits = meter.limits();
        match &result {
            Ok(text) => LimitExceeded::check(Limit::Output, limits.output, text.len()),
            Err(HandleErr::InJsonErr(text) | HandleErr::HandlerErr(text)) => {
                LimitExceeded::check(Limit::Error, limits.error, text.len())
            }
            Err(HandleErr::NoHandler) => Ok(()),
        }
        .map_err(limit)?;
        match result {
            Ok(text) if text == PARKED => match asked {
                Some(asked) => Ok(Handled::Parked(asked)),
                None => Ok(Handled::Output(text.into())),
            },
            Ok(output) => Ok(Handled::Output(output.into())),
            Err(HandleErr::NoHandler) => Err(CallError::NoHandler { op: op() }),
            Err(HandleErr::InJsonErr(message)) => {
                Err(CallError::InvalidInput { op: op(), message })
            }
            Err(HandleErr::HandlerErr(message)) => Err(CallError::Handler { op: op(), message }),
        }
    }

    /// Whether the instance can run another call.
    pub fn is_alive(&self) -> bool {
        !self.ended
    }

    /// Between a run that waits and its going on, the instance counts as ended: whoever does not go
    /// on leaves it in the middle of a run.
    pub(crate) fn set_suspended(&mut self, is_suspended: bool) {
        self.ended = is_suspended;
    }

    /// Bytes of linear memory that the guest sees.
    pub fn memory(&self) -> usize {
        self.store.data().memory.used
    }

    /// What the guest wrote to stdout and stderr in the latest run.
    pub fn take_output(&mut self) -> Output {
        // Before the first run, what it wrote while it was instantiated.
        let latest = self.alone.clone();
        let latest = latest.or_else(|| self.store.data().environment());
        latest.map_or_else(Output::default, |run| run.take_output())
    }

    /// The environment of a run that no call brings one for.
    fn begin_alone(&mut self, meter: &Meter) -> RunEnvironment {
        let environment = RunEnvironment::plain(meter);
        self.alone = Some(environment.clone());
        environment
    }

    /// The store of an instance that does not run, for functions that are the host's own and end
    /// soon.
    pub(super) fn resting(&mut self) -> &mut Store<StoreState> {
        self.resting_tracked().0
    }

    /// The same, and whether pages of its memory may have become dirty.
    pub(super) fn resting_tracked(&mut self) -> (&mut Store<StoreState>, &mut bool) {
        // The whole memory is located through a list of its bytes, which are not copied.
        self.store.set_hostcall_fuel(usize::MAX);
        (&mut self.store, &mut self.has_new_pages)
    }

    /// Nobody will ask which pages are dirty, so runs need not track them.
    pub(crate) fn never_reset(mut self) -> Self {
        self.has_new_pages = true;
        self
    }

    /// Whether `init` was tried. Another state makes it an instance that was initialised, or was
    /// not.
    pub(super) fn set_initialised(&mut self, initialised: bool) {
        self.initialised = initialised;
    }

    /// The store of an instance that never runs again.
    pub(super) fn into_store(self) -> Store<StoreState> {
        self.store.into_store()
    }

    /// Runs guest code, metered. The instance counts as ended unless the code comes back by itself.
    async fn run<R>(
        &mut self,
        meter: &Meter,
        environment: RunEnvironment,
        phase: Phase,
        op: Option<&Arc<str>>,
        call: impl AsyncFnOnce(&mut Store<StoreState>) -> wasmtime::Result<R>,
    ) -> Result<R, CallError> {
        if self.ended {
            return Err(CallError::InstanceEnded);
        }
        let Self {
            store,
            ended,
            has_new_pages,
            ..
        } = self;
        let run = store.drive(|store| async move {
            // Not before: a run that comes too late leaves the guest as it was.
            *ended = true;
            begin(store, meter, environment, op);
            let serving = EndRunOnDrop(store);
            let result = call(&mut *serving.0).await;
            meter.before_end().await;
            result
        });
        let run = memory::track_dirty_in(has_new_pages, run);
        let result = meter.drive_guest(run).await;
        let panic = self.store.data_mut().take_panic();
        let result = classify(result, phase, op.map(AsRef::as_ref), panic, meter)?;
        self.ended = false;
        Ok(result)
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("memory", &self.memory())
            .field("is_initialised", &self.initialised)
            .field("is_alive", &self.is_alive())
            .finish_non_exhaustive()
    }
}

/// The store's run ends when this is dropped, also where the run fails or its future is dropped.
struct EndRunOnDrop<'s>(&'s mut Store<StoreState>);

impl Drop for EndRunOnDrop<'_> {
    fn drop(&mut self) {
        self.0.data_mut().end();
    }
}

/// Points the store at a run.
fn begin(
    store: &mut Store<StoreState>,
    meter: &Meter,
    environment: RunEnvironment,
    op: Option<&Arc<str>>,
) {
    store.data_mut().begin(meter, environment, op);
    // What one transfer may copy from the guest, before anything looks at it.
    let limits = meter.limits();
    let most = limits.output.max(limits.error).max(limits.hostcall_payload);
    store.set_hostcall_fuel(most.saturating_add(TRANSFER_SLACK));
}

fn classify<T>(
    result: Result<wasmtime::Result<T>, Interrupt>,
    phase: Phase,
    op: Option<&str>,
    panic: Option<String>,
    meter: &Meter,
) -> Result<T, CallError> {
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(CallError::from_run(error, phase, op, panic, meter.limits())),
        Err(interrupt) => Err(CallError::interrupted(interrupt, phase, op)),
    }
}

pub(crate) fn check_names(ops: &[Op]) -> Result<(), ProgramError> {
    let mut seen = HashSet::new();
    for op in ops {
        if op.name().starts_with(PREFIX) {
            return Err(ProgramError::ReservedOp(op.name().to_owned()));
        }
        if !seen.insert(op.name()) {
            return Err(ProgramError::DuplicateOp(op.name().to_owned()));
        }
    }
    Ok(())
}
