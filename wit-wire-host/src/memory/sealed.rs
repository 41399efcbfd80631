//! Bytes that never change, in a file that can be mapped over memories.

#![allow(unsafe_code, reason = "a mapping of a sealed file is read as a slice")]

use std::ptr::NonNull;

use super::sys;

/// Bytes that never change, in a sealed file in memory, which is mapped for reading.
pub(crate) struct SealedFile {
    file: sys::File,
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the pointer is one to a mapping that `SealedFile` owns, that is only read, and that can
// be read and unmapped from any thread.
unsafe impl Send for SealedFile {}
// SAFETY: as above.
unsafe impl Sync for SealedFile {}

impl SealedFile {
    /// A file with the content `bytes`, which consist of whole pages.
    pub(crate) fn new(bytes: &[u8]) -> std::io::Result<Self> {
        let file = sys::seal(bytes)?;
        let start = sys::map_for_reading(&file, bytes.len())?;
        Ok(Self {
            file,
            start,
            length: bytes.len(),
        })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping has this length, lives as long as `self`, and is one of a file that
        // is sealed against writing and shrinking.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// Replaces `memory`, which consists of whole pages, by a private copy of the bytes from `at`
    /// on: a page is copied when it is first written.
    pub(crate) fn map_over(&self, memory: &mut [u8], at: usize) -> std::io::Result<()> {
        let end = at.checked_add(memory.len());
        if !memory.len().is_multiple_of(super::PAGE) || end.is_none_or(|end| end > self.length) {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        sys::map_over(&self.file, memory, at)
    }
}

impl Drop for SealedFile {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and no longer borrowed. Instances that have the
        // file mapped have mappings of their own.
        unsafe { sys::unmap(self.start, self.length) };
    }
}
