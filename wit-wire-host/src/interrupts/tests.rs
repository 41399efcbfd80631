#![allow(
    unsafe_code,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and needs memory that goes away"
)]

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::thread;

use super::ticker::{LEAST, Registration, Shared};
use super::{Flag, Guest, Ticker};

/// A word that no guest has.
fn word() -> Box<[u8]> {
    let words: Box<[u32]> = Box::new([0]);
    // SAFETY: one word, as the bytes that it consists of.
    unsafe {
        Box::from_raw(std::ptr::slice_from_raw_parts_mut(
            Box::into_raw(words).cast(),
            4,
        ))
    }
}

#[test]
fn only_a_guest_that_runs_for_long_is_asked_to_look_up() {
    let (word, guest) = (word(), Guest::default());
    guest.add(Flag::new(&word).unwrap());
    assert!(!guest.tick(10 * LEAST, LEAST));
    guest.began.store(LEAST, Relaxed);
    assert!(guest.tick(2 * LEAST - 1, LEAST));
    assert!(!guest.take());
    assert!(guest.tick(2 * LEAST, LEAST));
    assert!(guest.take());
    assert!(!guest.take());
    guest.end();
    assert!(guest.tick(2 * LEAST, LEAST));
    assert!(!guest.take());
    assert_eq!(*word, [0; 4]);
}

#[test]
fn a_flag_is_an_aligned_word() {
    let bytes = [0_u32; 2];
    // SAFETY: the same memory, as bytes.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), 8) };
    assert!(Flag::new(bytes.get(..4).unwrap()).is_some());
    assert!(Flag::new(bytes.get(1..5).unwrap()).is_none());
    assert!(Flag::new(bytes).is_none());
    assert!(Flag::new(&[]).is_none());
}

/// Memory that the system takes back at once, so that a write which comes too late is a fault.
#[cfg(unix)]
struct Mapped(*mut std::ffi::c_void);

#[cfg(unix)]
impl Mapped {
    const LENGTH: usize = 1 << 16;

    fn new() -> Self {
        use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: new memory at an address of the kernel's choice, unmapped when this is dropped.
        let start = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                Self::LENGTH,
                access,
                MapFlags::PRIVATE,
            )
        };
        Self(start.unwrap())
    }

    fn flag(&self) -> Flag {
        // SAFETY: mapped, and not borrowed any longer than this takes.
        Flag::new(unsafe { std::slice::from_raw_parts(self.0.cast(), 4) }).unwrap()
    }
}

#[cfg(unix)]
impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped with this length, and used by nobody else.
        unsafe { rustix::mm::munmap(self.0, Self::LENGTH) }.unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_store_ends_while_its_flag_is_written() {
    let shared = Arc::new(Shared::new());
    thread::scope(|scope| {
        let ticker = scope.spawn(|| {
            while !shared.ended.load(SeqCst) {
                shared.tick();
            }
        });
        for _ in 0..2_000 {
            let memory = Mapped::new();
            let registration = Registration::new(&shared);
            registration.guest().add(memory.flag());
            registration.guest().began.store(1, Relaxed);
            while !registration.guest().take() {
                thread::yield_now();
            }
            // As a store has them: the registration goes first.
            drop(registration);
            drop(memory);
        }
        shared.ended.store(true, SeqCst);
        ticker.join().unwrap();
    });
    assert!(shared.lock().is_empty());
}

#[test]
fn a_ticker_that_sleeps_wakes_for_a_guest() {
    let ticker = Ticker::start().unwrap();
    for _ in 0..3 {
        while !ticker.shared.asleep.load(SeqCst) {
            thread::yield_now();
        }
        let word = word();
        let registration = ticker.register();
        registration.guest().add(Flag::new(&word).unwrap());
        let running = registration.begin();
        while !registration.guest().take() {
            thread::yield_now();
        }
        drop(running);
        drop(registration);
    }
}
