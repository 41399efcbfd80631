//! The interpreter's functions by name, for `perf`. In a process of its own: the list is the
//! process's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::MetadataExt;

use python_runtime::{PythonRuntime, PythonSource};

/// The addresses of a mapping, and what it is of.
fn mapping(line: &str) -> Option<(usize, usize, &str)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    Some((number(start)?, number(end)?, rest))
}

#[test]
fn perf_knows_the_functions_of_the_interpreter() {
    let runtime = PythonRuntime::builder().perf_map().build().unwrap();
    let double = runtime
        .function_blocking(PythonSource::lambda("lambda x: x * 2"))
        .unwrap();
    assert_eq!(double.call::<_, i64>(&21).run_blocking().unwrap(), 42);

    let path = format!("/tmp/perf-{}.map", std::process::id());
    let list = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    fs::remove_file(&path).unwrap();
    let found = |name: &str| {
        let line = list.lines().find(|line| line.ends_with(name));
        let (start, rest) = line.unwrap().split_once(' ').unwrap();
        let (size, _) = rest.split_once(' ').unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        (number(start), number(size))
    };
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    for name in [" _PyEval_EvalFrameDefault", " PyLong_FromLong"] {
        let (start, size) = found(name);
        assert!(size > 0);
        let holds = |&(from, to, _): &(usize, usize, &str)| from <= start && start + size <= to;
        let (_, _, of) = maps.lines().filter_map(mapping).find(holds).unwrap();
        // Code that is of no file: of one, `perf` would not look here.
        assert!(
            of.starts_with("r-xp") && !of.contains('/'),
            "{name} lies in {of}"
        );
    }
}
