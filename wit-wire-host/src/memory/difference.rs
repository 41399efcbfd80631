//! What is different in a memory, page by page, before it becomes an image.

use std::ops::Range;
use std::sync::Arc;

use super::page::{Lines, Page, Pages, page_at};
use super::{Image, PAGE};

/// The number of changed pages from which on an image is mapped and not copied. A call then writes
/// to, and a reset copies, only the pages that calls change: 0.06 ms of CPU time instead of 0.15 at
/// this size, 0.09 instead of 13 for one of 5,000. Mapping wins for small images too, but takes
/// thirty times their memory.
pub(super) const LARGE: usize = 512;

/// Changed pages with no more than this many bytes between them are mapped as one range, or with
/// more if there would be too many ranges.
const GAP: usize = 16 * PAGE;

/// What one image may take of the host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageBounds {
    /// Bytes.
    pub(crate) bytes: usize,
    /// Ranges that are mapped. Each takes two mappings of each instance that holds the image:
    /// itself, and what is between it and the next.
    pub(crate) ranges: usize,
}

/// Why there is no image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ImageError {
    /// What was read are no pages of such a memory.
    Invalid,
    /// It would take more bytes than it may; at least this many.
    TooLarge(usize),
}

/// The pages of a memory that are different, in ascending order, compared one part after the other
/// because that takes milliseconds for a large memory.
pub(crate) struct Difference {
    pub(super) pages: Pages,
    pub(super) base: Option<Arc<Image>>,
    bytes: usize,
    bounds: ImageBounds,
}

impl ImageBounds {
    #[cfg(any(test, fuzzing))]
    pub(crate) const NONE: Self = Self {
        bytes: usize::MAX,
        ranges: usize::MAX,
    };
}

impl Difference {
    /// To `base`, or to a pristine memory.
    pub(crate) fn new(base: Option<Arc<Image>>, bounds: ImageBounds) -> Self {
        Self {
            pages: Pages::default(),
            base,
            bytes: size_of::<Image>(),
            bounds,
        }
    }

    /// Adds what is different in `range` of `memory`. Beyond the end of `pristine` there are zeros.
    pub(crate) fn compare(
        &mut self,
        pristine: &[u8],
        memory: &[u8],
        range: Range<usize>,
    ) -> Result<(), ImageError> {
        let base = self.base.clone();
        let mut page = [0; PAGE];
        for start in range.step_by(PAGE) {
            let before = expected(base.as_deref(), pristine, start, &mut page);
            let here = memory.get(start..start + PAGE).unwrap_or_default();
            // Memory has at most 2^32 bytes.
            let number = (start / PAGE) as u32;
            if let Some(lines) = self.pages.add_between(number, before, here) {
                let bytes = lines.bytes.len();
                self.check(bytes)?;
            }
        }
        Ok(())
    }

    /// The same, and makes `memory` there what it is compared with. After an error only a part of
    /// it is.
    pub(crate) fn take(
        &mut self,
        pristine: &[u8],
        memory: &mut [u8],
        range: Range<usize>,
    ) -> Result<(), ImageError> {
        let base = self.base.clone();
        let mut page = [0; PAGE];
        for start in range.step_by(PAGE) {
            let before = expected(base.as_deref(), pristine, start, &mut page);
            let here = memory.get_mut(start..start + PAGE).unwrap_or_default();
            let number = (start / PAGE) as u32;
            if let Some(lines) = self.pages.add_between(number, before, here) {
                lines.copy_lines(before, here);
                let bytes = lines.bytes.len();
                self.check(bytes)?;
            }
        }
        Ok(())
    }

    /// The most bytes that an image takes for what is different in as many pages.
    pub(crate) fn most_bytes(pages: usize) -> usize {
        const EACH: usize = PAGE + PAGE_OVERHEAD;
        pages
            .saturating_mul(EACH)
            .saturating_add(size_of::<Image>())
    }

    pub(super) fn push(&mut self, number: u32, lines: Lines<'_>) -> Result<(), ImageError> {
        self.check(lines.bytes.len())?;
        self.pages.push(number, lines);
        Ok(())
    }

    /// Counts one more page, with `lines` bytes of lines.
    fn check(&mut self, lines: usize) -> Result<(), ImageError> {
        let overhead = match self.base {
            Some(_) => Pages::OVERHEAD,
            None => PAGE_OVERHEAD,
        };
        self.bytes = self.bytes.saturating_add(lines).saturating_add(overhead);
        match self.bytes > self.bounds.bytes {
            true => Err(ImageError::TooLarge(self.bytes)),
            false => Ok(()),
        }
    }

    /// Whether something is different in the page at `start`, or its base has lines of it.
    pub(crate) fn has(&self, start: usize) -> bool {
        let has_lines = |base: &Arc<Image>| base.has_lines(start);
        self.base.as_ref().is_some_and(has_lines) || self.pages.get(start / PAGE).is_some()
    }

    /// The number of the last page.
    pub(super) fn last(&self) -> Option<u32> {
        self.pages.last()
    }

    /// The ranges to map, if the pages are many and their ranges stay within the bounds together
    /// with what is between them.
    pub(super) fn mappable(&self) -> Option<Vec<Range<usize>>> {
        if self.base.is_some() || self.pages.len() < LARGE {
            return None;
        }
        let mut gap = GAP;
        let mut ranges = self.ranges(gap);
        while ranges.len() > self.bounds.ranges.max(1) {
            gap *= 2;
            ranges = self.ranges(gap);
        }
        let bytes: usize = ranges.iter().map(ExactSizeIterator::len).sum();
        (bytes <= self.bounds.bytes).then_some(ranges)
    }

    fn ranges(&self, gap: usize) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (number, _) in self.pages.iter() {
            let start = number as usize * PAGE;
            match ranges.last_mut() {
                Some(last) if start <= last.end.saturating_add(gap) => last.end = start + PAGE,
                _ => ranges.push(start..start + PAGE),
            }
        }
        ranges
    }
}

/// What the page at `start` is compared with, in `page` if it is found nowhere as a whole.
fn expected<'a>(
    base: Option<&Image>,
    pristine: &'a [u8],
    start: usize,
    page: &'a mut [u8; PAGE],
) -> &'a [u8] {
    match base {
        None => page_at(pristine, start),
        Some(base) => base.page_in(pristine, start, page),
    }
}

/// Bytes that an image takes for a page that it may share, besides its lines: the page, its place
/// among others, its reference counts and the allocator's two words.
pub(super) const PAGE_OVERHEAD: usize =
    size_of::<Page>() + size_of::<(u32, Arc<Page>)>() + 4 * size_of::<usize>();
