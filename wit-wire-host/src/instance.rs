//! One live component: a store with a linear memory. It runs one call at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument;
use wasmtime::Store;
use wasmtime::component::TypedFunc;

use crate::batch::Batch;
use crate::capture::Output;
use crate::component::Component;
use crate::counts::Counted;
use crate::error::{Error, Phase};
use crate::host::Host;
use crate::limits::{Limit, LimitExceeded};
use crate::memory;
use crate::op::Op;
use crate::profile;
use crate::run::{Run, Stop};
use crate::shape::Shape;
use crate::state::{CurrentRun, State};
use crate::telemetry::InitUnderWay;
use crate::wire::{
    HandleErr, HandleReq, HashedInitArgs, HashedMatInfo, InitArgs, InitError, InitResponse, MatInfo,
};

/// The version that hosts ask guests for unless told otherwise.
pub const PROTOCOL_VERSION: &str = "0.0.1";

/// A live component.
///
/// A run that traps, exits, reaches a limit while it runs, or whose future is dropped ends the instance: what it was doing is then
/// anyone's guess. Every later use is [`Error::InstanceEnded`].
pub struct Instance {
    store: Store<State>,
    pub(crate) linked: wasmtime::component::Instance,
    init: Init,
    handle: TypedFunc<(HandleReq,), (Result<String, HandleErr>,)>,
    initialised: bool,
    ended: bool,
    /// Whether pages of its memory may have been written for the first time since this was set to false.
    has_new_pages: bool,
    host: Host,
    _alive: Counted,
}

/// An epoch so far away that the engine never gets there.
const NEVER: u64 = u64::MAX / 2;

/// `init` in either shape.
enum Init {
    Article(TypedFunc<(InitArgs,), (Result<InitResponse, InitError<MatInfo>>,)>),
    Metatype(TypedFunc<(HashedInitArgs,), (Result<InitResponse, InitError<HashedMatInfo>>,)>),
}

impl Instance {
    /// One that `settles` is not yet at rest.
    pub(crate) async fn new(
        component: &Component,
        settles: bool,
        run: &Run,
    ) -> Result<Self, Error> {
        let host = &component.host;
        let mut store = host.store(settles);
        // A runtime without timers panics here, at its first instance, and not at some later call that needs one.
        if tokio::runtime::Handle::try_current().is_ok() {
            drop(tokio::time::sleep(Duration::ZERO));
        }
        begin(&mut store, run, None);
        let began = Instant::now();
        let ticking = host.0.ticker.ticking();
        let instance = run.drive(component.pre.instantiate_async(&mut store)).await;
        drop(ticking);
        let instance = came_back(instance, Phase::Instantiate, None, None)?;
        host.0.metrics.instantiate_seconds.record(began.elapsed());

        let typed = |error: wasmtime::Error| Error::Link(error.into_boxed_dyn_error());
        let handle = instance
            .get_typed_func(&mut store, component.handle)
            .map_err(typed)?;
        let init = match component.shape {
            Shape::Article => Init::Article(
                instance
                    .get_typed_func(&mut store, component.init)
                    .map_err(typed)?,
            ),
            Shape::Metatype => Init::Metatype(
                instance
                    .get_typed_func(&mut store, component.init)
                    .map_err(typed)?,
            ),
        };
        let _alive = host.0.pool.alive();
        let host = host.clone();
        Ok(Self {
            store,
            linked: instance,
            init,
            handle,
            initialised: false,
            ended: false,
            has_new_pages: true,
            host,
            _alive,
        })
    }

    /// Registers `ops` in the guest. Comes first, and once: after an error no op is registered and the instance is
    /// of no further use.
    ///
    /// Dropping the future ends the instance.
    pub async fn init(&mut self, run: &Run, ops: &[Op], version: &str) -> Result<(), Error> {
        if self.initialised {
            return Err(Error::AlreadyInitialised);
        }
        check_names(ops)?;
        self.initialised = true;
        let host = self.host.clone();
        let under_way = InitUnderWay::new(&host.0.metrics, run, ops.len());
        let result = self.init_all(run, ops, version);
        let result = result.instrument(under_way.span.clone()).await;
        under_way.end(&result);
        result
    }

