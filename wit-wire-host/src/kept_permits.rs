//! The permits that a run keeps while it is parked, since calls that its hostcalls make use them.

use std::convert::Infallible;

use crate::lanes::Permit;
use crate::metering::Meter;
use crate::pool::InstancePermit;
use crate::program::Program;

/// The permits of a parked run, both or none of them, but for a moment.
#[derive(Default)]
pub(crate) struct KeptPermits {
    pub(crate) program: Option<Permit>,
    pub(crate) instance: Option<InstancePermit>,
}

impl KeptPermits {
    /// Gives the permits back once no call that the run's hostcalls make has an instance, and gets
    /// them again when one wants an instance ([`Nesting`](crate::metering::Nesting)). In the same
    /// order as everybody: the program's first.
    pub(crate) async fn tend(&mut self, program: &Program, meter: &Meter) -> Infallible {
        let Some(nesting) = meter.nesting() else {
            return std::future::pending().await;
        };
        loop {
            if self.instance.is_some() {
                nesting.closed_when_unused().await;
                *self = Self::default();
            }
            nesting.used().await;
            if self.program.is_none() {
                self.program = program.regain_permit(meter).await;
            }
            self.instance = Some(program.host().0.pool.regain(meter).await);
            nesting.open();
        }
    }
}
