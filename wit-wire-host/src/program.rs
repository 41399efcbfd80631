//! A component with the ops it was initialised with.

use std::fmt;
use std::sync::Arc;

use crate::component::Component;
use crate::error::{CallError, ProgramError};
use crate::host::Host;
use crate::instance::Refusal;
use crate::lanes::{Lane, Permit};
use crate::memory::{Image, ImageBounds, Snapshot, SnapshotError, SnapshotParts};
use crate::metering::{LimitExceeded, Meter};
use crate::pool::{InstancePermit, Lease, Parked, ParkedCalls, ProgramPermits};
use crate::protocol::Op;
use crate::receipt::{CleanedBy, Isolation, Receipt, Usage};
use crate::sandbox::{Determinism, RunEnvironment};
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
    pub(crate) parked: Arc<ParkedCalls>,
    /// Whether what drew random numbers has this state: it would draw the same again.
    pub(crate) is_copy: bool,
}

/// What a program or a session takes while nobody calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramSize {
    /// Lines of 64 bytes in which its memory differs from a pristine instance's, or a session's
    /// from its program's.
    pub lines: usize,
    /// Bytes that it takes, rounded up to whole KiB. What it shares with other programs of the
    /// component counts in full for each of them, so that nobody learns from it what others have:
    /// the sum is more than what the programs take together.
    pub bytes: usize,
    /// Bytes of linear memory that an instance has while it runs it.
    pub memory: usize,
}

impl ProgramSize {
    pub(crate) fn of(image: &Image) -> Self {
        let (lines, bytes) = image.size();
        Self {
            lines,
            bytes: bytes.next_multiple_of(1 << 10),
            memory: image.length(),
        }
    }

    pub(crate) fn nothing(memory: usize) -> Self {
        Self {
            lines: 0,
            bytes: 0,
            memory,
        }
    }
}

impl Program {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// One whose only call is parked, and begins with `image`.
    pub(crate) fn of_parked(component: Component, image: Arc<Image>) -> Self {
        let host = component.host().clone();
        let meter = Meter::new(*host.limits());
        let isolation = Isolation::PerCall;
        Self::new(Inner {
            component,
            ops: Vec::new(),
            version: String::new(),
            isolation,
            image: Ok(image),
            receipt: Receipt::new(Usage::default(), &meter, isolation, [0, 0], None),
            permits: None,
            shared: SharedInstance::default(),
            renewal: Renewal::NEVER,
            parked: ParkedCalls::new(host.0.config.park_bounds()),
            is_copy: true,
        })
    }

    pub(crate) fn component(&self) -> &Component {
        &self.0.component
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
        self.snapshot_of(None).await
    }

    /// The same with the state `left`, which is a difference to the program's.
    pub(crate) async fn snapshot_of(
        &self,
        left: Option<&Arc<Image>>,
    ) -> Result<Snapshot, ProgramError> {
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
            pristine: blank.bytes(),
            version,
            ops,
            image: left.unwrap_or(image),
            is_copy: left.is_some() || self.0.is_copy,
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
        self.0
            .image
            .as_ref()
            .ok()
            .map(|image| ProgramSize::of(image))
    }

    /// Why calls of the program get fresh instances that run `init` again, if they do.
    pub fn fallback_reason(&self) -> Option<&str> {
        self.0.image.as_ref().err().map(AsRef::as_ref)
    }

    /// An instance with the ops initialised.
    pub(crate) async fn ready(
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
        let mut lease = Lease::take(&component.idle, image, Lane::New, None, meter).await?;
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
            // One of its own: `init` must not draw from what the call will draw from, nor print to
            // its sink, since another time it does not run.
            let environment = RunEnvironment::new(meter, determinism, None);
            let init = instance.init_with(meter, environment.clone(), ops, version);
            let result = init.await;
            if result.is_err() {
                usage.note(instance);
                usage.note_output(meter, &environment, None);
                usage.discarded = pooled.outlook();
            }
            result?;
        }
        Ok(lease)
    }

    /// An instance in the state that `init` left, for a run that has another state over it, and may
    /// have `kept` its permit.
    pub(crate) async fn with_state(
        &self,
        lane: Lane,
        kept: Option<InstancePermit>,
        meter: &Meter,
        usage: &mut Usage,
    ) -> Result<Lease, CallError> {
        let image = self
            .image()
            .as_ref()
            .map_err(|why| CallError::no_reset(why))?;
        let mut lease = Lease::take(&self.0.component.idle, Some(image), lane, kept, meter).await?;
        usage.cold |= lease.is_new;
        usage.cleaned_by.get_or_insert(CleanedBy::Reset);
        match lease.pooled()?.has(Some(image)) {
            true => Ok(lease),
            false => Err(CallError::no_reset(
                "instances of the component start in different states",
            )),
        }
    }

    /// Whether calls begin with a state that may have drawn random numbers.
    pub(crate) fn is_copy(&self) -> bool {
        self.0.is_copy
    }

    pub(crate) fn image(&self) -> &Result<Arc<Image>, Refusal> {
        &self.0.image
    }

    /// What an image of its state may take.
    pub(crate) fn image_bounds(&self, bytes: usize) -> ImageBounds {
        self.0.component.origin().image_bounds(bytes)
    }

    pub(crate) fn shared(&self) -> (&SharedInstance, Renewal) {
        (&self.0.shared, self.0.renewal)
    }

    /// Counts one more parked call, whose state takes `bytes`.
    pub(crate) fn park(&self, bytes: usize) -> Result<Parked, LimitExceeded> {
        self.host().0.pool.park(&self.0.parked, bytes)
    }

    /// The run's permit among the calls of the program. Calls that hostcalls make need none: the
    /// program itself might be waiting for them.
    pub(crate) async fn permit(
        &self,
        lane: Lane,
        meter: &Meter,
    ) -> Result<Option<Permit>, CallError> {
        match &self.0.permits {
            Some(permits) if meter.depth() == 0 => {
                let permit = self.host().0.pool.program_permit(permits, lane, meter);
                Box::pin(permit).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The same for a run that gave it back. Whoever awaits it sees to the run's limits.
    pub(crate) async fn regain_permit(&self, meter: &Meter) -> Option<Permit> {
        match &self.0.permits {
            Some(permits) if meter.depth() == 0 => {
                Some(self.host().0.pool.regain_program_permit(permits).await)
            }
            _ => None,
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
