//! A component with the ops it was initialised with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::blocking::block_on;
use crate::component::Component;
use crate::error::{CallError, Phase, ProgramError};
use crate::host::Host;
use crate::instance::{Refusal, Request, check_names};
use crate::memory::{Image, Snapshot, SnapshotError, SnapshotParts};
use crate::metering::{Limit, LimitExceeded, Limits, Meter};
use crate::pool::{Lease, ProgramPermits};
use crate::protocol::{Op, PROTOCOL_VERSION, Payload};
use crate::receipt::{CleanedBy, Isolation, Receipt, Usage};
use crate::sandbox::Determinism;
use crate::shared::{Renewal, SharedInstance};

/// A component plus the ops it was initialised with. Cheap to clone.
///
/// ```no_run
/// # async fn example(component: wit_wire_host::Component) -> Result<(), wit_wire_host::ProgramError> {
/// use wit_wire_host::{Op, Snapshot};
///
/// let program = component.program([Op::new("total"), Op::new("refund")]).concurrency(4).build().await?;
/// let total = program.function("total")?;
///
/// // In another process with the same component: `init` does not run again.
/// let bytes = program.snapshot().await?.into_bytes();
/// let same = component.restore(&Snapshot::from_bytes(bytes)?)?.build().await?;
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
    permits: Option<ProgramPermits>,
    /// Under [`Isolation::Shared`].
    shared: SharedInstance,
    renewal: Renewal,
}

/// What a program takes while nobody calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramSize {
    /// Lines of 64 bytes in which its memory differs from a pristine instance's.
    pub lines: usize,
    /// Bytes that it takes. What it shares with other programs of the component is divided among
    /// them.
    pub bytes: usize,
    /// Bytes of linear memory that an instance has while it runs it.
    pub memory: usize,
}

/// Configures a [`Program`].
///
/// - isolation: [`Isolation::PerCall`]
/// - version: [`PROTOCOL_VERSION`]
/// - limits of `init`: the host's
/// - concurrent calls: as many as the host has instances
/// - shared state lives until a call ends its instance
#[must_use = "a builder does nothing until it is built"]
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
            limits: *self.host().limits(),
            concurrency: None,
            renewal: Renewal {
                calls: u64::MAX,
                age: Duration::MAX,
            },
            snapshot: None,
        }
    }

    /// The program that [`Program::snapshot`] saved, in this process or another one with the same
    /// component. Its ops are initialised already.
    ///
    /// A snapshot is a guest's memory. If it was forged, the guest may do anything, within its
    /// sandbox.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Component`] if it is a program of another component;
    /// [`ProgramError::DuplicateOp`] and [`ProgramError::ReservedOp`] if it was forged.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<ProgramBuilder, ProgramError> {
        let identity = self.identity().unwrap_or("a component without an identity");
        if self.identity() != Some(snapshot.component()) {
            let error = SnapshotError::Component {
                expected: identity.to_owned(),
                found: snapshot.component().to_owned(),
            };
            return Err(error.into());
        }
        check_names(snapshot.ops())?;
        let builder = self.program(snapshot.ops().iter().cloned());
        let mut builder = builder.version(snapshot.version());
        builder.snapshot = Some(snapshot.clone());
        Ok(builder)
    }
}

impl ProgramBuilder {
    /// Adds an op. If it is added to a snapshot, `init` runs for all of its ops.
    pub fn op(mut self, op: Op) -> Self {
        self.ops.push(op);
        self.snapshot = None;
        self
    }

