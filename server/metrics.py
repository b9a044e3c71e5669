"""What the server counts for /metrics (Prometheus): names are stable, labels few."""

from prometheus_client import Counter, Gauge, Histogram, start_http_server

_MESSAGES = Counter("redwhistle_ingest_messages", "MQTT messages handled", ["kind"])
_SECONDS = Histogram(
    "redwhistle_ingest_batch_seconds",
    "From a batch in hand to its acknowledgements sent",
    ["kind"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
_ASIDE = Counter(
    "redwhistle_ingest_set_aside", "Messages kept in quarantine because they could not be stored", ["kind"]
)
_UNAVAILABLE = Counter(
    "redwhistle_ingest_waits", "Times a batch waited because the database could not serve", ["kind"]
)
HOLES = Gauge("redwhistle_lanes_with_holes", "Lanes whose received ranges have had a hole for over a minute")
OPEN_ITEMS = Gauge("redwhistle_open_work_items", "Work items that are not closed", ["severity"])


class PrometheusMeter:
    """Counts what ingest does."""

    def batch(self, kind: str, messages: int, seconds: float) -> None:
        _MESSAGES.labels(kind).inc(messages)
        _SECONDS.labels(kind).observe(seconds)

    def set_aside(self, kind: str) -> None:
        _ASIDE.labels(kind).inc()

    def unavailable(self, kind: str) -> None:
        _UNAVAILABLE.labels(kind).inc()


def serve_metrics(port: int, host: str = "127.0.0.1") -> None:
    """Answer /metrics on loopback, in a thread of its own."""
    start_http_server(port, addr=host)
