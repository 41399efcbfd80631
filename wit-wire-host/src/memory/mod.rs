//! A guest's memory as bytes: which of its pages are dirty, how two states differ, and the format
//! of a snapshot.
//!
//! It knows neither stores of a particular kind, nor guests, nor what the bytes mean. All `unsafe`
//! of the crate stands in this folder.

mod bytes;
mod difference;
mod dirty;
mod dirty_set;
mod frame;
mod image;
mod page;
mod restore;
mod sealed;
mod snapshot;
mod stack;
mod sys;

pub(crate) use bytes::{PinnedMemory, bytes_mut};
pub(crate) use difference::{Difference, ImageBounds, ImageError};
pub(crate) use dirty::{
    can_find_dirty_pages, decommit, decommit_unchanged, dirty_pages, is_transient,
    keep_pages_plain, track_dirty, track_dirty_in,
};
pub(crate) use dirty_set::DirtySet;
pub(crate) use frame::{Format, Framed};
pub(crate) use image::{Image, ImageKey};
pub(crate) use page::PageStore;
pub(crate) use restore::{is_state, restore, restore_compared};
pub(crate) use snapshot::SnapshotParts;
pub use snapshot::{Snapshot, SnapshotError};
pub(crate) use stack::DeepStack;

/// The unit in which memory is compared and restored. The machine's pages are as large, or a
/// multiple of it.
pub(crate) const PAGE: usize = 4096;
