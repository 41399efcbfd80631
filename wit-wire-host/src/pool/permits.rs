//! Permits to use an instance and to compute, and the line of calls that wait for them.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use super::PoolConfig;
use super::stats::Counts;
use crate::error::{CallError, Phase};
use crate::lanes::{Closed, Lane, Lanes, Permit};
use crate::metering::{Interrupt, Limit, LimitExceeded, Meter, NestedCall, Nesting, timeout};

/// One permit for each instance that calls may have, and one for each call that may compute.
pub(super) struct Permits {
    instances: Arc<Lanes>,
    turns: Arc<Lanes>,
    config: PoolConfig,
    counts: Arc<Counts>,
}

/// What a call needs to use an instance.
#[derive(Debug, Default)]
pub(super) struct InstancePermits {
    pub(super) instance: Option<InstancePermit>,
    /// Its turn at computing.
    pub(super) turn: Option<Permit>,
}

/// A permit to have an instance.
#[derive(Debug)]
pub(crate) struct InstancePermit {
    _permit: Permit,
    /// For its parent, which has a permit as long as this one has.
    _nested: Option<NestedCall>,
}

impl InstancePermit {
    fn of_pool(_permit: Permit) -> Self {
        Self {
            _permit,
            _nested: None,
        }
    }
}

/// The permits of one program, for as many calls of it as may run at once.
pub(crate) struct ProgramPermits {
    lanes: Arc<Lanes>,
    allowed: usize,
}

impl ProgramPermits {
    pub(crate) fn new(allowed: usize) -> Self {
        let allowed = allowed.max(1);
        Self {
            lanes: Lanes::new(allowed),
            allowed,
        }
    }
}

impl Permits {
    pub(super) fn new(config: &PoolConfig, counts: Arc<Counts>) -> Self {
        Self {
            instances: Lanes::new(config.instances),
            turns: Lanes::new(config.computing),
            config: *config,
            counts,
        }
    }

    /// Refuses everybody who begins from now on, also those that wait.
    pub(super) fn close(&self) {
        self.instances.close();
        self.turns.close();
    }

    /// The permits for an instance and for a turn at computing, first come, first served. In this
    /// order: who has a turn never waits for an instance that somebody gives back who needs a turn
    /// for it. A run that resumes takes no place in the queue, and waits until its deadline.
    ///
    /// A run that a hostcall makes may use its parent's nested permit: the parent has a permit, and
    /// waits. So a full pool does not wait for itself, and there are no more instances than permits
    /// for each level of nesting. It needs no turn: it is polled in its parent's.
    ///
    /// A run that resumes may have `kept` the permit for its instance.
    pub(super) async fn acquire(
        &self,
        lane: Lane,
        kept: Option<InstancePermit>,
        meter: &Meter,
    ) -> Result<InstancePermits, CallError> {
        if meter.parents_nesting().is_some() {
            let instance = match kept {
                Some(kept) => Ok(kept),
                None => meter.drive(self.regain(meter)).await,
            };
            let instance = instance
                .map_err(|stopped| CallError::interrupted(stopped, Phase::Instantiate, None))?;
            return Ok(InstancePermits {
                instance: Some(instance),
                turn: None,
            });
        }
        let Self {
            instances, turns, ..
        } = self;
        let of_pool = || instances.try_acquire(lane).map(InstancePermit::of_pool);
        let mut instance = kept.or_else(of_pool);
        if instance.is_some()
            && let Some(turn) = turns.try_acquire(lane)
        {
            return Ok(InstancePermits {
                instance,
                turn: Some(turn),
            });
        }
        let turn = (Limit::Computing, self.config.computing);
        let mut lack = match instance {
            Some(_) => turn,
            None => (Limit::Instances, self.config.instances),
        };
        let both = async {
            let instance = match instance.take() {
                Some(instance) => instance,
                None => InstancePermit::of_pool(instances.acquire(lane).await?),
            };
            lack = turn;
            let turn = turns.acquire(lane).await?;
            Ok(InstancePermits {
                instance: Some(instance),
                turn: Some(turn),
            })
        };
        let waited = self.wait(lane, both, meter).await;
        waited.map_err(|stopped| stopped.into_error(lack))
    }

