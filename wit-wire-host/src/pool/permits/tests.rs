//! Permits without a guest: futures that are polled by hand, so that nothing depends on time.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use super::{InstancePermits, Permits, ProgramPermits};
use crate::error::{CallError, Phase};
use crate::lanes::{Lane, Permit};
use crate::metering::{Limit, LimitExceeded, Limits, Meter, MeterOptions};
use crate::pool::PoolConfig;
use crate::pool::stats::Counts;
use crate::telemetry::{Level, Timed};

type Acquiring<T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send>>;

fn permits(instances: usize, queue: usize) -> Arc<Permits> {
    permits_of(PoolConfig::default().instances(instances).queue(queue))
}

fn permits_of(config: PoolConfig) -> Arc<Permits> {
    let background = Arc::new(Timed::new("background"));
    let counts = Arc::new(Counts::new(Level::new("live"), background));
    Arc::new(Permits::new(&config, counts))
}

/// A run that has all the time there is.
fn patient() -> Meter {
    let limits = Limits::default().wait(Duration::MAX);
    Meter::new(limits.wall_time(Duration::MAX))
}

/// Runs are driven within a runtime, which only lends them its clock here.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn acquire(permits: &Arc<Permits>, meter: Meter) -> Acquiring<InstancePermits> {
    let permits = permits.clone();
    Box::pin(async move { permits.acquire(Lane::New, None, &meter).await })
}

fn poll<T>(acquiring: &mut Acquiring<T>) -> Poll<Result<T, CallError>> {
    let mut context = Context::from_waker(Waker::noop());
    acquiring.as_mut().poll(&mut context)
}

/// What `acquiring` comes to without waiting.
fn at_once<T>(mut acquiring: Acquiring<T>) -> Result<T, CallError> {
    match poll(&mut acquiring) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

fn exceeded<T>(result: Result<T, CallError>) -> LimitExceeded {
    match result {
        Err(CallError::Limit {
            op: None,
            phase: Phase::Instantiate,
            exceeded,
        }) => exceeded,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it got a permit"),
    }
}

/// Numbers by chance (Vigna's SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

/// Calls that come, go and end by chance, against a model that is a number and a list: `allowed`
/// permits, and a line of at most `queue`.
fn follows_the_model<T>(
    chance: &mut Chance,
    permits: &Arc<Permits>,
    [allowed, queue]: [usize; 2],
    acquire: impl Fn() -> Acquiring<T>,
) {
    let mut held = Vec::new();
    // First come, first served: with how many were before it, to tell them apart.
    let mut line: Vec<(usize, Acquiring<T>)> = Vec::new();
    let mut arrived = 0;
    for _ in 0..300 {
        match chance.below(10) {
            0..5 => {
                let mut acquiring = acquire();
                arrived += 1;
                match poll(&mut acquiring) {
                    Poll::Ready(Ok(permit)) => {
                        assert!(line.is_empty() && held.len() < allowed);
                        held.push(permit);
                    }
                    Poll::Ready(Err(error)) => {
                        assert_eq!((held.len(), line.len()), (allowed, queue));
                        let exceeded = exceeded::<T>(Err(error));
                        let expected = LimitExceeded::size(Limit::Queue, queue, queue + 1);
                        assert_eq!(exceeded, expected);
                    }
                    Poll::Pending => {
                        assert!(held.len() == allowed && line.len() < queue);
                        line.push((arrived, acquiring));
                    }
                }
            }
            5..7 if !line.is_empty() => drop(line.remove(chance.below(line.len()))),
            7..10 if !held.is_empty() => {
                drop(held.swap_remove(chance.below(held.len())));
                // The first in line has it already, even if it is cancelled before it knows.
                if chance.below(4) == 0 && !line.is_empty() {
                    drop(line.remove(0));
                }
            }
            _ => {}
        }
        // Asked in any order, exactly the first in line have what is free.
        let free = allowed - held.len();
        let first: Vec<_> = line.iter().take(free).map(|(number, _)| *number).collect();
        let mut served = Vec::new();
        let turn = chance.below(line.len().max(1));
        line.rotate_left(turn);
        let mut waiting = Vec::new();
        for (number, mut acquiring) in line {
            match poll(&mut acquiring) {
                Poll::Ready(permit) => {
                    held.push(permit.unwrap());
                    served.push(number);
                }
                Poll::Pending => waiting.push((number, acquiring)),
            }
        }
        served.sort_unstable();
        assert_eq!(served, first);
        waiting.sort_unstable_by_key(|(number, _)| *number);
        line = waiting;
        assert_eq!(permits.counts.stats().waiting, line.len());
    }
}

#[test]
fn permits_of_instances_are_given_in_order_and_the_line_has_an_end() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut chance = Chance(1);
    for _ in 0..100 {
        let size = [1 + chance.below(3), chance.below(5)];
        // Either of the two may be what is waited for.
        let config = PoolConfig::default().queue(size[1]);
        let permits = permits_of(match chance.below(2) {
            0 => config.instances(size[0]).computing(size[0]),
            _ => config.instances(100).computing(size[0]),
        });
        follows_the_model(&mut chance, &permits, size, || acquire(&permits, patient()));
    }
}