    /// What calls see of each other.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// The version to ask the guest for (`metatype-version` on the wire).
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The limits of `init`.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many calls of the program may run at once, so that it leaves instances to others. More
    /// of them wait in line, and not in the line of other programs. With [`Isolation::Shared`] it
    /// is one.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = Some(calls);
        self
    }

    /// Under [`Isolation::Shared`], after how many calls the state is dropped and the next call
    /// begins with a new one.
    pub fn max_calls(mut self, calls: u64) -> Self {
        self.renewal.calls = calls;
        self
    }

    /// Under [`Isolation::Shared`], after how much time the state is dropped and the next call
    /// begins with a new one.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.renewal.age = age;
        self
    }

    /// Initialises the ops, once for all calls where their state can be stored. Errors in them
    /// appear now and not at the first call.
    ///
    /// Cancel safe: a dropped future leaves nothing behind.
    ///
    /// # Errors
    ///
    /// [`ProgramError::DuplicateOp`], [`ProgramError::ReservedOp`], [`ProgramError::Snapshot`] for
    /// a snapshot that does not fit here, or [`ProgramError::Run`] with whatever ended the guest's
    /// `init`.
    pub async fn build(self) -> Result<Program, ProgramError> {
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
        // An instance of its own runs one call after the other.
        let concurrency = match isolation {
            Isolation::PerCall => concurrency,
            Isolation::Shared => Some(1),
        };
        let meter = Meter::new(limits);
        let mut usage = Usage::default();
        let host = component.host().clone();
        let _call = host.0.pool.begin(&meter)?;
        let (lease, image) = match snapshot {
            Some(snapshot) => {
                let image = Arc::new(adopt(&component, &snapshot, limits.memory).await?);
                let lease = match isolation {
                    Isolation::PerCall => None,
                    Isolation::Shared => {
                        Some(Lease::take(&component.idle, Some(&image), &meter).await?)
                    }
                };
                (lease, Ok(image))
            }
            None => {
                check_names(&ops)?;
                let mut lease = Lease::take(&component.idle, None, &meter).await?;
                usage.cold = lease.is_new;
                let pooled = lease.pooled()?;
                let instance = &mut pooled.instance;
                let init = instance.init_with(&meter, Determinism::default(), &ops, &version);
                let result = init.await;
                usage.note(&meter, instance, None);
                result?;
                let image = pooled.snapshot_state().await;
                lease.is_clean = image.as_ref().is_ok_and(|image| pooled.has(Some(image)));
                let is_sound = lease.is_clean || image.is_err();
                (Some(lease).filter(|_| is_sound), image)
            }
        };
        let image = component.origin().or_refuse(image)?;
        let shared = match (isolation, lease) {
            (Isolation::Shared, Some(lease)) => Some(lease.keep()?),
            _ => None,
        };
        Ok(Program(Arc::new(Inner {
            component,
            ops,
            version,
            isolation,
            image,
            receipt: Receipt::new(usage, &meter, isolation, [0, 0], None),
            permits: concurrency.map(ProgramPermits::new),
            shared: SharedInstance::new(shared),
            renewal,
        })))
    }

    /// [`build`](Self::build) for threads outside async runtimes.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); [`CallError::BlockingInAsync`] on a thread that drives async
    /// tasks.
    pub fn build_blocking(self) -> Result<Program, ProgramError> {
        block_on(self.build())?
    }
}

/// The image of a snapshot, if it belongs to the state that instances of `component` begin with
/// here.
async fn adopt(
    component: &Component,
    snapshot: &Snapshot,
    limit: usize,
) -> Result<Image, ProgramError> {
    let blank = component.origin().blank().await?;
    let blank = blank.map_err(|why| CallError::no_reset(&why))?;
    LimitExceeded::check(Limit::Memory, limit, snapshot.memory())
        .map_err(|exceeded| CallError::limit(exceeded, Phase::Init, None))?;
    if blank.digest() != snapshot.blank() {
        return Err(SnapshotError::Blank.into());
    }
    let image = blank.image(snapshot.memory(), snapshot.pages());
    Ok(image.ok_or(SnapshotError::Damaged("its pages do not fit its memory"))?)
}

impl Program {
    /// The program as bytes, for [`Component::restore`] in other processes.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Unavailable`] if calls of the program get fresh instances, or the component
    /// has no [identity](Component::with_identity).
    pub async fn snapshot(&self) -> Result<Snapshot, ProgramError> {
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
        let blank = component.origin().blank().await?;
        let blank = blank.map_err(|why| unavailable(&why))?;
        Ok(Snapshot::new(SnapshotParts {
            component: identity,
            blank: blank.digest(),
            version,
            ops,
            image,
        }))
    }

    /// The program's ops.
    pub fn ops(&self) -> &[Op] {
        &self.0.ops
    }

