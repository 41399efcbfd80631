//! Runs the check of a fuzz target without a fuzzer: on its corpus, and on inputs made of that by
//! chance. They are the same each time, so that a test holds always or never.

use std::path::Path;
use std::{fs, thread};

/// Runs `check` on each file of `fuzz/corpus/TARGET`, and on `runs` inputs made of them. It panics
/// where a property is broken; the input is then printed.
///
/// # Panics
///
/// If there is no corpus, or a file of it can't be read.
#[allow(clippy::panic, reason = "a test fails by panicking")]
pub fn run(target: &str, runs: u32, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../corpus")
        .join(target);
    let corpus = read(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    assert!(!corpus.is_empty(), "{} is empty", folder.display());
    let one = |input: &[u8]| {
        let _shown = Shown(target, input);
        check(input);
    };
    corpus.iter().for_each(|input| one(input));
    let mut chance = Chance(0x5eed);
    for _ in 0..runs {
        let mut input = chance.one_of(&corpus).to_vec();
        for _ in 0..=chance.below(4) {
            change(&mut input, &corpus, &mut chance);
        }
        one(&input);
    }
}

fn read(folder: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    // In an order that does not depend on the file system.
    paths.sort();
    paths.iter().map(fs::read).collect()
}

/// Prints the input if the check of it panics.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}: b\"{}\"", self.0, self.1.escape_ascii());
        }
    }
}

/// Numbers at which sizes and counts go wrong.
const NUMBERS: [u64; 10] = [
    0,
    1,
    0x7f,
    0xff,
    0x1_0000,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 32,
    1 << 63,
    u64::MAX,
];

/// What texts are taken apart at.
const TOKENS: [&str; 16] = [
    "\"", "\\", "\"\"\"", "\n", "\r", "\0", "/", "../", ".", "{", "}", "[", "]", "null", "1e999",
    "\u{feff}",
];

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    let length = chance.below(16).min(input.len() - at);
    let new = match chance.below(8) {
        0 | 1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
            return;
        }
        2 => Vec::new(),
        3 => return input.truncate(at),
        4 => vec![chance.next() as u8; length.max(1)],
        5 => {
            let number = *chance.one_of(&NUMBERS);
            match chance.below(3) {
                0 => number.to_string().into_bytes(),
                1 => number.to_le_bytes().to_vec(),
                _ => (number as u32).to_le_bytes().to_vec(),
            }
        }
        6 => chance.one_of(&TOKENS).as_bytes().to_vec(),
        _ => {
            let other = chance.one_of(corpus);
            let from = chance.below(other.len() + 1);
            let until = from + chance.below(other.len() - from + 1);
            other.get(from..until).unwrap_or_default().to_vec()
        }
    };
    // In the place of something, or between.
    let replaced = if chance.below(2) == 0 { length } else { 0 };
    input.splice(at..at + replaced, new);
}

/// Numbers by chance (Vigna's SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One that is less than `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    #[allow(clippy::indexing_slicing, reason = "it is below the length")]
    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
