//! A component with the ops it was initialised with.

use std::fmt;
use std::sync::Arc;

use crate::component::Component;
use crate::error::{CallError, Phase, ProgramError};
use crate::host::Host;
use crate::instance::{DiscardReason, Refusal, Request};
use crate::lanes::Permit;
use crate::memory::{Image, Snapshot, SnapshotError, SnapshotParts};
use crate::metering::Meter;
use crate::pool::{Lease, ProgramPermits};
use crate::protocol::{Op, Payload};
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

/// What a program consists of.
pub(crate) struct Inner {
    pub(crate) component: Component,
    pub(crate) ops: Vec<Op>,
    pub(crate) version: String,
    pub(crate) isolation: Isolation,
    /// The state that `init` left, or why it must run again for each call.
    pub(crate) image: Result<Arc<Image>, Refusal>,
    pub(crate) receipt: Receipt,
    pub(crate) permits: Option<ProgramPermits>,
    /// Under [`Isolation::Shared`].
    pub(crate) shared: SharedInstance,
    pub(crate) renewal: Renewal,
}

/// What a program takes while nobody calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramSize {
    /// Lines of 64 bytes in which its memory differs from a pristine instance's.
    pub lines: usize,
    /// Bytes that it takes, rounded up to whole KiB. What it shares with other programs of the
    /// component counts in full for each of them, so that nobody learns from it what others have:
    /// the sum is more than what the programs take together.
    pub bytes: usize,
    /// Bytes of linear memory that an instance has while it runs it.
    pub memory: usize,
}

impl Program {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

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
        let identity = identity.ok_or_else(|| {
            unavailable("its component has no identity: set one with `Component::with_identity`")
        })?;
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
            bytes: bytes.next_multiple_of(1 << 10),
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
                usage.discarded = pooled.outlook();
            }
            result?;
        }
        Ok(lease)
    }

    /// Runs a request on an instance that the isolation allows. It borrows nothing from its caller,
    /// so that any thread may go on with it.
    pub(crate) async fn run(
        self,
        meter: Meter,
        determinism: Determinism,
        request: Request,
    ) -> (Result<Payload, CallError>, Usage) {
        let mut usage = Usage::default();
        let output = self.output_of(&meter, determinism, request, &mut usage);
        let output = output.await;
        (output, usage)
    }

    /// What is rare or slow has a box of its own: the future of each call is moved, and should be
    /// small.
    async fn output_of(
        &self,
        meter: &Meter,
        determinism: Determinism,
        request: Request,
        usage: &mut Usage,
    ) -> Result<Payload, CallError> {
        let name = &request.name.clone();
        let _call = self.host().0.pool.begin(meter)?;
        let stopped = |interrupt| CallError::interrupted(interrupt, Phase::Handle, Some(name));
        meter.check_depth().map_err(stopped)?;
        let _permit = self.permit(meter).await?;
        match self.0.isolation {
            Isolation::PerCall => {
                let mut lease = Box::pin(self.ready(meter, determinism, usage)).await?;
                let pooled = lease.pooled()?;
                let instance = &mut pooled.instance;
                let result = instance.handle_with(meter, determinism, request).await;
                usage.note(meter, instance, Some(name));
                usage.discarded = pooled.outlook();
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
                usage.discarded = (!instance.is_alive()).then_some(DiscardReason::Ended);
                result
            }
        }
    }

    /// The run's permit among the calls of the program. Calls that hostcalls make need none: the
    /// program itself might be waiting for them.
    async fn permit(&self, meter: &Meter) -> Result<Option<Permit>, CallError> {
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
