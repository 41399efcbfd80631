//! Against a model that is a number and two lists, polled by hand, so that nothing depends on time.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Wake;

use super::*;

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

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Who waits, as the model knows it.
struct Waiting {
    number: usize,
    lane: Lane,
    acquire: Acquire,
    wakes: Arc<Wakes>,
}

impl Waiting {
    fn poll(&mut self) -> Poll<Result<Permit, Closed>> {
        let waker = Waker::from(self.wakes.clone());
        Pin::new(&mut self.acquire).poll(&mut Context::from_waker(&waker))
    }
}

#[test]
fn no_permit_is_lost_or_doubled_and_all_are_given_in_order() {
    for seed in 0..400 {
        let mut chance = Chance(seed);
        let allowed = 1 + chance.below(3);
        let lanes = Lanes::new(allowed);
        let mut held: Vec<Permit> = Vec::new();
        // In the order in which they are to be served.
        let mut line: Vec<Waiting> = Vec::new();
        // Who has been granted one, and has not asked.
        let mut granted: Vec<Waiting> = Vec::new();
        let mut is_closed = false;
        for number in 0..200 {
            let taken = |held: &Vec<Permit>, granted: &Vec<Waiting>| held.len() + granted.len();
            match chance.below(20) {
                0..9 => {
                    let lane = [Lane::Resumed, Lane::New][chance.below(2)];
                    let mut new = Waiting {
                        number,
                        lane,
                        acquire: lanes.acquire(lane),
                        wakes: Arc::default(),
                    };
                    let is_free = taken(&held, &granted) < allowed;
                    let is_refused = is_closed && lane == Lane::New;
                    match new.poll() {
                        Poll::Ready(Ok(permit)) => {
                            assert!(is_free && line.is_empty() && !is_refused);
                            held.push(permit);
                        }
                        Poll::Ready(Err(Closed)) => assert!(is_refused),
                        Poll::Pending => {
                            assert!(!is_free && !is_refused);
                            let at = line.partition_point(|before| before.lane <= lane);
                            line.insert(at, new);
                        }
                    }
                }
                9..11 => {
                    let lane = [Lane::Resumed, Lane::New][chance.below(2)];
                    let is_free = taken(&held, &granted) < allowed;
                    let got = lanes.try_acquire(lane);
                    let expected = is_free && !(is_closed && lane == Lane::New);
                    assert_eq!(got.is_some(), expected);
                    held.extend(got);
                }
                11..13 if !line.is_empty() => drop(line.remove(chance.below(line.len()))),
                13..17 if !held.is_empty() => {
                    drop(held.swap_remove(chance.below(held.len())));
                    if !line.is_empty() {
                        granted.push(line.remove(0));
                    }
                }
                // Who was granted one and is gone: it goes on to the next.
                17..18 if !granted.is_empty() => {
                    drop(granted.swap_remove(chance.below(granted.len())));
                    if !line.is_empty() {
                        granted.push(line.remove(0));
                    }
                }
                18 if number > 150 => {
                    lanes.close();
                    is_closed = true;
                    for mut refused in line.extract_if(.., |waiting| waiting.lane == Lane::New) {
                        assert_eq!(refused.wakes.0.load(SeqCst), 1);
                        assert!(matches!(refused.poll(), Poll::Ready(Err(Closed))));
                    }
                }
                _ if !granted.is_empty() => {
                    let mut first = granted.swap_remove(chance.below(granted.len()));
                    match first.poll() {
                        Poll::Ready(Ok(permit)) => held.push(permit),
                        _ => panic!("seed {seed}: {} was passed over", first.number),
                    }
                }
                _ => {}
            }
            // Who is woken has a permit, and nobody else.
            for waiting in &mut line {
                assert_eq!(waiting.wakes.0.load(SeqCst), 0, "seed {seed}");
                assert!(waiting.poll().is_pending(), "seed {seed}");
            }
            for waiting in &granted {
                assert_eq!(waiting.wakes.0.load(SeqCst), 1, "seed {seed}");
            }
        }
        drop((held, line, granted));
        // All are there again, in the lane that is never closed.
        let all: Vec<_> = std::iter::from_fn(|| lanes.try_acquire(Lane::Resumed)).collect();
        assert_eq!(all.len(), allowed, "seed {seed}");
        let state = lanes.lock();
        assert!(state.waiting.is_empty() && state.granted.is_empty());
    }
}

/// As the model, but with threads that meet where they like.
#[test]
fn threads_never_hold_more_than_there_are() {
    const ALLOWED: usize = 2;
    let lanes = Lanes::new(ALLOWED);
    let (now, served) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (lanes, now, served) = (&lanes, &now, &served);
            scope.spawn(move || {
                let mut chance = Chance(thread);
                for _ in 0..20_000 {
                    let lane = [Lane::Resumed, Lane::New][chance.below(2)];
                    let mut acquire = lanes.acquire(lane);
                    // Some give up, also after they were granted one.
                    for _ in 0..chance.below(40) {
                        let mut context = Context::from_waker(Waker::noop());
                        if let Poll::Ready(permit) = Pin::new(&mut acquire).poll(&mut context) {
                            assert!(now.fetch_add(1, SeqCst) < ALLOWED);
                            served.fetch_add(1, SeqCst);
                            now.fetch_sub(1, SeqCst);
                            drop(permit);
                            break;
                        }
                        std::thread::yield_now();
                    }
                }
            });
        }
    });
    assert!(served.into_inner() > 0);
    let all: Vec<_> = std::iter::from_fn(|| lanes.try_acquire(Lane::New)).collect();
    assert_eq!(all.len(), ALLOWED);
}
