//! Runs evil guests, and looks at what they leave behind.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use test_support::until;
use test_support::watch::{HostBounds, HostUsage, forget_peak, longest_poll};
use tokio::runtime::{Builder, Runtime};
use wasmtime::component::Component;
use wit_wire_host::{
    CallError, Dialect, Function, Host, HostBuilder, Limits, Op, Payload, Phase, ProgramError,
    ResetPolicy,
};

use crate::common;

/// Where a guest does its deed, by the number that `frame.wat` knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Start = 1,
    InitRealloc,
    Init,
    InitPost,
    HandleRealloc,
    Handle,
    Post,
    Settle,
}

impl Place {
    const ALL: [Self; 8] = [
        Self::Start,
        Self::InitRealloc,
        Self::Init,
        Self::InitPost,
        Self::HandleRealloc,
        Self::Handle,
        Self::Post,
        Self::Settle,
    ];

    fn phase(self) -> Phase {
        match self {
            Self::Start => Phase::Instantiate,
            Self::InitRealloc | Self::Init | Self::InitPost => Phase::Init,
            Self::HandleRealloc | Self::Handle | Self::Post | Self::Settle => Phase::Handle,
        }
    }
}

/// One deed at one place, and what its caller is told.
#[derive(Clone)]
pub(crate) struct Case {
    guest: String,
    name: String,
    place: Place,
    expected: String,
}

/// The deed `name` of the file `text`. What is expected is how [`told`] begins.
pub(crate) fn at(text: &str, name: &str, place: Place, expected: &str) -> Case {
    let guest = include_str!("frame.wat")
        .replace("{EVIL}", text)
        .replace("{NAME}", name)
        .replace("{PLACE}", &(place as u8).to_string());
    Case {
        guest,
        name: name.to_owned(),
        place,
        expected: expected.to_owned(),
    }
}

/// The same at every place.
pub(crate) fn all_in(text: &str, name: &str, expected: &str) -> Vec<Case> {
    Place::ALL
        .map(|place| at(text, name, place, expected))
        .into()
}

/// What the caller of a deed is told, in one line. Phase and op are compared here.
fn told(place: Place, result: Result<Payload, ProgramError>) -> String {
    let mut where_it_was = None;
    let result = result.map_err(|error| match error {
        ProgramError::Run(error) => error,
        other => panic!("{other}"),
    });
    let line = match result {
        Ok(answer) => format!("ok {answer}"),
        Err(CallError::NoHandler { op }) => {
            where_it_was = Some((Some(op), Phase::Handle));
            "no handler".to_owned()
        }
        Err(CallError::Init { message }) => format!("init: {message}"),
        Err(CallError::UnexpectedOp { op }) => format!("unexpected op `{op}`"),
        Err(CallError::NoReset { reason }) => format!("no reset: {reason}"),
        Err(CallError::Limit {
            op,
            phase,
            exceeded,
        }) => {
            where_it_was = Some((op, phase));
            format!("limit {:?} {}", exceeded.limit, exceeded.allowed)
        }
        Err(CallError::Trap {
            op, phase, reason, ..
        }) => {
            where_it_was = Some((op, phase));
            format!("trap: {reason}")
        }
        Err(CallError::Failed { op, phase, source }) => {
            where_it_was = Some((op, phase));
            let mut root: &dyn std::error::Error = &*source;
            while let Some(source) = root.source() {
                root = source;
            }
            format!("failed: {root}")
        }
        Err(CallError::Exit { op, phase, code }) => {
            where_it_was = Some((op, phase));
            format!("exit {code}")
        }
        Err(other) => format!("error: {other}"),
    };
    if let Some((op, phase)) = where_it_was {
        assert_eq!(phase, place.phase(), "{line}");
        let expected = match (phase, place) {
            (Phase::Handle, Place::Settle) => "wit-wire:settle",
            (Phase::Handle, _) => "evil",
            _ => "",
        };
        assert_eq!(op.unwrap_or_default(), expected, "{line}");
    }
    line
}

/// One runtime for all tests here, so that what is open does not depend on which of them run.
fn tokio() -> &'static Runtime {
    static TOKIO: OnceLock<Runtime> = OnceLock::new();
    TOKIO.get_or_init(|| {
        // The first panic with a backtrace reads the symbols, which is no guest's doing.
        let _ = std::backtrace::Backtrace::force_capture().to_string();
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    })
}

/// More than this the second round may not leave behind: what the allocator keeps, and pages that
/// programs share.
const SLACK: usize = 24 << 20;

