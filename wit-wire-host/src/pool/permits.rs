//! Permits to use an instance and to compute, and the line of calls that wait for them.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use super::PoolConfig;
use super::stats::Counts;
use crate::error::{CallError, Phase};
use crate::lanes::{Closed, Lane, Lanes, Permit};
use crate::metering::{Interrupt, Limit, LimitExceeded, Meter, timeout};

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
    pub(super) instance: Option<Permit>,
    /// Its turn at computing.
    pub(super) turn: Option<Permit>,
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
    /// A run that a hostcall makes may use its parent's nested permit: the parent has an instance,
    /// and waits. So a full pool does not wait for itself, and there are no more instances than
    /// permits for each level of nesting. It needs no turn: it is polled in its parent's.
    pub(super) async fn acquire(
        &self,
        lane: Lane,
        meter: &Meter,
    ) -> Result<InstancePermits, CallError> {
        if let Some(nested) = meter.nested_permit() {
            return self.acquire_nested(nested, meter).await;
        }
        let Self {
            instances, turns, ..
        } = self;
        let mut instance = instances.try_acquire(lane);
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
                None => instances.acquire(lane).await?,
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

    async fn acquire_nested(
        &self,
        nested: &Arc<Lanes>,
        meter: &Meter,
    ) -> Result<InstancePermits, CallError> {
        let (nested, instances) = (nested.clone(), self.instances.clone());
        let either = async move {
            tokio::select! {
                biased;
                Ok(nested) = nested.acquire(Lane::New) => Some(nested),
                // Closed while the host shuts down: the nested permit remains.
                Ok(permit) = instances.acquire(Lane::New) => Some(permit),
                else => None,
            }
        };
        let instance = meter.drive(either).await;
        let instance = instance
            .map_err(|stopped| CallError::interrupted(stopped, Phase::Instantiate, None))?;
        Ok(InstancePermits {
            instance,
            turn: None,
        })
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
