//! Permits to use an instance, and the line of calls that wait for one.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::PoolConfig;
use super::stats::Counts;
use crate::error::{CallError, Phase};
use crate::metering::{Interrupt, Limit, LimitExceeded, Meter, timeout};

/// One permit for each instance that may be at work.
pub(super) struct Permits {
    instances: Arc<Semaphore>,
    allowed: usize,
    /// How many calls may wait.
    queue: usize,
    counts: Arc<Counts>,
}

/// The permits of one program, for as many calls of it as may run at once.
pub(crate) struct ProgramPermits {
    semaphore: Arc<Semaphore>,
    allowed: usize,
}

impl ProgramPermits {
    pub(crate) fn new(allowed: usize) -> Self {
        let allowed = allowed.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(allowed)),
            allowed,
        }
    }
}

impl Permits {
    pub(super) fn new(config: &PoolConfig, counts: Arc<Counts>) -> Self {
        Self {
            instances: Arc::new(Semaphore::new(config.instances)),
            allowed: config.instances,
            queue: config.queue,
            counts,
        }
    }

    /// Refuses everybody from now on, also those that wait.
    pub(super) fn close(&self) {
        self.instances.close();
    }

    /// A permit for an instance, first come, first served.
    ///
    /// A run that a hostcall makes may use its parent's nested permit: the parent has an instance,
    /// and waits. So a full pool does not wait for itself, and there are no more instances than
    /// permits for each level of nesting.
    pub(super) async fn acquire(
        &self,
        meter: &Meter,
    ) -> Result<Option<OwnedSemaphorePermit>, CallError> {
        let Some(nested) = meter.nested_permit() else {
            let permit = self.acquire_of(&self.instances, Limit::Instances, self.allowed, meter);
            return permit.await.map(Some);
        };
        let (nested, instances) = (nested.clone(), self.instances.clone());
        let either = async move {
            tokio::select! {
                biased;
                Ok(nested) = nested.acquire_owned() => Some(nested),
                // Closed while the host shuts down: the nested permit remains.
                Ok(permit) = instances.acquire_owned() => Some(permit),
                else => None,
            }
        };
        let permit = meter.drive(either).await;
        permit.map_err(|interrupt| CallError::interrupted(interrupt, Phase::Instantiate, None))
    }

    /// A permit for a call of one program, first come, first served.
    pub(super) async fn acquire_of_program(
        &self,
        program: &ProgramPermits,
        meter: &Meter,
    ) -> Result<OwnedSemaphorePermit, CallError> {
        let ProgramPermits { semaphore, allowed } = program;
        self.acquire_of(semaphore, Limit::Concurrency, *allowed, meter)
            .await
    }

    async fn acquire_of(
        &self,
        semaphore: &Arc<Semaphore>,
        limit: Limit,
        allowed: usize,
        meter: &Meter,
    ) -> Result<OwnedSemaphorePermit, CallError> {
        if let Ok(permit) = semaphore.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let refused = |exceeded| CallError::limit(exceeded, Phase::Instantiate, None);
        let _waiting = self.counts.join_queue(self.queue).map_err(refused)?;
        let wait = meter.limits().wait;
        let patience = wait.saturating_sub(meter.elapsed());
        let permit = semaphore.clone().acquire_owned();
        let began = Instant::now();
        let permit = meter.drive(async { timeout(patience, permit).await }).await;
        self.counts.waited(began);
        match permit {
            // The semaphore closes when the host shuts down.
            Ok(Ok(Some(permit))) => permit.map_err(|_| CallError::ShutDown),
            Ok(Ok(None)) => Err(refused(LimitExceeded::time(Limit::Wait, wait))),
            Ok(Err(Interrupt::NoRuntime)) | Err(Interrupt::NoRuntime) => Err(CallError::NoRuntime),
            Ok(Err(Interrupt::Limit(exceeded))) => Err(refused(exceeded)),
            Err(Interrupt::Limit(_)) => {
                Err(refused(LimitExceeded::new(limit, allowed as u64, None)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
