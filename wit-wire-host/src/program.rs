//! A component with the ops it was initialised with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::call::Receipt;
use crate::capture::Output;
use crate::component::Component;
use crate::error::{Error, Phase};
use crate::function::Function;
use crate::host::Host;
use crate::image::Image;
use crate::instance::{Instance, PROTOCOL_VERSION};
use crate::limits::{Limit, LimitExceeded, Limits};
use crate::op::Op;
use crate::pool::{CleanState, Lease};
use crate::reset::Refusal;
use crate::run::Run;
use crate::snapshot::{Snapshot, SnapshotError};

/// What calls of a program see of each other. Names the meaning; how it is done depends on component and machine
/// ([`CleanState`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Isolation {
    /// Every call sees the state that `init` left. Two calls can't see each other, and run side by side.
    #[default]
    PerCall,
    /// Calls share live state, as in a long-running process, and take turns in the order they were made. The program
    /// keeps one instance; a call that ends it (a trap, a limit reached while it runs, a cancelled call) loses the state, and the next call
    /// starts from a new one. A hostcall that calls the same program waits for its own caller, until the deadline.
    Shared,
}

/// A component plus the ops it was initialised with. Cheap to clone.
///
/// ```no_run
/// # async fn example(component: wit_wire_host::Component) -> Result<(), wit_wire_host::Error> {
/// use wit_wire_host::Op;
///
/// let program = component.program([Op::new("total"), Op::new("refund")]).concurrency(4).build().await?;
/// let total = program.function("total")?;
///
/// // In another process with the same component: `init` does not run again.
/// let bytes = program.snapshot().await?;
/// let same = component.restore(&bytes)?.build().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    component: Component,
    ops: Vec<Op>,
    version: String,
    isolation: Isolation,
    /// The state that `init` left, or why it must run again for each call.
    image: Result<Arc<Image>, Refusal>,
    receipt: Receipt,
    concurrency: Option<(Arc<Semaphore>, u64)>,
    /// Under [`Isolation::Shared`], the instance all calls share.
    shared: Mutex<Option<SharedInstance>>,
    renewal: Renewal,
}

/// The instance of a program with shared state.
struct SharedInstance {
    instance: Instance,
    since: Instant,
    calls: u64,
}

/// When a shared instance is replaced.
#[derive(Clone, Copy)]
struct Renewal {
    calls: u64,
    age: Duration,
}

impl SharedInstance {
    fn new(instance: Instance) -> Self {
        Self {
            instance,
            since: Instant::now(),
            calls: 0,
        }
    }

    fn is_due(&self, renewal: Renewal) -> bool {
        self.calls >= renewal.calls || self.since.elapsed() >= renewal.age
    }
}

/// What a program keeps in memory while nobody calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramSize {
    /// Lines of 64 bytes in which its memory differs from a blank instance's.
    pub lines: usize,
    /// Bytes that it takes. What other programs of the component have too is divided among them.
    pub bytes: usize,
    /// Bytes of linear memory that an instance has while it runs it.
    pub memory: usize,
}

/// Configures a [`Program`].
///
/// - isolation: [`Isolation::PerCall`]
/// - version: [`PROTOCOL_VERSION`]
/// - limits of `init`: the host's
/// - calls at once: as many as the host has instances
/// - shared state lives until a call ends its instance
pub struct ProgramBuilder {
    component: Component,
    ops: Vec<Op>,
    version: String,
    isolation: Isolation,
    limits: Limits,
    concurrency: Option<usize>,
    renewal: Renewal,
    /// Instead of what `init` would leave.
    snapshot: Option<Snapshot>,
}

impl Component {
    /// A program of this component with `ops`.
    pub fn program(&self, ops: impl IntoIterator<Item = Op>) -> ProgramBuilder {
        ProgramBuilder {
            component: self.clone(),
            ops: ops.into_iter().collect(),
            version: PROTOCOL_VERSION.to_owned(),
            isolation: Isolation::default(),
            limits: *self.host.limits(),
            concurrency: None,
            renewal: Renewal {
                calls: u64::MAX,
                age: Duration::MAX,
            },
            snapshot: None,
        }
    }

