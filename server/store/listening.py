"""The news of the queue and the boxes, without end: one connection that listens and reads, found again when it is lost.

Notifications only wake the reading; what is read is decided by transaction numbers, so a notification that got lost
costs a second and no change.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from redwhistle.errors import StoreError
from redwhistle.logs import get_logger
from server.records.changes import Changes, Lost, News
from server.store.backoff import Backoff
from server.store.changes import ChangeReader
from server.store.connection import Connection, connect, translated

CHANNELS = ("rw_queue", "rw_boxes", "rw_people")
POLL_S = 1.0
"""At least this often the database is asked, so that silence is known to be silence; `stop` is noticed as soon."""
SEEN_EVERY_S = 15.0
"""How often it is asked when the boxes were last heard."""

log = get_logger(part="stream")


def follow_changes(
    url: str,
    stop: threading.Event,
    *,
    reader: Callable[[], ChangeReader] = ChangeReader,
    poll_s: float = POLL_S,
) -> Iterator[News]:
    """Yield all there is, then what changes right after its commit, until `stop`; `Lost` while the database is away.

    The next reading begins when the caller asks for more: a caller that is busy gets several changes as one.
    """
    changes, backoff = reader(), Backoff()
    while not stop.is_set():
        try:
            with connect(url, name="stream", autocommit=True) as connection:
                with translated():
                    for channel in CHANNELS:
                        connection.execute(f"LISTEN {channel}".encode())
                changes.use(connection)
                log.info("stream_listening")
                for news in _follow(connection, changes, stop, poll_s):
                    backoff.succeed()
                    yield news
        except (
            StoreError
        ) as error:  # whatever it is: those who watch must be told, and it must be tried again
            again_s = backoff.fail()
            log.warning("stream_database_lost", why=str(error), again_s=again_s)
            yield Lost(str(error), again_s)
            stop.wait(again_s)


def _follow(
    connection: Connection, changes: ChangeReader, stop: threading.Event, poll_s: float
) -> Iterator[News]:
    people: frozenset[str] = frozenset()
    seen_due_s = time.monotonic() + SEEN_EVERY_S
    while not stop.is_set():
        news = changes.read()
        if isinstance(news, Changes):
            seen: Mapping[str, datetime] = {}
            if time.monotonic() >= seen_due_s:
                seen, seen_due_s = changes.read_seen(), time.monotonic() + SEEN_EVERY_S
            yield Changes(news.position, news.items, news.boxes, seen, people)
        else:
            yield news
            if people:
                yield Changes(news.position, people=people)
        with translated():
            heard = list(connection.notifies(timeout=poll_s, stop_after=1))
        people = frozenset(
            person for one in heard if one.channel == "rw_people" and (person := _person(one.payload))
        )


def _person(payload: str) -> str | None:
    try:
        person = json.loads(payload)["person"]
    except (ValueError, KeyError, TypeError):
        return None  # somebody else uses the channel
    return person if isinstance(person, str) else None
