//! The dirty pages of an instance, reduced to those that its calls change.
//!
//! What starts an instance, and what loads a program, dirties pages that most calls never write
//! again. A reset copies all dirty pages, so those are made clean again: the resets after a scan
//! compare instead of copying, and then the pages in which no call has changed anything are given
//! back to the system. One that is dirty again at the next scan is written by calls, which leave
//! what was there, and stays.

use std::ops::Range;

use super::{PAGE, decommit, decommit_unchanged, dirty_pages};

/// The dirty pages of one memory, as of the latest scan.
pub(crate) struct DirtySet {
    ranges: Vec<Range<usize>>,
    /// Whether each of the pages has differed in a pass since the scan.
    changed: Vec<bool>,
    /// Passes that are still to be compared.
    passes: u32,
    /// Passes that the next scan has compared: more each time, so that an instance whose calls
    /// write other pages now and then is not scanned for each of them.
    patience: u32,
    /// Where pages begin that were given back since it was built, in ascending order.
    given_back: Vec<usize>,
}

/// Passes that are compared after the first scan, and at most.
const PATIENCE: Range<u32> = 8..4096;

impl Default for DirtySet {
    fn default() -> Self {
        Self {
            ranges: Vec::new(),
            changed: Vec::new(),
            passes: 0,
            patience: PATIENCE.start,
            given_back: Vec::new(),
        }
    }
}

impl DirtySet {
    pub(crate) fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// How many pages there are.
    pub(crate) fn pages(&self) -> usize {
        self.changed.len()
    }

    /// Scans for dirty pages, if there may be new ones.
    pub(crate) fn find(&mut self, has_new_pages: &mut bool, memory: &[u8]) -> std::io::Result<()> {
        if !*has_new_pages {
            return Ok(());
        }
        self.set(dirty_pages(memory)?);
        *has_new_pages = false;
        self.passes = self.patience;
        self.patience = (self.patience * 2).min(PATIENCE.end);
        Ok(())
    }

    /// Takes `ranges` for the dirty pages.
    pub(crate) fn set(&mut self, ranges: Vec<Range<usize>>) {
        let pages = ranges.iter().map(ExactSizeIterator::len).sum::<usize>() / PAGE;
        self.ranges = ranges;
        self.changed.clear();
        self.changed.resize(pages, false);
    }

    /// The dirty pages before `end`, and those from there on.
    pub(crate) fn split(&self, end: usize) -> [Vec<Range<usize>>; 2] {
        let clip = |bounds: Range<usize>| {
            let ranges = self.ranges.iter();
            let ranges =
                ranges.map(|range| range.start.max(bounds.start)..range.end.min(bounds.end));
            ranges.filter(|range| !range.is_empty()).collect()
        };
        [clip(0..end), clip(end..usize::MAX)]
    }

    /// Gives the pages back that are dirty from `end` on, where the state has none.
    pub(crate) fn trim(&mut self, end: usize, memory: &mut [u8]) -> std::io::Result<()> {
        let [state, beyond] = self.split(end);
        if !beyond.is_empty() {
            decommit(memory, &beyond)?;
            self.set(state);
            // The scan was for these pages, so that it is none of those that patience is for.
            self.patience = (self.patience / 2).max(PATIENCE.start);
            self.passes = self.passes.min(self.patience);
        }
        Ok(())
    }

    /// Whether the next pass is to be compared.
    pub(crate) fn is_learning(&self) -> bool {
        self.passes > 0
    }

    /// In a pass that was compared, each page has differed or has not, in their order. Gives the
    /// pages back that never did, once that was seen often enough, and says that by
    /// `has_new_pages`.
    pub(crate) fn end_pass(
        &mut self,
        differed: impl IntoIterator<Item = bool>,
        has_new_pages: &mut bool,
        memory: &mut [u8],
    ) {
        if self.passes == 0 {
            return;
        }
        for (changed, differed) in self.changed.iter_mut().zip(differed) {
            *changed |= differed;
        }
        self.passes -= 1;
        if self.passes > 0 {
            return;
        }
        let pages = self
            .ranges
            .iter()
            .flat_map(|range| range.clone().step_by(PAGE));
        let is_spare = |(start, changed): &(usize, &bool)| {
            !**changed && self.given_back.binary_search(start).is_err()
        };
        let spare = pages.zip(&self.changed).filter(is_spare);
        let spare: Vec<_> = spare.map(|(start, _)| start).collect();
        if !spare.is_empty() {
            let mut unchanged: Vec<Range<usize>> = Vec::new();
            for start in &spare {
                match unchanged.last_mut() {
                    Some(last) if last.end == *start => last.end += PAGE,
                    _ => unchanged.push(*start..start + PAGE),
                }
            }
            decommit_unchanged(memory, &unchanged);
            *has_new_pages = true;
            self.given_back.extend(spare);
            self.given_back.sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )]

    use super::super::{can_find_dirty_pages, keep_pages_plain};
    use super::*;

    /// So large that the allocator asks the system for it, which has nothing in it dirty.
    fn buffer() -> Vec<u8> {
        vec![0; 40 << 20]
    }

    /// Whole pages of it, like those of a guest's memory.
    fn plain(buffer: &mut [u8]) -> &mut [u8] {
        let aligned = buffer.as_ptr().align_offset(PAGE);
        let memory = &mut buffer[aligned..][..1 << 20];
        keep_pages_plain(memory);
        memory
    }

    #[test]
    fn pages_beyond_the_state_are_given_back_and_are_zeros() {
        if !can_find_dirty_pages().unwrap() {
            return;
        }
        let mut buffer = buffer();
        let memory = plain(&mut buffer);
        memory[3 * PAGE..9 * PAGE].fill(1);
        memory[20 * PAGE] = 1;
        let mut set = DirtySet::default();
        set.find(&mut true, memory).unwrap();
        let [state, beyond] = set.split(5 * PAGE);
        assert_eq!(
            state.as_slice(),
            std::slice::from_ref(&(3 * PAGE..5 * PAGE))
        );
        assert_eq!(beyond, [5 * PAGE..9 * PAGE, 20 * PAGE..21 * PAGE]);
        set.trim(5 * PAGE, memory).unwrap();
        assert_eq!((set.ranges(), set.pages()), (&state[..], 2));
        assert!(memory[5 * PAGE..].iter().all(|byte| *byte == 0));
        assert_eq!(dirty_pages(memory).unwrap(), state);
    }

    #[test]
    fn pages_that_no_pass_changes_are_given_back_unless_they_were_before() {
        if !can_find_dirty_pages().unwrap() {
            return;
        }
        let mut buffer = buffer();
        let memory = plain(&mut buffer);
        let mut set = DirtySet::default();
        let write = |memory: &mut [u8]| {
            for page in 0..6 {
                memory[page * PAGE] = 1;
            }
        };
        write(memory);
        for (round, gives_back) in [true, false, false].into_iter().enumerate() {
            let mut has_new_pages = true;
            set.find(&mut has_new_pages, memory).unwrap();
            assert_eq!(set.pages(), 6, "{round}");
            while set.is_learning() {
                // Two pages differ, now one and now the other.
                let odd = set.passes % 2 == 1;
                let differed = (0..6).map(|page| page == usize::from(odd));
                set.end_pass(differed, &mut has_new_pages, memory);
            }
            assert!((0..6).all(|page| memory[page * PAGE] == 1), "{round}");
            assert_eq!(has_new_pages, gives_back, "{round}");
            // All of them are written again, so that none is clean.
            write(memory);
        }
        assert_eq!(set.given_back, [2, 3, 4, 5].map(|page| page * PAGE));
    }
}
