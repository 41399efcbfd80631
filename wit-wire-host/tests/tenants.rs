//! Tenants of one pool: what one leaves anywhere in memory, however its call ends, no other finds,
//! and nobody who looks at the memory from outside. In a process of its own, since that is looked
//! at as a whole.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde_json::{Value, json};
use test_support::until;
use tokio::sync::Mutex;
use wit_wire_host::{
    CallError, Component, Dialect, Function, Host, HostcallContext, HostcallError, Isolation,
    Limit, Limits, Op, PoolConfig, Program, ResetPolicy,
};

/// One test at a time: each looks at all memories there are.
static ALONE: Mutex<()> = Mutex::const_new(());

const SHAPES: [&str; 3] = ["s", "l", "g"];
const ACTIONS: [&str; 10] = ["r", "t", "o", "b", "m", "w", "d", "v", "y", "n"];

/// The tenants' component in a pool of two, with what its instances do while they settle.
fn component(policy: ResetPolicy, settling: fn()) -> Component {
    let host = Host::builder()
        .limits(Limits::default().memory(32 << 20))
        .pool(PoolConfig::default().instances(2).reset(policy))
        .hostcall("settling", move |_: HostcallContext, (): ()| {
            settling();
            std::future::ready(Ok::<_, HostcallError>(()))
        })
        .hostcall("same", async |_: HostcallContext, value: Value| {
            Ok::<_, HostcallError>(value)
        })
        .hostcall("never", async |_: HostcallContext, (): ()| {
            std::future::pending::<Result<(), HostcallError>>().await
        });
    let module = wat::parse_str(include_str!("tenants/tenant.wat")).unwrap();
    let guest = common::componentize(module, &common::wit(Dialect::V1));
    let engine = common::engine();
    let component = common::compile(&engine, &guest);
    let host = host.build(&engine).unwrap();
    host.component(&component).unwrap().with_identity("tenants")
}

async fn program(component: &Component, ops: &[&str], isolation: Isolation) -> Program {
    let ops = ops.iter().map(|op| Op::new(*op));
    let program = component.program(ops).isolation(isolation);
    program.build().await.unwrap()
}

/// A program of each shape and action, half of them read back from bytes.
async fn tenants(component: &Component, actions: &[&str]) -> Vec<Function> {
    let mut functions = Vec::new();
    for (number, (shape, action)) in SHAPES
        .iter()
        .flat_map(|shape| actions.iter().map(move |action| (shape, action)))
        .enumerate()
    {
        let mut made = program(
            component,
            &[&format!("{shape}{action}")],
            Isolation::PerCall,
        )
        .await;
        if number % 2 == 1 && made.size().is_some() {
            let kept = made.snapshot().await.unwrap();
            made = component.restore(&kept).unwrap().build().await.unwrap();
        }
        functions.extend(made.functions());
    }
    functions
}

/// Leaves secrets in a few pages or in all, and ends as it must.
async fn leave(tenant: Function, everywhere: bool) {
    let action = &tenant.name()[1..];
    let mut limits = Limits::default().memory(32 << 20);
    if action == "o" {
        limits.cpu_time = Duration::from_millis(20);
    }
    let input = match (action, everywhere) {
        ("y", _) => {
            let call = |id: u32| json!({"id": id, "op": "same", "payload": "SECRET-C".repeat(500)});
            json!({"calls": [call(1), call(2), call(3)]}).to_string()
        }
        (_, true) => "1".to_owned(),
        (_, false) => "0".to_owned(),
    };
    let call = tenant.call_raw(input).limits(limits);
    if action == "n" {
        // Given up while it waits for its hostcall.
        let given_up = tokio::time::timeout(Duration::from_millis(20), call.into_future());
        given_up.await.unwrap_err();
        return;
    }
    let result = call.await;
    let limit = |expected| match &result {
        Err(CallError::Limit { exceeded, .. }) => exceeded.limit == expected,
        _ => false,
    };
    let is_right = match action {
        "t" | "d" => matches!(result, Err(CallError::Trap { .. })),
        "o" => limit(Limit::CpuTime),
        "b" => limit(Limit::Memory),
        "y" => result
            .as_ref()
            .is_ok_and(|output| output.as_json().unwrap().contains("SECRET-C")),
        _ => result.as_ref().is_ok_and(|output| output == "7"),
    };
    assert!(is_right, "{}: {result:?}", tenant.name());
}

/// The linear memories of this process: what can be written before a gigabyte and more of addresses
/// that can't.
fn memories() -> Vec<Range<u64>> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut found = Vec::new();
    let mut open: Option<Range<u64>> = None;
    for line in maps.lines() {
        let (addresses, rest) = line.split_once(' ').unwrap();
        let (start, end) = addresses.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        open = match open.take() {
            Some(memory) if memory.end == start && rest.starts_with("rw-p") => {
                Some(memory.start..end)
            }
            Some(memory) if memory.end == start && rest.starts_with("---p") => {
                if end - start > 1 << 30 {
                    found.push(memory);
                }
                None
            }
            _ => rest.starts_with("rw-p").then_some(start..end),
        };
    }
    found
}

/// How many secrets of calls stand in all linear memories, read from outside.
fn seen_from_outside() -> usize {
    let process = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for memory in memories() {
        let mut bytes = vec![0; (memory.end - memory.start) as usize];
        if process.read_exact_at(&mut bytes, memory.start).is_err() {
            // The instance was given up meanwhile.
            continue;
        }
        found += bytes.windows(8).filter(|here| *here == b"SECRET-C").count();
    }
    found
}

