//! Images over a base, mapped ones among them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use super::super::difference::LARGE;
use super::super::{is_state, restore};
use super::*;

const LENGTH: usize = 1 << 20;

/// The image of `memory` over `base`, whatever has changed.
fn image(pristine: &[u8], base: Option<&Arc<Image>>, memory: &[u8]) -> Arc<Image> {
    let whole = 0..memory.len();
    let store = PageStore::default();
    let ranges = std::slice::from_ref(&whole);
    Arc::new(Image::between(pristine, base, memory, ranges, &store))
}

#[test]
fn an_image_over_a_base_holds_what_changed_since_the_base() {
    let pristine: Vec<u8> = (0..LENGTH / 2).map(|at| (at % 251) as u8).collect();
    let mut memory = pristine.clone();
    memory.resize(LENGTH, 0);
    memory[5 * PAGE..7 * PAGE].fill(1);
    let program_state = memory.clone();
    let program = image(&pristine, None, &memory);
    // One line of what the program wrote, one of its own, one beyond the pristine memory, and
    // one that is as it was before the program.
    memory[5 * PAGE] = 2;
    memory[9 * PAGE + LINE] = 3;
    memory[LENGTH - 1] = 4;
    memory[6 * PAGE..6 * PAGE + LINE].copy_from_slice(&pristine[6 * PAGE..6 * PAGE + LINE]);
    let session = image(&pristine, Some(&program), &memory);
    assert_eq!(session.size().0, 4);
    assert!(is_state(&pristine, Some(&session), &memory));
    assert!(!is_state(&pristine, Some(&program), &memory));

    let mut other = pristine.clone();
    other.resize(LENGTH, 0);
    let blank = other.clone();
    session.load(&mut other).unwrap();
    assert!(other == memory);
    session.unload(&pristine, &mut other);
    assert!(other == blank);

    // A call after which the memory is taken back to either state.
    let whole = 0..LENGTH;
    for (image, state) in [(&session, &memory), (&program, &program_state)] {
        other.fill(0xa5);
        restore(
            &pristine,
            Some(image),
            &mut other,
            std::slice::from_ref(&whole),
        );
        assert!(other == *state);
    }
}

#[test]
fn a_base_may_be_mapped() {
    let pristine = vec![0; 4 * LENGTH];
    let mut memory = pristine.clone();
    for page in memory.chunks_mut(PAGE).take(LARGE) {
        page[0] = 1;
    }
    let program = image(&pristine, None, &memory);
    if !program.is_mapped() {
        // This system has no sealed files.
        return;
    }
    memory[3 * PAGE] = 2;
    let session = image(&pristine, Some(&program), &memory);
    assert_eq!(session.size().0, 1);
    assert!(session.is_mapped());
    let mut other = vec![0xa5; 4 * LENGTH];
    let whole = 0..other.len();
    restore(
        &pristine,
        Some(&session),
        &mut other,
        std::slice::from_ref(&whole),
    );
    assert!(other == memory);
    assert!(is_state(&pristine, Some(&session), &other));
}

#[test]
fn images_are_told_apart() {
    let pristine = vec![0; 64 << 10];
    let [one, other] = [(); 2].map(|()| image(&pristine, None, &pristine));
    assert_ne!(one.key(), other.key());
}

