//! One metered run of guest code: from the first instruction that a caller pays for to the answer.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tracing::Span;

use super::compute_thread::{is_compute_thread, leave_compute_thread};
use super::cpu_clock::{CpuClock, thread_time};
use super::offload::{LONG_TEXT, offload};
use super::parking::Parking;
use super::timeout::poll_timer;
use super::turn::Turn;
use super::{
    Asked, Awaited, Interrupt, Limit, LimitExceeded, Limits, Nesting, Outstanding, ParkPolicy,
};
use crate::lanes::Permit;
use crate::protocol::{NodeCounter, Payload};

/// Bounds and counts a run. It may span building an instance, its `init` and several `handle`s,
/// which then share the limits on time and hostcalls. It drives one future at a time. Cheap to
/// clone; clones are the same meter.
#[derive(Clone)]
pub struct Meter(Arc<Inner>);

/// What a call brings besides its limits.
pub(crate) struct MeterOptions {
    /// When the run ends, unless its limit on wall time ends it earlier.
    pub(crate) deadline: Option<Instant>,
    /// The embedder's value for hostcalls.
    pub(crate) context: Option<Arc<dyn Any + Send + Sync>>,
    /// The span in which the run is driven.
    pub(crate) span: Span,
}

impl Default for MeterOptions {
    fn default() -> Self {
        Self {
            deadline: None,
            context: None,
            span: Span::none(),
        }
    }
}

struct Inner {
    limits: Limits,
    started: Instant,
    /// What the caller set.
    deadline: Option<Instant>,
    /// Nanoseconds on hold.
    paused: AtomicU64,
    context: Option<Arc<dyn Any + Send + Sync>>,
    span: Span,
    cpu: CpuClock,
    hostcalls: AtomicU64,
    parent: Option<Parent>,
    /// Of the calls that its hostcalls make.
    nesting: OnceLock<Arc<Nesting>>,
    turn: Turn,
    /// Ticks since the run began, or last waited.
    stretch: AtomicU32,
    /// Most runs have none.
    outstanding: Mutex<Option<Box<Outstanding>>>,
    parking: Mutex<Parking>,
}

/// What a run has used of what its limits count, as plain data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MeterUse {
    cpu_time: Duration,
    hostcalls: u64,
    parks: u32,
    parked_time: Duration,
}

/// What a run hands on to the runs that its hostcalls make.
#[derive(Clone)]
struct Parent {
    /// How deep they are nested.
    depth: u32,
    nesting: Arc<Nesting>,
    run: Weak<Inner>,
}

tokio::task_local! {
    static PARENT: Parent;
}