/// For every two megabytes by themselves: some of them may be refused.
fn advise(advice: libc::c_int) {
    const HUGE: u64 = 2 << 20;
    for memory in memories() {
        let mut start = memory.start;
        while start < memory.end {
            let end = (start + 1).next_multiple_of(HUGE).min(memory.end);
            #[allow(unsafe_code, reason = "the system is to move pages about")]
            // SAFETY: these advices keep what is in the pages, wherever the system keeps them.
            let _ = unsafe { libc::madvise(start as *mut _, (end - start) as usize, advice) };
            start = end;
        }
    }
}

/// Bytes of linear memories in huge pages.
fn huge() -> u64 {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let memories = memories();
    let mut inside = false;
    let mut bytes = 0;
    for line in smaps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if let Some((start, _)) = first.split_once('-') {
            let start = u64::from_str_radix(start, 16).unwrap();
            inside = memories.iter().any(|memory| memory.contains(&start));
        } else if inside && first == "AnonHugePages:" {
            bytes += words.next().unwrap().parse::<u64>().unwrap() << 10;
        }
    }
    bytes
}

/// Waits, in turns with other tasks, until all calls are over and all instances are back.
async fn quiet(component: &Component, busy: usize) {
    let stats = || component.host().stats();
    let quiet = || stats().in_flight == 0 && stats().live - stats().idle <= busy;
    until("all instances are back", quiet).await;
}

/// Tenants and hunters in turns; `between` is done to the memories meanwhile.
async fn hunt(component: &Component, rounds: usize, between: impl Fn()) {
    let leavers = tenants(component, &ACTIONS).await;
    let hunters = tenants(component, &["h", "h"]).await;
    // The instance that never runs, where there is one.
    let busy = usize::from(
        program(component, &["sh"], Isolation::PerCall)
            .await
            .size()
            .is_some(),
    );
    let mut leaver = leavers.iter().cycle();
    for round in 0..rounds {
        let calls = leaver.by_ref().take(7).enumerate();
        let calls: Vec<_> = calls
            .map(|(number, tenant)| tokio::spawn(leave(tenant.clone(), (number + round) % 3 == 0)))
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        quiet(component, busy).await;
        assert_eq!(seen_from_outside(), 0, "round {round}");
        between();
        // Any two, since there are as many instances.
        for hunters in hunters.chunks(2) {
            let hunts: Vec<_> = hunters
                .iter()
                .map(|hunter| {
                    let hunter = hunter.clone();
                    tokio::spawn(async move { hunter.call_raw("0").await })
                })
                .collect();
            for (hunt, hunter) in hunts.into_iter().zip(hunters) {
                let found = hunt.await.unwrap().unwrap();
                assert_eq!(found, "0", "round {round}, `{}`", hunter.name());
            }
        }
    }
    quiet(component, busy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_call_is_found_by_another_or_from_outside() {
    let _alone = ALONE.lock().await;
    for policy in [ResetPolicy::Require, ResetPolicy::Never] {
        let component = component(policy, || ());
        hunt(&component, 6, || ()).await;
        let stats = component.host().stats();
        assert_eq!(
            policy == ResetPolicy::Require,
            stats.resets > 0,
            "{stats:?}"
        );
    }
}

/// Where there is no swap, the pages stay, and the test is like the one above.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_in_pages_that_were_swapped_out() {
    let _alone = ALONE.lock().await;
    let component = component(ResetPolicy::Require, || ());
    hunt(&component, 4, || advise(libc::MADV_PAGEOUT)).await;
}

/// Those that were there before an instance was at rest are split, and later ones are refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_in_what_were_huge_pages() {
    static ADVISED: Once = Once::new();
    static MOST: AtomicU64 = AtomicU64::new(0);
    let _alone = ALONE.lock().await;
    let component = component(ResetPolicy::Require, || {
        // Of the first instance, while none is at rest.
        ADVISED.call_once(|| advise(libc::MADV_HUGEPAGE));
        MOST.fetch_max(huge(), Relaxed);
    });
    hunt(&component, 4, || {
        advise(libc::MADV_COLLAPSE);
        assert_eq!(huge(), 0);
    })
    .await;
    let setting = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    let has_huge_pages = setting.is_ok_and(|setting| !setting.contains("[never]"));
    assert!(MOST.load(Relaxed) > 0 || !has_huge_pages);
}

#[tokio::test]
async fn a_hunter_finds_what_is_there_to_be_found() {
    let _alone = ALONE.lock().await;
    let component = component(ResetPolicy::Require, || ());
    for shape in SHAPES {
        let ops = [format!("{shape}r"), format!("{shape}h")];
        let shared = program(&component, &[&ops[0], &ops[1]], Isolation::Shared).await;
        let [leaver, hunter] = [0, 1].map(|at| shared.function(&ops[at]).unwrap());
        let of_init: u32 = hunter.call(&0).await.unwrap();
        assert!(of_init > 10, "{of_init}, as loaded");
        assert_eq!(seen_from_outside(), 0);
        leave(leaver, false).await;
        let found: u32 = hunter.call(&0).await.unwrap();
        assert!(found > 40, "{found}");
        assert!(seen_from_outside() > 25);
    }
    // In a global alone.
    let shared = program(&component, &["sv", "sh"], Isolation::Shared).await;
    let [leaver, hunter] = ["sv", "sh"].map(|op| shared.function(op).unwrap());
    let before: u32 = hunter.call(&0).await.unwrap();
    leave(leaver, false).await;
    let after: u32 = hunter.call(&0).await.unwrap();
    assert!(after > before + 30, "{after}");
}
