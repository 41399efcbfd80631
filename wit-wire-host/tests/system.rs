//! A system that is short of descriptors, threads or address space, and signals. Each case is a
//! process of its own: this program starts itself as each of them.

#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "signals have no safe interface; a test fails by panicking"
)]

mod common;

use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use common::component;
use wit_wire_host::{
    BuildError, CallError, Component, Host, HostcallContext, HostcallError, Limits, Op, Phase,
    PoolConfig, Program, ProgramError, ResetPolicy,
};

const CASE: &str = "TEST_CASE";

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    type Case = (&'static str, fn());
    const CASES: [Case; 6] = [
        (
            "no_descriptor_is_left_for_the_first_call",
            linux::descriptors,
        ),
        (
            "no_thread_is_left_for_the_first_blocking_call",
            linux::threads,
        ),
        (
            "no_address_space_is_left_for_instances",
            linux::address_space,
        ),
        ("no_memory_may_be_locked", linux::locked_memory),
        ("signals_arrive_while_guests_run", linux::signals),
        (
            "a_fault_of_the_embedder_goes_to_its_own_handler",
            linux::own_fault,
        ),
    ];
    if let Some(case) = std::env::var_os(CASE) {
        let (_, run) = CASES.iter().find(|(name, _)| case == *name).unwrap();
        run();
        return ExitCode::SUCCESS;
    }
    let mut failed = 0;
    for (name, _) in CASES {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let output = child.env(CASE, name).output().unwrap();
        // The one that faults ends by its own handler.
        let expected = if name.starts_with("a_fault") { 42 } else { 0 };
        let passed = output.status.code() == Some(expected);
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        if !passed {
            println!("{output:?}");
            failed += 1;
        }
    }
    println!("\n{} passed, {failed} failed", CASES.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}

/// Whether `h:hold` is to wait.
static IS_SHUT: AtomicBool = AtomicBool::new(false);

/// A host of so many instances.
fn host(instances: usize, policy: ResetPolicy) -> Component {
    let config = PoolConfig::default()
        .instances(instances)
        .reset(policy)
        .verify(true);
    let hold = async |_: HostcallContext, times: u32| {
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
        while IS_SHUT.load(SeqCst) {
            tokio::task::yield_now().await;
        }
        Ok::<_, HostcallError>(times)
    };
    let limits = Limits::default().cpu_time(std::time::Duration::from_millis(50));
    component(
        Host::builder()
            .pool(config)
            .limits(limits)
            .hostcall("h:hold", hold),
    )
}

const OPS: [&str; 6] = ["echo", "keep", "loop", "trap", "recurse", "h:hold"];

fn program(component: &Component) -> Result<Program, ProgramError> {
    component.program(OPS.map(Op::new)).build_blocking()
}

/// Calls work, by a reset.
fn check(program: &Program) {
    for _ in 0..3 {
        let keep = program.function("keep").unwrap();
        assert_eq!(keep.call_raw("7").run_blocking().unwrap(), "0");
    }
    assert_eq!(program.fallback_reason(), None);
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// Runs `code` with the limit `soft` on `resource`.
    fn with<T>(resource: Resource, soft: u64, code: impl FnOnce() -> T) -> T {
        let before = getrlimit(resource);
        let limited = Rlimit {
            current: Some(soft),
            ..before
        };
        setrlimit(resource, limited).unwrap();
        let done = code();
        setrlimit(resource, before).unwrap();
        done
    }

    fn address_space_in_use() -> u64 {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
        pages * 4096
    }

    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    }

    /// Once for the shared runtime of blocking calls, once for the file that tells which pages were
    /// written.
    pub(super) fn descriptors() {
        for policy in [ResetPolicy::Auto, ResetPolicy::Require] {
            let component = host(1, policy);
            let error = with(Resource::Nofile, 0, || program(&component).unwrap_err());
            assert!(
                matches!(error, ProgramError::Run(CallError::NoRuntime)),
                "{error}"
            );
        }
        let runtime = runtime();
        for policy in [ResetPolicy::Auto, ResetPolicy::Require] {
            let component = host(1, policy);
            let build = || runtime.block_on(component.program([Op::new("echo")]).build());
            let error = with(Resource::Nofile, 0, || build().unwrap_err());
            let ProgramError::Run(CallError::Failed {
                phase: Phase::Instantiate,
                source,
                ..
            }) = error
            else {
                panic!("{error}")
            };
            assert!(
                source.to_string().contains("Too many open files"),
                "{source}"
            );
        }
        let component = host(1, ResetPolicy::Auto);
        let program = program(&component).unwrap();
        check(&program);
        // What runs needs none.
        with(Resource::Nofile, 0, || check(&program));
        assert_eq!(component.host().stats().discarded, Default::default());
    }

    /// A thread's stack has two megabytes.
    pub(super) fn threads() {
        let component = host(1, ResetPolicy::Require);
        let room = address_space_in_use() + (1 << 20);
        let error = with(Resource::As, room, || program(&component).unwrap_err());
        assert!(
            matches!(error, ProgramError::Run(CallError::NoRuntime)),
            "{error}"
        );
        let engine = common::engine();
        let room = address_space_in_use() + (1 << 20);
        let error = with(Resource::As, room, || {
            Host::builder().build(&engine).unwrap_err()
        });
        assert!(
            matches!(error, BuildError::Engine(why) if why.contains("thread")),
            "{error}"
        );
        check(&program(&component).unwrap());
    }

    /// Each instance reserves more than four gigabytes.
    pub(super) fn address_space() {
        let runtime = runtime();
        let component = host(8, ResetPolicy::Require);
        let program = program(&component).unwrap();
        check(&program);
        let hold = program.function("h:hold").unwrap();
        // All at once; where some are to fail, the others wait for the first of these.
        let together = |some_fail: bool| {
            IS_SHUT.store(some_fail, SeqCst);
            runtime.block_on(async {
                let mut calls = tokio::task::JoinSet::new();
                for _ in 0..8 {
                    let hold = hold.clone();
                    calls.spawn(async move { hold.call_raw("9").await });
                }
                let mut answered = 0;
                while let Some(call) = calls.join_next().await {
                    match call.unwrap() {
                        Ok(answer) => {
                            assert_eq!(answer, "9");
                            answered += 1;
                        }
                        Err(CallError::Failed {
                            phase: Phase::Instantiate,
                            ..
                        }) => {
                            IS_SHUT.store(false, SeqCst);
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                answered
            })
        };
        // Room for two more beside the one that is there.
        let room = address_space_in_use() + (11 << 30);
        let answered = with(Resource::As, room, || together(true));
        assert!((1..=7).contains(&answered), "{answered}");
        // As many as there are still serve, one after the other.
        with(Resource::As, room, || check(&program));
        let stats = component.host().stats();
        assert_eq!(
            (stats.in_flight, stats.waiting, stats.discarded.unclean),
            (0, 0, 0)
        );
        // With no room at all for a new program's first instance, and none idle.
        let other = host(1, ResetPolicy::Require);
        let room = address_space_in_use() + (1 << 30);
        let error = with(Resource::As, room, || self::program(&other).unwrap_err());
        assert!(
            matches!(
                error,
                ProgramError::Run(CallError::Failed {
                    phase: Phase::Instantiate,
                    ..
                })
            ),
            "{error}"
        );
        check(&self::program(&other).unwrap());
        assert_eq!(together(false), 8);
        check(&program);
    }

    pub(super) fn locked_memory() {
        with(Resource::Memlock, 0, || {
            check(&program(&host(2, ResetPolicy::Require)).unwrap());
        });
    }

    static SIGNALS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn count(_: libc::c_int) {
        SIGNALS.fetch_add(1, SeqCst);
    }

    fn install(signal: libc::c_int, handler: extern "C" fn(libc::c_int)) {
        // SAFETY: a structure of numbers, for which zeros are values.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as *const () as usize;
        // Without `SA_RESTART`, so that system calls are interrupted.
        action.sa_flags = libc::SA_ONSTACK;
        // SAFETY: both handlers do nothing but what a handler may do.
        let installed = unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
        assert_eq!(installed, 0);
    }

    pub(super) fn signals() {
        for signal in [libc::SIGCHLD, libc::SIGPIPE, libc::SIGUSR1] {
            install(signal, count);
        }
        let component = host(2, ResetPolicy::Require);
        let program = program(&component).unwrap();
        let is_over = std::sync::Arc::new(AtomicBool::new(false));
        // SAFETY: it takes nothing and can't fail.
        let main = unsafe { libc::pthread_self() };
        let over = is_over.clone();
        let sender = std::thread::spawn(move || {
            while !over.load(SeqCst) {
                for signal in [libc::SIGCHLD, libc::SIGPIPE, libc::SIGUSR1] {
                    // SAFETY: the main thread lives as long as this one, which it joins.
                    unsafe { libc::pthread_kill(main, signal) };
                }
                std::thread::yield_now();
            }
        });
        // The blocking form runs guests on this thread, on which signals take their share of the
        // time.
        let call = |op: &str, input: &str| {
            let function = program.function(op).unwrap();
            let call = function.call_raw(input);
            match op {
                "loop" => call.run_blocking(),
                _ => call.limits(Limits::default()).run_blocking(),
            }
        };
        for round in 0..200 {
            assert_eq!(call("keep", "7").unwrap(), "0");
            assert_eq!(call("h:hold", "20").unwrap(), "20");
            if round % 50 == 0 {
                assert!(matches!(call("trap", "1"), Err(CallError::Trap { .. })));
                assert!(matches!(call("recurse", "1"), Err(CallError::Trap { .. })));
                assert!(matches!(call("loop", "1"), Err(CallError::Limit { .. })));
            }
        }
        is_over.store(true, SeqCst);
        sender.join().unwrap();
        assert!(SIGNALS.load(SeqCst) > 100);
        let stats = component.host().stats();
        assert_eq!(
            (stats.discarded.ended, stats.discarded.unclean),
            (12, 0),
            "{stats:?}"
        );
    }

    static FAULTS: AtomicUsize = AtomicUsize::new(0);

    extern "C" fn last_words(_: libc::c_int) {
        FAULTS.fetch_add(1, SeqCst);
        // SAFETY: it ends the process at once, which a handler may do.
        unsafe { libc::_exit(42) };
    }

    /// The engine's handlers take the guests' traps, and leave the rest to those that were there
    /// before.
    pub(super) fn own_fault() {
        for signal in [libc::SIGSEGV, libc::SIGILL, libc::SIGBUS, libc::SIGFPE] {
            install(signal, last_words);
        }
        let component = host(1, ResetPolicy::Require);
        let program = program(&component).unwrap();
        for op in ["trap", "recurse"] {
            let error = program
                .function(op)
                .unwrap()
                .call_raw("1")
                .run_blocking()
                .unwrap_err();
            assert!(matches!(error, CallError::Trap { .. }), "{error}");
        }
        check(&program);
        assert_eq!(FAULTS.load(SeqCst), 0);
        let nowhere = std::hint::black_box(8) as *const u8;
        // SAFETY: there is none. It reads what is not mapped, which is what the handler is for.
        let read = unsafe { nowhere.read_volatile() };
        panic!("read {read}");
    }
}
