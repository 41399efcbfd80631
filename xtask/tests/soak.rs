//! A soak of seconds: it passes, and its report has its parts.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::xtask;

#[test]
fn a_soak_of_seconds_passes_and_says_what_it_saw() {
    let (passed, stdout, stderr) = xtask(&["soak", "--minutes", "0.05", "--seed", "7"]);
    assert!(passed, "{stdout}{stderr}");
    let mut lines = stdout.lines();
    assert_eq!(
        lines.next().unwrap(),
        "seed 7, 8 callers with 16 programs each"
    );
    let columns: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    for column in [
        "calls",
        "errors",
        "cancelled",
        "wrong",
        "RSS",
        "fds",
        "live",
        "p99",
    ] {
        assert!(columns.contains(&column), "{columns:?}");
    }
    let over_time: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(!over_time.is_empty(), "{stdout}");
    let all = lines.find(|line| line.starts_with(" all ")).unwrap();
    let numbers: Vec<u64> = all
        .split_whitespace()
        .skip(1)
        .map(|number| number.parse().unwrap())
        .collect();
    let &[calls, answers, errors, late, cancelled, wrong] = numbers.as_slice() else {
        panic!("{all}");
    };
    assert_eq!(calls, answers + errors + late + cancelled, "{all}");
    assert!(answers > 0 && errors > 0, "{all}");
    assert_eq!(wrong, 0);
    for part in [
        " hunts secrets ",
        "programs registered; answers: p50 ",
        "memory: not judged in less than a minute\n",
        "at most: ",
        "at rest: ",
    ] {
        assert!(stdout.contains(part), "no {part:?} in\n{stdout}");
    }
    assert!(stdout.ends_with("verdict: passes\n"), "{stdout}");
}
