//! A run that moves between its caller's task and the compute threads.

use std::future::Future;
use std::mem::replace;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::job::{Back, Job};
use super::threads;
use crate::metering::Meter;
use crate::telemetry::Level;

/// A run that computes for more ticks than this without waiting moves to the compute threads.
/// A tick comes after a millisecond on average, and after half of one at least.
const SHORT: u32 = 2;

/// A metered run, polled here or on the compute threads. What it comes to, and a panic, are its
/// caller's.
///
/// Dropping it drops the run: at once, or a tick later at the most if a compute thread polls it.
/// Its hostcalls in flight are dropped here.
pub(crate) struct Run<F: Future> {
    place: Place<F>,
    meter: Meter,
    /// How many are on compute threads.
    level: Arc<Level>,
}

enum Place<F: Future> {
    Here(Pin<Box<F>>),
    Away(Arc<Job<F>>),
    Over,
}

impl<F: Future> Run<F> {
    /// `meter` is the one that drives `run`. Counted in `level` while it is on a compute thread.
    pub(crate) fn new(run: Pin<Box<F>>, meter: &Meter, level: &Arc<Level>) -> Self {
        Self {
            place: Place::Here(run),
            meter: meter.clone(),
            level: level.clone(),
        }
    }
}

impl<F> Run<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    /// Moves it to the compute threads, if there are any.
    fn give_away(&mut self, context: &Context<'_>) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !threads::exist() {
            return;
        }
        let run = match replace(&mut self.place, Place::Over) {
            Place::Here(run) => run,
            other => {
                self.place = other;
                return;
            }
        };
        self.meter.give_up_turn();
        let (meter, caller) = (self.meter.clone(), context.waker().clone());
        let job = Arc::new(Job::new(run, meter, runtime, caller, self.level.count()));
        self.place = Place::Away(job.clone());
        threads::push(job);
    }
}

impl<F> Future for Run<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Place::Away(job) = &this.place {
            match job.poll_back(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Back::Waits(run)) => this.place = Place::Here(run),
                Poll::Ready(Back::Done(output)) => {
                    this.place = Place::Over;
                    return Poll::Ready(output);
                }
                Poll::Ready(Back::Panicked(panic)) => {
                    this.place = Place::Over;
                    resume_unwind(panic);
                }
            }
        }
        let Place::Here(run) = &mut this.place else {
            return Poll::Pending;
        };
        let before = this.meter.stretch();
        let polled = run.as_mut().poll(context);
        let stretch = this.meter.stretch();
        // Only what computes at this moment, and not what waits after it has computed.
        if polled.is_pending() && stretch > before && stretch > SHORT {
            this.give_away(context);
        }
        polled
    }
}

impl<F: Future> Drop for Run<F> {
    fn drop(&mut self) {
        if let Place::Away(job) = &self.place {
            // Other people's code, which does not run on compute threads. None is added there.
            self.meter.drop_outstanding();
            job.cancel();
        }
    }
}

#[cfg(test)]
mod tests;