    /// A permit for the instance of a run that has begun, or was made by a hostcall of one that
    /// has. Whoever awaits it sees to the run's limits.
    pub(super) async fn regain(&self, meter: &Meter) -> InstancePermit {
        match meter.parents_nesting() {
            Some(nesting) => self.acquire_nested(nesting).await,
            None => InstancePermit::of_pool(Self::resumed(&self.instances).await),
        }
    }

    async fn acquire_nested(&self, nesting: &Arc<Nesting>) -> InstancePermit {
        let nested = nesting.join();
        nesting.opened().await;
        let permit = tokio::select! {
            biased;
            permit = Self::resumed(&nesting.permit) => permit,
            permit = Self::resumed(&self.instances) => permit,
        };
        InstancePermit {
            _permit: permit,
            _nested: Some(nested),
        }
    }

    /// In the lane that is never closed.
    async fn resumed(lanes: &Arc<Lanes>) -> Permit {
        loop {
            if let Ok(permit) = lanes.acquire(Lane::Resumed).await {
                return permit;
            }
        }
    }

    /// A permit for a call of one program, first come, first served.
    pub(super) async fn acquire_of_program(
        &self,
        program: &ProgramPermits,
        lane: Lane,
        meter: &Meter,
    ) -> Result<Permit, CallError> {
        let ProgramPermits { lanes, allowed } = program;
        if let Some(permit) = lanes.try_acquire(lane) {
            return Ok(permit);
        }
        let waited = self.wait(lane, lanes.acquire(lane), meter).await;
        waited.map_err(|stopped| stopped.into_error((Limit::Concurrency, *allowed)))
    }

    /// The same for one that has begun. Whoever awaits it sees to the run's limits.
    pub(super) async fn regain_of_program(&self, program: &ProgramPermits) -> Permit {
        Self::resumed(&program.lanes).await
    }

    /// Waits for as long as the run may: in the queue, unless it resumes.
    async fn wait<T>(
        &self,
        lane: Lane,
        permits: impl Future<Output = Result<T, Closed>>,
        meter: &Meter,
    ) -> Result<T, Stopped> {
        if lane == Lane::Resumed {
            return match meter.drive(permits).await {
                Ok(permits) => permits.map_err(|Closed| Stopped::ShutDown),
                Err(Interrupt::NoRuntime) => Err(Stopped::NoRuntime),
                Err(Interrupt::Limit(_)) => Err(Stopped::OutOfTime),
            };
        }
        let _waiting = self
            .counts
            .join_queue(self.config.queue)
            .map_err(Stopped::Refused)?;
        let wait = meter.limits().wait;
        let patience = wait.saturating_sub(meter.elapsed());
        let began = Instant::now();
        let permits = meter.drive(async { timeout(patience, permits).await });
        let permits = permits.await;
        self.counts.waited(began);
        match permits {
            Ok(Ok(Some(permits))) => permits.map_err(|Closed| Stopped::ShutDown),
            Ok(Ok(None)) => Err(Stopped::Refused(LimitExceeded::time(Limit::Wait, wait))),
            Ok(Err(Interrupt::NoRuntime)) | Err(Interrupt::NoRuntime) => Err(Stopped::NoRuntime),
            Ok(Err(Interrupt::Limit(exceeded))) => Err(Stopped::Refused(exceeded)),
            Err(Interrupt::Limit(_)) => Err(Stopped::OutOfTime),
        }
    }
}

/// Why a call no longer waits.
enum Stopped {
    Refused(LimitExceeded),
    /// Of the call as a whole.
    OutOfTime,
    ShutDown,
    NoRuntime,
}

impl Stopped {
    /// For a call that waited for one of so many.
    fn into_error(self, (limit, allowed): (Limit, usize)) -> CallError {
        let exceeded = match self {
            Self::ShutDown => return CallError::ShutDown,
            Self::NoRuntime => return CallError::NoRuntime,
            Self::Refused(exceeded) => exceeded,
            Self::OutOfTime => LimitExceeded::new(limit, allowed as u64, None),
        };
        CallError::limit(exceeded, Phase::Instantiate, None)
    }
}

#[cfg(test)]
mod tests;
