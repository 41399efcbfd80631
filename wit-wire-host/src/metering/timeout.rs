//! Timers, in whatever runtime drives them.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use super::Interrupt;
use crate::contain::contain;

/// Drives `future` until it is done, or for `time`.
pub(crate) async fn timeout<T>(
    time: Duration,
    future: impl Future<Output = T>,
) -> Result<Option<T>, Interrupt> {
    let mut future = pin!(future);
    let mut timer = pin!(tokio::time::sleep(time));
    let end = Instant::now().checked_add(time);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Ok(Some(done))),
        // A future that uses up what tokio lets a task do in one poll leaves nothing to the timer.
        Poll::Pending if end.is_some_and(|end| end <= Instant::now()) => Poll::Ready(Ok(None)),
        Poll::Pending => poll_timer(timer.as_mut(), context).map_ok(|()| None),
    })
    .await
}

/// Tokio panics when it is asked for the time in a runtime that has ended, whose future somebody
/// still drives.
pub(super) fn poll_timer(
    timer: Pin<&mut Sleep>,
    context: &mut Context<'_>,
) -> Poll<Result<(), Interrupt>> {
    match contain(|| timer.poll(context)) {
        Some(polled) => polled.map(Ok),
        None => Poll::Ready(Err(Interrupt::NoRuntime)),
    }
}