    /// The program that was kept as `snapshot` by [`Program::snapshot`], in this process or another one with the same
    /// component. Its ops are initialised already.
    ///
    /// The bytes are a guest's memory and are checked for damage. Who can forge them decides what the guest does, within
    /// its sandbox, and no more.
    pub fn restore(&self, snapshot: &[u8]) -> Result<ProgramBuilder, Error> {
        let snapshot = Snapshot::read(snapshot)?;
        let identity = self.identity().unwrap_or("a component without an identity");
        if self.identity() != Some(&*snapshot.component) {
            let error = SnapshotError::Component {
                expected: identity.to_owned(),
                found: snapshot.component,
            };
            return Err(error.into());
        }
        crate::instance::check_names(&snapshot.ops)?;
        let ops = snapshot.ops.clone();
        let mut builder = self.program(ops).version(&*snapshot.version);
        builder.snapshot = Some(snapshot);
        Ok(builder)
    }
}

impl ProgramBuilder {
    /// Adds an op. One that is added to a snapshot has `init` run for all of them.
    #[must_use]
    pub fn op(mut self, op: Op) -> Self {
        self.ops.push(op);
        self.snapshot = None;
        self
    }

    /// What calls see of each other.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// The version to ask the guest for (`metatype-version` on the wire).
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The limits of `init`.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many calls of the program may be at work at once, so that it leaves instances to others. More of them wait in
    /// line, and not in the line of other programs. With [`Isolation::Shared`] it is one.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = Some(calls.clamp(1, Semaphore::MAX_PERMITS));
        self
    }

    /// Under [`Isolation::Shared`], after how many calls the state is given up and the next call begins anew.
    #[must_use]
    pub fn max_calls(mut self, calls: u64) -> Self {
        self.renewal.calls = calls;
        self
    }

    /// Under [`Isolation::Shared`], after how much time the state is given up and the next call begins anew.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.renewal.age = age;
        self
    }

    /// Initialises the ops, once for all calls where their state can be kept. What is wrong with them is known now and not
    /// at the first call.
    ///
    /// Cancel safe: a dropped future leaves nothing behind.
    pub async fn build(self) -> Result<Program, Error> {
        let Self {
            component,
            ops,
            version,
            isolation,
            limits,
            concurrency,
            renewal,
            snapshot,
        } = self;
        // An instance of its own does one call after the other.
        let concurrency = match isolation {
            Isolation::PerCall => concurrency,
            Isolation::Shared => Some(1),
        };
        let run = Run::new(limits);
        let mut used = Used::default();
        let host = component.host.clone();
        let _call = host.0.pool.begin(&run)?;
        let (lease, image) = match snapshot {
            Some(snapshot) => {
                let image = Arc::new(adopt(&component, &snapshot, limits.memory).await?);
                let lease = match isolation {
                    Isolation::PerCall => None,
                    Isolation::Shared => Some(Lease::take(&component, Some(&image), &run).await?),
                };
                (lease, Ok(image))
            }
            None => {
                let mut lease = Lease::take(&component, None, &run).await?;
                used.cold = lease.is_new;
                let worker = lease.worker()?;
                let result = worker.instance.init(&run, &ops, &version).await;
                used.note(&run, &mut worker.instance, None);
                result?;
                let image = worker.capture().await;
                lease.is_clean = image.as_ref().is_ok_and(|image| worker.has(Some(image)));
                let is_sound = lease.is_clean || image.is_err();
                (Some(lease).filter(|_| is_sound), image)
            }
        };
        let image = component.or_refuse(image)?;
        let shared = match (isolation, lease) {
            (Isolation::Shared, Some(lease)) => Some(SharedInstance::new(lease.keep()?)),
            _ => None,
        };
        Ok(Program(Arc::new(Inner {
            component,
            ops,
            version,
            isolation,
            image,
            receipt: used.receipt(&run, isolation, 0, 0),
            concurrency: concurrency.map(|calls| (Arc::new(Semaphore::new(calls)), calls as u64)),
            shared: Mutex::new(shared),
            renewal,
        })))
    }

    /// [`build`](Self::build) for threads outside async runtimes.
    pub fn build_blocking(self) -> Result<Program, Error> {
        crate::blocking::block_on(self.build())?
    }
}

