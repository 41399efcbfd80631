//! An instance for one call.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::IdleSet;
use super::idle::Checkout;
use super::idle_set::Member;
use super::permits::{InstancePermit, InstancePermits};
use super::recycle::ReturnGuard;
use crate::background;
use crate::error::{CallError, Phase};
use crate::instance::{Instance, PooledInstance};
use crate::lanes::Lane;
use crate::memory::Image;
use crate::metering::{InUse, Limit, LimitExceeded, Meter};

/// An instance for one call, with its permits. Its turn at computing is with the meter, which gives
/// it up while the guest waits.
pub(crate) struct Lease {
    set: Arc<IdleSet>,
    member: Option<Box<Member>>,
    permit: Option<InstancePermit>,
    meter: Meter,
    _in_use: InUse,
    /// Whether it was built for this call.
    pub(crate) is_new: bool,
    /// Whether it already has the state that it would be taken back to.
    pub(crate) is_clean: bool,
}

impl Lease {
    /// An instance of the component of `set` with the state of `image`, or a pristine one. Pristine
    /// too if a new instance turns out unlike others of its component, so that no state can be
    /// loaded into it; the caller then runs `init`. A run that resumes may have `kept` its permit.
    pub(crate) async fn take(
        set: &Arc<IdleSet>,
        image: Option<&Arc<Image>>,
        lane: Lane,
        kept: Option<InstancePermit>,
        meter: &Meter,
    ) -> Result<Self, CallError> {
        let permits = set.pool.permits.acquire(lane, kept, meter).await?;
        let InstancePermits { instance, turn } = permits;
        if let Some(turn) = turn {
            meter.begin_turn(turn);
        }
        let mut lease = Self {
            set: set.clone(),
            member: None,
            permit: instance,
            meter: meter.clone(),
            _in_use: set.pool.pressure.enter(),
            is_new: false,
            is_clean: false,
        };
        // Instances on their way back may wait for the very thread that this call would go on
        // holding. Let them through, and take one whose memory is still in the processor's caches:
        // otherwise a caller in a loop would go through all there are.
        if set.returning() > set.pool.processors {
            tokio::task::yield_now().await;
        }
        loop {
            match set.check_out(image) {
                Checkout::Idle(member) => lease.member = Some(member),
                Checkout::Handoff(receiver) => {
                    set.grow();
                    let mut handoff = Handoff { set, receiver };
                    match meter.drive(&mut handoff.receiver).await {
                        Ok(Ok(member)) if member.pooled.fits(image) => lease.member = Some(member),
                        Ok(Ok(member)) => {
                            ReturnGuard::new(set, InstancePermits::default()).arrives(member);
                            lease.build(meter).await?;
                        }
                        Ok(Err(_)) => continue,
                        Err(interrupt) => {
                            return Err(CallError::interrupted(
                                interrupt,
                                Phase::Instantiate,
                                None,
                            ));
                        }
                    }
                }
                Checkout::Build => lease.build(meter).await?,
            }
            break;
        }
        let pooled = lease.pooled()?;
        let memory = pooled.length_with(image);
        LimitExceeded::check(Limit::Memory, meter.limits().memory, memory)
            .map_err(|exceeded| CallError::limit(exceeded, Phase::Instantiate, None))?;
        if !pooled.has(image) && pooled.fits(image) {
            let began = Instant::now();
            let loaded = meter.drive(pooled.load(image, meter)).await;
            loaded.map_err(|interrupt| {
                CallError::interrupted(interrupt, Phase::Instantiate, None)
            })??;
            set.pool.counts.loaded(began);
        }
        Ok(lease)
    }

    async fn build(&mut self, meter: &Meter) -> Result<(), CallError> {
        self.member = Some(self.set.build(meter).await?);
        self.is_new = true;
        Ok(())
    }

    /// The instance was taken back to the state of its program, which began at `began`, if it
    /// `is_clean`.
    pub(crate) fn was_reset(&mut self, is_clean: bool, began: Instant) {
        self.is_clean = is_clean;
        if is_clean {
            self.set.pool.counts.reset(began);
        }
    }

    pub(crate) fn pooled(&mut self) -> Result<&mut PooledInstance, CallError> {
        let member = self.member.as_deref_mut();
        let member = member.ok_or(CallError::InstanceEnded)?;
        Ok(&mut member.pooled)
    }

    /// The permit for the instance, which the run keeps while it is parked. The instance goes back
    /// without one.
    pub(crate) fn keep_permit(&mut self) -> Option<InstancePermit> {
        self.permit.take()
    }

    /// The instance, which the pool does not get back.
    pub(crate) fn keep(mut self) -> Result<Instance, CallError> {
        let member = self.member.take().ok_or(CallError::InstanceEnded)?;
        Ok(member.pooled.instance.never_reset())
    }
}

impl Drop for Lease {
    /// Also when the call was cancelled.
    fn drop(&mut self) {
        let permits = InstancePermits {
            instance: self.permit.take(),
            turn: self.meter.end_turn(),
        };
        let Some(member) = self.member.take() else {
            return;
        };
        // Without a runtime the instance is released, and built again when it is needed.
        if let Some(runtime) = background::handle() {
            let mut back = ReturnGuard::new(&self.set, permits);
            if self.is_clean {
                back.arrives(member);
                return;
            }
            runtime.spawn(back.recycle(member));
        }
    }
}

/// A call that waits for an instance on its way back.
struct Handoff<'a> {
    set: &'a Arc<IdleSet>,
    receiver: oneshot::Receiver<Box<Member>>,
}

impl Drop for Handoff<'_> {
    /// An instance that was sent while the call was cancelled goes to the next one.
    fn drop(&mut self) {
        self.receiver.close();
        if let Ok(member) = self.receiver.try_recv() {
            ReturnGuard::new(self.set, InstancePermits::default()).arrives(member);
        }
    }
}
