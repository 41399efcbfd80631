//! What came of the calls, in memory that does not grow with their number.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

/// What came of one call.
pub(super) enum Outcome {
    /// The answer that the host computed too.
    Answer(Duration),
    /// The error that was to come.
    Error,
    /// It came too late for a deadline that was drawn for it.
    Late,
    /// Dropped while it was in flight.
    Cancelled,
    /// Something else than it should have been.
    Wrong(String),
}

#[derive(Default, Clone, Copy)]
pub(super) struct Counts {
    pub(super) calls: u64,
    pub(super) answers: u64,
    pub(super) errors: u64,
    pub(super) late: u64,
    pub(super) cancelled: u64,
    pub(super) wrong: u64,
}

pub(super) struct Tally(Mutex<Kept>);

pub(super) struct Kept {
    /// By the kind of program.
    pub(super) kinds: BTreeMap<&'static str, Counts>,
    pub(super) registered: u64,
    /// The first wrong answers.
    pub(super) wrong: Vec<String>,
    /// Microseconds that answers took, in all and since the last line.
    pub(super) latency: Histogram<u64>,
    pub(super) recent: Histogram<u64>,
    /// Processor time of the longest poll of a call.
    pub(super) poll: Duration,
}

/// The wrong answers that are told; more of them say no more.
const TOLD: usize = 10;

impl Tally {
    pub(super) fn new() -> Result<Self> {
        // A minute at most, to two digits: some kilobytes.
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 2);
        Ok(Self(Mutex::new(Kept {
            kinds: BTreeMap::new(),
            registered: 0,
            wrong: Vec::new(),
            latency: histogram()?,
            recent: histogram()?,
            poll: Duration::ZERO,
        })))
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One poll of a call took so much processor time.
    pub(super) fn polled(&self, time: Duration) {
        let mut kept = self.kept();
        kept.poll = kept.poll.max(time);
    }

    pub(super) fn add(&self, kind: &'static str, outcome: Outcome) {
        let mut kept = self.kept();
        let Kept {
            kinds,
            wrong,
            latency,
            recent,
            ..
        } = &mut *kept;
        let counts = kinds.entry(kind).or_default();
        counts.calls += 1;
        match outcome {
            Outcome::Answer(time) => {
                counts.answers += 1;
                let micros = time.as_micros() as u64;
                latency.saturating_record(micros);
                recent.saturating_record(micros);
            }
            Outcome::Error => counts.errors += 1,
            Outcome::Late => counts.late += 1,
            Outcome::Cancelled => counts.cancelled += 1,
            Outcome::Wrong(what) => {
                counts.wrong += 1;
                if wrong.len() < TOLD {
                    wrong.push(format!("{kind}: {what}"));
                }
            }
        }
    }
}

impl Kept {
    pub(super) fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.kinds.values() {
            total.calls += counts.calls;
            total.answers += counts.answers;
            total.errors += counts.errors;
            total.late += counts.late;
            total.cancelled += counts.cancelled;
            total.wrong += counts.wrong;
        }
        total
    }
}

/// A quantile in milliseconds.
pub(super) fn quantile(histogram: &Histogram<u64>, at: f64) -> f64 {
    histogram.value_at_quantile(at) as f64 / 1e3
}
