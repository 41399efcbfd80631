//! What a program's memory has different from a blank one, as data.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::memory::PAGE;

/// The unit of difference. Initialising a small function changes 20 KB; as lines of 64 bytes they are 60 KB, as whole pages
/// 860.
pub(crate) const LINE: usize = 64;

/// The memory of an instance after `init`, by what is different in it from the memory of a blank instance.
pub(crate) struct Image {
    /// Bytes of memory.
    length: usize,
    /// By number, in ascending order.
    pages: Box<[(u32, Arc<Page>)]>,
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
    hasher: RandomState,
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
                pages.push(((start / PAGE) as u32, known.keep(page)));
            }
        }
        Self {
            length: memory.len(),
            pages: pages.into(),
        }
    }

    /// Bytes of memory that an instance needs for it.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Makes a blank `memory` this one.
    pub(crate) fn apply(&self, memory: &mut [u8]) {
        for (number, page) in &self.pages {
            let start = *number as usize * PAGE;
            let lines = page.lines.chunks_exact(LINE);
            for (line, bytes) in page.numbers().zip(lines) {
                let at = start + line * LINE;
                if let Some(here) = memory.get_mut(at..at + LINE) {
                    here.copy_from_slice(bytes);
                }
            }
        }
    }

    /// Makes a `memory` that is this one blank.
    pub(crate) fn undo(&self, blank: &[u8], memory: &mut [u8]) {
        for (number, page) in &self.pages {
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
        for (number, page) in &self.pages {
            bytes.extend(number.to_le_bytes());
            bytes.extend(page.mask.to_le_bytes());
            bytes.extend(&page.lines);
        }
    }

    /// The image with memory of `length` bytes and the pages `bytes`, if they fit.
    pub(crate) fn read(length: usize, mut bytes: &[u8]) -> Option<Self> {
        // A memory consists of pages of 64 KiB, and its addresses have 32 bits.
        if !length.is_multiple_of(64 << 10) || length > 1 << 32 {
            return None;
        }
        let mut pages: Vec<(u32, Arc<Page>)> = Vec::new();
        while !bytes.is_empty() {
            let (number, rest) = bytes.split_first_chunk()?;
            let (mask, rest) = rest.split_first_chunk()?;
            let (number, mask) = (u32::from_le_bytes(*number), u64::from_le_bytes(*mask));
            let (lines, rest) = rest.split_at_checked(mask.count_ones() as usize * LINE)?;
            let is_next = pages.last().is_none_or(|(last, _)| *last < number);
            if !is_next || number as usize >= length / PAGE {
                return None;
            }
            let lines = lines.into();
            pages.push((number, Arc::new(Page { mask, lines })));
            bytes = rest;
        }
        Some(Self {
            length,
            pages: pages.into(),
        })
    }

    /// The same image, with pages that other programs have too in common with them.
    pub(crate) fn shared(self, known: &Pages) -> Self {
        let pages = self.pages.into_iter();
        let shared = pages.map(|(number, page)| match Arc::try_unwrap(page) {
            Ok(page) => (number, known.keep(page)),
            Err(page) => (number, page),
        });
        Self {
            length: self.length,
            pages: shared.collect(),
        }
    }

    /// Number of lines, and the bytes that the image takes; what other programs have too is divided among them.
    pub(crate) fn size(&self) -> (usize, usize) {
        let mut size = (0, size_of::<Self>() + size_of_val(&*self.pages));
        for (_, page) in &self.pages {
            // Beside the page itself, its counts of references and the allocator's two words.
            let bytes = page.lines.len() + size_of::<Page>() + 4 * size_of::<usize>();
            size.0 += page.lines.len() / LINE;
            size.1 += bytes / Arc::strong_count(page).max(1);
        }
        size
    }
}

impl Page {
    fn between(blank: &[u8], memory: &[u8]) -> Self {
        let mut mask = 0;
        let mut lines = Vec::new();
        let pairs = blank.chunks_exact(LINE).zip(memory.chunks_exact(LINE));
        for (number, (was, is)) in pairs.enumerate() {
            if was != is {
                mask |= 1 << number;
                lines.extend_from_slice(is);
            }
        }
        Self {
            mask,
            lines: lines.into(),
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

/// Makes `memory`, which has changed in `ranges` alone, what `blank` is, with zeros beyond its end.
pub(crate) fn restore(blank: &[u8], memory: &mut [u8], ranges: &[Range<usize>]) {
    for range in ranges {
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
}

/// Whether `memory` is that of a blank instance with `image`, byte for byte.
pub(crate) fn is_state(blank: &[u8], image: Option<&Image>, memory: &[u8]) -> bool {
    let mut changed = image.map_or(&[][..], |image| &image.pages).iter().peekable();
    (0..).zip(memory.chunks(PAGE)).all(|(number, here)| {
        let mut expected = blank_page(blank, number * PAGE).to_vec();
        if let Some((_, page)) = changed.next_if(|(at, _)| *at as usize == number) {
            for (line, bytes) in page.numbers().zip(page.lines.chunks_exact(LINE)) {
                if let Some(place) = expected.get_mut(line * LINE..(line + 1) * LINE) {
                    place.copy_from_slice(bytes);
                }
            }
        }
        here == expected
    })
}

fn blank_page(blank: &[u8], start: usize) -> &[u8] {
    static ZEROS: [u8; PAGE] = [0; PAGE];
    blank.get(start..start + PAGE).unwrap_or(&ZEROS)
}
