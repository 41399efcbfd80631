//! The most that the process took at any moment of a run.

use std::fmt;
use std::time::Duration;

/// What may be taken at most. Half of the mappings that Linux allows a process are for instances,
/// and threads for blocking work are up to 512; a poll of a call is one of its guest, which yields
/// each millisecond, and of what the host does in between.
const MAPPINGS: usize = 32_768 + 4_096;
const THREADS: usize = 600;
const POLL: Duration = Duration::from_millis(500);

/// The most of each; zeros where the system does not tell.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Peak {
    pub(super) memory: u64,
    pub(super) mappings: usize,
    pub(super) threads: usize,
    /// Processor time of the longest poll of a call.
    pub(super) poll: Duration,
}

impl Peak {
    /// Looks at the process.
    #[cfg(target_os = "linux")]
    pub(super) fn note(&mut self) {
        let now = test_support::watch::HostUsage::now();
        self.memory = self.memory.max(now.peak_memory);
        self.mappings = self.mappings.max(now.mappings);
        self.threads = self.threads.max(now.threads as usize);
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn note(&mut self) {}

    /// Which bounds were left.
    pub(super) fn faults(&self) -> Vec<String> {
        let Self {
            mappings,
            threads,
            poll,
            ..
        } = *self;
        let mut faults = Vec::new();
        if mappings > MAPPINGS {
            faults.push(format!("{mappings} mappings, and {MAPPINGS} are allowed"));
        }
        if threads > THREADS {
            faults.push(format!("{threads} threads, and {THREADS} are allowed"));
        }
        if poll > POLL {
            faults.push(format!(
                "a poll took {poll:?} of processor time, and {POLL:?} are allowed"
            ));
        }
        faults
    }
}

impl fmt::Display for Peak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            memory,
            mappings,
            threads,
            poll,
        } = self;
        write!(
            f,
            "{:.1} MB, {mappings} mappings, {threads} threads, {:.1} ms in one poll",
            super::verdict::megabytes(*memory),
            poll.as_secs_f64() * 1e3,
        )
    }
}

#[cfg(target_os = "linux")]
pub(super) use test_support::watch::longest_poll;

#[cfg(not(target_os = "linux"))]
pub(super) async fn longest_poll<F: Future>(future: F) -> (F::Output, Duration) {
    (future.await, Duration::ZERO)
}
