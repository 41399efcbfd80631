//! The threads, as many as processors, and the line of jobs.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::metering::become_compute_thread;

/// What the threads do, piece by piece.
pub(super) trait Job: Send + Sync {
    /// Does a piece of it. Whether it goes on here.
    fn slice(&self) -> bool;
}

static THREADS: Threads = Threads {
    state: Mutex::new(State {
        jobs: VecDeque::new(),
        threads: 0,
        idle: 0,
    }),
    work: Condvar::new(),
};

/// Those of the process. They begin when there is work for them, and never end.
struct Threads {
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    /// Each gets a slice in turn.
    jobs: VecDeque<Arc<dyn Job>>,
    threads: usize,
    idle: usize,
}

/// Whether there is a thread to compute on; the first call tries to begin one, and so does each one
/// that finds all at work, up to as many as there are processors.
pub(super) fn exist() -> bool {
    static PROCESSORS: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));
    let mut state = THREADS.lock();
    if state.idle <= state.jobs.len() && state.threads < *PROCESSORS {
        let new = thread::Builder::new().name("wit-wire-compute".into());
        // Where the system has none left, those that there are do it.
        let new = new.spawn(|| THREADS.work());
        state.threads += usize::from(new.is_ok());
    }
    state.threads > 0
}

/// Adds a job at the end of the line.
pub(super) fn push(job: Arc<dyn Job>) {
    THREADS.lock().jobs.push_back(job);
    THREADS.work.notify_one();
}

impl Threads {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        become_compute_thread();
        loop {
            let job = self.next();
            if job.slice() {
                self.lock().jobs.push_back(job);
            }
        }
    }

    fn next(&self) -> Arc<dyn Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return job;
            }
            state.idle += 1;
            let woken = self.work.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}
