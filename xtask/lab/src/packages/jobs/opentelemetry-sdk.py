from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def spans(given=["one", "two"]):
    """Traces nested spans with events and errors."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("job")
    try:
        with tracer.start_as_current_span("outer") as outer:
            for name in given:
                with tracer.start_as_current_span(name, attributes={"n": name}) as span:
                    span.add_event("e")
            raise ValueError("x")
    except ValueError:
        pass
    return [
        [
            span.name,
            dict(span.attributes),
            len(span.events),
            span.status.status_code.name,
            span.parent is not None,
        ]
        for span in exporter.get_finished_spans()
    ]


def metrics(given=[1, 5, 100]):
    """Counts and makes histograms, read by hand."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("job")
    counter, histogram = meter.create_counter("c"), meter.create_histogram("h")
    for n in given:
        counter.add(n, {"k": "v"})
        histogram.record(n)
    (resource,) = reader.get_metrics_data().resource_metrics
    found = resource.scope_metrics[0].metrics
    return [
        [metric.name, getattr(point, "value", None) or point.sum]
        for metric in found
        for point in metric.data.data_points
    ]
