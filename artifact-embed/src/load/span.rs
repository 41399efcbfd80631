//! The `tracing` span of a load.

use std::time::Instant;

use tracing::Span;
use tracing::field::Empty;
use wasmtime::component::Component;

use super::backing::Backing;

/// The target of the crate's spans and events, whichever module they are in.
pub(super) const TARGET: &str = "artifact_embed::load";

/// A load under way.
pub(super) struct LoadSpan {
    span: Span,
    began: Instant,
}

impl LoadSpan {
    pub(super) fn new(artifact: &str) -> Self {
        Self {
            span: tracing::info_span!(
                target: TARGET,
                "load",
                artifact,
                backing = Empty,
                cached = Empty,
                bytes = Empty,
                milliseconds = Empty
            ),
            began: Instant::now(),
        }
    }

    pub(super) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    pub(super) fn end(&self, component: &Component, backing: Backing, cached: bool) {
        let image = component.image_range();
        self.span
            .record("backing", tracing::field::debug(backing))
            .record("cached", cached)
            .record("bytes", image.end.addr() - image.start.addr())
            .record("milliseconds", self.began.elapsed().as_secs_f64() * 1e3);
    }
}
