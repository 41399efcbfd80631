//! Access to the bytes of a linear memory.

#![allow(
    unsafe_code,
    reason = "a guest's memory is written while the guest rests"
)]

use std::ptr::NonNull;
use std::sync::Mutex;

use wasmtime::Store;
use wasmtime::component::WasmList;

/// All of the memory that `list` covers, for writing.
pub(crate) fn bytes_mut<'a, T: 'static>(
    list: &WasmList<u8>,
    store: &'a mut Store<T>,
) -> &'a mut [u8] {
    let bytes = list.as_le_slice(&*store);
    // The address alone: what is written through is not the shared borrow, but the mapping that
    // Wasmtime made.
    let start = std::ptr::with_exposed_provenance_mut(bytes.as_ptr().expose_provenance());
    let length = bytes.len();
    // SAFETY: the bytes are the store's linear memory, which Wasmtime has just checked to have
    // them, and which it maps to be written. The store is borrowed mutably for as long as the slice
    // lives, so that neither the guest nor anything else that goes through the store reads, writes,
    // grows or frees the memory meanwhile. It is not shared with threads: an instance with a shared
    // memory has no such list.
    unsafe { std::slice::from_raw_parts_mut(start, length) }
}

/// The memory of a store whose guest never runs again, readable from any thread.
pub(crate) struct PinnedMemory<T: 'static> {
    /// Owns the memory. Never looked into, so that nothing else reaches the memory.
    _store: Mutex<Store<T>>,
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a store of `Send` data is `Send`, and in a mutex it is `Sync`. The pointer is one to
// memory of that store, which stays where it is until the store is dropped, on whichever thread,
// and which is only read.
unsafe impl<T: Send> Send for PinnedMemory<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for PinnedMemory<T> {}

impl<T> PinnedMemory<T> {
    /// Pins the memory that `list` covers, of which the first `length` bytes are read.
    pub(crate) fn new(mut store: Store<T>, list: &WasmList<u8>, length: usize) -> Self {
        let bytes = bytes_mut(list, &mut store);
        let (start, length) = (NonNull::from(&mut *bytes).cast(), bytes.len().min(length));
        Self {
            _store: Mutex::new(store),
            start,
            length,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: these are the bytes of the store's memory, found in `new`. The store has not been
        // used since: it is owned here and reached by nobody. A memory moves and grows at most when
        // its guest runs, and nobody writes to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}