    async fn init_all(&mut self, run: &Run, ops: &[Op], version: &str) -> Result<(), Error> {
        let version: Arc<str> = version.into();
        let result = match self.init {
            Init::Article(init) => {
                let expected_ops = ops.iter().map(Op::mat_info).collect();
                let args = InitArgs {
                    expected_ops,
                    metatype_version: version.clone(),
                };
                let call = async |store: &mut Store<State>| init.call_async(store, (args,)).await;
                let (result,) = self.run(run, Phase::Init, None, call).await?;
                result.map_err(|error| error.map(|mat| mat.op_name.as_ref().to_owned()))
            }
            Init::Metatype(init) => {
                let expected_ops = ops.iter().map(Op::hashed_mat_info).collect();
                let args = HashedInitArgs {
                    metatype_version: version.clone(),
                    expected_ops,
                };
                let call = async |store: &mut Store<State>| init.call_async(store, (args,)).await;
                let (result,) = self.run(run, Phase::Init, None, call).await?;
                result.map_err(|error| error.map(|mat| mat.op_name.as_ref().to_owned()))
            }
        };
        if let Err(
            InitError::Other(text)
            | InitError::VersionMismatch(text)
            | InitError::UnexpectedMat(text),
        ) = &result
        {
            LimitExceeded::check(Limit::Output, run.limits().output, text.len()).map_err(
                |exceeded| Error::Limit {
                    op: None,
                    phase: Phase::Init,
                    exceeded,
                },
            )?;
        }
        match result {
            Ok(InitResponse { ok: true }) => Ok(()),
            Ok(InitResponse { ok: false }) => Err(Error::Init {
                message: "the guest answered that it is not ready, without a reason".into(),
            }),
            Err(InitError::VersionMismatch(guest)) => Err(Error::VersionMismatch {
                guest,
                asked: version.as_ref().to_owned(),
            }),
            Err(InitError::UnexpectedMat(op)) => Err(Error::UnexpectedOp { op }),
            Err(InitError::Other(message)) => Err(Error::Init { message }),
        }
    }

    /// Runs the op `op` on `input`, which is JSON and is handed over as it is; so is the output.
    ///
    /// Dropping the future ends the instance.
    pub async fn handle(
        &mut self,
        run: &Run,
        op: &Arc<str>,
        input: impl Into<Arc<str>>,
    ) -> Result<String, Error> {
        let in_json: Arc<str> = input.into();
        let limit = |exceeded| Error::Limit {
            op: Some(op.as_ref().to_owned()),
            phase: Phase::Handle,
            exceeded,
        };
        LimitExceeded::check(Limit::Input, run.limits().input, in_json.len()).map_err(limit)?;
        let handle = self.handle;
        let request = match run.is_profiled() {
            true => profile::request(op, &in_json),
            false => HandleReq {
                op_name: op.clone(),
                in_json,
            },
        };
        let call = async |store: &mut Store<State>| handle.call_async(store, (request,)).await;
        let (result,) = self.run(run, Phase::Handle, Some(op), call).await?;
        let name = || op.as_ref().to_owned();
        if let Ok(text) | Err(HandleErr::InJsonErr(text) | HandleErr::HandlerErr(text)) = &result {
            LimitExceeded::check(Limit::Output, run.limits().output, text.len()).map_err(limit)?;
        }
        match result {
            Ok(output) => Ok(output),
            Err(HandleErr::NoHandler) => Err(Error::NoHandler { op: name() }),
            Err(HandleErr::InJsonErr(message)) => Err(Error::InvalidInput {
                op: name(),
                message,
            }),
            Err(HandleErr::HandlerErr(message)) => Err(Error::Handler {
                op: name(),
                message,
            }),
        }
    }

