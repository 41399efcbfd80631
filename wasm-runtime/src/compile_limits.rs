//! What compiling components may take.

use std::fmt;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

/// What compiling components may take.
///
/// - `memory`: 512 MiB for each compilation
/// - `cpu_time`: 10 s for each compilation
/// - `wall_time`: 30 s for each compilation
/// - `concurrency`: as many compilations at once as there are processors
/// - `queue`: 64 compilations that wait for one of these to end
///
/// The first three hold for the process that compiles a component: not for
/// [`Compiler::InProcess`](crate::Compiler::InProcess). They do not grow with the component. What
/// compilers write takes little: CPython, 25 MB, 360 MB of memory and 19 s with a compiler that is
/// half optimised. For components of more than ten megabytes raise `cpu_time`.
///
/// Linux holds a process to all of them. Other Unix systems may not hold it to `memory`, and
/// Windows holds it to `wall_time` alone.
///
/// ```
/// use std::time::Duration;
/// use wasm_runtime::CompileLimits;
///
/// let strict = CompileLimits::default().memory(256 << 20).cpu_time(Duration::from_secs(3));
/// assert_eq!(strict.wall_time, Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileLimits {
    /// Bytes of memory that the process may write to: its data, stacks, and heap, with what its
    /// allocator reserves. At least 8 MiB, without which it does not start.
    pub memory: u64,
    /// CPU time of the process, in whole seconds: parts of one are rounded up.
    pub cpu_time: Duration,
    /// Wall time, from the start of the process.
    pub wall_time: Duration,
    /// Compilations of one runtime at once, at least one. Each occupies one processor.
    pub concurrency: usize,
    /// Compilations that wait for others to end, each with its component in memory. Tasks that ask
    /// for the same component wait for one compilation.
    pub queue: usize,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            cpu_time: Duration::from_secs(10),
            wall_time: Duration::from_secs(30),
            concurrency: thread::available_parallelism().map_or(1, NonZero::get),
            queue: 64,
        }
    }
}

/// Each of these sets one limit; the others stay as they are.
impl CompileLimits {
    /// Sets [`memory`](Self::memory), in bytes.
    #[must_use]
    pub const fn memory(self, memory: u64) -> Self {
        Self { memory, ..self }
    }

    /// Sets [`cpu_time`](Self::cpu_time).
    #[must_use]
    pub const fn cpu_time(self, cpu_time: Duration) -> Self {
        Self { cpu_time, ..self }
    }

    /// Sets [`wall_time`](Self::wall_time).
    #[must_use]
    pub const fn wall_time(self, wall_time: Duration) -> Self {
        Self { wall_time, ..self }
    }

    /// Sets [`concurrency`](Self::concurrency).
    #[must_use]
    pub const fn concurrency(self, concurrency: usize) -> Self {
        Self {
            concurrency,
            ..self
        }
    }

    /// Sets [`queue`](Self::queue).
    #[must_use]
    pub const fn queue(self, queue: usize) -> Self {
        Self { queue, ..self }
    }

    /// `memory`, and no less than the process takes to start.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory.max(8 << 20)
    }

    /// `cpu_time` as the system counts it, in seconds.
    pub(crate) fn cpu_seconds(&self) -> u64 {
        let part = u64::from(self.cpu_time.subsec_nanos() > 0);
        self.cpu_time.as_secs().saturating_add(part).max(1)
    }
}

/// The limit that a compilation exceeded, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompileLimit {
    /// [`CompileLimits::memory`], in bytes.
    Memory(u64),
    /// [`CompileLimits::cpu_time`].
    CpuTime(Duration),
    /// [`CompileLimits::wall_time`].
    WallTime(Duration),
    /// [`CompileLimits::queue`].
    Queue(usize),
}

impl fmt::Display for CompileLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(f, "compiler memory limit of {bytes} bytes exceeded"),
            Self::CpuTime(time) => write!(f, "compiler CPU time limit of {time:?} exceeded"),
            Self::WallTime(time) => write!(f, "compiler wall time limit of {time:?} exceeded"),
            Self::Queue(limit) => write!(
                f,
                "compile queue limit exceeded: {} waiting compilations, limit {limit}",
                limit.saturating_add(1)
            ),
        }
    }
}