/// The image of a snapshot, if it belongs to the state that instances of `component` begin with here.
async fn adopt(component: &Component, snapshot: &Snapshot, limit: usize) -> Result<Image, Error> {
    let blank = component.blank().await?;
    let blank = blank.map_err(|why| Error::no_reset(&why))?;
    if snapshot.memory > limit {
        let exceeded = LimitExceeded::size(Limit::Memory, limit, snapshot.memory);
        return Err(Error::Limit {
            op: None,
            phase: Phase::Init,
            exceeded,
        });
    }
    if blank.digest() != snapshot.blank {
        return Err(SnapshotError::Blank.into());
    }
    let image = blank.image(snapshot.memory, &snapshot.pages);
    image.ok_or_else(|| SnapshotError::Damaged("its pages do not fit its memory").into())
}

impl Program {
    /// The program as bytes, for [`Component::restore`] in other processes. They are some 50 KB for a small one, of
    /// which compression leaves 20.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Unavailable`] if calls of the program get fresh instances, or the component has no
    /// [identity](Component::identified).
    pub async fn snapshot(&self) -> Result<Vec<u8>, Error> {
        let Inner {
            component,
            ops,
            version,
            image,
            ..
        } = &*self.0;
        let unavailable = |why: &str| SnapshotError::Unavailable(why.to_owned());
        let identity = component.identity();
        let identity = identity.ok_or_else(|| unavailable("its component has no identity"))?;
        let image = image.as_ref().map_err(|why| unavailable(why))?;
        let blank = component.blank().await?.map_err(|why| unavailable(&why))?;
        let bytes = Snapshot::write(identity, &blank.digest(), version, ops, image);
        Ok(bytes)
    }

    /// The function that the op `op` is.
    pub fn function(&self, op: &str) -> Result<Function, Error> {
        let ops = &self.0.ops;
        match ops.iter().find(|known| *known.name == *op) {
            Some(found) => Ok(Function {
                program: self.clone(),
                op: found.name.clone(),
            }),
            None => {
                let known = ops.iter().map(|op| op.name().to_owned()).collect();
                Err(Error::UnknownOp {
                    op: op.to_owned(),
                    known,
                })
            }
        }
    }

    /// The program's functions, in the order of its ops.
    pub fn functions(&self) -> impl Iterator<Item = Function> {
        self.0.ops.iter().map(|op| Function {
            program: self.clone(),
            op: op.name.clone(),
        })
    }

    /// What calls of the program see of each other.
    pub fn isolation(&self) -> Isolation {
        self.0.isolation
    }

    pub(crate) fn host(&self) -> &Host {
        &self.0.component.host
    }

    /// What registering the program used: building an instance if none was idle, and `init`.
    pub fn receipt(&self) -> &Receipt {
        &self.0.receipt
    }

    /// What the program keeps in memory while nobody calls it; `None` if each call runs `init` again, for the reason
    /// that [`reset_refused`](Self::reset_refused) tells.
    pub fn size(&self) -> Option<ProgramSize> {
        let image = self.0.image.as_ref().ok()?;
        let (lines, bytes) = image.size();
        Some(ProgramSize {
            lines,
            bytes,
            memory: image.length(),
        })
    }

    /// Why calls of the program get fresh instances that run `init` again, if they do.
    pub fn reset_refused(&self) -> Option<&str> {
        self.0.image.as_ref().err().map(AsRef::as_ref)
    }

    /// An instance with the ops initialised.
    async fn ready(&self, run: &Run, used: &mut Used) -> Result<Lease, Error> {
        let Inner {
            component,
            ops,
            version,
            image,
            ..
        } = &*self.0;
        let image = image.as_ref().ok();
        let mut lease = Lease::take(component, image, run).await?;
        let is_new = lease.is_new;
        let worker = lease.worker()?;
        let is_ready = image.is_some() && worker.has(image);
        used.cold = is_new || !is_ready;
        used.clean_state = Some(match is_ready {
            true => CleanState::Reset,
            false => CleanState::FreshInstance,
        });
        if !is_ready {
            let result = worker.instance.init(run, ops, version).await;
            if result.is_err() {
                used.note(run, &mut worker.instance, None);
            }
            result?;
        }
        Ok(lease)
    }

