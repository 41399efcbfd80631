//! What a program's memory has different from a blank one, as data.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustc_hash::FxBuildHasher;

use crate::memory::{Frozen, PAGE};

/// The unit of difference. Initialising a small function changes 20 KB; as lines of 64 bytes they are 60 KB, as whole pages
/// 860.
pub(crate) const LINE: usize = 64;

/// The number of changed pages from which on an image is mapped and not copied. A call then writes to, and a reset copies, only
/// the pages that calls change: 0.06 ms of processor time instead of 0.15 at this size, 0.09 instead of 13 for one of
/// 5,000. Mapping wins for small images too, but takes thirty times their memory.
const LARGE: usize = 512;

/// Changed pages with no more than this many bytes between them are mapped as one.
const GAP: usize = 16 * PAGE;

/// The memory of an instance after `init`, by what is different in it from the memory of a blank instance.
pub(crate) struct Image {
    /// Bytes of memory.
    length: usize,
    storage: Storage,
}

enum Storage {
    /// Pages by number, in ascending order.
    Lines(Box<[(u32, Arc<Page>)]>),
    /// Ranges of memory in ascending order, and where they are in the file.
    Mapped(Frozen, Box<[(Range<usize>, usize)]>),
}

/// The lines of one page that differ.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Page {
    /// Which: the lowest bit stands for the first line.
    mask: u64,
    /// Their bytes, one line after the other.
    lines: Box<[u8]>,
}

/// The pages of all programs of a component, each kept once.
#[derive(Default)]
pub(crate) struct Pages {
    hasher: FxBuildHasher,
    known: Mutex<HashMap<u64, Weak<Page>>>,
}

impl Image {
    /// The difference between `blank` and `memory`, which has changed in `ranges` alone. Memory beyond the end of `blank` is
    /// compared with zeros.
    pub(crate) fn between(
        blank: &[u8],
        memory: &[u8],
        ranges: &[Range<usize>],
        known: &Pages,
    ) -> Self {
        let mut pages = Vec::new();
        for start in ranges.iter().flat_map(|range| range.clone().step_by(PAGE)) {
            let here = memory.get(start..start + PAGE).unwrap_or_default();
            let page = Page::between(blank_page(blank, start), here);
            if page.mask != 0 {
                // Memory has at most 2^32 bytes.
                pages.push(((start / PAGE) as u32, page));
            }
        }
        Self::new(blank, memory.len(), pages, known)
    }

    fn new(blank: &[u8], length: usize, pages: Vec<(u32, Page)>, known: &Pages) -> Self {
        if pages.len() >= LARGE
            && let Ok(storage) = Storage::mapped(blank, &pages)
        {
            return Self { length, storage };
        }
        // Also where the system has no descriptor left for a large one: then its calls take longer.
        let pages = pages.into_iter();
        let pages = pages.map(|(number, page)| (number, known.keep(page)));
        let storage = Storage::Lines(pages.collect());
        Self { length, storage }
    }

