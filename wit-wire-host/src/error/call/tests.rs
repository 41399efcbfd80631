//! Labels of errors, for each variant there is.

use std::collections::BTreeSet;

use super::{CallError, Phase};
use crate::memory::SnapshotError;
use crate::metering::{Limit, LimitExceeded};

/// The variant after `error`, the first one after `None`. It has no wildcard, so that a new variant
/// has to join the chain.
fn next(error: Option<&CallError>) -> Option<CallError> {
    use CallError as E;
    let op = || "op".to_owned();
    let message = || "message".to_owned();
    let json = || serde_json::Error::io(std::io::Error::other("message"));
    let phase = Phase::Init;
    Some(match error {
        None => E::NoHandler { op: op() },
        Some(E::NoHandler { .. }) => E::NoProfile { op: op() },
        Some(E::NoProfile { .. }) => E::InvalidInput {
            op: op(),
            message: message(),
        },
        Some(E::InvalidInput { .. }) => E::Handler {
            op: op(),
            message: message(),
        },
        Some(E::Handler { .. }) => E::Panicked {
            op: op(),
            message: message(),
        },
        Some(E::Panicked { .. }) => E::Encode {
            op: op(),
            source: json(),
        },
        Some(E::Encode { .. }) => E::Decode {
            op: op(),
            source: json(),
        },
        Some(E::Decode { .. }) => E::VersionMismatch {
            guest: message(),
            asked: message(),
        },
        Some(E::VersionMismatch { .. }) => E::UnexpectedOp { op: op() },
        Some(E::UnexpectedOp { .. }) => E::Init { message: message() },
        Some(E::Init { .. }) => E::AlreadyInitialised,
        Some(E::AlreadyInitialised) => E::Trap {
            op: None,
            phase,
            reason: message(),
            frames: String::new(),
        },
        Some(E::Trap { .. }) => E::Exit {
            op: None,
            phase,
            code: 1,
        },
        Some(E::Exit { .. }) => E::failed("message", phase),
        Some(E::Failed { .. }) => E::InstanceEnded,
        Some(E::InstanceEnded) => E::no_reset("message"),
        Some(E::NoReset { .. }) => E::NotStored {
            op: op(),
            reason: message(),
        },
        Some(E::NotStored { .. }) => E::UnknownHostcall {
            op: op(),
            id: 1,
            known: vec![2],
        },
        Some(E::UnknownHostcall { .. }) => E::Snapshot(SnapshotError::NotASnapshot),
        Some(E::Snapshot(_)) => E::ShutDown,
        Some(E::ShutDown) => E::HandedOver { op: op() },
        Some(E::HandedOver { .. }) => E::BlockingInAsync,
        Some(E::BlockingInAsync) => E::NoRuntime,
        Some(E::NoRuntime) => limit(None)?,
        Some(E::Limit { exceeded, .. }) => limit(Some(exceeded.limit))?,
    })
}

fn limit(after: Option<Limit>) -> Option<CallError> {
    let limit = match after {
        None => Limit::WallTime,
        Some(Limit::WallTime) => Limit::Deadline,
        Some(Limit::Deadline) => Limit::CpuTime,
        Some(Limit::CpuTime) => Limit::Memory,
        Some(Limit::Memory) => Limit::Tables,
        Some(Limit::Tables) => Limit::Handles,
        Some(Limit::Handles) => Limit::Input,
        Some(Limit::Input) => Limit::Output,
        Some(Limit::Output) => Limit::Error,
        Some(Limit::Error) => Limit::Hostcalls,
        Some(Limit::Hostcalls) => Limit::HostcallPayload,
        Some(Limit::HostcallPayload) => Limit::HostcallAnswer,
        Some(Limit::HostcallAnswer) => Limit::JsonNodes,
        Some(Limit::JsonNodes) => Limit::State,
        Some(Limit::State) => Limit::ParkedTime,
        Some(Limit::ParkedTime) => Limit::ParkedCalls,
        Some(Limit::ParkedCalls) => Limit::ParkedBytes,
        Some(Limit::ParkedBytes) => Limit::Instances,
        Some(Limit::Instances) => Limit::Computing,
        Some(Limit::Computing) => Limit::Concurrency,
        Some(Limit::Concurrency) => Limit::Wait,
        Some(Limit::Wait) => Limit::Queue,
        Some(Limit::Queue) => Limit::Nesting,
        Some(Limit::Nesting) => return None,
    };
    let exceeded = LimitExceeded::new(limit, 1, None);
    Some(CallError::limit(exceeded, Phase::Handle, Some("op")))
}

#[test]
fn every_error_is_counted_by_a_label_of_the_list_and_every_label_is_one_of_an_error() {
    let mut seen = BTreeSet::new();
    let mut error = next(None);
    while let Some(current) = error {
        let kind = current.kind();
        assert!(CallError::KINDS.contains(&kind), "{current:?}: {kind}");
        seen.insert(kind);
        error = next(Some(&current));
    }
    assert_eq!(seen, BTreeSet::from(CallError::KINDS));
    assert_eq!(
        seen.len(),
        CallError::KINDS.len(),
        "a label is listed twice"
    );
}
