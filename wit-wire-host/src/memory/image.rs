//! A state of memory as data: what is different in it from the state before it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::PAGE;
use super::difference::{Difference, ImageBounds, ImageError, PAGE_OVERHEAD};
use super::page::{LINE, Lines, Page, PageStore, Pages, page_at};
use super::sealed::SealedFile;

/// A state of an instance's memory, as a difference to the pristine memory of its component or to
/// another image, its base.
pub(crate) struct Image {
    key: ImageKey,
    /// Bytes of memory.
    length: usize,
    storage: Storage,
    base: Option<Arc<Image>>,
}

/// Tells images apart, also after they are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ImageKey(u64);

enum Storage {
    /// Pages by number, in ascending order, which other images may share.
    Shared(Box<[(u32, Arc<Page>)]>),
    /// Pages that are the image's own: what is over a base differs from one image to the next, and
    /// often lives for milliseconds.
    Own(Pages),
    /// Never over a base.
    Mapped(SealedFile, Box<[Place]>),
}

/// A range of memory, and where its content is in the file. They are in ascending order.
type Place = (Range<usize>, usize);

impl Image {
    /// The difference of `memory` to `base`, or to `pristine` without one, however large it is. The
    /// memory has changed in `ranges` alone.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn between(
        pristine: &[u8],
        base: Option<&Arc<Image>>,
        memory: &[u8],
        ranges: &[Range<usize>],
        store: &PageStore,
    ) -> Self {
        let mut difference = Difference::new(base.cloned(), ImageBounds::NONE);
        for range in ranges {
            let compared = difference.compare(pristine, memory, range.clone());
            assert!(compared.is_ok(), "there are no bounds");
        }
        Self::new(pristine, difference, memory.len(), store)
    }

    /// An image of memory of `length` bytes with what is different in it.
    pub(crate) fn new(
        pristine: &[u8],
        difference: Difference,
        length: usize,
        store: &PageStore,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = ImageKey(NEXT.fetch_add(1, Relaxed));
        let ranges = difference.mappable();
        let Difference {
            mut pages, base, ..
        } = difference;
        let storage = match ranges.map(|ranges| Storage::mapped(pristine, &pages, ranges)) {
            Some(Ok(mapped)) => mapped,
            _ if base.is_some() => {
                pages.shrink();
                Storage::Own(pages)
            }
            // Also where the system has no descriptor left for a large one: then its calls take
            // longer.
            _ => {
                let shared = pages.iter();
                let shared = shared.map(|(number, lines)| (number, store.intern(lines)));
                Storage::Shared(shared.collect())
            }
        };
        Self {
            key,
            length,
            storage,
            base,
        }
    }

    pub(crate) fn key(&self) -> ImageKey {
        self.key
    }

    /// Bytes of memory that an instance needs for it.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Whether it becomes a part of the memory that it is loaded into, and so can't be unloaded.
    pub(crate) fn is_mapped(&self) -> bool {
        self.mapping().is_some()
    }

    /// The images that this one consists of, the lowest first.
    pub(super) fn layers(&self) -> impl Iterator<Item = &Image> {
        self.base.as_deref().into_iter().chain([self])
    }

    /// Writes the image into pristine `memory`.
    pub(crate) fn load(&self, memory: &mut [u8]) -> std::io::Result<()> {
        for layer in self.layers() {
            match &layer.storage {
                Storage::Shared(_) | Storage::Own(_) => layer.write_lines(memory),
                Storage::Mapped(file, places) => {
                    for (range, at) in places {
                        if let Some(here) = memory.get_mut(range.clone()) {
                            file.map_over(here, *at)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes `memory`, which holds the image, pristine again. It must not be mapped.
    pub(crate) fn unload(&self, pristine: &[u8], memory: &mut [u8]) {
        for layer in self.layers() {
            for (number, lines) in layer.pages() {
                let start = number as usize * PAGE;
                if let Some(here) = memory.get_mut(start..) {
                    lines.copy_lines(page_at(pristine, start), here);
                }
            }
        }
    }

    /// Writes the lines of this layer into memory that holds its base.
    pub(crate) fn write_lines(&self, memory: &mut [u8]) {
        for (number, lines) in self.pages() {
            if let Some(here) = memory.get_mut(number as usize * PAGE..) {
                lines.write_to(here);
            }
        }
    }

    /// The pages of this layer that are stored as lines.
    fn pages(&self) -> impl Iterator<Item = (u32, Lines<'_>)> {
        let (shared, own) = match &self.storage {
            Storage::Shared(pages) => (Some(pages), None),
            Storage::Own(pages) => (None, Some(pages)),
            Storage::Mapped(..) => (None, None),
        };
        let shared = shared.into_iter().flatten();
        let shared = shared.map(|(number, page)| (*number, page.lines()));
        shared.chain(own.into_iter().flat_map(Pages::iter))
    }

    fn mapping(&self) -> Option<(&SealedFile, &[Place])> {
        self.layers().find_map(|layer| match &layer.storage {
            Storage::Shared(_) | Storage::Own(_) => None,
            Storage::Mapped(file, places) => Some((file, &**places)),
        })
    }

    /// The content of the mapped part at the start of `range`, as far as it is contiguous, and its
    /// length; or `None` and the length of what is not in the mapped part.
    pub(super) fn mapped(&self, range: Range<usize>) -> (Option<&[u8]>, usize) {
        let Some((file, places)) = self.mapping() else {
            return (None, range.len());
        };
        let next = places.partition_point(|(place, _)| place.end <= range.start);
        match places.get(next) {
            Some((place, at)) if place.start <= range.start => {
                let length = range.end.min(place.end) - range.start;
                let from = at + (range.start - place.start);
                (file.bytes().get(from..from + length), length)
            }
            Some((place, _)) => (None, range.end.min(place.start) - range.start),
            None => (None, range.len()),
        }
    }

    /// The page at `start` as it is with this image, in `page` if it is found nowhere as a whole.
    pub(super) fn page_in<'a>(
        &self,
        pristine: &'a [u8],
        start: usize,
        page: &'a mut [u8; PAGE],
    ) -> &'a [u8] {
        // Most pages are as the component's code brings them, and need not be copied.
        if self.base.is_none()
            && let Storage::Shared(_) = &self.storage
            && self.page(start).is_none()
        {
            return page_at(pristine, start);
        }
        self.copy_page(pristine, start, page);
        page
    }

    /// This layer's lines of the page at `start`, if it has any.
    fn page(&self, start: usize) -> Option<Lines<'_>> {
        let number = start / PAGE;
        match &self.storage {
            Storage::Shared(pages) => {
                let found = pages.binary_search_by_key(&number, |(at, _)| *at as usize);
                pages.get(found.ok()?).map(|(_, page)| page.lines())
            }
            Storage::Own(pages) => pages.get(number),
            Storage::Mapped(..) => None,
        }
    }

    /// Whether any layer has lines of the page at `start`.
    pub(super) fn has_lines(&self, start: usize) -> bool {
        self.layers().any(|layer| layer.page(start).is_some())
    }

    /// Copies the page at `start`, as it is with this image, to `page`.
    pub(super) fn copy_page(&self, pristine: &[u8], start: usize, page: &mut [u8; PAGE]) {
        page.copy_from_slice(match self.mapped(start..start + PAGE) {
            (Some(bytes), _) => bytes,
            (None, _) => page_at(pristine, start),
        });
        for layer in self.layers() {
            if let Some(own) = layer.page(start) {
                own.write_to(page);
            }
        }
    }

    /// Appends the pages in which a memory with this image differs from `pristine`, as
    /// [`read`](Self::read) reads them.
    pub(crate) fn write(&self, pristine: &[u8], bytes: &mut Vec<u8>) {
        let mut write = |number: u32, mask: u64, lines: &[u8]| {
            bytes.extend(number.to_le_bytes());
            bytes.extend(mask.to_le_bytes());
            bytes.extend(lines);
        };
        if self.base.is_some() {
            let mut page = [0; PAGE];
            for number in self.numbers() {
                let start = number as usize * PAGE;
                self.copy_page(pristine, start, &mut page);
                let mut own = Pages::default();
                if let Some(own) = own.add_between(number, page_at(pristine, start), &page) {
                    write(number, own.mask, own.bytes);
                }
            }
            return;
        }
        match &self.storage {
            Storage::Shared(_) | Storage::Own(_) => {
                for (number, lines) in self.pages() {
                    write(number, lines.mask, lines.bytes);
                }
            }
            Storage::Mapped(file, places) => {
                for (range, at) in places {
                    let here = file.bytes().get(*at..*at + range.len());
                    let pages = here.unwrap_or_default().chunks_exact(PAGE);
                    for (start, lines) in range.clone().step_by(PAGE).zip(pages) {
                        write((start / PAGE) as u32, u64::MAX, lines);
                    }
                }
            }
        }
    }

    /// The numbers of all pages of all layers, in ascending order.
    fn numbers(&self) -> Vec<u32> {
        let mut numbers = Vec::new();
        for layer in self.layers() {
            match &layer.storage {
                Storage::Shared(_) | Storage::Own(_) => {
                    numbers.extend(layer.pages().map(|(number, _)| number));
                }
                Storage::Mapped(_, places) => {
                    let starts = places
                        .iter()
                        .flat_map(|(range, _)| range.clone().step_by(PAGE));
                    numbers.extend(starts.map(|start| (start / PAGE) as u32));
                }
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The image of memory of `length` bytes whose pages `bytes` differ from `pristine`, if they
    /// fit.
    pub(crate) fn read(
        pristine: &[u8],
        length: usize,
        mut bytes: &[u8],
        store: &PageStore,
        bounds: ImageBounds,
    ) -> Result<Self, ImageError> {
        // A memory consists of pages of 64 KiB, and its addresses have 32 bits.
        if !length.is_multiple_of(64 << 10) || length >= 1 << 32 || length < pristine.len() {
            return Err(ImageError::Invalid);
        }
        let mut difference = Difference::new(None, bounds);
        while !bytes.is_empty() {
            let (number, lines, rest) = read_page(bytes).ok_or(ImageError::Invalid)?;
            let is_next = difference.last().is_none_or(|last| last < number);
            if !is_next || number as usize >= length / PAGE {
                return Err(ImageError::Invalid);
            }
            difference.push(number, lines)?;
            bytes = rest;
        }
        Ok(Self::new(pristine, difference, length, store))
    }

    /// The number of lines of this layer, and the bytes that it takes. What it shares with other
    /// images counts in each of them.
    pub(crate) fn size(&self) -> (usize, usize) {
        let mut size = (0, size_of::<Self>());
        match &self.storage {
            Storage::Shared(pages) => {
                for (_, page) in pages {
                    let lines = page.lines().bytes.len();
                    size.0 += lines / LINE;
                    size.1 += lines + PAGE_OVERHEAD;
                }
            }
            Storage::Own(pages) => {
                size.0 += pages.bytes() / LINE;
                size.1 += pages.bytes() + pages.len() * Pages::OVERHEAD;
            }
            Storage::Mapped(file, places) => {
                size.0 += file.bytes().len() / LINE;
                size.1 += size_of_val(&**places) + file.bytes().len();
            }
        }
        size
    }
}

impl Storage {
    /// What pristine memory with `pages`, which are in `ranges`, is, as a file.
    fn mapped(pristine: &[u8], pages: &Pages, ranges: Vec<Range<usize>>) -> std::io::Result<Self> {
        let mut at = 0;
        let mut places = Vec::new();
        let mut bytes = Vec::new();
        let mut pages = pages.iter().peekable();
        for range in ranges {
            places.push((range.clone(), at));
            at += range.len();
            for start in range.step_by(PAGE) {
                let from = bytes.len();
                bytes.extend_from_slice(page_at(pristine, start));
                let own = pages.next_if(|(number, _)| *number as usize * PAGE == start);
                if let (Some((_, lines)), Some(here)) = (own, bytes.get_mut(from..)) {
                    lines.write_to(here);
                }
            }
        }
        Ok(Self::Mapped(SealedFile::new(&bytes)?, places.into()))
    }
}

/// The page at the start of `bytes`, its number, and what follows it.
fn read_page(bytes: &[u8]) -> Option<(u32, Lines<'_>, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    let (mask, rest) = rest.split_first_chunk()?;
    let mask = u64::from_le_bytes(*mask);
    let (bytes, rest) = rest.split_at_checked(mask.count_ones() as usize * LINE)?;
    let lines = Lines { mask, bytes };
    (mask != 0).then_some((u32::from_le_bytes(*number), lines, rest))
}

#[cfg(test)]
mod tests;
