//! The host: an engine with what every component of it shares.

use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::component::Linker;
use wasmtime::{Engine, Store, StoreContextMut, UpdateDeadline};
use wasmtime_wasi::Rng;

use crate::batch::BATCH;
use crate::component::Component;
use crate::counts::PoolStats;
use crate::error::Error;
use crate::hostcall::{HostcallContext, HostcallError, Hostcalls, Router};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::pool::{Pool, PoolConfig};
use crate::state::{CurrentRun, PANIC, State};
use crate::telemetry::{self, Metrics};
use crate::ticker::Ticker;
use crate::wire::HOSTCALL_INTERFACE;

/// An engine, the hostcalls that guests may make, and the limits they run under. Cheap to clone.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    linker: Linker<State>,
    pub(crate) limits: Limits,
    pub(crate) pool: Pool,
    router: Arc<Router>,
    pub(crate) ticker: Ticker,
    pub(crate) metrics: Metrics,
}

/// Configures a [`Host`].
///
/// - hostcalls: none; every hostcall is an error `op_404`
/// - files: none
/// - limits: [`Limits::default`]
/// - pool of instances: [`PoolConfig::default`]
pub struct HostBuilder {
    router: Router,
    limits: Limits,
    pool: PoolConfig,
}

impl HostBuilder {
    /// Answers the hostcall `op` with `closure`, whose input and output are JSON through serde.
    ///
    /// The future is dropped when the call that made the hostcall is cancelled or runs out of time. A panic in it
    /// becomes an error `op_500` for the guest.
    #[must_use]
    pub fn hostcall<I, O, F, Fut>(mut self, op: impl Into<String>, closure: F) -> Self
    where
        I: DeserializeOwned + Send,
        O: Serialize,
        F: Fn(HostcallContext, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O, HostcallError>> + Send + 'static,
    {
        self.router.add(op.into(), closure);
        self
    }

    /// Answers the hostcalls that no closure was registered for.
    #[must_use]
    pub fn hostcalls(mut self, hostcalls: impl Hostcalls) -> Self {
        self.router.fallback(hostcalls);
        self
    }

    /// Files that guests may read, by path with `/` between its parts. A guest asks for the ones it needs (`wit-wire:files` and
    /// `wit-wire:file` in the protocol), which counts as a hostcall each time.
    #[must_use]
    pub fn files(mut self, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        self.router.files.extend(files);
        self
    }

    /// The limits of calls that bring none of their own.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many instances there are, and how calls wait for them.
    #[must_use]
    pub fn pool(mut self, config: PoolConfig) -> Self {
        self.pool = config;
        self
    }

    /// Builds the host and starts the thread that advances the engine's epoch. The engine must have epoch interruption
    /// on, and allocate memories on demand: what a host maps over one must not reach the next instance, as it would where
    /// Wasmtime, or a `MemoryCreator` of yours, hands memories on. Who wants [metrics](crate::telemetry) has installed a recorder before.
    pub fn build(self, engine: &Engine) -> Result<Host, Error> {
        let Self {
            mut router,
            limits,
            pool,
        } = self;
        if !engine.get_epoch_interruption() {
            return Err(Error::Engine(
                "epoch interruption is off, and without it a guest's loop can't be stopped",
            ));
        }
        if engine.pooling_allocator_metrics().is_some() {
            return Err(Error::Engine(
                "it pools memories, and what was mapped over one would reach the next instance",
            ));
        }
        if let Some(op) = router.reserved() {
            return Err(Error::ReservedOp(op.to_owned()));
        }
        if let Some(op) = &router.twice {
            return Err(Error::DuplicateHostcall(op.clone()));
        }
        let linker = linker(engine).map_err(|error| Error::Link(error.into_boxed_dyn_error()))?;
        let ticker = Ticker::start(engine)
            .map_err(|_| Error::Engine("no thread for the epoch ticker can be had"))?;
        telemetry::describe();
        router.watch();
        let pool = Pool::new(pool);
        let router = Arc::new(router);
        Ok(Host(Arc::new(Inner {
            engine: engine.clone(),
            linker,
            limits,
            pool,
            router,
            ticker,
            metrics: Metrics::new(),
        })))
    }
}

impl Host {
    /// A host to be.
    pub fn builder() -> HostBuilder {
        HostBuilder {
            router: Router::default(),
            limits: Limits::default(),
            pool: PoolConfig::default(),
        }
    }