#[test]
fn a_mapped_image_has_few_ranges_and_no_more_bytes_than_it_may() {
    let pristine = vec![0; PAGE];
    // Six pages in each 100 KiB: a hundred ranges that are far apart.
    let mut memory = vec![0; 12 << 20];
    for cluster in memory.chunks_mut(25 * PAGE).take(100) {
        for page in cluster.chunks_mut(PAGE).take(6) {
            page[0] = 1;
        }
    }
    let image = |bytes: usize, ranges: usize| {
        let bounds = ImageBounds { bytes, ranges };
        let mut difference = Difference::new(None, bounds);
        difference.compare(&pristine, &memory, 0..memory.len())?;
        let ranges = difference.mappable().map(|ranges| ranges.len());
        let image = Image::new(&pristine, difference, memory.len(), &PageStore::default());
        Ok::<_, ImageError>((ranges, image))
    };
    let (ranges, separate) = image(16 << 20, 128).unwrap();
    assert_eq!(ranges, Some(100));
    let (ranges, together) = image(16 << 20, 64).unwrap();
    assert_eq!(ranges, Some(1));
    // What is between them would be too much: then they are copied.
    let (ranges, lines) = image(4 << 20, 64).unwrap();
    assert_eq!(ranges, None);
    assert!(!lines.is_mapped() && lines.size().1 < 4 << 20);
    assert!(matches!(image(10_000, 64), Err(ImageError::TooLarge(bytes)) if bytes > 10_000));
    for image in [separate, together, lines] {
        assert!(is_state(&pristine, Some(&image), &memory));
    }
}

/// Numbers by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % bound
    }

    /// Changes `memory` in some places; some of them back to what is in `before`.
    fn change(&mut self, memory: &mut [u8], before: &[u8], pages: usize) {
        for _ in 0..self.below(pages) {
            let start = self.below(memory.len());
            let end = (start + 1 + self.below(3 * PAGE)).min(memory.len());
            let (kind, byte) = (self.below(4), self.below(3) as u8);
            for (at, here) in memory.iter_mut().enumerate().take(end).skip(start) {
                match kind {
                    0 => *here = before.get(at).copied().unwrap_or(0),
                    1 => {}
                    _ => *here = byte,
                }
            }
        }
    }
}

#[test]
fn a_state_over_a_state_is_the_memory_that_it_was_taken_from() {
    let chance = &mut Chance(1);
    let mut mapped = 0;
    for round in 0..60 {
        let pristine: Vec<u8> = match round % 3 {
            0 => vec![0; 256 << 10],
            _ => (0..256 << 10).map(|at| (at % 251) as u8).collect(),
        };
        // Each memory is at least as long as the one before.
        let grown = |chance: &mut Chance, memory: &[u8]| {
            let mut memory = memory.to_vec();
            let more = [0, 0, 64 << 10, 4 << 20][chance.below(4)];
            memory.resize(memory.len() + more, 0);
            memory
        };
        let mut program_state = grown(chance, &pristine);
        chance.change(&mut program_state, &pristine, 2_000);
        let program = image(&pristine, None, &program_state);
        mapped += usize::from(program.is_mapped());
        let mut state = grown(chance, &program_state);
        chance.change(&mut state, &pristine, 60);
        chance.change(&mut state, &program_state, 60);
        let over = image(&pristine, Some(&program), &state);
        assert_eq!(over.length(), state.len());
        assert!(is_state(&pristine, Some(&over), &state), "{round}");

        // Taken, it is the same, and the memory is the program's again.
        let mut memory = state.clone();
        let mut difference = Difference::new(Some(program.clone()), ImageBounds::NONE);
        let whole = 0..memory.len();
        difference.take(&pristine, &mut memory, whole).unwrap();
        let mut base = program_state.clone();
        base.resize(memory.len(), 0);
        assert!(memory == base, "{round}");
        let taken = Image::new(&pristine, difference, memory.len(), &PageStore::default());
        assert_eq!(taken.size(), over.size());

        // Laid over the program's, it is there again.
        taken.write_lines(&mut memory);
        assert!(memory == state, "{round}");

        // As bytes, without the program.
        let mut bytes = Vec::new();
        taken.write(&pristine, &mut bytes);
        let store = PageStore::default();
        let read = Image::read(&pristine, state.len(), &bytes, &store, ImageBounds::NONE);
        let read = read.unwrap();
        assert!(is_state(&pristine, Some(&read), &state), "{round}");
        let whole = 0..state.len();
        memory.fill(0xa5);
        restore(
            &pristine,
            Some(&read),
            &mut memory,
            std::slice::from_ref(&whole),
        );
        assert!(memory == state, "{round}");
    }
    assert!(mapped == 0 || (3..57).contains(&mapped), "{mapped}");
}
