from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families


def metrics(given=3):
    """Counts, observes and exposes metrics, and reads them."""
    registry = CollectorRegistry()
    Counter("calls", "d", ["l"], registry=registry).labels("x").inc(given)
    Histogram("seconds", "d", registry=registry, buckets=[1, 2]).observe(0.3)
    gauge = Gauge("now", "d", registry=registry)
    with gauge.track_inprogress():
        inside = registry.get_sample_value("now")
    lines = [
        line for line in generate_latest(registry).decode().splitlines() if "created" not in line
    ]
    return [
        lines,
        inside,
        sorted(family.name for family in text_string_to_metric_families("\n".join(lines) + "\n")),
    ]
