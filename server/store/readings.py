"""Readings as a dashboard asks for them: summed up in buckets of time, and the newest of each series.

Exact at every moment: minutes that the rollups do not hold yet (their note still waits in `rollup_pending`) are read
from the readings themselves, in one statement and so in one snapshot. Under TimescaleDB's community edition there
are no notes: its real-time aggregates add what is newer than they are, and a late reading shows after their next
refresh (within a minute).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from redwhistle.clock import check_utc
from server.store.connection import Connection, translated
from server.store.sql import statement

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
REAL = 0
"""The exercise key of what is no exercise."""
_PREPARE = False
"""Planned anew each time: a plan made without the times cannot leave chunks out, and looks for each series in all of
them (measured: 150 ms instead of 10)."""


class Bucket(NamedTuple):
    """What one series measured from `start` on for one width; `last` is the newest value in it."""

    start: datetime
    device_key: int
    metric_key: int
    n: int
    min: float
    max: float
    sum: float
    last: float


class Latest(NamedTuple):
    """The newest reading of one series."""

    device_key: int
    metric_key: int
    time: datetime
    value: float


def bucketed(
    connection: Connection,
    device_keys: Sequence[int],
    metric_keys: Sequence[int],
    start: datetime,
    end: datetime,
    width: timedelta,
    *,
    exercise_key: int = REAL,
) -> list[Bucket]:
    """The buckets that begin at or after `start` and before `end`, each whole, by device, metric and time.

    Buckets are counted from `start`, so a day may begin at any time zone's midnight. An empty bucket has no row.
    Whole hours (start and width) are read from the hour rollup, whole minutes from the minute rollup, all else from
    the readings themselves; with a width of minutes `start` is taken down to its minute. Raises ValueError for a
    naive time or a width below one second, StoreError.
    """
    check_utc(start)
    check_utc(end)
    if width < timedelta(seconds=1):
        raise ValueError(f"a bucket is at least one second wide, not {width}")
    if not width % MINUTE:
        start = start.replace(second=0, microsecond=0)
    beyond = start + width * max(0, -((start - end) // width))
    with translated():
        rows = connection.execute(
            statement(_source(start, width)),
            {
                "device_keys": list(device_keys),
                "metric_keys": list(metric_keys),
                "exercise_key": exercise_key,
                "start": start,
                "end": beyond,
                "width": width,
            },
            binary=True,
            prepare=_PREPARE,
        ).fetchall()
    return [Bucket(*row) for row in rows]


def latest(
    connection: Connection, device_keys: Sequence[int], *, since: datetime, exercise_key: int = REAL
) -> list[Latest]:
    """The newest reading of each series of these devices that is not older than `since`. Raises StoreError.

    The further back `since`, the more chunks are looked into: a day or two is cheap.
    """
    check_utc(since)
    with translated():
        rows = connection.execute(
            statement("readings/latest"),
            {"device_keys": list(device_keys), "exercise_key": exercise_key, "since": since},
            binary=True,
            prepare=_PREPARE,
        ).fetchall()
    return [Latest(*row) for row in rows]


def _source(start: datetime, width: timedelta) -> str:
    if not width % HOUR and not start.minute:
        return "readings/by_hour"
    if not width % MINUTE:
        return "readings/by_minute"
    return "readings/raw"
