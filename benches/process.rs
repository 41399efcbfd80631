//! What the process takes.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Processor time that the process has used so far.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Bytes of the process that are in memory. Each page counts once, however many instances have it
/// mapped; the resident set would count it for each.
pub fn resident() -> f64 {
    let maps = std::fs::read_to_string("/proc/self/smaps_rollup").expect("a process's maps");
    let line = maps.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: f64 = kilobytes
        .and_then(|text| text.parse().ok())
        .expect("a size");
    kilobytes * 1024.0
}