    /// Checks `component` against the protocol, in either published shape, and links it once for all its instances.
    ///
    /// One that exports `wit-wire:instance/state` is taken at its word about the state of its instances. `artifact-embed` adds
    /// that interface, and refuses components that bring their own; who compiles by other means has to do the same.
    pub fn component(
        &self,
        component: &wasmtime::component::Component,
    ) -> Result<Component, Error> {
        Component::new(self, component, &self.0.linker)
    }

    /// The limits of calls that bring none of their own.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What the host's instances do.
    pub fn stats(&self) -> PoolStats {
        self.0.pool.counts.stats()
    }

    /// Refuses new calls with [`Error::ShutDown`], waits for those under way, and gives back all idle instances.
    ///
    /// Calls that wait for an instance are refused too. Programs with shared state keep their instances until they are
    /// dropped. Dropping the future stops the waiting and nothing else.
    pub async fn shut_down(&self) {
        self.0.pool.shut_down().await;
    }

    /// A store in which one instance can live ([`State::new`]).
    pub(crate) fn store(&self, settles: bool) -> Store<State> {
        let state = State::new(self.0.router.clone(), settles);
        let mut store = Store::new(&self.0.engine, state);
        store.limiter(|state| &mut state.memory);
        store.epoch_deadline_callback(|context| {
            if let Some(current) = &context.data().run {
                current.run.check()?;
            }
            Ok(UpdateDeadline::YieldCustom(
                1,
                Box::pin(tokio::task::yield_now()),
            ))
        });
        store
    }
}

/// With the version that Wasmtime gives it.
const INSECURE_SEED: &str = "wasi:random/insecure-seed@0.2.12";

fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    // Wasmtime's own gives an instance the same seed for ever, whoever's calls it runs.
    linker.allow_shadowing(true);
    linker.instance(INSECURE_SEED)?.func_wrap(
        "insecure-seed",
        |mut store: StoreContextMut<'_, State>, (): ()| {
            let seeds = &mut store.data_mut().seeds;
            Ok(((seeds.next_u64(), seeds.next_u64()),))
        },
    )?;
    linker.allow_shadowing(false);
    let mut wire = linker.instance(HOSTCALL_INTERFACE)?;
    wire.func_wrap_async(
        "hostcall",
        |mut store: StoreContextMut<'_, State>, (op, payload): (String, String)| {
            // What was told before is not why the guest traps, if it does.
            store.data_mut().panic = None;
            if op == PANIC {
                let noted = store.data_mut().note_panic(&payload);
                return Box::new(async move { Ok((noted?,)) });
            }
            if op == BATCH {
                return Box::new(async move { Ok((batch(store.data_mut(), &payload).await?,)) });
            }
            let answer = hostcall(store.data(), op, payload);
            Box::new(async move { Ok((answer.await?,)) })
        },
    )?;
    Ok(linker)
}

/// Counts, checks and answers one hostcall. The outer error ends the run.
fn hostcall(
    state: &State,
    op: String,
    payload: String,
) -> impl Future<Output = Result<Result<String, String>, LimitExceeded>> + Send + use<> {
    let router = state.router.clone();
    let current = state
        .run
        .as_ref()
        .map(|current| (current.run.share(), current.context()));
    async move {
        let Some((run, context)) = current else {
            return Ok(Err(idle()));
        };
        run.count_hostcall()?;
        let allowed = run.limits().hostcall_payload;
        LimitExceeded::check(
            Limit::HostcallPayload,
            allowed,
            op.len().saturating_add(payload.len()),
        )?;
        let answer = run.nest(router.call(context, op, payload)).await;
        let answer = answer.map_err(|error| error.to_json());
        let (Ok(json) | Err(json)) = &answer;
        LimitExceeded::check(Limit::HostcallPayload, allowed, json.len())?;
        Ok(answer)
    }
}

/// Answers one batch of hostcalls. The outer error ends the run.
async fn batch(state: &mut State, payload: &str) -> Result<Result<String, String>, LimitExceeded> {
    let Some(current) = &mut state.run else {
        return Ok(Err(idle()));
    };
    let context = current.context();
    let allowed = current.run.limits().hostcall_payload;
    LimitExceeded::check(Limit::HostcallPayload, allowed, payload.len())?;
    let CurrentRun { run, batch, .. } = current;
    let answers = batch
        .exchange(run, &state.router, &context, payload)
        .await?;
    Ok(answers.map_err(|error| error.to_json()))
}

fn idle() -> String {
    HostcallError::new("op_500", "no call is under way").to_json()
}