impl Meter {
    /// Starts a run now. It ends `limits.wall_time` later at the latest.
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, MeterOptions::default())
    }

    pub(crate) fn with(limits: Limits, options: MeterOptions) -> Self {
        let MeterOptions {
            deadline,
            context,
            span,
        } = options;
        let started = Instant::now();
        Self(Arc::new(Inner {
            limits,
            started,
            deadline,
            paused: AtomicU64::new(0),
            context,
            span,
            cpu: CpuClock::new(started),
            hostcalls: AtomicU64::new(0),
            parent: PARENT.try_with(Parent::clone).ok(),
            nesting: OnceLock::new(),
            turn: Turn::default(),
            stretch: AtomicU32::new(0),
            outstanding: Mutex::default(),
            parking: Mutex::default(),
        }))
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// When the run must have come back, if it is not parked until then; `None` if that is too far
    /// away for the clock.
    pub fn deadline(&self) -> Option<Instant> {
        let allowed = self.limits().wall_time.checked_add(self.paused());
        let own = allowed.and_then(|allowed| self.0.started.checked_add(allowed));
        match (own, self.0.deadline) {
            (Some(own), Some(given)) => Some(own.min(given)),
            (own, given) => own.or(given),
        }
    }

    /// Wall time since the run began, less the time it was paused.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed().saturating_sub(self.paused())
    }

    /// CPU time so far, as of the last time the run yielded its thread.
    pub fn cpu_time(&self) -> Duration {
        self.0.cpu.total()
    }

    /// Hostcalls so far.
    pub fn hostcalls(&self) -> u64 {
        self.0.hostcalls.load(Relaxed)
    }

    /// Stops the wall clock until the result is dropped: for a run that is driven several times,
    /// with time in between that is not its own. A deadline that the caller set still holds.
    ///
    /// ```
    /// use wit_wire_host::{Limits, Meter};
    ///
    /// let meter = Meter::new(Limits::default());
    /// let deadline = meter.deadline();
    /// let pause = meter.pause();
    /// // A person thinks about what to ask the same instance next.
    /// drop(pause);
    /// assert!(meter.deadline() > deadline);
    /// ```
    pub fn pause(&self) -> Pause {
        Pause {
            meter: self.clone(),
            since: Instant::now(),
        }
    }

    fn paused(&self) -> Duration {
        Duration::from_nanos(self.0.paused.load(Relaxed))
    }

    /// How many calls the run is nested in.
    pub(crate) fn depth(&self) -> u32 {
        self.0.parent.as_ref().map_or(0, |parent| parent.depth)
    }

    /// What the parent run lends to this one and to others that its hostcalls make.
    pub(crate) fn parents_nesting(&self) -> Option<&Arc<Nesting>> {
        self.0.parent.as_ref().map(|parent| &parent.nesting)
    }

    /// What the run lends to those that its own hostcalls make, if it has made any.
    pub(crate) fn nesting(&self) -> Option<&Arc<Nesting>> {
        self.0.nesting.get()
    }

    /// Refuses a run that is nested too deep.
    pub(crate) fn check_depth(&self) -> Result<(), Interrupt> {
        let (depth, allowed) = (self.depth(), self.limits().nesting);
        if depth <= allowed {
            return Ok(());
        }
        let exceeded = LimitExceeded::new(Limit::Nesting, allowed.into(), Some(depth.into()));
        Err(Interrupt::Limit(exceeded))
    }

    /// `hostcall`, with the calls that it makes nested in this run.
    pub(crate) fn nest<F: Future>(&self, hostcall: F) -> impl Future<Output = F::Output> + use<F> {
        let nesting = self.0.nesting.get_or_init(Nesting::new);
        let parent = Parent {
            depth: self.depth().saturating_add(1),
            nesting: nesting.clone(),
            run: Arc::downgrade(&self.0),
        };
        PARENT.scope(parent, hostcall)
    }

    /// Disabled if nobody subscribes, or if the run is not a call.
    pub(crate) fn span(&self) -> &Span {
        &self.0.span
    }

    pub(crate) fn context(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.0.context.as_ref()
    }

    pub(crate) fn count_hostcall(&self) -> Result<(), LimitExceeded> {
        // A call that was stored may claim to have made any number.
        let count = self.0.hostcalls.fetch_add(1, Relaxed).saturating_add(1);
        let allowed = self.limits().hostcalls;
        if count > allowed {
            return Err(LimitExceeded::new(Limit::Hostcalls, allowed, Some(count)));
        }
        Ok(())
    }

    /// Refuses a JSON text of the guest that would become too much if it were parsed. Yields while
    /// it counts.
    pub(crate) async fn check_nodes(&self, text: &str) -> Result<(), LimitExceeded> {
        const STRETCH: usize = 256 << 10;
        let allowed = self.limits().json_nodes;
        if text.len() < allowed {
            return Ok(());
        }
        let mut counter = NodeCounter::default();
        for (at, part) in text.as_bytes().chunks(STRETCH).enumerate() {
            if at > 0 {
                tokio::task::yield_now().await;
            }
            counter.read(part);
            LimitExceeded::check(Limit::JsonNodes, allowed, counter.nodes())?;
        }
        Ok(())
    }

    /// Parses a JSON text of the guest that is not too much, at the run's expense: here and now,
    /// or, if it is long, on a thread for blocking work.
    pub(crate) async fn parse<T: Send + 'static>(
        &self,
        text: Payload,
        parse: impl FnOnce(&Payload) -> T + Send + 'static,
    ) -> Result<T, Interrupt> {
        let counted = self.drive(self.check_nodes(text.text())).await?;
        counted.map_err(Interrupt::Limit)?;
        if text.len() < LONG_TEXT {
            return Ok(self.0.cpu.measure(Instant::now(), || parse(&text)));
        }
        let parse = charged(Arc::downgrade(&self.0), move || parse(&text));
        self.drive(offload(parse)).await?
    }

    /// Does something with the run's hostcalls that have no answer yet.
    pub(crate) fn outstanding<T>(&self, act: impl FnOnce(&mut Outstanding) -> T) -> T {
        act(lock(&self.0.outstanding).get_or_insert_default())
    }

    fn has_outstanding(&self) -> bool {
        let outstanding = lock(&self.0.outstanding);
        outstanding.as_ref().is_some_and(|some| !some.is_empty())
    }

    /// Drops them, but for those that somebody else answers. On a thread that only computes there
    /// are none, once [`before_end`](Self::before_end) is back.
    pub(crate) fn drop_outstanding(&self) {
        let mut outstanding = lock(&self.0.outstanding);
        let mut dropped = outstanding.take();
        if let Some(awaited) = dropped.as_mut().and_then(|all| all.take_awaited()) {
            *outstanding = Some(Box::new(awaited));
        }
        // Other people's code runs when a hostcall is dropped.
        drop(outstanding);
        drop(dropped);
    }

    /// Sets whether the run is parked while it waits.
    pub(crate) fn set_park_policy(&self, policy: Option<ParkPolicy>) {
        lock(&self.0.parking).policy = policy;
    }

    pub(crate) fn park_policy(&self) -> Option<ParkPolicy> {
        lock(&self.0.parking).policy.clone()
    }

    /// Whether the embedder answers the run's hostcalls.
    pub(crate) fn is_durable(&self) -> bool {
        matches!(lock(&self.0.parking).policy, Some(ParkPolicy::Durable))
    }

    /// Notes that the guest was asked to return and to be resumed later.
    pub(crate) fn ask_to_park(&self, asked: Asked) {
        lock(&self.0.parking).asked = Some(asked);
    }

    /// Sets whether the run has no instance at the moment. One that is built for it ends runs of
    /// its own, which are not the end of this one.
    pub(crate) fn set_between_instances(&self, is_between: bool) {
        lock(&self.0.parking).is_between_instances = is_between;
    }

    /// Whether it goes on after the end of what an instance runs: its guest was asked to park since
    /// it last asked for something, or the instance is not the run's yet.
    pub(crate) fn goes_on(&self) -> bool {
        let parking = lock(&self.0.parking);
        parking.asked.is_some() || parking.is_between_instances
    }

    pub(crate) fn take_asked(&self) -> Option<Asked> {
        lock(&self.0.parking).asked.take()
    }

    /// What it has used so far.
    pub(crate) fn used(&self) -> MeterUse {
        let (parks, parked_time) = self.parked();
        MeterUse {
            cpu_time: self.cpu_time(),
            hostcalls: self.hostcalls(),
            parks,
            parked_time,
        }
    }

    /// Goes on from what the run had used before it was stored, with the hostcalls that it waits
    /// for.
    pub(crate) fn resume(&self, used: MeterUse, awaited: Vec<Awaited>) {
        self.0.cpu.charge(used.cpu_time);
        self.0.hostcalls.store(used.hostcalls, Relaxed);
        let mut parking = lock(&self.0.parking);
        (parking.parks, parking.time) = (used.parks, used.parked_time);
        drop(parking);
        self.outstanding(|outstanding| {
            for awaited in awaited {
                outstanding.add_awaited(awaited);
            }
        });
    }

    /// The run gave its instance back.
    pub(crate) fn count_park(&self) {
        let mut parking = lock(&self.0.parking);
        parking.parks = parking.parks.saturating_add(1);
    }

    /// How often the run gave its instance back, and for how long it waited so.
    pub(crate) fn parked(&self) -> (u32, Duration) {
        let parking = lock(&self.0.parking);
        (parking.parks, parking.time)
    }

    /// Drives `future`, for which the run waits without computing. Unless there is a limit on that
    /// time, it counts as the wall time of the run.
    pub(crate) async fn drive_parked<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, Interrupt> {
        let _parked = Parked {
            meter: self,
            since: Instant::now(),
        };
        let Some(allowed) = self.limits().parked_time else {
            return self.drive(future).await;
        };
        let left = allowed.saturating_sub(self.parked().1);
        let own = Instant::now().checked_add(left);
        let given = self.0.deadline;
        let end = [own, given].into_iter().flatten().min();
        let _pause = self.pause();
        let late = || match given {
            Some(given) if own != end => {
                let given = given.saturating_duration_since(self.0.started);
                LimitExceeded::time(Limit::Deadline, given)
            }
            _ => LimitExceeded::time(Limit::ParkedTime, allowed),
        };
        self.drive_until(future, || end, late).await
    }

    /// Gives the run a turn at computing, which [`drive_guest`](Self::drive_guest) gives up while
    /// the guest waits.
    pub(crate) fn begin_turn(&self, permit: Permit) {
        self.0.turn.begin(permit);
    }

    /// Ends that. The permit, unless it was given up.
    pub(crate) fn end_turn(&self) -> Option<Permit> {
        self.0.turn.end()
    }

    /// Gives it up while the run waits between two runs of its guest, or computes on a thread that
    /// is no caller's, where there are other turns. Taken again when the guest goes on with its
    /// caller.
    pub(crate) fn give_up_turn(&self) {
        self.0.turn.give_up();
    }

    /// Ticks since the run began, or last waited.
    pub(crate) fn stretch(&self) -> u32 {
        self.0.stretch.load(Relaxed)
    }

    /// To be awaited before the run's end, which drops hostcalls that have no answer: those are
    /// other people's code, and belong to the caller's task.
    pub(crate) async fn before_end(&self) {
        if self.has_outstanding() {
            leave_compute_thread().await;
        }
    }

    /// Called from inside the run, at each tick.
    pub(crate) fn check(&self) -> Result<(), LimitExceeded> {
        self.0.stretch.fetch_add(1, Relaxed);
        let cpu_time = self.limits().cpu_time;
        if Duration::from_nanos(self.0.cpu.at_tick()) > cpu_time {
            return Err(LimitExceeded::time(Limit::CpuTime, cpu_time));
        }
        match self.deadline() {
            Some(deadline) if Instant::now() >= deadline => Err(self.out_of_time()),
            _ => Ok(()),
        }
    }

    /// Drives `future` until it is done or the deadline has passed, and meters the threads that
    /// drive it. A run may be driven several times.
    pub(crate) async fn drive<T>(&self, future: impl Future<Output = T>) -> Result<T, Interrupt> {
        let late = || self.out_of_time();
        self.drive_until(future, || self.deadline(), late).await
    }

    async fn drive_until<T>(
        &self,
        future: impl Future<Output = T>,
        deadline: impl Fn() -> Option<Instant>,
        late: impl Fn() -> LimitExceeded,
    ) -> Result<T, Interrupt> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Interrupt::NoRuntime);
        }
        let mut future = pin!(future);
        // Most runs are done before a timer would be of use.
        let mut timer = pin!(None);
        poll_fn(|context| {
            let now = Instant::now();
            let deadline = deadline();
            if deadline.is_some_and(|deadline| now >= deadline) {
                return self.interrupt(Interrupt::Limit(late()));
            }
            let poll = || {
                let _entered = self.0.span.enter();
                future.as_mut().poll(context)
            };
            if let Poll::Ready(done) = self.0.cpu.measure(now, poll) {
                return Poll::Ready(Ok(done));
            }
            let Some(deadline) = deadline else {
                return Poll::Pending;
            };
            if timer.is_none() {
                timer.set(Some(tokio::time::sleep_until(deadline.into())));
            }
            match timer.as_mut().as_pin_mut() {
                Some(timer) => {
                    let over = ready!(poll_timer(timer, context));
                    let late = || Interrupt::Limit(late());
                    self.interrupt(over.err().unwrap_or_else(late))
                }
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Ends the run, for which it waits until that can be done where its caller polls it.
    fn interrupt<T>(&self, why: Interrupt) -> Poll<Result<T, Interrupt>> {
        match is_compute_thread() && self.has_outstanding() {
            true => Poll::Pending,
            false => Poll::Ready(Err(why)),
        }
    }

    /// The same for guest code, which takes turns at computing: while it waits, others have its
    /// turn. A guest yields at each tick, so one whose poll ends without a tick waits: for a
    /// hostcall, or for what WASI does for it.
    pub(crate) async fn drive_guest<T>(
        &self,
        guest: impl Future<Output = T>,
    ) -> Result<T, Interrupt> {
        let mut guest = pin!(guest);
        let Inner { turn, stretch, .. } = &*self.0;
        let mut waiting = None;
        self.drive(poll_fn(|context| {
            if !is_compute_thread() {
                ready!(turn.poll_resume(&mut waiting, context));
            }
            let before = stretch.load(Relaxed);
            let polled = guest.as_mut().poll(context);
            if polled.is_pending() && stretch.load(Relaxed) == before {
                stretch.store(0, Relaxed);
                turn.give_up();
            }
            polled
        }))
        .await
    }

    fn out_of_time(&self) -> LimitExceeded {
        let wall_time = self.limits().wall_time;
        let given = self.0.deadline;
        match given.map(|given| given.saturating_duration_since(self.0.started)) {
            Some(given) if given < wall_time.saturating_add(self.paused()) => {
                LimitExceeded::time(Limit::Deadline, given)
            }
            _ => LimitExceeded::time(Limit::WallTime, wall_time),
        }
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("limits", self.limits())
            .field("elapsed", &self.elapsed())
            .field("cpu_time", &self.cpu_time())
            .field("hostcalls", &self.hostcalls())
            .finish_non_exhaustive()
    }
}

/// Does `work` that may take long on a thread for blocking work, and charges its CPU time to the
/// run whose hostcall this is.
pub(crate) async fn offload_of_hostcall<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Interrupt> {
    let run = PARENT.try_with(|parent| parent.run.clone());
    offload(charged(run.unwrap_or_default(), work)).await
}

fn charged<T>(run: Weak<Inner>, work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    move || {
        let before = thread_time();
        let done = work();
        if let Some(run) = run.upgrade() {
            let used = thread_time().saturating_sub(before);
            run.cpu.charge(Duration::from_nanos(used));
        }
        done
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run while it is parked.
struct Parked<'a> {
    meter: &'a Meter,
    since: Instant,
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        let mut parking = lock(&self.meter.0.parking);
        parking.time = parking.time.saturating_add(self.since.elapsed());
    }
}

/// A run's wall clock on hold ([`Meter::pause`]), until this is dropped.
#[derive(Debug)]
#[must_use = "the clock goes on when this is dropped"]
pub struct Pause {
    meter: Meter,
    since: Instant,
}

impl Drop for Pause {
    fn drop(&mut self) {
        let nanos = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.meter.0.paused.fetch_add(nanos, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn until(deadline: Instant) -> MeterOptions {
        MeterOptions {
            deadline: Some(deadline),
            ..MeterOptions::default()
        }
    }

    #[test]
    fn a_deadline_of_the_caller_only_shortens() {
        let limits = Limits::default().wall_time(Duration::from_secs(60));
        let soon = Instant::now() + Duration::from_secs(1);
        assert_eq!(Meter::with(limits, until(soon)).deadline(), Some(soon));
        let late = Instant::now() + Duration::from_secs(3600);
        assert!(Meter::with(limits, until(late)).deadline() < Some(late));
        let endless = limits.wall_time(Duration::MAX);
        assert_eq!(Meter::new(endless).deadline(), None);
    }

    #[test]
    fn a_pause_moves_the_own_deadline_and_not_the_callers() {
        let meter = Meter::new(Limits::default());
        let before = meter.deadline().unwrap();
        let pause = meter.pause();
        let since = pause.since;
        drop(pause);
        let moved = meter.deadline().unwrap() - before;
        assert!(moved > Duration::ZERO && moved <= since.elapsed());
        let soon = Instant::now() + Duration::from_secs(1);
        let bounded = Meter::with(Limits::default(), until(soon));
        drop(bounded.pause());
        assert_eq!(bounded.deadline(), Some(soon));
    }

    #[tokio::test]
    async fn a_run_is_driven_several_times() {
        let meter = Meter::new(Limits::default());
        for round in 0..3 {
            let driven = meter.drive(async { round }).await;
            assert_eq!(driven.ok(), Some(round));
            drop(meter.pause());
        }
    }
}
