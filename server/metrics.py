"""What the server counts for /metrics (Prometheus): names are stable, labels few."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import REGISTRY, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from redwhistle.errors import StoreError

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
_REQUESTS = Histogram(
    "redwhistle_api_request_seconds",
    "From a request's head to its answer's end; a stream is not counted",
    ["operation", "status"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15),
)
_UNAVAILABLE = Counter(
    "redwhistle_ingest_waits", "Times a batch waited because the database could not serve", ["kind"]
)


class PrometheusMeter:
    """Counts what ingest does."""

    def batch(self, kind: str, messages: int, seconds: float) -> None:
        _MESSAGES.labels(kind).inc(messages)
        _SECONDS.labels(kind).observe(seconds)

    def set_aside(self, kind: str) -> None:
        _ASIDE.labels(kind).inc()

    def unavailable(self, kind: str) -> None:
        _UNAVAILABLE.labels(kind).inc()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says of the whole system at one moment."""

    lanes_with_holes: int
    """Lanes whose received numbers have had a hole for over a minute."""
    oldest_hole_s: float
    dropped: int
    """Readings that full outboxes dropped and declared."""
    quarantined: int
    boxes_offline: int
    open_items: Mapping[int, int]
    """By severity, 1 to 4."""


class DatabaseCollector(Collector):
    """Asks the database at each scrape, so that every process says the same."""

    def __init__(self, read: Callable[[], Standing]) -> None:
        self._read = read

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Gauges of the moment; only `redwhistle_database_up` when the database cannot be asked."""
        try:
            standing = self._read()
        except StoreError:
            yield _gauge("database_up", "Whether the database answers", 0)
            return
        yield _gauge("database_up", "Whether the database answers", 1)
        yield _gauge(
            "lanes_with_holes",
            "Lanes with a hole older than a minute: something is lost or late",
            standing.lanes_with_holes,
        )
        yield _gauge("oldest_hole_seconds", "Age of the oldest hole", standing.oldest_hole_s)
        yield _gauge("dropped_readings", "Readings that full outboxes dropped and declared", standing.dropped)
        yield _gauge("quarantined", "Things set aside that nobody has settled", standing.quarantined)
        yield _gauge("boxes_offline", "Boxes that said goodbye or were lost", standing.boxes_offline)
        items = GaugeMetricFamily(
            "redwhistle_open_work_items", "Work items that are not closed", labels=["severity"]
        )
        for severity in (1, 2, 3, 4):
            items.add_metric([str(severity)], standing.open_items.get(severity, 0))
        yield items


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"redwhistle_{name}", text, value=value)


class StreamCollector(Collector):
    """What the live stream of this process serves."""

    def __init__(self, figures: Callable[[], Mapping[str, int]]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Gauges of the moment."""
        figures = self._figures()
        yield _gauge("stream_clients", "Open live streams", figures["clients"])
        yield _gauge("stream_slow", "Times a client was too slow and started over", figures["slow"])
        yield _gauge("stream_ready", "Whether the stream knows the queue as it is", figures["ready"])


def count_request(operation: str, status: int, seconds: float) -> None:
    """One request to the HTTP API, by its operation id."""
    _REQUESTS.labels(operation, f"{status // 100}xx").observe(seconds)


_watched: dict[str, Collector] = {}


def watch_database(read: Callable[[], Standing]) -> None:
    """Ask the database at each scrape; the latest `read` counts, so that a process may call it again."""
    _watch("database", DatabaseCollector(read))


def watch_stream(figures: Callable[[], Mapping[str, int]]) -> None:
    """Tell of the live stream at each scrape; the latest one counts."""
    _watch("stream", StreamCollector(figures))


def _watch(name: str, collector: Collector) -> None:
    before = _watched.get(name)
    if before is not None:
        REGISTRY.unregister(before)
    REGISTRY.register(collector)
    _watched[name] = collector


def serve_metrics(port: int, read: Callable[[], Standing], host: str = "127.0.0.1") -> None:
    """Answer /metrics on loopback, in a thread of its own."""
    watch_database(read)
    start_http_server(port, addr=host)
