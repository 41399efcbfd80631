//! Runs without a guest: futures that tick as a guest does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::thread;

use futures_util::FutureExt;
use test_support::until;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::*;
use crate::metering::Limits;

fn runtimes() -> [Runtime; 2] {
    let mut two = Builder::new_multi_thread();
    let mut one = Builder::new_current_thread();
    [
        one.enable_all().build().unwrap(),
        two.worker_threads(2).enable_all().build().unwrap(),
    ]
}

fn is_compute_thread() -> bool {
    thread::current().name() == Some("wit-wire-compute")
}

/// Computes for so many ticks, and notes where each begins.
async fn compute(meter: &Meter, ticks: usize, noted: &Mutex<Vec<bool>>) {
    for _ in 0..ticks {
        noted.lock().unwrap().push(is_compute_thread());
        meter.check().unwrap();
        tokio::task::yield_now().await;
    }
}

async fn compute_for_ever(meter: &Meter) {
    loop {
        compute(meter, 1, &Mutex::default()).await;
    }
}

fn run<F: Future>(run: F, meter: &Meter, level: &Arc<Level>) -> Run<F> {
    Run::new(Box::pin(run), meter, level)
}

#[test]
fn what_computes_for_long_moves_and_comes_back_to_wait() {
    for runtime in runtimes() {
        let (meter, level) = (Meter::new(Limits::default()), Level::new("level"));
        let noted = Arc::<Mutex<Vec<bool>>>::default();
        let (answer, asked) = oneshot::channel();
        let (own, own_meter) = (noted.clone(), meter.clone());
        let guest = async move {
            let driven = own_meter.drive_guest(async {
                compute(&own_meter, 3, &own).await;
                compute(&own_meter, 50, &own).await;
                // As a hostcall does.
                crate::metering::leave_compute_thread().await;
                own.lock().unwrap().push(is_compute_thread());
                let answer = asked.await.unwrap();
                own.lock().unwrap().push(is_compute_thread());
                compute(&own_meter, 3, &own).await;
                compute(&own_meter, 5, &own).await;
                answer
            });
            driven.await.ok()
        };
        let run = run(guest, &meter, &level);
        let run = runtime.spawn(run);
        runtime.block_on(async {
            until("it waits", || noted.lock().unwrap().len() == 54).await;
            assert_eq!(level.get(), 0);
            answer.send(7).unwrap();
            assert_eq!(run.await.unwrap(), Some(7));
        });
        let [short, long] = [vec![false; 3], vec![true; 50]];
        let first = [&*short, &*long, &[false]].concat();
        let then = [&[false], &*short, &[true; 5]].concat();
        assert_eq!(*noted.lock().unwrap(), [first, then].concat());
    }
}

#[test]
fn what_waits_now_and_then_never_moves() {
    for runtime in runtimes() {
        let (meter, level) = (Meter::new(Limits::default()), Level::new("level"));
        let noted = Arc::<Mutex<Vec<bool>>>::default();
        let (own, own_meter) = (noted.clone(), meter.clone());
        let guest = async move {
            let driven = own_meter.drive_guest(async {
                for _ in 0..50 {
                    compute(&own_meter, SHORT as usize, &own).await;
                    // Without a tick: it waits.
                    tokio::task::yield_now().await;
                }
            });
            driven.await.is_ok()
        };
        assert!(runtime.block_on(run(guest, &meter, &level)));
        assert_eq!(*noted.lock().unwrap(), vec![false; 50 * SHORT as usize]);
    }
}

/// Tells when it is dropped, and where.
struct Watched(Option<oneshot::Sender<bool>>);

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(told) = self.0.take() {
            let _ = told.send(is_compute_thread());
        }
    }
}

#[test]
fn what_is_dropped_ends_also_while_it_computes() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let mut runs = Vec::new();
            let level = Level::new("level");
            // More than there are threads, so that some are in line.
            for _ in 0..20 {
                let (told, dropped) = oneshot::channel();
                let meter = Meter::new(Limits::default());
                let own = meter.clone();
                let guest = async move {
                    let _watched = Watched(Some(told));
                    let driven = own.drive_guest(compute_for_ever(&own));
                    driven.await.is_ok()
                };
                runs.push((tokio::spawn(run(guest, &meter, &level)), dropped));
            }
            until("all compute elsewhere", || level.get() == 20).await;
            for (run, _) in &runs {
                run.abort();
            }
            for (run, dropped) in runs {
                assert!(run.await.unwrap_err().is_cancelled());
                dropped.await.unwrap();
            }
            until("nothing is left", || level.get() == 0).await;
        });
    }
}

#[test]
fn a_panic_is_the_callers() {
    for runtime in runtimes() {
        let (meter, level) = (Meter::new(Limits::default()), Level::new("level"));
        let own = meter.clone();
        let guest = async move {
            let driven = own.drive_guest(async {
                compute(&own, 10, &Mutex::default()).await;
                panic!("on {}", thread::current().name().unwrap());
            });
            driven.await.is_ok()
        };
        let run = AssertUnwindSafe(run(guest, &meter, &level));
        let panic = runtime.block_on(run.catch_unwind()).unwrap_err();
        let told = panic.downcast::<String>().unwrap();
        assert_eq!(*told, "on wit-wire-compute");
    }
}

#[test]
fn a_runtime_that_ends_takes_its_runs_with_it() {
    for runtime in runtimes() {
        let (meter, level) = (Meter::new(Limits::default()), Level::new("level"));
        let (told, dropped) = oneshot::channel();
        let own = meter.clone();
        let guest = async move {
            let _watched = Watched(Some(told));
            let driven = own.drive_guest(compute_for_ever(&own));
            driven.await.is_ok()
        };
        runtime.spawn(run(guest, &meter, &level));
        runtime.block_on(until("it computes elsewhere", || level.get() == 1));
        drop(runtime);
        dropped.blocking_recv().unwrap();
    }
}
