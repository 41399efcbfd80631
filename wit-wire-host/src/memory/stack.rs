//! The native stack on which the guest of a store runs.

#![allow(
    unsafe_code,
    reason = "what deep recursion wrote is given back while nothing runs"
)]

use std::ops::Range;

use wasmtime::Store;

use super::{PAGE, sys};

/// The part of a store's native stack that only deep recursion reaches. A store has one stack, from
/// its first run to its end.
pub(crate) struct DeepStack {
    /// Addresses, of whole pages.
    unused: Range<usize>,
    /// Where the store's data is, by which the store is known.
    store: usize,
}

/// Bytes of stack that stay resident.
const KEPT: usize = 256 << 10;

impl DeepStack {
    /// That of `store`, whose guest had the address `inside` on its stack in a run that ended;
    /// `None` if the system does not tell where that stack begins, or if it is the thread's own.
    pub(crate) fn of<T>(store: &Store<T>, inside: usize) -> Option<Self> {
        let here = 0_u8;
        let own = std::ptr::from_ref(&here).addr();
        let mapping = sys::mapping_of(inside)?;
        let end = inside.saturating_sub(KEPT) / PAGE * PAGE;
        let is_other = !mapping.contains(&own) && mapping.start < end;
        is_other.then(|| Self {
            unused: mapping.start..end,
            store: std::ptr::from_ref(store.data()).addr(),
        })
    }

    /// Gives back to the system what runs of the store have written there.
    pub(crate) fn give_back<T>(&self, store: &mut Store<T>) {
        if std::ptr::from_ref(store.data()).addr() == self.store {
            // SAFETY: these are pages of the mapping that the store's stack is in, from its
            // beginning, where the guard page ends it, to below a frame of an earlier run. The
            // store keeps the stack, and is borrowed mutably: nothing runs on it, so that it has no
            // content.
            unsafe { sys::give_back(self.unused.clone()) };
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test fails by panicking, and needs memory like a stack's"
    )]

    use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
    use wasmtime::Engine;

    use super::*;

    #[test]
    fn what_deep_recursion_wrote_is_given_back_and_the_rest_stays() {
        const LENGTH: usize = 1 << 20;
        // SAFETY: new memory at an address of the kernel's choice, unmapped below.
        let start = unsafe {
            let all = LENGTH + 2 * PAGE;
            let start = mmap_anonymous(
                std::ptr::null_mut(),
                all,
                ProtFlags::empty(),
                MapFlags::PRIVATE,
            );
            let start = start.unwrap().byte_add(PAGE);
            mprotect(start, LENGTH, MprotectFlags::READ | MprotectFlags::WRITE).unwrap();
            start
        };
        // SAFETY: mapped above with this length, and used by nobody else.
        let stack = unsafe { std::slice::from_raw_parts_mut(start.cast::<u8>(), LENGTH) };
        let top = stack.as_ptr().expose_provenance() + LENGTH - 64;
        let (mut store, mut other) = (Store::new(&Engine::default(), 1), Store::default());
        let deep = DeepStack::of(&store, top).unwrap();
        let zeros = |stack: &[u8]| stack.iter().filter(|byte| **byte == 0).count();
        stack.fill(7);
        deep.give_back::<()>(&mut other);
        assert_eq!(zeros(stack), 0);
        deep.give_back(&mut store);
        let gone = LENGTH - KEPT - PAGE;
        assert_eq!(
            (zeros(stack), zeros(stack.get(..gone).unwrap())),
            (gone, gone)
        );
        // SAFETY: mapped above, and not used any more.
        unsafe { munmap(start.byte_sub(PAGE), LENGTH + 2 * PAGE) }.unwrap();
    }

    #[test]
    fn the_stack_of_a_thread_is_no_guests() {
        let here = 0_u8;
        let store = Store::new(&Engine::default(), ());
        assert!(DeepStack::of(&store, std::ptr::from_ref(&here).addr()).is_none());
        assert!(DeepStack::of(&store, 0).is_none());
    }
}
