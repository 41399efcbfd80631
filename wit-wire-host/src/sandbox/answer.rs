//! One hostcall, from the guest's side of the sandbox.

use std::future::Future;

use super::StoreState;
use super::hostcalls::{HostcallContext, Router, exchange, panic};
use crate::metering::{Limit, LimitExceeded, Meter, leave_compute_thread};
use crate::protocol::HostcallError;
use crate::protocol::reserved::{BATCH, PANIC};

/// What a guest gets: JSON, or an error's JSON. The outer error ends the run.
type Answer = wasmtime::Result<(Result<String, String>,)>;

/// Counts, checks and answers the hostcall `op`: on the caller's task, as other people's code is.
pub(super) fn answer(
    state: &mut StoreState,
    op: String,
    payload: String,
) -> Box<dyn Future<Output = Answer> + Send> {
    // A panic that was reported earlier is not why the guest traps, if it does.
    state.panic = None;
    let Some(current) = &state.run else {
        let error = HostcallError::new("op_500", "no call is in progress").to_json();
        let noted = if op == PANIC {
            Ok("null".to_owned())
        } else {
            Err(error)
        };
        return Box::new(async move { Ok((noted,)) });
    };
    let (meter, context) = (current.meter.clone(), current.context());
    // It goes on instead of returning.
    meter.take_asked();
    if op == PANIC {
        let noted = panic::note(&meter, &payload, &mut state.panic);
        return Box::new(async move { Ok((noted?.map_err(|error| error.to_json()),)) });
    }
    let router = state.router.clone();
    if op == BATCH {
        return Box::new(async move {
            leave_compute_thread().await;
            let allowed = meter.limits().hostcall_payload;
            LimitExceeded::check(Limit::HostcallPayload, allowed, payload.len())?;
            meter.check_nodes(&payload).await?;
            let answers = exchange(&meter, &router, &context, &payload).await?;
            Ok((answers.map_err(|error| error.to_json()),))
        });
    }
    Box::new(async move {
        leave_compute_thread().await;
        Ok((route(&meter, &router, context, op, payload).await?,))
    })
}

async fn route(
    meter: &Meter,
    router: &Router,
    context: HostcallContext,
    op: String,
    payload: String,
) -> Result<Result<String, String>, LimitExceeded> {
    meter.count_hostcall()?;
    let allowed = meter.limits().hostcall_payload;
    let size = op.len().saturating_add(payload.len());
    LimitExceeded::check(Limit::HostcallPayload, allowed, size)?;
    meter.check_nodes(&payload).await?;
    if meter.is_durable() && !router.is_immediate(&op) {
        return Ok(Err(HostcallError::not_awaited(&op).to_json()));
    }
    let answer = meter.nest(router.call(context, op, payload)).await;
    let answer = answer.map_err(|error| error.to_json());
    let (Ok(json) | Err(json)) = &answer;
    let allowed = meter.limits().hostcall_answer;
    LimitExceeded::check(Limit::HostcallAnswer, allowed, json.len())?;
    Ok(answer)
}
