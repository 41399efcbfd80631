//! Whether a soak passes.

use std::fmt;
use std::time::Duration;

use super::peak::Peak;

/// Growth of memory up to this many bytes, or to this part of what it was, is no growth: allocators
/// and the system keep some in hand, and how much depends on what the load was doing at the moment.
pub(super) const SLACK_BYTES: u64 = 16 << 20;
pub(super) const SLACK_PERCENT: u64 = 5;
/// Shorter runs are not judged by it.
pub(super) const SHORT: Duration = Duration::from_secs(60);

/// What a process holds when nothing is called and no program is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rest {
    /// Open file descriptors.
    pub(super) descriptors: usize,
    /// Instances: of each component that is reset the one that its others are compared with.
    pub(super) instances: usize,
    /// Calls in flight.
    pub(super) calls: usize,
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            descriptors,
            instances,
            calls,
        } = self;
        write!(
            f,
            "{descriptors} descriptors, {instances} instances, {calls} calls"
        )
    }
}

/// What a run is judged by.
pub(super) struct Evidence {
    pub(super) length: Duration,
    pub(super) calls: u64,
    pub(super) wrong: u64,
    /// Bytes of the process in memory, at even intervals under load.
    pub(super) memory: Vec<u64>,
    pub(super) peak: Peak,
    /// After the warm-up, and in the end.
    pub(super) rest: [Rest; 2],
}

impl Evidence {
    /// What memory was: the medians of the second and of the last fifth of the run. `None` for a
    /// short run, in which load alone makes it go up and down by more than there is slack.
    pub(super) fn levels(&self) -> Option<[u64; 2]> {
        if self.length < SHORT {
            return None;
        }
        let fifth = self.memory.len() / 5;
        let part = |number: usize| median(self.memory.get(number * fifth..(number + 1) * fifth)?);
        Some([part(1)?, part(4)?])
    }

    /// What is wrong with the run, if anything.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.calls == 0 {
            faults.push("no call was made".to_owned());
        }
        if self.wrong > 0 {
            faults.push(format!("{} wrong answers", self.wrong));
        }
        if let Some([early, late]) = self.levels() {
            let slack = SLACK_BYTES.max(early / 100 * SLACK_PERCENT);
            if late > early + slack {
                let [early, late, slack] = [early, late, slack].map(megabytes);
                faults.push(format!(
                    "memory grew from {early:.1} to {late:.1} MB, and {slack:.1} are allowed"
                ));
            }
        }
        faults.extend(self.peak.faults());
        let [before, after] = &self.rest;
        if before != after {
            faults.push(format!(
                "at rest there were {before}; now there are {after}"
            ));
        }
        faults
    }
}

fn median(values: &[u64]) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Rest = Rest {
        descriptors: 20,
        instances: 4,
        calls: 0,
    };

    fn evidence(memory: impl Fn(u64) -> u64) -> Evidence {
        Evidence {
            length: SHORT,
            calls: 1000,
            wrong: 0,
            memory: (0..100).map(memory).collect(),
            peak: Peak::default(),
            rest: [REST; 2],
        }
    }

    #[test]
    fn a_run_that_goes_up_and_down_passes() {
        let steady = evidence(|at| (200 << 20) + (at % 7) * (40 << 20));
        assert_eq!(steady.faults(), [""; 0]);
        // What grows while it warms up is not growth.
        let warm = evidence(|at| at.min(20) << 24);
        assert_eq!(warm.faults(), [""; 0]);
    }

    #[test]
    fn growth_wrong_answers_and_what_is_held_fail_it() {
        let growth = |by: u64| evidence(move |at| (100 << 20) + at * by).faults();
        assert_eq!(growth(SLACK_BYTES / 61), [""; 0]);
        assert_eq!(
            growth(SLACK_BYTES / 59),
            ["memory grew from 113.4 to 130.4 MB, and 16.8 are allowed"]
        );
        // Of a large process, a part.
        let large = evidence(|at| (1 << 30) + at * (SLACK_BYTES / 50));
        assert_eq!(large.faults(), [""; 0]);
        let short = Evidence {
            length: SHORT / 2,
            ..evidence(|at| at << 30)
        };
        assert_eq!(short.faults(), [""; 0]);

        let wrong = Evidence {
            wrong: 1,
            ..evidence(|_| 1)
        };
        assert_eq!(wrong.faults(), ["1 wrong answers"]);
        for leak in [
            Rest {
                descriptors: 21,
                ..REST
            },
            Rest {
                instances: 5,
                ..REST
            },
            Rest { calls: 1, ..REST },
        ] {
            let leaks = Evidence {
                rest: [REST, leak],
                ..evidence(|_| 1)
            };
            let said = format!("at rest there were {REST}; now there are {leak}");
            assert_eq!(leaks.faults(), [said]);
        }
        let busy = Evidence {
            peak: Peak {
                mappings: 50_000,
                threads: 700,
                poll: Duration::from_secs(3),
                ..Peak::default()
            },
            ..evidence(|_| 1)
        };
        assert_eq!(
            busy.faults(),
            [
                "50000 mappings, and 36864 are allowed",
                "700 threads, and 600 are allowed",
                "a poll took 3s of processor time, and 500ms are allowed"
            ]
        );
        let nothing = Evidence {
            calls: 0,
            memory: Vec::new(),
            ..evidence(|_| 1)
        };
        assert_eq!(nothing.faults(), ["no call was made"]);
    }
}
