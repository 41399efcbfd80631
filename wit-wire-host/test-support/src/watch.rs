//! What a process takes while hostile guests are at work in it: measured, and held to bounds.
//!
//! For tests in binaries of their own, on Linux: the numbers are those of the whole process.

use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this process takes, and has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostUsage {
    /// Most bytes of memory that were present at once since [`forget_peak`], files in memory among
    /// them.
    pub peak_memory: u64,
    /// Processor time so far.
    pub cpu_time: Duration,
    /// Threads.
    pub threads: u64,
    /// Mappings.
    pub mappings: usize,
    /// Open descriptors.
    pub descriptors: usize,
}

impl HostUsage {
    /// At this moment.
    ///
    /// # Panics
    ///
    /// On systems without `/proc`.
    #[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    pub fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.unwrap().parse().unwrap()
        };
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        Self {
            peak_memory: field("VmHWM:") << 10,
            cpu_time: time(ClockId::ProcessCPUTime),
            threads: field("Threads:"),
            mappings: maps.lines().count(),
            descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        }
    }
}

/// From now on, the peak is that of what comes.
pub fn forget_peak() {
    // Where that is not allowed, the peak is the highest ever.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Bounds on what may be added to what a process takes.
#[derive(Debug, Clone, Copy)]
pub struct HostBounds {
    /// Bytes of peak memory.
    pub memory: u64,
    /// Processor time that is on no receipt.
    pub unpaid: Duration,
    /// Threads.
    pub threads: u64,
    /// Mappings.
    pub mappings: usize,
    /// Open descriptors.
    pub descriptors: usize,
    /// Processor time of the longest poll.
    pub poll: Duration,
}

impl HostBounds {
    /// Whether `what`, which began `before`, has `paid` on receipts and had a longest `poll`,
    /// stayed within the bounds: if not, each bound that it left.
    ///
    /// # Errors
    ///
    /// A line for each bound that was left.
    pub fn check(
        &self,
        what: impl Display,
        before: &HostUsage,
        paid: Duration,
        poll: Duration,
    ) -> Result<(), String> {
        let now = HostUsage::now();
        let cpu_time = now.cpu_time.saturating_sub(before.cpu_time);
        let left: Vec<_> = [
            (
                "bytes of memory",
                now.peak_memory.saturating_sub(before.peak_memory),
                self.memory,
            ),
            (
                "ms on no receipt",
                millis(cpu_time.saturating_sub(paid)),
                millis(self.unpaid),
            ),
            (
                "threads",
                now.threads.saturating_sub(before.threads),
                self.threads,
            ),
            (
                "mappings",
                now.mappings.saturating_sub(before.mappings) as u64,
                self.mappings as u64,
            ),
            (
                "descriptors",
                now.descriptors.saturating_sub(before.descriptors) as u64,
                self.descriptors as u64,
            ),
            ("ms in one poll", millis(poll), millis(self.poll)),
        ]
        .into_iter()
        .filter(|(_, taken, bound)| taken > bound)
        .map(|(unit, taken, bound)| format!("{what}: {taken} {unit}, bound {bound}"))
        .collect();
        match left.is_empty() {
            true => Ok(()),
            false => Err(left.join("\n")),
        }
    }
}

/// Drives `future`, and tells the processor time of its longest poll.
pub async fn longest_poll<F: Future>(future: F) -> (F::Output, Duration) {
    let mut future = pin!(future);
    let mut longest = Duration::ZERO;
    poll_fn(|context| {
        let began = time(ClockId::ThreadCPUTime);
        let polled = future.as_mut().poll(context);
        longest = longest.max(time(ClockId::ThreadCPUTime).saturating_sub(began));
        polled.map(|output| (output, longest))
    })
    .await
}

fn time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
