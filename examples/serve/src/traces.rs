//! Traces to an OpenTelemetry collector.

use anyhow::Result;
use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// To the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names, if it is set. Must be called in
    /// an async runtime.
    pub(crate) fn from_environment() -> Result<Self> {
        if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_none() {
            return Ok(Self(None));
        }
        let exporter = SpanExporter::builder().with_http().build()?;
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
        Ok(Self(Some(provider.build())))
    }

    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer = self.0.as_ref()?.tracer("python-functions");
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        Some(layer.with_filter(EnvFilter::new("info,wit_wire=debug")))
    }

    /// Sends the spans that have not been sent yet.
    pub(crate) async fn flush(self) -> Result<()> {
        if let Some(provider) = self.0 {
            tokio::task::spawn_blocking(move || provider.shutdown()).await??;
        }
        Ok(())
    }
}

/// Makes `span` a child of the span that the caller's `traceparent` names.
pub(crate) fn continue_trace(span: &Span, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // Fails without a collector: then there is no trace to continue.
    let _ = span.set_parent(parent);
}

/// The `traceparent` to send along with requests made within `span`; `None` if it is in no trace.
pub(crate) fn traceparent(span: &Span) -> Option<String> {
    let mut headers = HeaderMap::new();
    let mut injector = HeaderInjector(&mut headers);
    TraceContextPropagator::new().inject_context(&span.context(), &mut injector);
    Some(headers.get("traceparent")?.to_str().ok()?.to_owned())
}
