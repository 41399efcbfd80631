//! Programs as bytes: what they are made of, where they can be restored, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::component;
use serde_json::{Value, json};
use wit_wire_host::{
    CallError, Component, Host, Isolation, Limit, Limits, Op, PoolConfig, Program, ProgramError,
    ResetPolicy, Snapshot, SnapshotError,
};

/// A component of a host of its own, as another process would have it.
fn host(policy: ResetPolicy) -> Component {
    let pool = PoolConfig::default()
        .instances(1)
        .reset(policy)
        .verify(true);
    component(Host::builder().pool(pool)).with_identity("the guest")
}

async fn program(component: &Component) -> Program {
    let program = component.program(["echo", "keep"].map(Op::new));
    program.build().await.unwrap()
}

async fn snapshot() -> Snapshot {
    let program = program(&host(ResetPolicy::Require)).await;
    program.snapshot().await.unwrap()
}

fn refusal(error: ProgramError) -> SnapshotError {
    match error {
        ProgramError::Snapshot(error) => error,
        other => panic!("{other}"),
    }
}

fn is_memory_limit(error: &ProgramError) -> bool {
    matches!(error, ProgramError::Run(CallError::Limit { exceeded, .. }) if exceeded.limit == Limit::Memory)
}

#[tokio::test]
async fn a_program_is_restored_in_another_host() {
    let program = program(&host(ResetPolicy::Require)).await;
    let size = program.size().unwrap();
    assert!(size.lines > 0 && size.bytes > 64 * size.lines, "{size:?}");
    assert_eq!(size.memory, 65536);
    let bytes = program.snapshot().await.unwrap().into_bytes();

    let elsewhere = host(ResetPolicy::Require);
    let snapshot = Snapshot::from_bytes(bytes).unwrap();
    let restored = elsewhere.restore(&snapshot).unwrap().build().await.unwrap();
    let names: Vec<_> = restored.ops().iter().map(Op::name).collect();
    assert_eq!(names, ["echo", "keep"]);
    assert_eq!(restored.size().unwrap().lines, size.lines);
    let keep = restored.function("keep").unwrap();
    for _ in 0..2 {
        assert_eq!(keep.call_raw("7").await.unwrap(), "0");
    }

    let shared = elsewhere.restore(&snapshot).unwrap();
    let shared = shared.isolation(Isolation::Shared).build().await.unwrap();
    let keep = shared.function("keep").unwrap();
    assert_eq!(keep.call_raw("7").await.unwrap(), "0");
    assert_eq!(keep.call_raw("8").await.unwrap(), "7");
    // With one op more, all of them are initialised.
    let more = elsewhere.restore(&snapshot).unwrap().op(Op::new("bad"));
    assert_eq!(more.build().await.unwrap().functions().count(), 3);
}

#[tokio::test]
async fn a_snapshot_says_what_it_is_without_a_host() {
    let snapshot = snapshot().await;
    assert_eq!(snapshot.component(), "the guest");
    assert_eq!(snapshot.version(), wit_wire_host::PROTOCOL_VERSION);
    assert_eq!(snapshot.ops(), ["echo", "keep"].map(Op::new));
    assert_eq!(snapshot.memory(), 65536);
    assert_eq!(snapshot.digest().len(), 64);
    let read = Snapshot::from_bytes(snapshot.as_bytes().to_vec()).unwrap();
    assert_eq!(read, snapshot);
    assert_eq!(read.digest(), snapshot.digest());
    // The same program once more, in another host.
    assert_eq!(self::snapshot().await.digest(), snapshot.digest());
}

#[tokio::test]
async fn a_snapshot_that_was_changed_or_truncated_anywhere_is_refused() {
    let snapshot = snapshot().await;
    let bytes = snapshot.as_bytes();
    for at in 0..bytes.len() {
        let mut flipped = bytes.to_vec();
        if let Some(byte) = flipped.get_mut(at) {
            *byte ^= 1 << (at % 8);
        }
        let error = Snapshot::from_bytes(flipped).unwrap_err();
        let expected = match at {
            0..8 => error == SnapshotError::NotASnapshot,
            8..12 => matches!(error, SnapshotError::Format { expected: 1, .. }),
            _ => matches!(error, SnapshotError::Damaged(_)),
        };
        assert!(expected, "byte {at}: {error}");
        let error = Snapshot::from_bytes(bytes.get(..at).unwrap().to_vec()).unwrap_err();
        let expected = match at {
            0..8 => error == SnapshotError::NotASnapshot,
            _ => matches!(error, SnapshotError::Damaged(_)),
        };
        assert!(expected, "the first {at} bytes: {error}");
    }
}

