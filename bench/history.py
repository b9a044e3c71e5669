"""A month of readings made inside the database, laid down as ingest lays them: in the order of time, all devices mixed.

Devices report at the pace of real battery-powered sensors; one device makes 1,668 readings a day:

| metric | every | readings a day |
|---|---|---|
| temperature, people | 2 min | 720 each |
| humidity | 10 min | 144 |
| link quality | 20 min | 72 |
| battery | 2 h | 12 |

The rollups come from set-based statements; `sampled_rollups_agree` lets the product compute some anew and compares.
"""

import math
import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import sql

from bench.places import plant_compound
from bench.say import Say
from redwhistle.errors import ConfigurationError
from server.store.connection import Connection, connect
from server.store.edition import Edition, read_edition
from server.store.rollups import refresh

DAYS = 30
DAY = timedelta(days=1)
TICK = timedelta(minutes=2)
TAIL = timedelta(minutes=2)
"""What the rollups do not hold yet when somebody looks, as in life."""
PACES: tuple[tuple[str, int, float, float], ...] = (
    ("temperature_c", 1, 22.0, 6.0),
    ("people_count", 1, 9.0, 9.0),
    ("humidity_pct", 5, 50.0, 15.0),
    ("link_quality", 10, 130.0, 60.0),
    ("battery_pct", 60, 80.0, 15.0),
)
"""Metric, ticks between two readings of it, and the middle and swing of its day."""
PER_DEVICE_DAY = sum(int(DAY / TICK) // ticks for _, ticks, _, _ in PACES)
DEVICES_PER_COMPOUND = 50


@dataclass(frozen=True, slots=True)
class History:
    """What was made: device keys by compound, metric keys by name, and the whole minute that counts as now."""

    compounds: tuple[tuple[int, ...], ...]
    metrics: dict[str, int]
    start: datetime
    now: datetime
    rows: int
    readings_s: float
    """Seconds that the readings took, their index included."""
    rollups_s: float


def devices_for(rows: int) -> int:
    """How many devices make about `rows` readings in the history's days; one at least."""
    return max(1, math.ceil(rows / (PER_DEVICE_DAY * DAYS)))


def make_history(url: str, rows: int, now: datetime, *, loaders: int, say: Say) -> History:
    """Fill readings and rollups of a migrated, empty database with at least `rows` rows.

    `now` is a whole minute. Indexes are dropped for the load and made anew from their own definitions. Raises
    ConfigurationError where the rollups are continuous aggregates, which cannot be filled by hand.
    """
    with connect(url, name="bench") as connection:
        if read_edition(connection) is Edition.TIMESCALE:
            raise ConfigurationError(
                "this benchmark fills maintained rollups; TimescaleDB's community edition has continuous aggregates"
            )
    compounds, metrics = _plant(url, devices_for(rows))
    top = now.replace(minute=0)
    start = top - DAYS * DAY
    days = [(start + d * DAY, start + (d + 1) * DAY) for d in range(DAYS)]
    began = time.perf_counter()
    with _without_key(url, "readings_series", say):
        say(f"making {rows:,} readings of {sum(map(len, compounds)):,} devices")
        _each(url, _MAKE_READINGS, [*days, (top, now)], loaders)
    readings_s = time.perf_counter() - began
    began = time.perf_counter()
    with _without_key(url, "readings_minute_pkey", say):
        say("rolling up minutes")
        _each(url, _ROLL_UP_MINUTES, [*days, (top, now - TAIL)], loaders)
    with _without_key(url, "readings_hour_pkey", say):
        say("rolling up hours")
        _each(url, _ROLL_UP_HOURS, [*days, (top, now - TAIL)], loaders)
    rollups_s = time.perf_counter() - began
    with connect(url, name="bench", autocommit=True) as connection:
        connection.execute(_NOTE_TAIL, {"start": now - TAIL, "end": now})
        connection.execute("DROP TABLE bench_series")
        say("VACUUM ANALYZE")
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT count(*) FROM readings").fetchone()
    made = int(row[0]) if row else 0
    return History(compounds, metrics, start, now, made, readings_s, rollups_s)


def sampled_rollups_agree(url: str, history: History, *, samples: int, seed: int) -> bool:
    """Whether the product, asked to compute some minutes and hours anew, writes the rows that are there."""
    chance = random.Random(seed)
    span = int((history.now - 2 * TAIL - history.start) / timedelta(minutes=1))
    with connect(url, name="bench") as connection:
        for _ in range(samples):
            minute = history.start + chance.randrange(span) * timedelta(minutes=1)
            sample = {
                "minute": minute,
                "device_keys": list(chance.choice(history.compounds)),
                "metric_keys": list(history.metrics.values()),
            }
            with connection.transaction():
                before = connection.execute(_SAMPLE, sample).fetchall()
                connection.execute(_FORGET_HOUR, sample)
                connection.execute(_FORGET_MINUTE, sample)
                connection.execute(
                    "INSERT INTO rollup_pending (minute, device_keys) VALUES (%(minute)s, %(device_keys)s)",
                    sample,
                )
            # Of the waiting notes only the sample's are due: the tail's minutes have not ended by then.
            refresh(connection, history.now - TAIL + timedelta(seconds=1))
            with connection.transaction():
                if not _same(before, connection.execute(_SAMPLE, sample).fetchall()):
                    return False
    return True


def _same(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> bool:
    """Equal rows, but for the last bits of sums, which depend on the order of adding."""
    return len(one) == len(other) and all(
        a[:-1] == b[:-1] and math.isclose(a[-1], b[-1], rel_tol=1e-12)
        for a, b in zip(one, other, strict=True)
    )


def _plant(url: str, devices: int) -> tuple[tuple[tuple[int, ...], ...], dict[str, int]]:
    count = math.ceil(devices / DEVICES_PER_COMPOUND)
    sites = [f"compound-{i}" for i in range(count)]
    plant_compound(url, *sites)
    with connect(url, name="bench") as connection:
        connection.execute(
            "INSERT INTO boxes (box, site, registered) SELECT 'box-' || s, s, true FROM unnest(%s::text[]) AS s",
            (sites,),
        )
        rows = connection.execute(
            "INSERT INTO devices (box, device, announced, kind)"
            " SELECT 'box-compound-' || n / %(each)s, 'device-' || n %% %(each)s, true, 'other'"
            " FROM generate_series(0, %(devices)s - 1) AS n RETURNING device_key, box",
            {"each": DEVICES_PER_COMPOUND, "devices": devices},
        ).fetchall()
        metrics = {}
        for name, *_ in PACES:
            row = connection.execute(
                "INSERT INTO metrics (name) VALUES (%s) RETURNING metric_key", (name,)
            ).fetchone()
            assert row is not None
            metrics[name] = row[0]
        _make_series(connection, metrics)
    by_box: dict[str, list[int]] = {}
    for key, box in rows:
        by_box.setdefault(box, []).append(key)
    return tuple(map(tuple, by_box.values())), metrics


def _make_series(connection: Connection, metrics: dict[str, int]) -> None:
    """One row a device and metric; a device's phase spreads the devices over the tick."""
    connection.execute(
        "CREATE TABLE bench_series (phase interval, device_key integer, metric_key smallint, ticks integer,"
        " middle float8, swing float8)"
    )
    connection.execute(
        "INSERT INTO bench_series SELECT d.device_key * 7919 %% 120000 * interval '1 ms', d.device_key, m.*"
        " FROM devices AS d CROSS JOIN unnest(%s::smallint[], %s::integer[], %s::float8[], %s::float8[]) AS m"
        " ORDER BY 1, 2, 3",
        (
            [metrics[name] for name, *_ in PACES],
            [ticks for _, ticks, _, _ in PACES],
            [middle for *_, middle, _ in PACES],
            [swing for *_, swing in PACES],
        ),
    )
    connection.execute("ANALYZE bench_series")


@contextmanager
def _without_key(url: str, index: str, say: Say) -> Iterator[None]:
    """Drop an index, or the constraint that owns it, for the block; make it anew from its own definition."""
    with connect(url, name="bench", autocommit=True) as connection:
        row = connection.execute(_DEFINITION, {"index": index}).fetchone()
        assert row is not None
        table, of_index, constraint, of_constraint = row
        names = {"index": sql.Identifier(index), "table": sql.Identifier(table)}
        if constraint is None:
            connection.execute(sql.SQL("DROP INDEX {index}").format(**names))
            again = of_index
        else:
            connection.execute(sql.SQL("ALTER TABLE {table} DROP CONSTRAINT {index}").format(**names))
            again = (
                sql.SQL("ALTER TABLE {table} ADD CONSTRAINT {index} ").format(**names).as_string()
                + of_constraint
            )
    yield
    say(f"making {index}")
    with connect(url, name="bench", autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute(again.encode())


def _each(
    url: str, statement: LiteralString, spans: Sequence[tuple[datetime, datetime]], loaders: int
) -> None:
    """Run `statement` once for each span, `loaders` at a time; the first error is raised after all have ended."""
    todo: queue.SimpleQueue[tuple[datetime, datetime]] = queue.SimpleQueue()
    for span in spans:
        todo.put(span)
    failures: list[Exception] = []

    def load() -> None:
        try:
            with connect(url, name="bench", autocommit=True) as connection:
                connection.execute("SET work_mem = '256MB'")
                while not failures:
                    start, end = todo.get_nowait()
                    connection.execute(statement, {"start": start, "end": end, "tick": TICK})
        except queue.Empty:
            return
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=load, name=f"loader-{i}") for i in range(loaders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


_MAKE_READINGS: LiteralString = """
INSERT INTO readings (time, received_at, device_at, value, seq, progress_key, device_key, metric_key)
SELECT made.time, made.time + interval '300 ms', made.time, made.value,
    (extract(epoch FROM made.time) * 1000)::bigint, made.device_key, made.device_key, made.metric_key
FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 s', %(tick)s) AS tick (at)
CROSS JOIN LATERAL (
    SELECT tick.at + s.phase AS time, s.device_key, s.metric_key,
        round(10 * (s.middle + s.swing * sin(extract(epoch FROM tick.at)::float8 / 13750 + s.device_key) + random()))
            / 10 AS value
    FROM bench_series AS s
    WHERE (extract(epoch FROM tick.at)::bigint / 120 + s.device_key) %% s.ticks = 0
    OFFSET 0
) AS made
WHERE made.time < %(end)s
"""
_ROLL_UP_MINUTES: LiteralString = """
INSERT INTO readings_minute (bucket, device_key, metric_key, exercise_key, n, min, max, sum, last)
SELECT date_trunc('minute', r.time), r.device_key, r.metric_key, r.exercise_key,
    count(*), min(r.value), max(r.value), sum(r.value), (array_agg(r.value ORDER BY r.time DESC))[1]
FROM readings AS r
WHERE r.time >= %(start)s AND r.time < %(end)s
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
"""
# From the readings, whose chunks a span finds at once; the minutes have no index by time alone.
_ROLL_UP_HOURS: LiteralString = """
INSERT INTO readings_hour (bucket, device_key, metric_key, exercise_key, n, min, max, sum, last)
SELECT date_trunc('hour', r.time), r.device_key, r.metric_key, r.exercise_key,
    count(*), min(r.value), max(r.value), sum(r.value), (array_agg(r.value ORDER BY r.time DESC))[1]
FROM readings AS r
WHERE r.time >= %(start)s AND r.time < %(end)s
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
"""
_NOTE_TAIL: LiteralString = """
INSERT INTO rollup_pending (minute, device_keys)
SELECT date_trunc('minute', r.time), array_agg(DISTINCT r.device_key)
FROM readings AS r
WHERE r.time >= %(start)s AND r.time < %(end)s
GROUP BY 1
"""
_DEFINITION: LiteralString = """
SELECT c.relname, pg_get_indexdef(i.indexrelid), k.conname, pg_get_constraintdef(k.oid)
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indrelid
LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid
WHERE i.indexrelid = %(index)s::regclass
"""
# All key columns are named, so that each is found by its index at once.
_SERIES: LiteralString = "device_key = ANY (%(device_keys)s::integer[]) AND metric_key = ANY (%(metric_keys)s::smallint[]) AND exercise_key = 0"
_SAMPLE: LiteralString = f"""
SELECT bucket, device_key, metric_key, exercise_key, n, min, max, last, sum FROM readings_minute
WHERE bucket = %(minute)s AND {_SERIES}
UNION ALL
SELECT bucket, device_key, metric_key, exercise_key, n, min, max, last, sum FROM readings_hour
WHERE bucket = date_trunc('hour', %(minute)s::timestamptz) AND {_SERIES}
ORDER BY 1, 2, 3, 5
"""
# Only the hours of series that the minute has something of: those the product makes anew.
_FORGET_HOUR: LiteralString = f"""
DELETE FROM readings_hour
WHERE bucket = date_trunc('hour', %(minute)s::timestamptz) AND {_SERIES}
    AND (device_key, metric_key) IN (
        SELECT device_key, metric_key FROM readings_minute WHERE bucket = %(minute)s AND {_SERIES})
"""
_FORGET_MINUTE: LiteralString = f"DELETE FROM readings_minute WHERE bucket = %(minute)s AND {_SERIES}"