#[test]
fn permits_of_a_program_are_given_in_order_and_the_line_has_an_end() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut chance = Chance(2);
    for _ in 0..100 {
        let size = [1 + chance.below(3), chance.below(5)];
        let permits = permits(1, size[1]);
        let program = Arc::new(ProgramPermits::new(size[0]));
        follows_the_model(&mut chance, &permits, size, || {
            let (permits, program) = (permits.clone(), program.clone());
            Box::pin(async move {
                permits
                    .acquire_of_program(&program, Lane::New, &patient())
                    .await
            })
        });
    }
}

#[test]
fn the_queue_is_filled_exactly_by_threads_that_come_together() {
    const THREADS: usize = 6;
    let runtime = runtime();
    for round in 0..200 {
        let queue = round % (THREADS + 1);
        let permits = permits(1, queue);
        let _entered = runtime.enter();
        let held = at_once(acquire(&permits, patient())).unwrap();
        let together = Barrier::new(THREADS);
        let waiting = std::thread::scope(|scope| {
            let caller = || {
                let _entered = runtime.enter();
                let mut acquiring = acquire(&permits, patient());
                together.wait();
                let polled = poll(&mut acquiring);
                // Nobody leaves the line before all others have been let in or not.
                together.wait();
                match polled {
                    Poll::Pending => true,
                    Poll::Ready(refused) => {
                        assert_eq!(exceeded(refused).limit, Limit::Queue);
                        false
                    }
                }
            };
            let callers = [(); THREADS].map(|()| scope.spawn(caller));
            let waiting = callers.map(|caller| caller.join().unwrap());
            waiting.into_iter().filter(|waiting| *waiting).count()
        });
        assert_eq!(waiting, queue);
        assert_eq!(permits.counts.stats().waiting, 0);
        drop(held);
    }
}

/// A run that a hostcall of `parent` makes.
fn nested(parent: &Meter) -> Meter {
    let mut making = Box::pin(parent.nest(async { patient() }));
    match making
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(meter) => meter,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn one_nested_run_at_a_time_needs_no_permit_of_the_pool() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let permits = permits(2, 0);
    let [parent, other] = [patient(), patient()];
    let held = [&parent, &other].map(|meter| at_once(acquire(&permits, meter.clone())).unwrap());
    // A full pool, in which no call may wait: those of hostcalls do all the same.
    let first = at_once(acquire(&permits, nested(&parent))).unwrap();
    let mut second = acquire(&permits, nested(&parent));
    let mut third = acquire(&permits, nested(&parent));
    assert!(poll(&mut second).is_pending() && poll(&mut third).is_pending());
    assert_eq!(permits.counts.stats().waiting, 0);
    // Each parent has one to lend, and a nested run is a parent in turn.
    let of_other = nested(&other);
    let deeper = nested(&of_other);
    assert_eq!((of_other.depth(), deeper.depth()), (1, 2));
    let of_other = at_once(acquire(&permits, of_other)).unwrap();
    let deeper = at_once(acquire(&permits, deeper)).unwrap();
    drop((of_other, deeper));
    assert!(poll(&mut second).is_pending() && poll(&mut third).is_pending());
    // What comes first: the permit of the parent, or one of the pool.
    drop(first);
    let Poll::Ready(Ok(second)) = poll(&mut second) else {
        panic!("the parent's permit is free")
    };
    assert!(poll(&mut third).is_pending());
    let [_, of_other] = held;
    drop(of_other);
    let Poll::Ready(Ok(third)) = poll(&mut third) else {
        panic!("a permit of the pool is free")
    };
    // That one is the pool's again.
    let refused = at_once(acquire(&permits, patient()));
    assert_eq!(exceeded(refused).limit, Limit::Queue);
    drop((second, third));
    // Where both are free, the pool's is left to others.
    let of_parent = at_once(acquire(&permits, nested(&parent))).unwrap();
    drop(at_once(acquire(&permits, patient())).unwrap());
    drop(of_parent);
}

#[test]
fn a_run_waits_no_longer_than_it_may() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let permits = permits(1, 8);
    let program = Arc::new(ProgramPermits::new(1));
    let hasty = || Meter::new(Limits::default().wait(Duration::ZERO));
    let late = || {
        let options = MeterOptions {
            deadline: Some(Instant::now()),
            ..MeterOptions::default()
        };
        Meter::with(Limits::default(), options)
    };
    let of_program = |meter: Meter| -> Acquiring<Permit> {
        let (permits, program) = (permits.clone(), program.clone());
        Box::pin(async move {
            permits
                .acquire_of_program(&program, Lane::New, &meter)
                .await
        })
    };
    // What is free is not waited for.
    let held = at_once(acquire(&permits, hasty())).unwrap();
    let held_of_program = at_once(of_program(hasty())).unwrap();
    let waited = LimitExceeded::time(Limit::Wait, Duration::ZERO);
    assert_eq!(exceeded(at_once(acquire(&permits, hasty()))), waited);
    assert_eq!(exceeded(at_once(of_program(hasty()))), waited);
    // Out of time altogether, the error says what it waited for.
    let all = |limit| LimitExceeded::new(limit, 1, None);
    assert_eq!(
        exceeded(at_once(acquire(&permits, late()))),
        all(Limit::Instances)
    );
    assert_eq!(
        exceeded(at_once(of_program(late()))),
        all(Limit::Concurrency)
    );
    assert_eq!(permits.counts.stats().waiting, 0);
    drop((held, held_of_program));
}

