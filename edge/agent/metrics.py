"""`GET /metrics` for a local collector: a few gauges in the text format, on loopback only."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from edge.agent.ports import Sink
from redwhistle.errors import SourceError

_READ_S = 2.0


@dataclass(frozen=True, slots=True)
class Gauge:
    """One name with its values by labels. `name` without the prefix."""

    name: str
    help: str
    values: Sequence[tuple[Mapping[str, str], float]] = field(default=())


def render(gauges: Sequence[Gauge]) -> str:
    """The text format of Prometheus, version 0.0.4."""
    lines: list[str] = []
    for gauge in gauges:
        name = f"redwhistle_edge_{gauge.name}"
        lines += [f"# HELP {name} {gauge.help}", f"# TYPE {name} gauge"]
        for labels, value in gauge.values:
            inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
            lines.append(f"{name}{{{inner}}} {value:g}" if inner else f"{name} {value:g}")
    return "\n".join(lines) + "\n"


class MetricsDoor:
    """Runs as a source, so that a port that is taken is retried and reported. One request at a time."""

    name = "metrics"

    def __init__(self, port: int, read: Callable[[], Sequence[Gauge]]) -> None:
        self.port = port
        self._read = read

    def run(self, _sink: Sink, stop: threading.Event) -> None:
        """Serve until `stop` is set. Raises SourceError when the port is taken."""
        try:
            server = _Server(("127.0.0.1", self.port), self._read)
        except OSError as error:
            raise SourceError(f"port {self.port} for /metrics is taken: choose another ({error})") from error
        self.port = int(server.server_address[1])
        server.timeout = 0.5
        with server:
            while not stop.is_set():
                server.handle_request()


class _Server(HTTPServer):
    def __init__(self, address: tuple[str, int], read: Callable[[], Sequence[Gauge]]) -> None:
        self.read = read
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A collector that goes away is none of our faults."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _READ_S

    def do_GET(self) -> None:
        if self.path != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = render(self.server.read()).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the parent's name)
        """Quiet: once a quarter of a minute, for ever."""


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
