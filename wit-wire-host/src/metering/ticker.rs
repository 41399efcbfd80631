//! The thread that advances an engine's epoch, so that running guests can be stopped and made to
//! yield.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How often guests look up: bounds how long one may hold a thread, and how late a limit on time is
/// noticed. With as many busy guests as threads, other tasks of the runtime wait 1 ms at this rate,
/// and 9 ms at a tenth of it, until those guests go on on threads of the host's own.
const TICK: Duration = Duration::from_millis(1);
/// With no run for this many ticks the thread sleeps until the next run.
const IDLE_TICKS: u32 = 100;

/// Ticks while there are runs, sleeps while there are none, ends when dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    runs: AtomicUsize,
    asleep: AtomicBool,
    ended: AtomicBool,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let engine = engine.weak();
        let ticker = shared.clone();
        let thread = thread::Builder::new()
            .name("wit-wire-epoch".into())
            .spawn(move || {
                let mut idle = 0;
                while !ticker.ended.load(SeqCst) {
                    thread::park_timeout(TICK);
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => return,
                    }
                    idle = if ticker.runs.load(SeqCst) == 0 {
                        idle + 1
                    } else {
                        0
                    };
                    if idle > IDLE_TICKS {
                        ticker.sleep();
                        idle = 0;
                    }
                }
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Keeps the epoch advancing until the guard is dropped.
    pub(crate) fn ticking(&self) -> Ticking<'_> {
        self.shared.runs.fetch_add(1, SeqCst);
        if self.shared.asleep.load(SeqCst) {
            self.thread().map(Thread::unpark);
        }
        Ticking(&self.shared)
    }

    fn thread(&self) -> Option<&Thread> {
        self.thread.as_ref().map(JoinHandle::thread)
    }
}

impl Shared {
    /// A run that begins after `asleep` is set unparks the thread; one that began before is seen
    /// here.
    fn sleep(&self) {
        self.asleep.store(true, SeqCst);
        while self.runs.load(SeqCst) == 0 && !self.ended.load(SeqCst) {
            thread::park();
        }
        self.asleep.store(false, SeqCst);
    }
}

/// One more run for which the epoch advances.
pub(crate) struct Ticking<'a>(&'a Shared);

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.runs.fetch_sub(1, SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It can only have panicked, and then there is nothing left to end.
            let _ = thread.join();
        }
    }
}
