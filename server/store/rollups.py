"""Rollups where they are maintained tables: minutes and hours that got new readings are computed anew.

Ingest leaves a note of (minute, devices) in the transaction that stores readings; late data leave theirs too, so
they show up whenever they come. Under TimescaleDB's community edition continuous aggregates do this instead.
"""

import time
from datetime import datetime, timedelta

from psycopg.errors import LockNotAvailable

from server.store.connection import Connection
from server.store.edition import LATE, ROLLUPS, Edition, read_edition
from server.store.sql import statement

SETTLE = timedelta(seconds=5)
"""A minute is computed once it ended this long ago: most of it is in by then."""
_AT_ONCE = 2_000
"""Notes taken in one transaction."""
_CONCURRENT_S = 60.0
_CONCURRENT_STEP_S = 0.2
"""How long, and how often, a refresh is tried again that another one of the same time is in the way of."""
_LOCK = 7_215_034_119
"""Advisory lock of the transaction: rollups have one writer at a time, so hours are never computed from half a minute."""


def refresh(connection: Connection, now: datetime) -> int:
    """Bring the rollups up to date with what is stored; return how many minutes were computed.

    Works in transactions of its own on an idle connection; a killed refresh loses nothing, its notes come back.
    """
    total = 0
    with connection.transaction():
        edition = read_edition(connection)
    if edition is Edition.TIMESCALE:
        return total
    while True:
        done, notes_left = _refresh_some(connection, now)
        total += done
        if not notes_left:
            return total


def catch_up(connection: Connection, now: datetime) -> None:
    """Bring the rollups up to date at once, in every edition, for all that may still come late. Idle connection."""
    with connection.transaction():
        edition = read_edition(connection)
    if edition is not Edition.TIMESCALE:
        refresh(connection, now)
        return
    connection.autocommit, before = True, connection.autocommit  # refreshing cannot run inside a transaction
    try:
        for name in ROLLUPS:
            _refresh_aggregate(connection, name, now - LATE - timedelta(days=1), now)
    finally:
        connection.autocommit = before


def _refresh_aggregate(connection: Connection, name: str, start: datetime, end: datetime) -> None:
    """Refresh, and wait for the policy's own run where that is at it: TimescaleDB refuses a second one (55P03)."""
    give_up_s = time.monotonic() + _CONCURRENT_S
    while True:
        try:
            connection.execute(
                "CALL refresh_continuous_aggregate(%s::regclass, %s::timestamptz, %s::timestamptz)",
                (name, start, end),
            )
            return
        except LockNotAvailable:
            if time.monotonic() > give_up_s:
                raise
            time.sleep(_CONCURRENT_STEP_S)


def _refresh_some(connection: Connection, now: datetime) -> tuple[int, bool]:
    with connection.transaction():
        row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,)).fetchone()
        if row is None or not row[0]:
            return 0, False
        minutes = connection.execute(
            statement("rollups/take_pending"),
            {"before": now - timedelta(minutes=1) - SETTLE, "limit": _AT_ONCE},
        ).fetchall()
        hours: dict[datetime, set[tuple[int, int, int]]] = {}
        for minute, device_keys in minutes:
            series = connection.execute(
                statement("rollups/refresh_minute"), {"minute": minute, "device_keys": device_keys}
            ).fetchall()
            hours.setdefault(minute.replace(minute=0), set()).update(series)
        for hour, of_hour in sorted(hours.items()):
            keys = sorted(of_hour)
            connection.execute(
                statement("rollups/refresh_hour"),
                {
                    "hour": hour,
                    "device_keys": [device for device, _, _ in keys],
                    "metric_keys": [metric for _, metric, _ in keys],
                    "exercise_keys": [exercise for _, _, exercise in keys],
                },
            )
        return len(minutes), len(minutes) > 0
