//! The thread that sets flags, and which guests there are.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::Guest;

/// How often the thread looks at running guests.
const TICK: Duration = Duration::from_millis(1);
/// Nanoseconds that a guest has run at least when its flag is set: so one that goes on looks up
/// once a tick on average. That bounds how long it may hold a thread, and how late a limit on time
/// is noticed. With as many busy guests as threads, other tasks of the runtime wait 1 ms at this
/// rate, and 9 ms at a tenth of it, until those guests go on on threads of the host's own.
pub(super) const LEAST: u64 = 500_000;
/// With no guest running for this many ticks the thread sleeps until the next one does.
const IDLE_TICKS: u32 = 100;

/// Ticks while guests run, sleeps while none do, ends when dropped.
pub(crate) struct Ticker {
    pub(super) shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

pub(super) struct Shared {
    start: Instant,
    guests: Mutex<Vec<Arc<Guest>>>,
    pub(super) asleep: AtomicBool,
    pub(super) ended: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Ticker {
    pub(crate) fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new());
        let ticker = shared.clone();
        let thread = thread::Builder::new()
            .name("wit-wire-ticker".into())
            .spawn(move || ticker.run())?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Registers a store, which has no flags yet.
    pub(crate) fn register(&self) -> Registration {
        Registration::new(&self.shared)
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

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            guests: Mutex::default(),
            asleep: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            thread: OnceLock::new(),
        }
    }

    fn run(&self) {
        self.thread.get_or_init(thread::current);
        let mut idle = 0;
        while !self.ended.load(SeqCst) {
            thread::park_timeout(TICK);
            idle = match self.tick() {
                true => 0,
                false => idle + 1,
            };
            if idle > IDLE_TICKS {
                self.sleep();
                idle = 0;
            }
        }
    }

    /// Sets the flags of guests that have run for long. Whether any guest runs.
    pub(super) fn tick(&self) -> bool {
        let now = self.now();
        let guests = self.lock();
        let runs = guests.iter().map(|guest| guest.tick(now, LEAST));
        runs.fold(false, |any, runs| any | runs)
    }

    /// A guest whose poll begins after `asleep` is set unparks the thread; one whose poll began
    /// before is seen here.
    fn sleep(&self) {
        self.asleep.store(true, Relaxed);
        fence(SeqCst);
        if !self.tick() && !self.ended.load(SeqCst) {
            thread::park();
        }
        self.asleep.store(false, Relaxed);
    }

    /// Nanoseconds from the start, at least one.
    fn now(&self) -> u64 {
        let nanos = self.start.elapsed().as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Arc<Guest>>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store that the ticker's thread knows. Dropped before the store, since the thread writes to its
/// memories until then.
pub(crate) struct Registration {
    shared: Arc<Shared>,
    guest: Arc<Guest>,
}

impl Registration {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let guest = Arc::new(Guest::default());
        shared.lock().push(guest.clone());
        Self {
            shared: shared.clone(),
            guest,
        }
    }

    pub(crate) fn guest(&self) -> &Arc<Guest> {
        &self.guest
    }

    /// Drives the guest, which counts as running while it is polled.
    pub(crate) async fn drive<F: Future>(&self, guest: F) -> F::Output {
        let mut guest = pin!(guest);
        poll_fn(|context| {
            let _running = self.begin();
            guest.as_mut().poll(context)
        })
        .await
    }

    pub(super) fn begin(&self) -> Running<'_> {
        self.guest.began.store(self.shared.now(), Relaxed);
        fence(SeqCst);
        if self.shared.asleep.load(Relaxed)
            && let Some(thread) = self.shared.thread.get()
        {
            thread.unpark();
        }
        Running(&self.guest)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.guest.end();
        let mut guests = self.shared.lock();
        let place = guests
            .iter()
            .position(|guest| Arc::ptr_eq(guest, &self.guest));
        place.map(|place| guests.swap_remove(place));
    }
}

/// A poll of a guest.
pub(super) struct Running<'a>(&'a Guest);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.began.store(0, Relaxed);
    }
}
