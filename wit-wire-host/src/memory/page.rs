//! The lines of a page in which two memories differ, and a store that has equal pages once.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustc_hash::FxBuildHasher;

use super::PAGE;

/// The unit of difference. Initialising a small function changes 20 KB; as lines of 64 bytes they
/// are 60 KB, as whole pages 860.
pub(super) const LINE: usize = 64;

/// The lines of one page that differ.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Page {
    /// Which: the lowest bit stands for the first line.
    pub(super) mask: u64,
    /// Their bytes, one line after the other.
    pub(super) lines: Box<[u8]>,
}

impl Page {
    /// The lines in which the page `after` differs from the page `before`; `None` if none does.
    pub(super) fn between(before: &[u8], after: &[u8]) -> Option<Self> {
        // Most pages are equal, and comparing them as a whole is faster.
        if before == after {
            return None;
        }
        let mut mask = 0;
        let mut lines = Vec::new();
        let (before, after) = (before.as_chunks::<LINE>().0, after.as_chunks::<LINE>().0);
        for (number, (was, is)) in before.iter().zip(after).enumerate() {
            if was != is {
                mask |= 1 << number;
                lines.extend_from_slice(is);
            }
        }
        let lines = lines.into();
        (mask != 0).then_some(Self { mask, lines })
    }

    /// Writes the lines to `here`, which begins with the page.
    pub(super) fn write_to(&self, here: &mut [u8]) {
        for (line, bytes) in self.numbers().zip(self.lines.chunks_exact(LINE)) {
            if let Some(place) = here.get_mut(line * LINE..(line + 1) * LINE) {
                place.copy_from_slice(bytes);
            }
        }
    }

    /// Copies the lines of the page `from` that this one has to `here`, which begins with the page.
    pub(super) fn copy_lines(&self, from: &[u8], here: &mut [u8]) {
        for line in self.numbers() {
            let at = line * LINE..(line + 1) * LINE;
            if let (Some(here), Some(bytes)) = (here.get_mut(at.clone()), from.get(at)) {
                here.copy_from_slice(bytes);
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

/// The pages of all programs of a component. Equal ones are stored once.
#[derive(Default)]
pub(crate) struct PageStore {
    hasher: FxBuildHasher,
    known: Mutex<HashMap<u64, Weak<Page>>>,
}

impl PageStore {
    pub(super) fn intern(&self, page: Page) -> Arc<Page> {
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