#[test]
fn who_resumes_comes_first_and_waits_until_its_deadline() {
    let runtime = runtime();
    let _entered = runtime.enter();
    for config in [
        PoolConfig::default().instances(1),
        PoolConfig::default().computing(1),
    ] {
        let permits = permits_of(config.queue(1));
        let resume = |meter: Meter| -> Acquiring<InstancePermits> {
            let permits = permits.clone();
            Box::pin(async move { permits.acquire(Lane::Resumed, None, &meter).await })
        };
        let held = at_once(acquire(&permits, patient())).unwrap();
        let mut new = acquire(&permits, patient());
        assert!(poll(&mut new).is_pending());
        // Neither the queue nor the limit on waiting is for these.
        let impatient = Meter::new(Limits::default().wait(Duration::ZERO));
        let mut resumed = [impatient, patient()].map(resume);
        assert!(resumed.iter_mut().all(|one| poll(one).is_pending()));
        assert_eq!(permits.counts.stats().waiting, 1);
        let late = MeterOptions {
            deadline: Some(Instant::now()),
            ..MeterOptions::default()
        };
        let late = exceeded(at_once(resume(Meter::with(Limits::default(), late))));
        assert!(matches!(late.limit, Limit::Instances | Limit::Computing));
        drop(held);
        for mut first in resumed {
            let Poll::Ready(Ok(permits)) = poll(&mut first) else {
                panic!("it is its turn")
            };
            assert!(poll(&mut new).is_pending());
            drop(permits);
        }
        assert!(matches!(poll(&mut new), Poll::Ready(Ok(_))));
    }
}

#[test]
fn who_waits_for_a_turn_is_told_so_and_keeps_its_place_in_the_queue() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let permits = permits_of(PoolConfig::default().instances(2).computing(1).queue(1));
    let mut held = at_once(acquire(&permits, patient())).unwrap();
    let late = MeterOptions {
        deadline: Some(Instant::now()),
        ..MeterOptions::default()
    };
    let late = at_once(acquire(&permits, Meter::with(Limits::default(), late)));
    let all = LimitExceeded::new(Limit::Computing, 1, None);
    assert_eq!(exceeded(late), all);
    // As a function does that waits: its turn goes to the next call, and its instance does not.
    drop(held.turn.take());
    let other = at_once(acquire(&permits, patient())).unwrap();
    let mut third = acquire(&permits, patient());
    assert!(poll(&mut third).is_pending());
    drop(held);
    // It has its instance now, and waits for the turn in the same place.
    assert!(poll(&mut third).is_pending());
    let refused = exceeded(at_once(acquire(&permits, patient())));
    assert_eq!(refused.limit, Limit::Queue);
    drop(other);
    assert!(matches!(poll(&mut third), Poll::Ready(Ok(_))));
}

#[test]
fn closing_refuses_those_that_wait_and_those_that_come() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let permits = permits(1, 1);
    let parent = patient();
    let held = at_once(acquire(&permits, parent.clone())).unwrap();
    let mut waiting = acquire(&permits, patient());
    let nested = [(); 2].map(|()| self::nested(&parent));
    assert!(poll(&mut waiting).is_pending());
    permits.close();
    let refused = at_once(waiting);
    assert!(matches!(refused, Err(CallError::ShutDown)), "{refused:?}");
    for _ in 0..3 {
        let refused = at_once(acquire(&permits, patient()));
        assert!(matches!(refused, Err(CallError::ShutDown)), "{refused:?}");
    }
    // The call in flight is let end, with the calls that it still makes: one after the other.
    let [first, second] = nested;
    let first = at_once(acquire(&permits, first)).unwrap();
    let mut second = acquire(&permits, second);
    assert!(poll(&mut second).is_pending());
    drop(first);
    assert!(matches!(
        poll(&mut second),
        Poll::Ready(Ok(InstancePermits {
            instance: Some(_),
            ..
        }))
    ));
    drop(held);
    let refused = at_once(acquire(&permits, patient()));
    assert!(matches!(refused, Err(CallError::ShutDown)), "{refused:?}");
}

#[test]
fn waiting_needs_a_runtime() {
    let permits = permits(1, 1);
    let held = at_once(acquire(&permits, patient())).unwrap();
    let refused = at_once(acquire(&permits, patient()));
    assert!(matches!(refused, Err(CallError::NoRuntime)), "{refused:?}");
    drop(held);
}
