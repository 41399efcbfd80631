//! Which pages of a memory are dirty: no longer what was mapped there.

use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::pin;
use std::sync::OnceLock;

use super::{PAGE, sys};

/// Whether this machine can tell which pages are dirty. An error is one of this moment: the process
/// has no descriptor or no memory left for the question.
pub(crate) fn can_find_dirty_pages() -> std::io::Result<bool> {
    static SUPPORTED: OnceLock<bool> = OnceLock::new();
    if let Some(supported) = SUPPORTED.get() {
        return Ok(*supported);
    }
    let probe = vec![1_u8; 2 * PAGE];
    let aligned = probe.as_ptr().align_offset(PAGE);
    let page = probe.get(aligned..aligned.saturating_add(PAGE));
    let supported = match page.map(dirty_pages) {
        Some(Err(error)) if sys::is_transient(&error) => return Err(error),
        Some(Ok(found)) => found.len() == 1,
        _ => false,
    };
    Ok(*SUPPORTED.get_or_init(|| supported))
}

/// The dirty pages of `memory`, as ranges of offsets in ascending order: those that were written at
/// any time since they were mapped, and those that never had a file behind them and were touched.
/// The system may have swapped them out.
///
/// `memory` consists of whole pages.
pub(crate) fn dirty_pages(memory: &[u8]) -> std::io::Result<Vec<Range<usize>>> {
    sys::dirty_pages(memory)
}

/// Writes to memory, and sets `has_new_pages` if that may have made a page dirty.
///
/// A page that is as it was mapped can't be written without a page fault of this thread.
pub(crate) fn track_dirty(has_new_pages: &mut bool, write: impl FnOnce()) {
    let before = sys::page_faults();
    write();
    *has_new_pages |= sys::page_faults() != before;
}

/// Drives `future`, and sets `has_new_pages` if it may have made a page dirty.
pub(crate) async fn track_dirty_in<F: Future>(has_new_pages: &mut bool, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        // Nothing more to find out.
        if *has_new_pages {
            return future.as_mut().poll(context);
        }
        let before = sys::page_faults();
        let polled = future.as_mut().poll(context);
        *has_new_pages = sys::page_faults() != before;
        polled
    })
    .await
}

/// Gives the pages of `memory` in `ranges` back to the system, so that they are clean and have the
/// content that was mapped there. That is less work than writing to many of them; but the next
/// access to each is a page fault.
pub(crate) fn decommit(memory: &mut [u8], ranges: &[Range<usize>]) -> std::io::Result<()> {
    for range in ranges {
        if let Some(pages) = memory.get_mut(range.clone()) {
            sys::decommit(pages)?;
        }
    }
    Ok(())
}

/// Makes the pages in `ranges` clean again that hold what was mapped there: a component's start
/// writes to many pages what they hold already.
pub(crate) fn decommit_unchanged(memory: &mut [u8], ranges: &[Range<usize>]) {
    // As many pages as the system maps at once when one of them is read.
    const TOGETHER: usize = 16 * PAGE;
    let mut held = Vec::with_capacity(TOGETHER);
    for range in ranges {
        for start in range.clone().step_by(TOGETHER) {
            let end = range.end.min(start + TOGETHER);
            let Some(pages) = memory.get_mut(start..end) else {
                return;
            };
            held.clear();
            held.extend_from_slice(pages);
            if sys::decommit(pages).is_err() {
                continue;
            }
            for (page, held) in pages.chunks_mut(PAGE).zip(held.chunks(PAGE)) {
                if page != held {
                    page.copy_from_slice(held);
                }
            }
        }
    }
}

/// Makes the system back `memory` with pages of the smallest size, so that writing one byte does
/// not make two megabytes dirty, and merge none of them with others that have the same content:
/// one full of zeros would no longer be reported as dirty.
pub(crate) fn keep_pages_plain(memory: &mut [u8]) {
    sys::keep_pages_plain(memory);
}

/// Whether an error says that the system is short of something, which it may have again later.
pub(crate) fn is_transient(error: &std::io::Error) -> bool {
    sys::is_transient(error)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(
        unsafe_code,
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test fails by panicking, and needs fresh memory of the system's"
    )]

    use super::*;

    #[test]
    fn pages_that_were_written_are_dirty_and_others_are_not() {
        if !can_find_dirty_pages().unwrap() {
            return;
        }
        const LENGTH: usize = 1 << 20;
        // SAFETY: new memory at an address of the kernel's choice, unmapped below.
        let start = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                LENGTH,
                rustix::mm::ProtFlags::READ | rustix::mm::ProtFlags::WRITE,
                rustix::mm::MapFlags::PRIVATE,
            )
        }
        .unwrap();
        // SAFETY: mapped above with this length, and used by nobody else.
        let memory = unsafe { std::slice::from_raw_parts_mut(start.cast::<u8>(), LENGTH) };
        keep_pages_plain(memory);
        assert_eq!(dirty_pages(memory).unwrap(), []);
        // Reading is not writing.
        assert_eq!(memory[7 * PAGE], 0);
        assert_eq!(dirty_pages(memory).unwrap(), []);
        for page in [0, 3, 4, 255] {
            memory[page * PAGE + 17] = 1;
        }
        let expected = [0..PAGE, 3 * PAGE..5 * PAGE, 255 * PAGE..256 * PAGE];
        assert_eq!(dirty_pages(memory).unwrap(), expected);
        for page in (0..256).step_by(2) {
            memory[page * PAGE] = 1;
        }
        let pages: usize = dirty_pages(memory)
            .unwrap()
            .iter()
            .map(|range| range.len() / PAGE)
            .sum();
        assert_eq!(pages, 128 + 2);
        // SAFETY: mapped above, and not used any more.
        unsafe { rustix::mm::munmap(start, LENGTH) }.unwrap();
    }
}
