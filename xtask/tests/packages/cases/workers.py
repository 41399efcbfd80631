"""Packages that start threads of their own."""

import time

from apscheduler.schedulers.background import BackgroundScheduler
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, Counter, generate_latest

EXPORTER = InMemorySpanExporter()
# Starts a thread while the program is loaded.
PROVIDER = TracerProvider()
PROVIDER.add_span_processor(BatchSpanProcessor(EXPORTER))


def spans(names):
    tracer = PROVIDER.get_tracer("test")
    for name in names:
        with tracer.start_as_current_span(name):
            pass
    PROVIDER.force_flush()
    flushed = [span.name for span in EXPORTER.get_finished_spans()]
    with tracer.start_as_current_span("last"):
        pass
    PROVIDER.shutdown()
    return [flushed, [span.name for span in EXPORTER.get_finished_spans()]]


def ticks(seconds):
    seen = []
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(lambda: seen.append(1), "interval", seconds=seconds)
    scheduler.start()
    while len(seen) < 3:
        time.sleep(seconds)
    scheduler.shutdown()
    return len(seen) >= 3


def counted(number):
    registry = CollectorRegistry()
    Counter("calls", "Calls", registry=registry).inc(number)
    text = generate_latest(registry).decode()
    return [line for line in text.splitlines() if line.startswith("calls_total")]
