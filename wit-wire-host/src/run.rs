//! One metered run of guest code: from the first instruction that a caller pays for to the answer.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tracing::Span;

use crate::cpu_time::CpuClock;
use crate::error::{Error, Phase};
use crate::fixed;
use crate::hostcall::contain;
use crate::limits::{Limit, LimitExceeded, Limits};

/// What bounds and counts a run. It may span building an instance, its `init` and one `handle`, which then share the
/// limits on time and hostcalls. It drives one future at a time.
pub struct Run {
    inner: Arc<Inner>,
    fixed: fixed::Settings,
}

/// What a call brings beside its limits.
pub(crate) struct Terms {
    /// When the run ends, if its limit on time does not end it earlier.
    pub(crate) deadline: Option<Instant>,
    /// The embedder's value for hostcalls.
    pub(crate) context: Option<Arc<dyn Any + Send + Sync>>,
    pub(crate) fixed: fixed::Settings,
    /// In which the run is driven.
    pub(crate) span: Span,
    /// Whether the guest is to tell what the run spends its time on.
    pub(crate) is_profiled: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            deadline: None,
            context: None,
            fixed: fixed::Settings::default(),
            span: Span::none(),
            is_profiled: false,
        }
    }
}

/// Why a run was ended from outside the guest.
pub(crate) enum Stop {
    Limit(LimitExceeded),
    NoRuntime,
}

impl Stop {
    pub(crate) fn into_error(self, phase: Phase, op: Option<&str>) -> Error {
        match self {
            Self::Limit(exceeded) => Error::Limit {
                op: op.map(str::to_owned),
                phase,
                exceeded,
            },
            Self::NoRuntime => Error::NoRuntime,
        }
    }
}

struct Inner {
    limits: Limits,
    started: Instant,
    deadline: Option<Instant>,
    context: Option<Arc<dyn Any + Send + Sync>>,
    span: Span,
    is_profiled: bool,
    cpu: CpuClock,
    hostcalls: AtomicU64,
    parent: Option<Parent>,
    /// Lets one of the runs that its hostcalls make at a time take an instance beyond the pool's places.
    pass: OnceLock<Arc<Semaphore>>,
}

/// What a run hands on to the runs that its hostcalls make.
#[derive(Clone)]
struct Parent {
    /// How deep they are nested.
    depth: u32,
    pass: Arc<Semaphore>,
}

tokio::task_local! {
    static PARENT: Parent;
}

