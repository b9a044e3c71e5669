"""Who hears of work items: a client of the live stream, and a PostgreSQL client that LISTENs. Each notes when, by place."""

import abc
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Self

import psycopg

from bench.sse import ChunkReader, EventReader
from redwhistle.errors import Unavailable
from server.embedded.ports import LOOPBACK

CHANNEL = "rw_queue"
POLL_S = 0.5


class Listener(abc.ABC):
    """A thread that notes for each place the moment of its first news (ns of the monotonic clock)."""

    name = "listener"

    def __init__(self) -> None:
        self._heard: dict[str, int] = {}
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name)

    def __enter__(self) -> Self:
        self._open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._close()

    def await_places(self, places: set[str], timeout_s: float) -> dict[str, int]:
        """The moments by place, once all were heard; raise Unavailable naming what is missing."""
        with self._changed:
            if not self._changed.wait_for(lambda: places <= self._heard.keys(), timeout=timeout_s):
                missing = sorted(places - self._heard.keys())
                raise Unavailable(
                    f"{self.name}: {len(missing)} alarms had no work item within {timeout_s:g} s, {missing[0]} among them"
                )
            return dict(self._heard)

    def _run(self) -> None:
        while not self._stop.is_set():
            for place, at_ns in self._next():
                with self._changed:
                    self._heard.setdefault(place, at_ns)
                    self._changed.notify_all()

    @abc.abstractmethod
    def _open(self) -> None:
        """Connect, and ask for the news."""

    @abc.abstractmethod
    def _next(self) -> Iterator[tuple[str, int]]:
        """Places that there is news of, within half a second."""

    @abc.abstractmethod
    def _close(self) -> None:
        """End the connection."""


class NotifyListener(Listener):
    """LISTENs on the queue's channel over a connection of its own."""

    name = "listener"

    def __init__(self, url: str) -> None:
        super().__init__()
        self._connection = psycopg.connect(url, autocommit=True)

    def _open(self) -> None:
        self._connection.execute(f"LISTEN {CHANNEL}".encode())

    def _next(self) -> Iterator[tuple[str, int]]:
        for notify in self._connection.notifies(timeout=POLL_S):
            at_ns = time.monotonic_ns()
            yield json.loads(notify.payload)["place"], at_ns

    def _close(self) -> None:
        self._connection.close()


class StreamListener(Listener):
    """Reads the live stream over a connection of its own, as a console does. Its snapshot is there when the block begins."""

    name = "stream"

    def __init__(self, port: int, token: str) -> None:
        super().__init__()
        self._connection = socket.create_connection((LOOPBACK, port), timeout=20)
        head = (
            f"GET /api/v1/stream HTTP/1.1\r\nhost: {LOOPBACK}:{port}\r\nauthorization: Bearer {token}\r\n\r\n"
        )
        self._connection.sendall(head.encode())
        self._chunks, self._events = ChunkReader(), EventReader()

    def _open(self) -> None:
        while not any(event.name == "snapshot" for event in self._events.feed(self._receive())):
            pass
        self._connection.settimeout(POLL_S)

    def _next(self) -> Iterator[tuple[str, int]]:
        try:
            received = self._receive()
        except TimeoutError:
            return
        at_ns = time.monotonic_ns()
        for event in self._events.feed(received):
            if event.name == "change" and (item := json.loads(event.data).get("item")) is not None:
                yield item["place"], at_ns

    def _receive(self) -> bytes:
        received = self._connection.recv(1 << 18)
        if not received:
            raise Unavailable("the server ended the stream")
        return self._chunks.feed(received)

    def _close(self) -> None:
        self._connection.close()