    /// What calls of the program see of each other.
    pub fn isolation(&self) -> Isolation {
        self.0.isolation
    }

    pub(crate) fn host(&self) -> &Host {
        self.0.component.host()
    }

    /// What registering the program used: building an instance if none was idle, and `init`.
    pub fn receipt(&self) -> &Receipt {
        &self.0.receipt
    }

    /// What the program takes while nobody calls it; `None` if each call runs `init` again, for the
    /// [`fallback_reason`](Self::fallback_reason).
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
    pub fn fallback_reason(&self) -> Option<&str> {
        self.0.image.as_ref().err().map(AsRef::as_ref)
    }

    /// An instance with the ops initialised.
    async fn ready(
        &self,
        meter: &Meter,
        determinism: Determinism,
        usage: &mut Usage,
    ) -> Result<Lease, CallError> {
        let Inner {
            component,
            ops,
            version,
            image,
            ..
        } = &*self.0;
        let image = image.as_ref().ok();
        let mut lease = Lease::take(&component.idle, image, meter).await?;
        let is_new = lease.is_new;
        let pooled = lease.pooled()?;
        let is_ready = image.is_some() && pooled.has(image);
        usage.cold = is_new || !is_ready;
        usage.cleaned_by = Some(match is_ready {
            true => CleanedBy::Reset,
            false => CleanedBy::FreshInstance,
        });
        if !is_ready {
            let instance = &mut pooled.instance;
            let result = instance.init_with(meter, determinism, ops, version).await;
            if result.is_err() {
                usage.note(meter, instance, None);
            }
            result?;
        }
        Ok(lease)
    }

    /// Runs a request on an instance that the isolation allows, and notes in `usage` what it used.
    ///
    /// What is rare or slow has a box of its own: the future of each call is moved, and should be
    /// small.
    pub(crate) async fn run(
        &self,
        meter: &Meter,
        determinism: Determinism,
        request: Request<'_>,
        usage: &mut Usage,
    ) -> Result<Payload, CallError> {
        let name = request.name;
        let _call = self.host().0.pool.begin(meter)?;
        let stopped = |interrupt| CallError::interrupted(interrupt, Phase::Handle, Some(name));
        meter.check_depth().map_err(stopped)?;
        let _permit = self.permit(meter).await?;
        match self.0.isolation {
            Isolation::PerCall => {
                let mut lease = Box::pin(self.ready(meter, determinism, usage)).await?;
                let instance = &mut lease.pooled()?.instance;
                let result = instance.handle_with(meter, determinism, request).await;
                usage.note(meter, instance, Some(name));
                result
            }
            Isolation::Shared => {
                let mut shared = match self.0.shared.try_lock() {
                    Some(free) => free,
                    None => {
                        let locked = Box::pin(meter.drive(self.0.shared.lock())).await;
                        locked.map_err(stopped)?
                    }
                };
                if !shared.renew(self.0.renewal) {
                    // What this call has fixed must not be fixed for later ones.
                    let ready = self.ready(meter, Determinism::default(), usage);
                    shared.put(Box::pin(ready).await?.keep()?);
                    usage.cold = true;
                    usage.cleaned_by = None;
                }
                let instance = shared.instance().ok_or(CallError::InstanceEnded)?;
                let result = instance.handle_with(meter, determinism, request).await;
                usage.note(meter, instance, Some(name));
                result
            }
        }
    }

    /// The run's permit among the calls of the program. Calls that hostcalls make need none: the
    /// program itself might be waiting for them.
    async fn permit(&self, meter: &Meter) -> Result<Option<OwnedSemaphorePermit>, CallError> {
        match &self.0.permits {
            Some(permits) if meter.depth() == 0 => {
                let permit = self.host().0.pool.program_permit(permits, meter);
                Box::pin(permit).await.map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ops = self.ops().iter().map(Op::name);
        f.debug_struct("Program")
            .field("ops", &ops.collect::<Vec<_>>())
            .field("isolation", &self.isolation())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ProgramBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ops = self.ops.iter().map(Op::name);
        f.debug_struct("ProgramBuilder")
            .field("component", &self.component)
            .field("ops", &ops.collect::<Vec<_>>())
            .field("isolation", &self.isolation)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
