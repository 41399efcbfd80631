#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use wasmtime_wasi::cli::StdoutStream;
use wasmtime_wasi::p2::OutputStream;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, Rng};

use super::super::clock::{MonotonicClock, WallClock};
use super::super::random::Randomness;
use super::super::streams::StandardStreams;
use super::*;
use crate::metering::Limits;

const SEVEN: Determinism = Determinism {
    clock: Some(Duration::from_secs(1_000_000_000)),
    seed: Some(7),
};

/// The parts of a store that a run's environment shows in.
struct Store {
    current: CurrentEnvironment,
    random: Randomness,
    clock: WallClock,
    monotonic: MonotonicClock,
    stdout: Box<dyn OutputStream>,
    stderr: Box<dyn OutputStream>,
}

impl Store {
    fn new() -> Self {
        let current = CurrentEnvironment::default();
        let streams = StandardStreams::new(current.clone());
        Self {
            random: Randomness::new(Arc::new(AtomicBool::new(true)), current.clone()),
            clock: WallClock(current.clone()),
            monotonic: MonotonicClock(current.clone()),
            stdout: streams.stdout().p2_stream(),
            stderr: streams.stderr().p2_stream(),
            current,
        }
    }

    /// One that serves `run`.
    fn serving(run: &RunEnvironment) -> Self {
        let store = Self::new();
        store.current.set(Some(run.clone()));
        store
    }
}

fn meter(log: usize) -> Meter {
    Meter::new(Limits::default().log(log))
}

fn print(stream: &mut Box<dyn OutputStream>, text: &'static str) {
    stream.write(Bytes::from_static(text.as_bytes())).unwrap();
}

#[test]
fn a_run_goes_on_in_another_store_where_it_was() {
    let expected: Vec<u64> = {
        let run = RunEnvironment::new(&meter(8), SEVEN, None);
        let mut store = Store::serving(&run);
        (0..20).map(|_| store.random.next_u64()).collect()
    };
    let run = RunEnvironment::new(&meter(8), SEVEN, None);
    let mut stores = [Store::new(), Store::new()];
    let mut drawn = Vec::new();
    for store in (0..10).flat_map(|_| [0, 1]) {
        let store = &mut stores[store];
        store.current.set(Some(run.clone()));
        drawn.push(store.random.next_u64());
        assert_eq!(Some(store.clock.now()), SEVEN.clock);
        print(&mut store.stdout, "a");
        print(&mut store.stderr, "bcd");
        store.current.set(None);
    }
    assert_eq!(drawn, expected);
    let output = run.take_output();
    assert_eq!(output.to_string(), "abcdabcdabcaaaaa[64 more bytes]");
    assert_eq!(output.dropped(Stream::Stdout), 12);
    assert_eq!(output.dropped(Stream::Stderr), 52);
}

#[test]
fn runs_and_stores_have_nothing_of_each_other() {
    let fixed = RunEnvironment::new(&meter(8), SEVEN, None);
    let plain = RunEnvironment::plain(&meter(8));
    let mut store = Store::serving(&fixed);
    let first = store.random.next_u64();
    print(&mut store.stdout, "fixed");
    store.current.set(Some(plain.clone()));
    print(&mut store.stdout, "plain");
    assert_ne!(Some(store.clock.now()), SEVEN.clock);
    store.current.set(None);
    print(&mut store.stdout, "nobody");
    assert_ne!(Some(store.clock.now()), SEVEN.clock);
    assert_eq!(fixed.take_output().to_string(), "fixed");
    assert_eq!(plain.take_output().to_string(), "plain");
    // A store at rest keeps nothing alive.
    assert_eq!(Arc::strong_count(&fixed.0), 1);

    let again = RunEnvironment::new(&meter(8), fixed.determinism(), None);
    assert_eq!(Store::serving(&again).random.next_u64(), first);
}

/// Ways to draw. A word of which a part is drawn is gone.
const STEPS: [fn(&mut Randomness); 5] = [
    |random| _ = random.next_u32(),
    |random| _ = random.next_u64(),
    |random| random.fill_bytes(&mut [0; 3]),
    |random| random.fill_bytes(&mut [0; 13]),
    |random| random.fill_bytes(&mut [0; 256]),
];