impl Run {
    /// A run that starts now and ends `limits.wall_time` later at the latest.
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, Terms::default())
    }

    pub(crate) fn with(limits: Limits, terms: Terms) -> Self {
        let Terms {
            deadline,
            context,
            fixed,
            span,
            is_profiled,
        } = terms;
        let started = Instant::now();
        // A limit too far for the clock is no limit.
        let own = started.checked_add(limits.wall_time);
        let deadline = match (own, deadline) {
            (Some(own), Some(given)) => Some(own.min(given)),
            (own, given) => own.or(given),
        };
        let inner = Arc::new(Inner {
            limits,
            started,
            deadline,
            context,
            span,
            is_profiled,
            cpu: CpuClock::new(started),
            hostcalls: AtomicU64::new(0),
            parent: PARENT.try_with(Parent::clone).ok(),
            pass: OnceLock::new(),
        });
        Self { inner, fixed }
    }

    /// How many calls the run is nested in.
    pub(crate) fn depth(&self) -> u32 {
        self.inner.parent.as_ref().map_or(0, |parent| parent.depth)
    }

    /// The pass of the run whose hostcall makes this one.
    pub(crate) fn parent_pass(&self) -> Option<&Arc<Semaphore>> {
        self.inner.parent.as_ref().map(|parent| &parent.pass)
    }

    /// Refuses a run that is nested too deep.
    pub(crate) fn check_depth(&self) -> Result<(), Stop> {
        let allowed = self.limits().nesting;
        if self.depth() <= allowed {
            return Ok(());
        }
        Err(Stop::Limit(LimitExceeded {
            limit: Limit::Nesting,
            allowed: allowed.into(),
            requested: Some(self.depth().into()),
        }))
    }

    /// `hostcall`, in which calls are nested in this run.
    pub(crate) fn nest<F: Future>(&self, hostcall: F) -> impl Future<Output = F::Output> + use<F> {
        let pass = self.inner.pass.get_or_init(|| Arc::new(Semaphore::new(1)));
        let parent = Parent {
            depth: self.depth().saturating_add(1),
            pass: pass.clone(),
        };
        PARENT.scope(parent, hostcall)
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// When the run must have come back.
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.deadline
    }

    /// Time on the clock since the run began.
    pub fn elapsed(&self) -> Duration {
        self.inner.started.elapsed()
    }

    /// Time on a processor so far, as of the last time the run gave its thread back.
    pub fn cpu_time(&self) -> Duration {
        self.inner.cpu.total()
    }

    /// Hostcalls so far.
    pub fn hostcalls(&self) -> u64 {
        self.inner.hostcalls.load(Relaxed)
    }

    /// The same run, for the store that serves it.
    pub(crate) fn share(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            fixed: self.fixed,
        }
    }

    /// The same run with nothing fixed, for what outlives it.
    pub(crate) fn unfixed(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            fixed: fixed::Settings::default(),
        }
    }

    pub(crate) fn fixed(&self) -> fixed::Settings {
        self.fixed
    }

    /// Disabled if nobody listens, or if the run is no call.
    pub(crate) fn span(&self) -> &Span {
        &self.inner.span
    }

    pub(crate) fn is_profiled(&self) -> bool {
        self.inner.is_profiled
    }

    pub(crate) fn context(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.inner.context.as_ref()
    }

    pub(crate) fn count_hostcall(&self) -> Result<(), LimitExceeded> {
        let count = self.inner.hostcalls.fetch_add(1, Relaxed) + 1;
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
    pub(crate) fn check(&self) -> Result<(), LimitExceeded> {
        let cpu_time = self.limits().cpu_time;
        if Duration::from_nanos(self.inner.cpu.at_tick()) > cpu_time {
            return Err(LimitExceeded::time(Limit::CpuTime, cpu_time));
        }
        self.check_time(Instant::now())
    }

    fn check_time(&self, now: Instant) -> Result<(), LimitExceeded> {
        match self.deadline() {
            Some(deadline) if now >= deadline => Err(self.out_of_time()),
            _ => Ok(()),
        }
    }

    /// Drives `future` until it is done or the deadline has passed, and meters the threads that drive it.
    pub(crate) async fn drive<T>(&self, future: impl Future<Output = T>) -> Result<T, Stop> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Stop::NoRuntime);
        }
        let mut future = pin!(future);
        // Most runs are done before a timer would be of use.
        let mut timer = pin!(None);
        poll_fn(|context| {
            let now = Instant::now();
            if let Err(late) = self.check_time(now) {
                return Poll::Ready(Err(Stop::Limit(late)));
            }
            let poll = || {
                let _entered = self.inner.span.enter();
                future.as_mut().poll(context)
            };
            if let Poll::Ready(done) = self.inner.cpu.measure(now, poll) {
                return Poll::Ready(Ok(done));
            }
            let Some(deadline) = self.deadline() else {
                return Poll::Pending;
            };
            if timer.is_none() {
                timer.set(Some(tokio::time::sleep_until(deadline.into())));
            }
            match timer.as_mut().as_pin_mut() {
                Some(timer) => poll_timer(timer, context)
                    .map(|over| Err(over.err().unwrap_or(Stop::Limit(self.out_of_time())))),
                None => Poll::Pending,
            }
        })
        .await
    }

    fn out_of_time(&self) -> LimitExceeded {
        let wall_time = self.limits().wall_time;
        match self
            .deadline()
            .map(|deadline| deadline.saturating_duration_since(self.inner.started))
        {
            Some(given) if given < wall_time => LimitExceeded::time(Limit::Deadline, given),
            _ => LimitExceeded::time(Limit::WallTime, wall_time),
        }
    }
}

/// Drives `future` until it is done, or for `time`.
pub(crate) async fn timeout<T>(
    time: Duration,
    future: impl Future<Output = T>,
) -> Result<Option<T>, Stop> {
    let mut future = pin!(future);
    let mut timer = pin!(tokio::time::sleep(time));
    let end = Instant::now().checked_add(time);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Ok(Some(done))),
        // A future that uses up what tokio lets a task do in one poll leaves nothing of it to the timer.
        Poll::Pending if end.is_some_and(|end| end <= Instant::now()) => Poll::Ready(Ok(None)),
        Poll::Pending => poll_timer(timer.as_mut(), context).map_ok(|()| None),
    })
    .await
}

/// Tokio panics when it is asked for the time in a runtime that has ended: one that somebody drives a future of all the same.
fn poll_timer(timer: Pin<&mut Sleep>, context: &mut Context<'_>) -> Poll<Result<(), Stop>> {
    match contain(|| timer.poll(context)) {
        Some(polled) => polled.map(Ok),
        None => Poll::Ready(Err(Stop::NoRuntime)),
    }
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
        let until = |deadline| Terms {
            deadline: Some(deadline),
            ..Terms::default()
        };
        let soon = Instant::now() + Duration::from_secs(1);
        assert_eq!(Run::with(limits, until(soon)).deadline(), Some(soon));
        let late = Instant::now() + Duration::from_secs(3600);
        assert!(Run::with(limits, until(late)).deadline() < Some(late));
        let endless = Limits {
            wall_time: Duration::MAX,
            ..limits
        };
        assert_eq!(Run::new(endless).deadline(), None);
    }
}
