//! The lines of a page in which two memories differ, and a store that has equal pages once.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustc_hash::FxBuildHasher;

use super::PAGE;

/// The unit of difference. Initialising a small function changes 20 KB; as lines of 64 bytes they
/// are 60 KB, as whole pages 860.
pub(super) const LINE: usize = 64;

/// The lines of one page that differ, as a page that others may share.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Page {
    mask: u64,
    lines: Box<[u8]>,
}

impl Page {
    pub(super) fn lines(&self) -> Lines<'_> {
        Lines {
            mask: self.mask,
            bytes: &self.lines,
        }
    }
}

/// The lines of one page that differ.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    /// Which: the lowest bit stands for the first line.
    pub(super) mask: u64,
    /// Their bytes, one line after the other.
    pub(super) bytes: &'a [u8],
}

impl Lines<'_> {
    /// Writes the lines to `here`, which begins with the page.
    pub(super) fn write_to(self, here: &mut [u8]) {
        for (line, bytes) in self.numbers().zip(self.bytes.chunks_exact(LINE)) {
            if let Some(place) = here.get_mut(line * LINE..(line + 1) * LINE) {
                place.copy_from_slice(bytes);
            }
        }
    }

    /// Copies the lines of the page `from` that this one has to `here`, which begins with the page.
    pub(super) fn copy_lines(self, from: &[u8], here: &mut [u8]) {
        for line in self.numbers() {
            let at = line * LINE..(line + 1) * LINE;
            if let (Some(here), Some(bytes)) = (here.get_mut(at.clone()), from.get(at)) {
                here.copy_from_slice(bytes);
            }
        }
    }

    pub(super) fn to_page(self) -> Page {
        Page {
            mask: self.mask,
            lines: self.bytes.into(),
        }
    }

    /// The numbers of its lines.
    fn numbers(self) -> impl Iterator<Item = usize> {
        let mut left = self.mask;
        std::iter::from_fn(move || {
            let number = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (number < u64::BITS as usize).then_some(number)
        })
    }
}

/// Pages of lines by number, in ascending order, in two pieces of memory.
#[derive(Default)]
pub(super) struct Pages {
    index: Vec<Entry>,
    lines: Vec<u8>,
}

struct Entry {
    number: u32,
    /// Where its lines begin, in lines.
    at: u32,
    mask: u64,
}

impl Pages {
    /// Bytes that a page takes besides its lines.
    pub(super) const OVERHEAD: usize = size_of::<Entry>();

    /// Adds the lines in which the page `after` differs from the page `before`, and returns them;
    /// `None` if none does.
    pub(super) fn add_between(
        &mut self,
        number: u32,
        before: &[u8],
        after: &[u8],
    ) -> Option<Lines<'_>> {
        // Most pages are equal, and comparing them as a whole is faster.
        if before == after {
            return None;
        }
        let start = self.lines.len();
        let mut mask = 0;
        let (before, after) = (before.as_chunks::<LINE>().0, after.as_chunks::<LINE>().0);
        for (line, (was, is)) in before.iter().zip(after).enumerate() {
            if was != is {
                mask |= 1 << line;
                self.lines.extend_from_slice(is);
            }
        }
        if mask == 0 {
            return None;
        }
        self.index.push(Entry {
            number,
            at: (start / LINE) as u32,
            mask,
        });
        let bytes = self.lines.get(start..).unwrap_or_default();
        Some(Lines { mask, bytes })
    }

    /// Adds the page `number`, which comes after all others.
    pub(super) fn push(&mut self, number: u32, lines: Lines<'_>) {
        // Memory has 2^26 lines.
        let at = (self.lines.len() / LINE) as u32;
        let mask = lines.mask;
        self.index.push(Entry { number, at, mask });
        self.lines.extend_from_slice(lines.bytes);
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// The bytes of all lines.
    pub(super) fn bytes(&self) -> usize {
        self.lines.len()
    }

    /// The number of the last page.
    pub(super) fn last(&self) -> Option<u32> {
        self.index.last().map(|entry| entry.number)
    }

    pub(super) fn get(&self, number: usize) -> Option<Lines<'_>> {
        let found = self
            .index
            .binary_search_by_key(&number, |entry| entry.number as usize);
        self.index
            .get(found.ok()?)
            .map(|entry| self.lines_of(entry))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Lines<'_>)> {
        let pages = self.index.iter();
        pages.map(|entry| (entry.number, self.lines_of(entry)))
    }

    pub(super) fn shrink(&mut self) {
        self.index.shrink_to_fit();
        self.lines.shrink_to_fit();
    }

    fn lines_of(&self, entry: &Entry) -> Lines<'_> {
        let start = entry.at as usize * LINE;
        let end = start + entry.mask.count_ones() as usize * LINE;
        Lines {
            mask: entry.mask,
            bytes: self.lines.get(start..end).unwrap_or_default(),
        }
    }
}

/// The pages of all programs of a component. Equal ones are stored once.
#[derive(Default)]
pub(crate) struct PageStore {
    hasher: FxBuildHasher,
    known: Mutex<HashMap<u64, Weak<Page>>>,
}

impl PageStore {
    pub(super) fn intern(&self, lines: Lines<'_>) -> Arc<Page> {
        let page = lines.to_page();
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

/// The page at `start` of a memory that has zeros beyond its end.
pub(super) fn page_at(memory: &[u8], start: usize) -> &[u8] {
    static ZEROS: [u8; PAGE] = [0; PAGE];
    memory.get(start..start + PAGE).unwrap_or(&ZEROS)
}