    /// Bytes of memory that an instance needs for it.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Whether it becomes a part of the memory that it is applied to, which then can't be undone.
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.storage, Storage::Mapped(..))
    }

    /// Makes a blank `memory` this one.
    pub(crate) fn apply(&self, memory: &mut [u8]) -> std::io::Result<()> {
        match &self.storage {
            Storage::Lines(pages) => {
                for (number, page) in pages {
                    if let Some(here) = memory.get_mut(*number as usize * PAGE..) {
                        page.write_to(here);
                    }
                }
            }
            Storage::Mapped(frozen, places) => {
                for (range, at) in places {
                    if let Some(here) = memory.get_mut(range.clone()) {
                        frozen.map_over(here, *at)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes a `memory` that is this one blank. It must not be mapped.
    pub(crate) fn undo(&self, blank: &[u8], memory: &mut [u8]) {
        let Storage::Lines(pages) = &self.storage else {
            return;
        };
        for (number, page) in pages {
            let start = *number as usize * PAGE;
            let blank = blank_page(blank, start);
            for line in page.numbers() {
                let at = start + line * LINE;
                if let (Some(here), Some(bytes)) = (
                    memory.get_mut(at..at + LINE),
                    blank.get(line * LINE..(line + 1) * LINE),
                ) {
                    here.copy_from_slice(bytes);
                }
            }
        }
    }

    /// Appends the pages, as [`read`](Self::read) reads them.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let mut page = |number: u32, mask: u64, lines: &[u8]| {
            bytes.extend(number.to_le_bytes());
            bytes.extend(mask.to_le_bytes());
            bytes.extend(lines);
        };
        match &self.storage {
            Storage::Lines(pages) => {
                for (number, kept) in pages {
                    page(*number, kept.mask, &kept.lines);
                }
            }
            Storage::Mapped(frozen, places) => {
                for (range, at) in places {
                    let here = frozen.bytes().get(*at..*at + range.len());
                    let pages = here.unwrap_or_default().chunks_exact(PAGE);
                    for (start, lines) in range.clone().step_by(PAGE).zip(pages) {
                        page((start / PAGE) as u32, u64::MAX, lines);
                    }
                }
            }
        }
    }

    /// The image of memory of `length` bytes that has the pages `bytes` different from `blank`, if they fit.
    pub(crate) fn read(
        blank: &[u8],
        length: usize,
        mut bytes: &[u8],
        known: &Pages,
    ) -> Option<Self> {
        // A memory consists of pages of 64 KiB, and its addresses have 32 bits.
        if !length.is_multiple_of(64 << 10) || length >= 1 << 32 || length < blank.len() {
            return None;
        }
        let mut pages: Vec<(u32, Page)> = Vec::new();
        while !bytes.is_empty() {
            let (number, rest) = bytes.split_first_chunk()?;
            let (mask, rest) = rest.split_first_chunk()?;
            let (number, mask) = (u32::from_le_bytes(*number), u64::from_le_bytes(*mask));
            let (lines, rest) = rest.split_at_checked(mask.count_ones() as usize * LINE)?;
            let is_next = pages.last().is_none_or(|(last, _)| *last < number);
            if !is_next || mask == 0 || number as usize >= length / PAGE {
                return None;
            }
            let lines = lines.into();
            pages.push((number, Page { mask, lines }));
            bytes = rest;
        }
        Some(Self::new(blank, length, pages, known))
    }

    /// Number of lines, and the bytes that the image takes; what other programs have too is divided among them.
    pub(crate) fn size(&self) -> (usize, usize) {
        let mut size = (0, size_of::<Self>());
        match &self.storage {
            Storage::Lines(pages) => {
                size.1 += size_of_val(&**pages);
                for (_, page) in pages {
                    // Beside the page itself, its counts of references and the allocator's two words.
                    let bytes = page.lines.len() + size_of::<Page>() + 4 * size_of::<usize>();
                    size.0 += page.lines.len() / LINE;
                    size.1 += bytes / Arc::strong_count(page).max(1);
                }
            }
            Storage::Mapped(frozen, places) => {
                size.0 += frozen.bytes().len() / LINE;
                size.1 += size_of_val(&**places) + frozen.bytes().len();
            }
        }
        size
    }

    /// What stands in `range`, if that is in the mapped part: as much of it as lies together, and how much that is; or how much
    /// of it is not in the mapped part.
    fn mapped(&self, range: Range<usize>) -> (Option<&[u8]>, usize) {
        let Storage::Mapped(frozen, places) = &self.storage else {
            return (None, range.len());
        };
        let next = places.partition_point(|(place, _)| place.end <= range.start);
        match places.get(next) {
            Some((place, at)) if place.start <= range.start => {
                let length = range.end.min(place.end) - range.start;
                let from = at + (range.start - place.start);
                (frozen.bytes().get(from..from + length), length)
            }
            Some((place, _)) => (None, range.end.min(place.start) - range.start),
            None => (None, range.len()),
        }
    }
}

impl Storage {
    /// What a blank memory with `pages` is, as a file.
    fn mapped(blank: &[u8], pages: &[(u32, Page)]) -> std::io::Result<Self> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (number, _) in pages {
            let start = *number as usize * PAGE;
            match ranges.last_mut() {
                Some(last) if start <= last.end + GAP => last.end = start + PAGE,
                _ => ranges.push(start..start + PAGE),
            }
        }
        let mut at = 0;
        let mut places = Vec::new();
        let mut bytes = Vec::new();
        let mut pages = pages.iter().peekable();
        for range in ranges {
            places.push((range.clone(), at));
            at += range.len();
            for start in range.step_by(PAGE) {
                let from = bytes.len();
                bytes.extend_from_slice(blank_page(blank, start));
                let own = pages.next_if(|(number, _)| *number as usize * PAGE == start);
                if let (Some((_, page)), Some(here)) = (own, bytes.get_mut(from..)) {
                    page.write_to(here);
                }
            }
        }
        let frozen = Frozen::new(std::iter::once(&*bytes))?;
        Ok(Self::Mapped(frozen, places.into()))
    }
}

impl Page {
    /// Whose mask is 0 if the two pages are the same.
    fn between(blank: &[u8], memory: &[u8]) -> Self {
        let mut mask = 0;
        let mut lines = Vec::new();
        // Most pages are, and of whole ones that is told sooner.
        if blank != memory {
            let (blank, memory) = (blank.as_chunks::<LINE>().0, memory.as_chunks::<LINE>().0);
            for (number, (was, is)) in blank.iter().zip(memory).enumerate() {
                if was != is {
                    mask |= 1 << number;
                    lines.extend_from_slice(is);
                }
            }
        }
        Self {
            mask,
            lines: lines.into(),
        }
    }

    /// Writes the lines to `here`, which begins with the page.
    fn write_to(&self, here: &mut [u8]) {
        for (line, bytes) in self.numbers().zip(self.lines.chunks_exact(LINE)) {
            if let Some(place) = here.get_mut(line * LINE..(line + 1) * LINE) {
                place.copy_from_slice(bytes);
            }
        }
    }

    /// The numbers of its lines.
    fn numbers(&self) -> impl Iterator<Item = usize> {
        let mut left = self.mask;
        std::iter::from_fn(move || {
            let number = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (number < u64::BITS as usize).then_some(number)
        })
    }
}

impl Pages {
    fn keep(&self, page: Page) -> Arc<Page> {
        let key = self.hasher.hash_one(&page);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == known.capacity() {
            known.retain(|_, page| page.strong_count() > 0);
        }
        match known.get(&key).and_then(Weak::upgrade) {
            Some(same) if *same == page => same,
            _ => {
                let page = Arc::new(page);
                known.insert(key, Arc::downgrade(&page));
                page
            }
        }
    }
}

/// Makes `memory`, which has changed in `ranges` alone, that of a blank instance with `image`. Beyond the end of `blank` there
/// are zeros.
pub(crate) fn restore(
    blank: &[u8],
    image: Option<&Image>,
    memory: &mut [u8],
    ranges: &[Range<usize>],
) {
    let mapped = image.filter(|image| image.is_mapped());
    for range in ranges {
        let mut start = range.start;
        while start < range.end {
            let own = mapped.map_or((None, range.end - start), |image| {
                image.mapped(start..range.end)
            });
            let end = start + own.1;
            match (own.0, memory.get_mut(start..end)) {
                (Some(bytes), Some(here)) => here.copy_from_slice(bytes),
                (None, Some(_)) => restore_blank(blank, memory, start..end),
                (_, None) => return,
            }
            start = end;
        }
    }
    if let Some(Image {
        storage: Storage::Lines(pages),
        ..
    }) = image
    {
        for (number, page) in pages {
            if let Some(here) = memory.get_mut(*number as usize * PAGE..) {
                page.write_to(here);
            }
        }
    }
}

fn restore_blank(blank: &[u8], memory: &mut [u8], range: Range<usize>) {
    let split = blank.len().clamp(range.start, range.end);
    if let (Some(here), Some(bytes)) = (
        memory.get_mut(range.start..split),
        blank.get(range.start..split),
    ) {
        here.copy_from_slice(bytes);
    }
    // To fill nothing is not free: it is a masked store at the end of the range, which takes the processor long where the
    // page there is not to be written.
    if let Some(beyond @ [_, ..]) = memory.get_mut(split..range.end) {
        beyond.fill(0);
    }
}

/// Whether `memory` is that of a blank instance with `image`, byte for byte.
pub(crate) fn is_state(blank: &[u8], image: Option<&Image>, memory: &[u8]) -> bool {
    memory.chunks(PAGE).enumerate().all(|(number, here)| {
        let start = number * PAGE;
        let mut expected = blank_page(blank, start).to_vec();
        match image.map(|image| (image, &image.storage)) {
            Some((_, Storage::Lines(pages))) => {
                let found = pages.binary_search_by_key(&number, |(at, _)| *at as usize);
                if let Some((_, page)) = found.ok().and_then(|at| pages.get(at)) {
                    page.write_to(&mut expected);
                }
            }
            Some((image, Storage::Mapped(..))) => {
                if let (Some(bytes), _) = image.mapped(start..start + PAGE) {
                    expected.copy_from_slice(bytes);
                }
            }
            None => {}
        }
        here == expected
    })
}

fn blank_page(blank: &[u8], start: usize) -> &[u8] {
    static ZEROS: [u8; PAGE] = [0; PAGE];
    blank.get(start..start + PAGE).unwrap_or(&ZEROS)
}
