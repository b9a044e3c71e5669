"""Follows the queue as a worker's screen does, and notes each piece of news: what, where, from which sensor, how fast."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redwhistle.errors import RedWhistleError
from server.demo.compounds import Device, device_of
from server.store import reading
from server.store.connection import Connection, connect
from server.store.feed import Wanted, follow
from server.store.reading import Row

_ENGINES_ACTS = frozenset({"raise", "repeat", "upgrade", "condition_ended", "reopen"})
"""Told through the alert's log, which knows the sensor."""
_TRIGGERS = frozenset({"raise", "repeat", "upgrade"})


@dataclass(frozen=True, slots=True)
class News:
    """One decision of the engine about an alert, or one act of a person on its work item.

    `at` is the time in the ledger: a condition that ended changes nothing in the queue and is heard with the next change.
    `item` and `alert` are the rows of the queue and of the ledger as they were read. `latency_ms` counts from the
    sensor's message (for a camera: from the frame) to this listener having read the committed work item.
    """

    at: datetime
    item: Row
    alert: Row
    entry: Row
    device: Device | None
    latency_ms: float | None

    @property
    def by_engine(self) -> bool:
        """Whether the engine decided this; otherwise somebody did something."""
        return "decision" in self.entry

    @property
    def what(self) -> str:
        """The decision or the act."""
        return str(self.entry["decision"] if self.by_engine else self.entry["act"])

    @property
    def source(self) -> Mapping[str, Any]:
        """What the sensor said, as the engine noted it; empty for people's acts."""
        why = self.entry.get("why")
        sources = why.get("sources") if isinstance(why, Mapping) else None
        return sources[0] if sources else {}


PublishedAt = Callable[[str, str, float], float | None]
"""Unix time of the last alarming message of (box, device) at or before a time."""


class Witness:
    """Keeps all `news`; `tell` hears each from the witness's own thread."""

    def __init__(self, url: str, published_s: PublishedAt, tell: Callable[[News], None]) -> None:
        self._url = url
        self._published_s = published_s
        self._tell = tell
        self._news: list[News] = []
        self._seen: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()
        self.trouble: str | None = None
        """Why the witness gave up, if it did."""

    @property
    def news(self) -> list[News]:
        """What was noted so far."""
        with self._lock:
            return list(self._news)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Following while the block runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,), name="witness")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        try:
            with connect(self._url, name="demo", autocommit=True) as connection:
                for row in follow(self._url, Wanted(), stop, lambda _why, _wait_s: None):
                    heard_s = time.time()
                    for news in self._read(connection, row, heard_s):
                        with self._lock:
                            self._news.append(news)
                        self._tell(news)
        except RedWhistleError as error:
            if not stop.is_set():
                self.trouble = str(error)

    def _read(self, connection: Connection, row: Row, heard_s: float) -> Iterator[News]:
        if row["alert_number"] is None:
            return
        now = datetime.fromtimestamp(heard_s, UTC)
        alert = reading.read_alert(connection, str(row["alert_number"]), now)
        item = reading.read_item(connection, str(row["number"]))
        for entry in self._unseen("log", row["number"], alert["log"]):
            if entry["decision"] == "closed":
                continue  # the item's history says who did it
            device, latency_ms = self._trace(entry, heard_s)
            yield News(entry["at"], row, alert, entry, device, latency_ms)
        for entry in self._unseen("history", row["number"], item["history"]):
            if entry["act"] not in _ENGINES_ACTS and entry["actor"] != "engine":
                yield News(entry["at"], item, alert, entry, None, None)

    def _unseen(self, kind: str, number: int, entries: list[Row]) -> list[Row]:
        before = self._seen.get((kind, number), 0)
        self._seen[kind, number] = len(entries)
        return entries[before:]

    def _trace(self, entry: Row, heard_s: float) -> tuple[Device | None, float | None]:
        """The device that spoke, and the milliseconds since it did; none for what only time brought about."""
        sources = entry["why"].get("sources") or [{}]
        box, name = str(sources[0].get("box", "")), str(sources[0].get("device", entry["device"]))
        device = device_of(box, name)
        if device is None or entry["decision"] not in _TRIGGERS:
            return device, None
        said_s = self._published_s(box, name, heard_s)
        if said_s is None and "at_ms" in sources[0]:
            said_s = sources[0]["at_ms"] / 1000
        return device, None if said_s is None else round(1000 * (heard_s - said_s), 1)
