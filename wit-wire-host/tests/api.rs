//! What the types promise that users build on: they cross threads, and calls can be spawned.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::fmt::Debug;
use std::future::IntoFuture;

use serde_json::Value;
use wit_wire_host::*;

const fn shared<T: Debug + Send + Sync + 'static>() {}
const fn plain<T: Debug + Clone + PartialEq + Send + Sync + 'static>() {}
const fn owned<T: Debug + Send + 'static>() {}
const fn error<T: Error + Send + Sync + 'static>() {}
fn sent<T: Send>(_: T) {}

const _: () = {
    shared::<Host>();
    shared::<HostBuilder>();
    shared::<Component>();
    shared::<Program>();
    shared::<ProgramBuilder>();
    shared::<Function>();
    shared::<Meter>();
    shared::<Pause>();
    shared::<HostcallContext>();

    // One thread at a time, as a Wasmtime store.
    owned::<Instance>();

    plain::<CallOptions>();
    plain::<CleanedBy>();
    plain::<Dialect>();
    plain::<Discarded>();
    plain::<Isolation>();
    plain::<Limit>();
    plain::<Limits>();
    plain::<Op>();
    plain::<Output>();
    plain::<Payload>();
    plain::<Phase>();
    plain::<PoolConfig>();
    plain::<PoolStats>();
    plain::<Profile>();
    plain::<ProgramSize>();
    plain::<Receipt>();
    plain::<ResetPolicy>();
    plain::<Snapshot>();
    plain::<Stream>();

    error::<BuildError>();
    error::<CallError>();
    error::<HostcallError>();
    error::<LimitExceeded>();
    error::<Mismatch>();
    error::<ProgramError>();
    error::<SnapshotError>();
};

/// Never run: it compiles.
fn futures_are_sent(
    host: &Host,
    component: &Component,
    program: &Program,
    function: &Function,
    instance: &mut Instance,
) {
    let meter = Meter::new(Limits::default());
    sent(host.shut_down());
    sent(component.warm(1));
    sent(component.instantiate(&meter));
    sent(component.program([]).build());
    sent(program.snapshot());
    sent(function.schema());
    sent(function.call_raw("1"));
    sent(function.call_raw("1").into_future());
    sent(function.call_raw("1").with_receipt());
    sent(function.call::<_, Value>(&1).with_receipt());
    sent(instance.init(&meter, &[], PROTOCOL_VERSION));
    sent(instance.handle(&meter, &"op".into(), "1"));
}

const _: fn(&Host, &Component, &Program, &Function, &mut Instance) = futures_are_sent;

#[test]
fn errors_become_one_another_where_one_is_the_cause() {
    let error = ProgramError::from(CallError::ShutDown);
    assert_eq!(error.kind(), CallError::ShutDown.kind());
    assert_eq!(error.to_string(), CallError::ShutDown.to_string());
    let error = ProgramError::from(SnapshotError::NotASnapshot);
    assert_eq!(error.kind(), "snapshot");
}
