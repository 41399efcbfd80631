//! One metered run of guest code: from the first instruction that a caller pays for to the answer.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::limits::{Limit, LimitExceeded, Limits};

/// What bounds and counts a run. It may span building an instance, its `init` and one `handle`, which then share the
/// limits on time and hostcalls.
#[derive(Clone)]
pub struct Run(Arc<Inner>);

struct Inner {
    limits: Limits,
    started: Instant,
    deadline: Option<Instant>,
    context: Option<Arc<dyn Any + Send + Sync>>,
    cpu: CpuClock,
    hostcalls: AtomicU64,
}

impl Run {
    /// A run that starts now and ends `limits.wall_time` later at the latest.
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, None, None)
    }

    /// A run that ends at `deadline` if that comes first, and carries the embedder's value to hostcalls.
    pub(crate) fn with(
        limits: Limits,
        deadline: Option<Instant>,
        context: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Self {
        let started = Instant::now();
        // A limit too far for the clock is no limit.
        let own = started.checked_add(limits.wall_time);
        let deadline = match (own, deadline) {
            (Some(own), Some(given)) => Some(own.min(given)),
            (own, given) => own.or(given),
        };
        let cpu = CpuClock::default();
        Self(Arc::new(Inner {
            limits,
            started,
            deadline,
            context,
            cpu,
            hostcalls: AtomicU64::new(0),
        }))
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// When the run must have come back.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// Time on the clock since the run began.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// Time on a processor so far, as of the last time the run gave its thread back.
    pub fn cpu_time(&self) -> Duration {
        self.0.cpu.total()
    }

    /// Hostcalls so far.
    pub fn hostcalls(&self) -> u64 {
        self.0.hostcalls.load(Relaxed)
    }

    pub(crate) fn context(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.0.context.as_ref()
    }

    pub(crate) fn count_hostcall(&self) -> Result<(), LimitExceeded> {
        let count = self.0.hostcalls.fetch_add(1, Relaxed) + 1;
        let allowed = self.limits().hostcalls;
        if count > allowed {
            return Err(LimitExceeded {
                limit: Limit::Hostcalls,
                allowed,
                requested: Some(count),
            });
        }
        Ok(())
    }

    /// Called from inside the run, at each epoch tick.
    pub(crate) fn check_time(&self) -> Result<(), LimitExceeded> {
        if self.0.cpu.running() > self.limits().cpu_time {
            return Err(LimitExceeded::time(Limit::CpuTime, self.limits().cpu_time));
        }
        if self
            .deadline()
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            return Err(self.out_of_time());
        }
        Ok(())
    }

    /// Drives `future` until it is done or the deadline has passed, and meters the threads that drive it.
    pub(crate) async fn drive<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, LimitExceeded> {
        let mut future = pin!(future);
        let metered = poll_fn(|context| self.0.cpu.measure(|| future.as_mut().poll(context)));
        match self.deadline() {
            None => Ok(metered.await),
            Some(deadline) => tokio::time::timeout_at(deadline.into(), metered)
                .await
                .map_err(|_| self.out_of_time()),
        }
    }

    fn out_of_time(&self) -> LimitExceeded {
        let allowed = self.deadline().map_or(self.limits().wall_time, |deadline| {
            deadline - self.0.started
        });
        LimitExceeded::time(Limit::WallTime, allowed)
    }
}

/// Processor time of a future, whichever threads drive it: the sum over its polls of what the polling thread used.
///
/// While a poll is under way, `offset` is what was used before it, less the thread's own clock at its start, so
/// that the clock plus `offset` is the total. Between polls `offset` is the total.
#[derive(Default)]
struct CpuClock {
    offset: AtomicU64,
}

impl CpuClock {
    fn measure<T>(&self, poll: impl FnOnce() -> T) -> T {
        let total = self.offset.load(Relaxed);
        self.offset
            .store(total.wrapping_sub(thread_time()), Relaxed);
        let result = poll();
        self.offset.store(self.running_nanos(), Relaxed);
        result
    }

    fn running(&self) -> Duration {
        Duration::from_nanos(self.running_nanos())
    }

    fn running_nanos(&self) -> u64 {
        self.offset.load(Relaxed).wrapping_add(thread_time())
    }

    fn total(&self) -> Duration {
        Duration::from_nanos(self.offset.load(Relaxed))
    }
}

/// Nanoseconds that this thread has spent on a processor.
#[cfg(unix)]
fn thread_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Elsewhere the clock on the wall stands in: time that the thread was kept waiting counts too.
#[cfg(not(unix))]
fn thread_time() -> u64 {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_of_the_caller_only_shortens() {
        let limits = Limits {
            wall_time: Duration::from_secs(60),
            ..Limits::default()
        };
        let soon = Instant::now() + Duration::from_secs(1);
        assert_eq!(Run::with(limits, Some(soon), None).deadline(), Some(soon));
        let late = Instant::now() + Duration::from_secs(3600);
        assert!(Run::with(limits, Some(late), None).deadline() < Some(late));
        let endless = Limits {
            wall_time: Duration::MAX,
            ..limits
        };
        assert_eq!(Run::new(endless).deadline(), None);
    }
}
