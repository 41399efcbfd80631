//! What is measured of a guest's `init`.

use std::time::Instant;

use tracing::Span;
use tracing::field::Empty;

use crate::metering::Meter;
use crate::telemetry::{InstanceMetrics, TARGET, outcome};

/// A guest's `init` in flight. If it is dropped before its end, it was cancelled.
pub(super) struct InitInFlight<'a> {
    metrics: &'a InstanceMetrics,
    pub(super) span: Span,
    began: Instant,
    outcome: &'static str,
}

impl<'a> InitInFlight<'a> {
    pub(super) fn new(metrics: &'a InstanceMetrics, meter: &Meter, ops: usize) -> Self {
        let span = || tracing::info_span!(target: TARGET, "init", ops, outcome = Empty);
        Self {
            metrics,
            span: meter.span().in_scope(span),
            began: Instant::now(),
            outcome: outcome::CANCELLED,
        }
    }

    pub(super) fn end<T, E>(mut self, result: &Result<T, E>) {
        self.outcome = match result {
            Ok(_) => outcome::OK,
            Err(_) => outcome::ERROR,
        };
    }
}

impl Drop for InitInFlight<'_> {
    fn drop(&mut self) {
        self.metrics.inits.add(self.outcome, 1);
        self.metrics.init_seconds.record(self.began.elapsed());
        self.span.record("outcome", self.outcome);
    }
}
