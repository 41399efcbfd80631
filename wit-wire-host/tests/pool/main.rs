//! The pool, as its users see it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;

mod cleaning;
mod nesting;
mod sizing;
mod turns;
mod waiting;

use std::sync::Arc;

use common::component;
use serde_json::Value;
use tokio::sync::Semaphore;
use wit_wire_host::{
    CallError, Component, Function, Host, HostBuilder, HostcallContext, HostcallError, Limit, Op,
    PoolConfig, Program, ResetPolicy,
};

fn host(config: PoolConfig) -> HostBuilder {
    Host::builder().pool(config)
}

/// A pool of `instances` whose every reset is looked at.
fn pool(instances: usize) -> PoolConfig {
    PoolConfig::default()
        .instances(instances)
        .reset(ResetPolicy::Require)
        .verify(true)
}

async fn program(component: &Component, ops: &[&str]) -> Program {
    let ops = ops.iter().map(|name| Op::new(*name));
    component.program(ops).build().await.unwrap()
}

async fn function(component: &Component, op: &str) -> Function {
    program(component, &[op]).await.function(op).unwrap()
}

fn exceeded(error: &CallError) -> Limit {
    match error {
        CallError::Limit { exceeded, .. } => exceeded.limit,
        other => panic!("{other}"),
    }
}

/// A hostcall `h:hold` that comes back once it is let go.
fn holding(builder: HostBuilder) -> (HostBuilder, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let own = gate.clone();
    let hold = move |_: HostcallContext, _: Value| {
        let gate = own.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok::<_, HostcallError>(Value::Null)
        }
    };
    (builder.hostcall("h:hold", hold), gate)
}