/// `snapshot` with another header and other pages, and a digest that is right.
fn forged(snapshot: &Snapshot, change: impl FnOnce(&mut Value), pages: &[u8]) -> Snapshot {
    let bytes = snapshot.as_bytes();
    let length = bytes.get(12..16).unwrap().try_into().unwrap();
    let length = u32::from_le_bytes(length) as usize;
    let mut header = serde_json::from_slice(bytes.get(48..48 + length).unwrap()).unwrap();
    change(&mut header);
    let header = header.to_string();
    let rest = [header.as_bytes(), pages].concat();
    let mut forged = bytes.get(..12).unwrap().to_vec();
    forged.extend((header.len() as u32).to_le_bytes());
    forged.extend(blake3::hash(&rest).as_bytes());
    forged.extend(rest);
    Snapshot::from_bytes(forged).unwrap()
}

fn set(header: &mut Value, key: &str, value: Value) {
    *header.get_mut(key).unwrap() = value;
}

/// A page with `lines` lines, whose mask may say otherwise.
fn page(number: u32, mask: u64, lines: usize) -> Vec<u8> {
    let bytes = [&number.to_le_bytes()[..], &mask.to_le_bytes()].concat();
    [bytes, vec![7; 64 * lines]].concat()
}

#[tokio::test]
async fn a_forged_snapshot_harms_nobody() {
    let snapshot = snapshot().await;
    let elsewhere = host(ResetPolicy::Require);
    let build = async |memory: u64, pages: &[u8]| {
        let change = |header: &mut Value| set(header, "memory", json!(memory));
        let forged = forged(&snapshot, change, pages);
        elsewhere.restore(&forged)?.build().await.map(drop)
    };
    build(65536, &page(3, 1, 1)).await.unwrap();
    let error = build(1 << 31, &page(3, 1, 1)).await.unwrap_err();
    assert!(is_memory_limit(&error), "{error}");
    for (memory, pages) in [
        (65536, page(3, 0, 0)),
        (65536, page(16, 1, 1)),
        (65536, page(3, 1, 2)),
        (65536, [page(3, 1, 1), page(3, 1, 1)].concat()),
        (65537, Vec::new()),
        (0, Vec::new()),
    ] {
        let error = refusal(build(memory, &pages).await.unwrap_err());
        assert!(matches!(error, SnapshotError::Damaged(_)), "{error}");
    }
    let ops = |names: [&str; 2]| json!(names.map(|name| [name, name, "null"]));
    let restore = |names| {
        let change = |header: &mut Value| set(header, "ops", ops(names));
        elsewhere
            .restore(&forged(&snapshot, change, &[]))
            .unwrap_err()
    };
    let error = restore(["echo", "echo"]);
    assert!(
        matches!(&error, ProgramError::DuplicateOp(op) if op == "echo"),
        "{error}"
    );
    let error = restore(["echo", "wit-wire:batch"]);
    assert!(
        matches!(&error, ProgramError::ReservedOp(op) if op == "wit-wire:batch"),
        "{error}"
    );
}

#[tokio::test]
async fn a_snapshot_is_restored_only_where_it_fits() {
    let snapshot = snapshot().await;
    let nameless = component(Host::builder());
    let error = refusal(nameless.restore(&snapshot).unwrap_err());
    let expected = SnapshotError::Component {
        expected: "a component without an identity".to_owned(),
        found: "the guest".to_owned(),
    };
    assert_eq!(error, expected);

    let elsewhere = host(ResetPolicy::Require);
    let change = |header: &mut Value| set(header, "blank", json!("0123"));
    let other = forged(&snapshot, change, &[]);
    let error = elsewhere.restore(&other).unwrap().build().await;
    assert_eq!(refusal(error.unwrap_err()), SnapshotError::Blank);

    let limits = Limits::default().memory(1 << 10);
    let less = elsewhere.restore(&snapshot).unwrap().limits(limits);
    let error = less.build().await.unwrap_err();
    assert!(is_memory_limit(&error), "{error}");

    let fresh = host(ResetPolicy::Never);
    let error = fresh.restore(&snapshot).unwrap().build().await.unwrap_err();
    assert!(
        matches!(error, ProgramError::Run(CallError::NoReset { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_whose_state_is_not_stored_has_no_snapshot() {
    let reason = "the host is configured to use fresh ones";
    let program = program(&host(ResetPolicy::Never)).await;
    let error = refusal(program.snapshot().await.unwrap_err());
    assert_eq!(error, SnapshotError::Unavailable(reason.to_owned()));
    assert_eq!(program.size(), None);
    assert_eq!(program.fallback_reason(), Some(reason));

    let nameless = component(Host::builder());
    let program = self::program(&nameless).await;
    let error = refusal(program.snapshot().await.unwrap_err());
    assert!(matches!(error, SnapshotError::Unavailable(_)), "{error}");
}
