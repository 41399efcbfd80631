//! How much CPU time a run used, on whichever threads drive it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// CPU time of a future, on whichever threads drive it: the sum over its polls of what the polling
/// thread used.
///
/// Reading a thread's clock takes longer than many calls (0.5 us). So polls count with their wall
/// time until one of them has taken long, and with the thread's clock from then on. The one that
/// turns out long counts with its wall time or what the thread has used since its clock was last
/// read, whichever is less: that was not long before.
pub(crate) struct CpuClock {
    /// What the wall clock's readings count from.
    start: Instant,
    /// Nanoseconds used by the polls that are over.
    total: AtomicU64,
    /// Whether a poll has taken long.
    long: AtomicBool,
    /// Nanoseconds that the current poll had used when the clock below began to count for it.
    before: AtomicU64,
    /// Which clock counts for the current poll, and its reading then.
    by_thread: AtomicBool,
    began: AtomicU64,
    /// The latest reading of the thread's clock before the current poll.
    thread_base: AtomicU64,
}

/// A poll of more than this is long. A thread that lost its processor does not often get it back
/// earlier.
const LONG: u64 = 1_000_000;
/// How old a reading of the thread's clock may be when a poll begins.
const FRESH: Duration = Duration::from_millis(5);

thread_local! {
    /// The latest reading of this thread's clock, and when that was.
    static LATEST: Cell<Option<(Instant, u64)>> = const { Cell::new(None) };
}

impl CpuClock {
    pub(crate) fn new(start: Instant) -> Self {
        Self {
            start,
            total: AtomicU64::new(0),
            long: AtomicBool::new(false),
            before: AtomicU64::new(0),
            by_thread: AtomicBool::new(false),
            began: AtomicU64::new(0),
            thread_base: AtomicU64::new(0),
        }
    }

    pub(crate) fn measure<T>(&self, now: Instant, poll: impl FnOnce() -> T) -> T {
        let by_thread = self.long.load(Relaxed);
        let began = if by_thread {
            thread_time()
        } else {
            self.thread_base.store(latest_thread_time(now), Relaxed);
            self.wall(now)
        };
        self.begin(0, by_thread, began);
        let result = poll();
        let used = self.in_poll();
        if used > LONG {
            self.long.store(true, Relaxed);
        }
        self.total.fetch_add(used, Relaxed);
        result
    }

    /// The total, from inside a poll at a tick: on the thread whose clock counts.
    pub(crate) fn at_tick(&self) -> u64 {
        let used = self.in_poll();
        if !self.by_thread.load(Relaxed) {
            self.long.store(true, Relaxed);
            self.begin(used, true, thread_time());
        }
        self.total.load(Relaxed).saturating_add(used)
    }

    fn begin(&self, before: u64, by_thread: bool, began: u64) {
        self.before.store(before, Relaxed);
        self.by_thread.store(by_thread, Relaxed);
        self.began.store(began, Relaxed);
    }

    fn in_poll(&self) -> u64 {
        let began = self.began.load(Relaxed);
        let used = if self.by_thread.load(Relaxed) {
            thread_time().saturating_sub(began)
        } else {
            let wall = self.wall(Instant::now()).saturating_sub(began);
            match wall > LONG {
                true => wall.min(thread_time().saturating_sub(self.thread_base.load(Relaxed))),
                false => wall,
            }
        };
        self.before.load(Relaxed).saturating_add(used)
    }

    fn wall(&self, now: Instant) -> u64 {
        now.duration_since(self.start).as_nanos() as u64
    }

    /// Adds what was used elsewhere.
    pub(crate) fn charge(&self, used: Duration) {
        let used = u64::try_from(used.as_nanos()).unwrap_or(u64::MAX);
        let add = |total: u64| Some(total.saturating_add(used));
        // It always adds.
        let _ = self.total.fetch_update(Relaxed, Relaxed, add);
    }

    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.total.load(Relaxed))
    }
}

/// A reading of this thread's clock that is not old.
fn latest_thread_time(now: Instant) -> u64 {
    match LATEST.get() {
        Some((read, time)) if now.saturating_duration_since(read) < FRESH => time,
        _ => {
            let time = thread_time();
            LATEST.set(Some((now, time)));
            time
        }
    }
}

/// CPU time of this thread, in nanoseconds.
#[cfg(unix)]
pub(super) fn thread_time() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Elsewhere the wall clock stands in: time that the thread waited for a processor counts too.
#[cfg(not(unix))]
pub(super) fn thread_time() -> u64 {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_for_a_processor_is_charged_little() {
        // Two polls that began a minute ago and do nothing.
        let now = Instant::now();
        let began = now.checked_sub(Duration::from_secs(60)).unwrap_or(now);
        let clock = CpuClock::new(began);
        clock.measure(began, || ());
        clock.measure(began, || ());
        assert!(
            clock.total() < Duration::from_secs(1),
            "{:?}",
            clock.total()
        );
    }

    #[test]
    fn a_first_poll_that_works_for_long_is_charged_for_all_of_it() {
        const WORK: u64 = 50_000_000;
        let now = Instant::now();
        let clock = CpuClock::new(now);
        let before = thread_time();
        clock.measure(now, || {
            while thread_time() < before + WORK {
                std::hint::spin_loop();
            }
        });
        // The two clocks differ by a little.
        assert!(
            clock.total() >= Duration::from_nanos(WORK / 10 * 9),
            "{:?}",
            clock.total()
        );
    }
}