    /// Whether the instance can run another call.
    pub fn is_alive(&self) -> bool {
        !self.ended
    }

    /// Bytes of linear memory.
    pub fn memory(&self) -> usize {
        self.store.data().memory.used
    }

    /// What the guest wrote to stdout and stderr in the latest run.
    pub fn take_output(&mut self) -> Output {
        self.store.data().output.take()
    }

    /// The store of an instance that does not run, for functions that are the host's own and end soon.
    pub(crate) fn resting(&mut self) -> &mut Store<State> {
        self.resting_watched().0
    }

    /// The same, and whether pages of its memory may have been written for the first time.
    pub(crate) fn resting_watched(&mut self) -> (&mut Store<State>, &mut bool) {
        self.store.set_epoch_deadline(NEVER);
        (&mut self.store, &mut self.has_new_pages)
    }

    /// Nobody will ask which pages were written, so that runs need not watch them.
    pub(crate) fn never_reset(mut self) -> Self {
        self.has_new_pages = true;
        self
    }

    /// Whether `init` was tried. A new state makes it one that was, or one that was not.
    pub(crate) fn set_initialised(&mut self, initialised: bool) {
        self.initialised = initialised;
    }

    /// Runs guest code, metered. The instance counts as ended unless the code comes back in its own time.
    async fn run<R>(
        &mut self,
        run: &Run,
        phase: Phase,
        op: Option<&Arc<str>>,
        call: impl AsyncFnOnce(&mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R, Error> {
        if self.ended {
            return Err(Error::InstanceEnded);
        }
        let ticking = self.host.0.ticker.ticking();
        let Self {
            store,
            ended,
            has_new_pages,
            ..
        } = self;
        let result = run.drive(memory::watch(has_new_pages, async {
            // Not before: a run that comes too late leaves the guest as it was.
            *ended = true;
            begin(store, run, op);
            let serving = ClearRunOnDrop(store);
            call(&mut *serving.0).await
        }));
        let result = result.await;
        drop(ticking);
        let told = self.store.data_mut().panic.take();
        let result = came_back(result, phase, op.map(AsRef::as_ref), told)?;
        self.ended = false;
        Ok(result)
    }
}

/// The run that a store serves. It ends with this, and with it the hostcalls under way, also where it fails or is dropped.
struct ClearRunOnDrop<'s>(&'s mut Store<State>);

impl Drop for ClearRunOnDrop<'_> {
    fn drop(&mut self) {
        self.0.data_mut().run = None;
    }
}

/// Points the store at `run`: its limits, its log, its deadline.
fn begin(store: &mut Store<State>, run: &Run, op: Option<&Arc<str>>) {
    let state = store.data_mut();
    state.memory.allowed = run.limits().memory;
    state.output.start(run.limits().log);
    state.panic = None;
    state.fixed.set(run.fixed());
    state.run = Some(CurrentRun {
        run: run.share(),
        op: op.cloned(),
        batch: Batch::default(),
    });
    store.set_epoch_deadline(1);
    // What one transfer may copy from the guest: a few texts, none larger than its memory. Our own limits look at them next.
    store.set_hostcall_fuel(
        run.limits()
            .memory
            .saturating_mul(4)
            .saturating_add(1 << 20),
    );
}

fn came_back<T>(
    result: Result<wasmtime::Result<T>, Stop>,
    phase: Phase,
    op: Option<&str>,
    told: Option<String>,
) -> Result<T, Error> {
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Error::from_run(error, phase, op, told)),
        Err(stop) => Err(stop.into_error(phase, op)),
    }
}

pub(crate) fn check_names(ops: &[Op]) -> Result<(), Error> {
    let mut seen = std::collections::HashSet::new();
    for op in ops {
        if op.name.starts_with(crate::hostcall::RESERVED) {
            return Err(Error::ReservedOp(op.name.as_ref().to_owned()));
        }
        if !seen.insert(&op.name) {
            return Err(Error::DuplicateOp(op.name.as_ref().to_owned()));
        }
    }
    Ok(())
}
