//! Systems that can't tell which pages of a memory are dirty.

use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use std::ptr::NonNull;

/// There are none.
pub(in crate::memory) enum File {}

pub(in crate::memory) fn dirty_pages(_: &[u8]) -> Result<Vec<Range<usize>>> {
    Err(ErrorKind::Unsupported.into())
}

pub(in crate::memory) fn is_transient(_: &Error) -> bool {
    false
}

pub(in crate::memory) fn page_faults() -> u64 {
    0
}

pub(in crate::memory) fn decommit(_: &mut [u8]) -> Result<()> {
    Err(ErrorKind::Unsupported.into())
}

pub(in crate::memory) fn mapping_of(_: usize) -> Option<Range<usize>> {
    None
}

/// # Safety
///
/// None: it does nothing.
pub(in crate::memory) unsafe fn give_back(_: Range<usize>) {}

pub(in crate::memory) fn keep_pages_plain(_: &mut [u8]) {}

pub(in crate::memory) fn seal(_: &[u8]) -> Result<File> {
    Err(ErrorKind::Unsupported.into())
}

pub(in crate::memory) fn map_for_reading(file: &File, _: usize) -> Result<NonNull<u8>> {
    match *file {}
}

pub(in crate::memory) fn map_over(file: &File, _: &mut [u8], _: usize) -> Result<()> {
    match *file {}
}

/// # Safety
///
/// Nothing was ever mapped.
pub(in crate::memory) unsafe fn unmap(_: NonNull<u8>, _: usize) {}
