"""The queue, live: what stands in it now, then every change right after its commit. Survives a lost connection."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from redwhistle.errors import Unavailable
from server.store import reading
from server.store.backoff import Backoff
from server.store.connection import Connection, connect, translated
from server.store.reading import Row
from server.store.unit_of_work import CHANNEL

POLL_S = 1.0
"""How long `stop` may go unnoticed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items: of one grid, at one place and below, of one exercise ('' is real; None is all)."""

    grid: str | None = None
    at: str | None = None
    exercise: str | None = ""


@dataclass(slots=True)
class _Seen:
    versions: dict[int, tuple[int, int]] = field(default_factory=dict)

    def news(self, rows: list[Row]) -> Iterator[Row]:
        """The rows that were not seen like this before."""
        for row in rows:
            mark = (row["version"], row["count"])
            if self.versions.get(row["number"]) != mark:
                self.versions[row["number"]] = mark
                yield row
            if row["closed_at"] is not None:
                self.versions.pop(row["number"], None)


def follow(
    url: str, wanted: Wanted, stop: threading.Event, on_lost: Callable[[str, float], None]
) -> Iterator[Row]:
    """Yield the items that stand in the queue, then each item that changes, as it is by then, until `stop`.

    Every state that lasts is yielded; changes in quick succession may come as one. After a lost connection
    (`on_lost` is told why and for how many seconds to wait) what changed meanwhile comes first. Raise Unavailable
    if the first connection fails, NotFound for an unknown place.
    """
    seen, backoff, first = _Seen(), Backoff(), True
    while not stop.is_set():
        try:
            with connect(url, name="watch", autocommit=True) as connection:
                first = False
                backoff.succeed()
                yield from _follow(connection, wanted, stop, seen)
        except Unavailable as error:
            if first:
                raise
            wait_s = backoff.fail()
            on_lost(str(error), wait_s)
            stop.wait(wait_s)


def _follow(connection: Connection, wanted: Wanted, stop: threading.Event, seen: _Seen) -> Iterator[Row]:
    with translated():
        connection.execute(f"LISTEN {CHANNEL}".encode())
    standing = list(seen.versions)
    yield from seen.news(_read(connection, wanted))
    if standing:  # a connection was lost: some of these may have been closed since
        yield from seen.news(_read(connection, wanted, standing))
    while not stop.is_set():
        with translated():
            heard = list(connection.notifies(timeout=POLL_S, stop_after=1))
        numbers = sorted({number for one in heard if (number := _number(one.payload))})
        if numbers:
            yield from seen.news(_read(connection, wanted, numbers))


def _read(connection: Connection, wanted: Wanted, numbers: list[int] | None = None) -> list[Row]:
    return reading.list_items(
        connection,
        grid=wanted.grid,
        at=wanted.at,
        exercise=wanted.exercise,
        closed=numbers is not None,
        numbers=numbers,
    )


def _number(payload: str) -> int | None:
    try:
        number = json.loads(payload)["number"]
    except (ValueError, KeyError, TypeError):
        return None  # somebody else uses the channel
    return number if isinstance(number, int) else None