#[test]
fn a_series_goes_on_in_another_process_wherever_it_was() {
    let run = RunEnvironment::new(&meter(8), SEVEN, None);
    let mut store = Store::serving(&run);
    for step in STEPS.iter().cycle().take(300) {
        let saved = run.save();
        let json = serde_json::to_string(&saved).unwrap();
        let read: SavedEnvironment = serde_json::from_str(&json).unwrap();
        assert_eq!(read, saved);
        let restored = RunEnvironment::restore(&meter(8), read, Duration::ZERO, None);
        assert_eq!(restored.determinism(), SEVEN);
        assert_eq!(restored.save().drawn, saved.drawn);

        let mut restored = Store::serving(&restored).random;
        let mut series = series_at(saved.drawn);
        // Across the end of a block.
        for _ in 0..40 {
            assert_eq!(restored.next_u64(), series.next_u64(), "{saved:?}");
        }
        step(&mut store.random);
    }
    assert!(run.save().drawn > 1_000);
}

/// The series after so many words, counted one by one.
fn series_at(drawn: u64) -> ChaCha20Rng {
    let mut series = ChaCha20Rng::seed_from_u64(7);
    for _ in 0..drawn {
        series.next_u32();
    }
    series
}

#[test]
fn a_run_without_a_seed_is_saved_without_a_series() {
    let saved = RunEnvironment::plain(&meter(8)).save();
    assert_eq!((saved.clock, saved.seed, saved.drawn), (None, None, 0));
    let restored = RunEnvironment::restore(&meter(8), saved, Duration::ZERO, None);
    assert_eq!(restored.draw(|series| series.next_u32()), None);
}

#[test]
fn monotonic_time_goes_on_from_what_was_saved() {
    let most = i64::MAX as u64;
    let cases = [
        // Saved, passed meanwhile, and what the clock shows at least.
        (0, Duration::ZERO, 0),
        (5, Duration::from_nanos(2), 7),
        (1 << 50, Duration::from_secs(1), (1 << 50) + 1_000_000_000),
        (most, Duration::from_secs(1), most),
        (u64::MAX, Duration::MAX, most),
    ];
    for (monotonic, passed, least) in cases {
        let saved = SavedEnvironment {
            monotonic,
            ..RunEnvironment::plain(&meter(8)).save()
        };
        let before = since_start();
        let run = RunEnvironment::restore(&meter(8), saved, passed, None);
        let store = Store::serving(&run);
        let shown = store.monotonic.now();
        let elapsed = since_start() - before;
        assert!(shown >= least, "{shown} after {saved:?}");
        assert!(shown - least <= elapsed, "{shown} after {saved:?}");
        assert!(run.save().monotonic >= shown);
        assert!(store.monotonic.now() >= shown);

        // Other runs have the process's.
        store.current.set(Some(RunEnvironment::plain(&meter(8))));
        let before = since_start();
        let shown = store.monotonic.now();
        assert!((before..=since_start()).contains(&shown));
    }
}

#[test]
fn a_sink_is_told_what_is_stored_until_it_panics() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (in_sink, held) = (told.clone(), Arc::new(()));
    let in_sink_held = held.clone();
    let sink = move |stream: Stream, bytes: &[u8]| {
        let _held = &in_sink_held;
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        in_sink.lock().unwrap().push((stream, text));
        if bytes == b"!" {
            panic!("a sink");
        }
    };
    let run = RunEnvironment::new(&meter(8), Determinism::default(), Some(Arc::new(sink)));
    let mut store = Store::serving(&run);
    print(&mut store.stdout, "12345");
    print(&mut store.stderr, "oops");
    // In another store as well.
    let mut store = Store::serving(&run);
    print(&mut store.stdout, "67890");
    print(&mut store.stdout, "more");
    print(&mut store.stdout, "");
    let expected = [
        (Stream::Stdout, "12345"),
        (Stream::Stderr, "oops"),
        (Stream::Stdout, "678"),
    ];
    let expected = expected.map(|(stream, text)| (stream, text.to_owned()));
    assert_eq!(*told.lock().unwrap(), expected);
    assert_eq!(Arc::strong_count(&held), 2);

    print(&mut store.stderr, "!");
    assert_eq!(told.lock().unwrap().len(), 4);
    assert_eq!(Arc::strong_count(&held), 1);
    print(&mut store.stderr, "end");
    assert_eq!(told.lock().unwrap().len(), 4);
    let output = run.take_output();
    assert_eq!(output.to_string(), "12345oops678!end[6 more bytes]");
}