    /// Runs `op` on an instance that the isolation allows, and notes in `used` what it used.
    ///
    /// What is rare or slow has a box of its own: the future of each call is moved, and should be small.
    pub(crate) async fn run(
        &self,
        run: &Run,
        op: &Arc<str>,
        input: Arc<str>,
        used: &mut Used,
    ) -> Result<String, Error> {
        let pool = &self.0.component.host.0.pool;
        let _call = pool.begin(run)?;
        run.check_depth()
            .map_err(|stop| stop.into_error(Phase::Handle, Some(op)))?;
        let _turn = self.turn(run).await?;
        match self.0.isolation {
            Isolation::PerCall => {
                let mut lease = Box::pin(self.ready(run, used)).await?;
                let instance = &mut lease.worker()?.instance;
                let result = instance.handle(run, op, input).await;
                used.note(run, instance, Some(op));
                result
            }
            Isolation::Shared => {
                let shared = match self.0.shared.try_lock() {
                    Ok(free) => Ok(free),
                    Err(_) => Box::pin(run.drive(self.0.shared.lock())).await,
                };
                let mut shared =
                    Slot(shared.map_err(|stop| stop.into_error(Phase::Handle, Some(op)))?);
                shared.0.take_if(|shared| shared.is_due(self.0.renewal));
                if shared.0.is_none() {
                    // What this call has fixed is none of the later ones' business.
                    let lease = Box::pin(self.ready(&run.unfixed(), used)).await?;
                    *shared.0 = Some(SharedInstance::new(lease.keep()?));
                    used.cold = true;
                    used.clean_state = None;
                }
                let Some(SharedInstance {
                    instance, calls, ..
                }) = &mut *shared.0
                else {
                    return Err(Error::InstanceEnded);
                };
                *calls += 1;
                let result = instance.handle(run, op, input).await;
                used.note(run, instance, Some(op));
                result
            }
        }
    }

    /// The run's turn among the calls of the program. One that a hostcall makes does not wait for it: the program itself might
    /// be waiting for that one.
    async fn turn(&self, run: &Run) -> Result<Option<OwnedSemaphorePermit>, Error> {
        match &self.0.concurrency {
            Some((turns, allowed)) if run.depth() == 0 => {
                let pool = &self.0.component.host.0.pool;
                Box::pin(pool.enter(turns, Limit::Concurrency, *allowed, run)).await
            }
            _ => Ok(None),
        }
    }
}

/// The place of the shared instance while a call holds it. One that ended is dropped with the call, also with a cancelled
/// one: it would keep its memory until the next call.
struct Slot<'a>(MutexGuard<'a, Option<SharedInstance>>);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.take_if(|shared| !shared.instance.is_alive());
    }
}

/// What a call used, as far as its instance tells.
#[derive(Default)]
pub(crate) struct Used {
    cold: bool,
    clean_state: Option<CleanState>,
    memory: usize,
    output: Output,
}

impl Used {
    fn note(&mut self, run: &Run, instance: &mut Instance, op: Option<&str>) {
        self.memory = instance.memory();
        self.output = instance.take_output();
        run.span().in_scope(|| self.output.trace(op));
    }

    pub(crate) fn receipt(
        self,
        run: &Run,
        isolation: Isolation,
        bytes_in: usize,
        bytes_out: usize,
    ) -> Receipt {
        let Self {
            cold,
            clean_state,
            memory,
            output,
        } = self;
        Receipt {
            wall_time: run.elapsed(),
            cpu_time: run.cpu_time(),
            memory,
            hostcalls: run.hostcalls(),
            bytes_in,
            bytes_out,
            isolation,
            clean_state,
            cold,
            output,
            profile: None,
        }
    }
}