/// Does all deeds of one kind, twice, under both ways to clean state.
pub(crate) fn run(
    kind: &str,
    limits: Limits,
    more: fn(HostBuilder) -> HostBuilder,
    cases: Vec<Case>,
) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let engine = common::engine();
    let compile = |text: &str| {
        let module = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
        let component = common::componentize(module, &wit());
        let instrumented = artifact_embed::instrument(&component).unwrap();
        let can_be_reset = instrumented.obstacles.is_empty();
        let component = Component::new(&engine, instrumented.component).unwrap();
        (component, can_be_reset)
    };
    let compiled: Vec<_> = cases.iter().map(|case| compile(&case.guest)).collect();
    let good = common::compile(&engine, &common::guest(Dialect::V1));
    let mut left = Vec::new();
    for _ in 0..2 {
        for policy in [ResetPolicy::Require, ResetPolicy::Never] {
            let host = more(common::host(policy)).limits(limits);
            let host = host.build(&engine).unwrap();
            tokio().block_on(async {
                let good = host.component(&good).unwrap().program([Op::new("count")]);
                let good = good.build().await.unwrap().function("count").unwrap();
                for (case, (evil, can_be_reset)) in cases.iter().zip(&compiled) {
                    match (policy, can_be_reset) {
                        // One whose state can't be reached is never reset.
                        (ResetPolicy::Require, false) => {
                            let auto = common::host(ResetPolicy::Auto);
                            let auto = more(auto).limits(limits).build(&engine).unwrap();
                            check(&auto, evil, case, false).await;
                        }
                        (policy, _) => {
                            let is_reset = policy == ResetPolicy::Require;
                            check(&host, evil, case, is_reset).await;
                        }
                    }
                    well(&good).await;
                }
            });
            rest(host);
        }
        left.push((memory(), open_files()));
    }
    let ((memory, files), (more_memory, more_files)) = (left[0], left[1]);
    assert!(
        more_memory <= memory + SLACK,
        "{kind}: {memory} bytes after the first round, {more_memory} after the second"
    );
    assert_eq!(files, more_files, "{kind}");
    drop(engine);
    println!(
        "{kind}: {} deeds, each twice in both ways: all survived",
        cases.len()
    );
}

/// The protocol's world, and in it what guests may ask of WASI.
fn wit() -> String {
    let interfaces = [
        "wasi:cli/environment",
        "wasi:cli/exit",
        "wasi:cli/stdin",
        "wasi:cli/stdout",
        "wasi:clocks/monotonic-clock",
        "wasi:filesystem/preopens",
        "wasi:io/poll",
        "wasi:io/streams",
        "wasi:random/random",
        "wasi:sockets/instance-network",
        "wasi:sockets/ip-name-lookup",
        "wasi:sockets/tcp-create-socket",
        "wasi:sockets/udp-create-socket",
    ];
    let imports = interfaces.map(|interface| format!("import {interface}@0.2.0;"));
    let world = format!("world wit-wire {{ {}", imports.concat());
    let protocol = common::wit(Dialect::V1).replace("world wit-wire {", &world);
    protocol + include_str!("wasi.wit")
}

/// Whether `case` comes out as it should.
async fn check(host: &Host, component: &Component, case: &Case, is_reset: bool) {
    let Case {
        name,
        place,
        expected,
        ..
    } = case;
    forget_peak();
    let before = HostUsage::now();
    let mut paid = Duration::ZERO;
    let result = longest_poll(async {
        let component = host.component(component).unwrap();
        let program = component.program([Op::new("evil")]).build().await?;
        paid += program.receipt().cpu_time;
        let function = program.function("evil")?;
        let (answer, receipt) = function.call_raw("null").with_receipt().await;
        paid += receipt.cpu_time;
        Ok(answer?)
    });
    let (result, poll) = result.await;
    let stayed =
        bounds(host.limits()).check(format_args!("{name} at {place:?}"), &before, paid, poll);
    assert_eq!(stayed, Ok(()));
    let found = told(*place, result);
    let ok = match place {
        // Never asked of one that is not reset.
        Place::Settle if !is_reset => found == "ok null",
        // What a guest does while it settles says only that it can't be reset, but for limits.
        Place::Settle if !expected.starts_with("limit") && !expected.starts_with("no reset") => {
            found == "ok null" || found.starts_with("no reset: ")
        }
        _ => found.starts_with(expected.as_str()),
    };
    assert!(
        ok,
        "{name} at {place:?}: expected {expected}, found {found:.300}"
    );
}

/// What one deed may take of the process, that of its component's background work included.
fn bounds(limits: &Limits) -> HostBounds {
    HostBounds {
        // The instance that runs it, the one that others begin with, and one in its place.
        memory: 3 * limits.memory as u64 + (32 << 20),
        unpaid: Duration::from_secs(2),
        threads: 4,
        mappings: 200,
        descriptors: 8,
        poll: Duration::from_millis(200),
    }
}

/// Whether another program of the host goes on as if nothing were.
async fn well(good: &Function) {
    assert_eq!(good.call_raw("").await.unwrap(), "1");
}

/// Waits until nothing of a host is left but the host itself.
fn rest(host: Host) {
    tokio().block_on(async {
        host.shut_down().await;
        until("nothing is left", || {
            let stats = host.stats();
            (stats.live, stats.idle, stats.waiting, stats.in_flight) == (0, 0, 0, 0)
        })
        .await;
        assert_eq!(host.stats().discarded.unclean, 0);
    });
}

/// Bytes of memory that the process has.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes.map_or(0, |number| number.trim().parse::<usize>().unwrap() << 10)
}

/// Files and the like that the process has open.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
