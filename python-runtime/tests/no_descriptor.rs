//! A process that has no descriptor left, in which nothing else is tested.

#![cfg(target_os = "linux")]
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    reason = "limits have no safe interface here; a test fails by panicking"
)]

use python_runtime::{PoolConfig, Program, PythonRuntime, PythonSource};

/// Runs `code` while no descriptor can be opened.
fn without_descriptors<T>(code: impl FnOnce() -> T) -> T {
    let mut before = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the system writes one such structure, which is there.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut before) };
    assert_eq!(asked, 0);
    let none = libc::rlimit {
        rlim_cur: 0,
        ..before
    };
    // SAFETY: the system reads one such structure.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &none) }, 0);
    let done = code();
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &before) }, 0);
    done
}

/// A large program holds a descriptor where it can have one, and works the same where it can't.
#[test]
fn large_programs_need_no_descriptor() {
    let runtime = PythonRuntime::builder().pool(PoolConfig::default().instances(1).verify(true));
    let runtime = runtime.build().unwrap();
    let source = "\
table = [str(n) for n in range(60000)]

def look(value):
    seen = table[value]
    table[value] = 'changed'
    return seen
";
    let large = || {
        let source = PythonSource::def("look", source);
        runtime.program().function("look", source)
    };
    let check = |program: &Program| {
        let look = program.function("look").unwrap();
        for value in [0, 999, 999, 59_999] {
            let seen: String = look.call(&value).run_blocking().unwrap();
            assert_eq!(seen, value.to_string());
        }
        assert_eq!(program.fallback_reason(), None);
    };
    let mapped = large().build_blocking().unwrap();
    let kept = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(mapped.snapshot())
        .unwrap();
    without_descriptors(|| {
        check(&mapped);
        check(&large().build_blocking().unwrap());
        check(&runtime.restore(&kept).unwrap().build_blocking().unwrap());
    });
    check(&large().build_blocking().unwrap());
    check(&mapped);
    assert_eq!(runtime.stats().discarded.unclean, 0);
}
