//! Numbers that a host keeps for itself and reports to a metrics recorder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram, gauge, histogram};

/// Counters of one name, by the value of a label.
pub(crate) struct Counters(Vec<(&'static str, Counter)>);

impl Counters {
    /// The most frequent value should come first.
    pub(crate) fn new(
        values: impl IntoIterator<Item = &'static str>,
        counter: impl Fn(&'static str) -> Counter,
    ) -> Self {
        let values = values.into_iter();
        Self(values.map(|value| (value, counter(value))).collect())
    }

    pub(crate) fn add(&self, value: &str, count: u64) {
        match self.0.iter().find(|(known, _)| *known == value) {
            Some((_, counter)) => counter.increment(count),
            None => debug_assert!(false, "no counter for {value}"),
        }
    }
}

/// How many of something there are.
pub(crate) struct Level {
    now: AtomicUsize,
    gauge: Gauge,
}

impl Level {
    pub(crate) fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            now: AtomicUsize::new(0),
            gauge: gauge!(name),
        })
    }

    pub(crate) fn get(&self) -> usize {
        self.now.load(SeqCst)
    }

    pub(crate) fn add(&self) {
        self.add_many(1);
    }

    pub(crate) fn add_many(&self, count: usize) {
        self.now.fetch_add(count, SeqCst);
        self.gauge.increment(count as f64);
    }

    pub(crate) fn subtract_many(&self, count: usize) {
        self.now.fetch_sub(count, SeqCst);
        self.gauge.decrement(count as f64);
    }

    /// How many there were.
    pub(crate) fn subtract(&self) -> usize {
        self.gauge.decrement(1.0);
        self.now.fetch_sub(1, SeqCst)
    }

    /// Counts one more until the result is dropped.
    pub(crate) fn count(self: &Arc<Self>) -> Counted {
        self.add();
        Counted(self.clone())
    }

    /// Counts one more unless there are `most`, and says how many there were if so. Counted and
    /// compared at once, so that simultaneous callers can't exceed `most` together.
    pub(crate) fn count_up_to(self: &Arc<Self>, most: usize) -> Result<Counted, usize> {
        let more = |now| (now < most).then_some(now + 1);
        self.now.fetch_update(SeqCst, SeqCst, more)?;
        self.gauge.increment(1.0);
        Ok(Counted(self.clone()))
    }
}

/// One more of something, until it is dropped.
pub(crate) struct Counted(Arc<Level>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.subtract();
    }
}

/// How often something was done, and how long it took in all.
pub(crate) struct Timed {
    count: AtomicU64,
    nanos: AtomicU64,
    seconds: Histogram,
}

impl Timed {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            count: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            seconds: histogram!(name),
        }
    }

    pub(crate) fn add_since(&self, since: Instant) {
        self.add(since.elapsed());
    }

    pub(crate) fn add(&self, time: Duration) {
        self.count.fetch_add(1, Relaxed);
        self.nanos.fetch_add(time.as_nanos() as u64, Relaxed);
        self.seconds.record(time);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Relaxed))
    }
}
