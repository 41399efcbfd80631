//! How a program is configured, registered and restored.

use std::fmt;
use std::time::Duration;

use crate::blocking::block_on;
use crate::component::Component;
use crate::compute;
use crate::error::{CallError, Phase, ProgramError};
use crate::instance::check_names;
use crate::lanes::Lane;
use crate::memory::Snapshot;
use crate::metering::{Limits, Meter};
use crate::pool::{Lease, ParkBounds, ParkedCalls, ProgramPermits};
use crate::program::{Inner, Program};
use crate::protocol::{Op, PROTOCOL_VERSION};
use crate::receipt::{Isolation, Receipt, Usage};
use crate::sandbox::RunEnvironment;
use crate::shared::{Renewal, SharedInstance};

/// Configures a [`Program`].
///
/// - isolation: [`Isolation::PerCall`]
/// - version: [`PROTOCOL_VERSION`]
/// - limits of `init`: the host's
/// - concurrent calls: as many as the host has instances
/// - parked calls: as many as the host may have
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
    park_bounds: ParkBounds,
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
            renewal: Renewal::NEVER,
            park_bounds: self.host().0.config.park_bounds(),
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
    /// [`SnapshotError::Component`](crate::SnapshotError::Component) if it is a program of another
    /// component; [`ProgramError::DuplicateOp`] and [`ProgramError::ReservedOp`] if it was forged.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<ProgramBuilder, ProgramError> {
        self.check_identity(snapshot.component())?;
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
    /// of them wait in line, and not in the line of other programs. Parked calls do not count. With
    /// [`Isolation::Shared`] it is one.
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

    /// How many calls of the program may be parked at once; one more fails.
    pub fn parked_calls(mut self, calls: usize) -> Self {
        self.park_bounds.calls = calls;
        self
    }

    /// Bytes that the states of the program's parked calls may take together; a call that would
    /// take more fails.
    pub fn parked_bytes(mut self, bytes: usize) -> Self {
        self.park_bounds.bytes = bytes;
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
        let meter = Meter::new(self.limits);
        let host = self.component.host().clone();
        let run = Box::pin(self.build_metered(meter.clone()));
        compute::Run::new(run, &meter, host.0.pool.on_compute_threads()).await
    }

    async fn build_metered(self, meter: Meter) -> Result<Program, ProgramError> {
        let Self {
            component,
            ops,
            version,
            isolation,
            limits,
            concurrency,
            renewal,
            park_bounds,
            snapshot,
        } = self;
        // An instance of its own runs one call after the other.
        let concurrency = match isolation {
            Isolation::PerCall => concurrency,
            Isolation::Shared => Some(1),
        };
        let mut usage = Usage::default();
        let host = component.host().clone();
        let _call = host.0.pool.begin(&meter)?;
        let is_copy = snapshot.as_ref().is_some_and(Snapshot::is_copy);
        let (lease, image) = match snapshot {
            Some(snapshot) => {
                let adopted = component.adopt(
                    snapshot.blank(),
                    snapshot.memory(),
                    snapshot.pages(),
                    &limits,
                );
                let image = adopted.await.map_err(|error| match error {
                    CallError::Snapshot(error) => error.into(),
                    error => ProgramError::Run(error),
                })?;
                let lease = match isolation {
                    // The first call has it draw other random numbers.
                    Isolation::Shared if is_copy => None,
                    Isolation::PerCall => None,
                    Isolation::Shared => Some(
                        Lease::take(&component.idle, Some(&image), Lane::New, None, &meter).await?,
                    ),
                };
                (lease, Ok(image))
            }
            None => {
                check_names(&ops)?;
                let mut lease = Lease::take(&component.idle, None, Lane::New, None, &meter).await?;
                usage.cold = lease.is_new;
                let pooled = lease.pooled()?;
                let instance = &mut pooled.instance;
                let environment = RunEnvironment::plain(&meter);
                let init = instance.init_with(&meter, environment.clone(), &ops, &version);
                let result = init.await;
                usage.note(instance);
                usage.note_output(&meter, &environment, None);
                result?;
                let bounds = component.origin().image_bounds(limits.state);
                let image = meter.drive(pooled.snapshot_state(bounds)).await;
                let stopped = |interrupt| CallError::interrupted(interrupt, Phase::Init, None);
                let image = image.map_err(stopped)??;
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
        Ok(Program::new(Inner {
            component,
            ops,
            version,
            isolation,
            image,
            receipt: Receipt::new(usage, &meter, isolation, [0, 0], None),
            permits: concurrency.map(ProgramPermits::new),
            shared: SharedInstance::new(shared),
            renewal,
            parked: ParkedCalls::new(park_bounds),
            is_copy,
        }))
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
