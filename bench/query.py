"""Dashboard queries over a month of readings: how long one client waits for each answer, decoded.

The readings are made inside the database (bench/history.py), the rollups filled, then five kinds of query are asked
in turn, each time of another random device or compound:

* device_day: 24 h of one device by minute, all its metrics;
* device_month: 30 days of one device by hour, all its metrics;
* compound_week: 7 days of all devices of a compound by hour, one metric;
* compound_today: the day's minimum and maximum of each device of a compound since midnight in Shanghai;
* compound_latest: the newest value of every series of a compound.

`p95_ms` is that of the mix on a database that has been in use; `after_restart` that of the first queries after the
server was stopped and its files were dropped from the system's cache.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.arguments import positive
from bench.figures import summary_ms
from bench.history import DAY, DAYS, History, make_history, sampled_rollups_agree
from bench.machine import describe_machine
from bench.say import Say
from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.timescaledb import timescaledb_server
from redwhistle.errors import ConfigurationError
from server.store.connection import Connection, connect
from server.store.migrate import migrate, read_status
from server.store.readings import bucketed, latest

DESCRIPTION = "dashboard queries over a month of readings"
BYTES_A_ROW = 330
"""Disk taken by one reading, its index, its minute and hour rows and theirs, with room for sorting."""
BYTES_BESIDE = 6 * 1024**3
"""The write-ahead log."""
_SETTINGS = {
    "shared_buffers": "2GB",
    "effective_cache_size": "12GB",
    "work_mem": "32MB",
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",  # done once by hand after the load, so that it does not fall into the measurement
}
_WARM_UP = 50
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

Ask = Callable[[Connection, random.Random, History], Sequence[object]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--rows", type=positive, default=100_000_000, help="readings to make (100000000)")
    parser.add_argument("--queries", type=positive, default=500, help="queries to time (500)")
    parser.add_argument("--loaders", type=positive, default=2, help="sessions that load at a time (2)")
    parser.add_argument("--seed", type=positive, default=7, help="of the choice of devices (7)")


def run(arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Load, ask, restart, ask again; raise ConfigurationError where the disk is too small."""
    check_disk(arguments.rows, Path(tempfile.gettempdir()))
    with (
        server_folder("bench") as folder,
        timescaledb_server(folder / "pg", settings=_SETTINGS) as server,
    ):
        url = Databases(server.url).create()
        migrate(url)
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        history = make_history(url, arguments.rows, now, loaders=arguments.loaders, say=say)
        agree = sampled_rollups_agree(url, history, samples=20, seed=arguments.seed)
        say(f"{history.rows:,} readings; sampled rollups agree with the product's: {agree}")
        chance = random.Random(arguments.seed)
        ask_all(url, history, _WARM_UP, chance)
        warm = ask_all(url, history, arguments.queries, chance)
        disk = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        server.stop()
        drop_from_cache(server.folder)
        server.start()
        cold = ask_all(url, history, arguments.queries // 2, chance)
        return {
            **_all(warm),
            "rows": history.rows,
            "queries": arguments.queries,
            "by_query": {name: summary_ms(times) for name, times in warm.items()},
            "after_restart": {
                **_all(cold),
                "by_query": {name: summary_ms(times) for name, times in cold.items()},
            },
            "load_rows_per_s": round(history.rows / history.readings_s),
            "rollups_s": round(history.rollups_s),
            "rollups_agree": agree,
            "disk_gib": round(disk / 1024**3, 1),
            "database": f"timescaledb ({read_status(url).edition}), shared_buffers {_SETTINGS['shared_buffers']}",
            "machine": describe_machine(),
        }


def check_disk(rows: int, folder: Path) -> None:
    """Raise ConfigurationError unless `folder` has room for this many rows."""
    needed, free = rows * BYTES_A_ROW + BYTES_BESIDE, shutil.disk_usage(folder).free
    if free < needed:
        raise ConfigurationError(
            f"{rows:,} readings need {needed / 1024**3:.0f} GiB and {folder} has {free / 1024**3:.0f} GiB free:"
            " give fewer --rows, or set TMPDIR to a folder on a larger disk"
        )


def ask_all(url: str, history: History, queries: int, chance: random.Random) -> dict[str, list[float]]:
    """Seconds of each query, by its name. An empty answer is an error: nothing was measured then."""
    seconds: dict[str, list[float]] = {name: [] for name in QUERIES}
    with connect(url, name="bench", autocommit=True) as connection:
        for number in range(queries):
            name = list(QUERIES)[number % len(QUERIES)]
            began = time.perf_counter()
            found = QUERIES[name](connection, chance, history)
            seconds[name].append(time.perf_counter() - began)
            if not found:
                raise RuntimeError(f"{name} found nothing")
    return seconds


def drop_from_cache(folder: Path) -> None:
    """Ask the system to forget what it holds of these files; advice only, elsewhere than on Linux nothing."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(handle)


def _device_day(connection: Connection, chance: random.Random, history: History) -> Sequence[object]:
    device = [chance.choice(chance.choice(history.compounds))]
    return bucketed(connection, device, _metrics(history), history.now - DAY, history.now, MINUTE)


def _device_month(connection: Connection, chance: random.Random, history: History) -> Sequence[object]:
    device = [chance.choice(chance.choice(history.compounds))]
    start = history.now.replace(minute=0) - DAYS * DAY
    return bucketed(connection, device, _metrics(history), start, history.now, HOUR)


def _compound_week(connection: Connection, chance: random.Random, history: History) -> Sequence[object]:
    metric = [history.metrics[chance.choice(("temperature_c", "people_count"))]]
    start = history.now.replace(minute=0) - 7 * DAY
    return bucketed(connection, chance.choice(history.compounds), metric, start, history.now, HOUR)


def _compound_today(connection: Connection, chance: random.Random, history: History) -> Sequence[object]:
    midnight = (history.now - 16 * HOUR).replace(hour=16, minute=0)
    return bucketed(
        connection, chance.choice(history.compounds), _metrics(history), midnight, history.now, DAY
    )


def _compound_latest(connection: Connection, chance: random.Random, history: History) -> Sequence[object]:
    return latest(connection, chance.choice(history.compounds), since=history.now - 2 * DAY)


QUERIES: dict[str, Ask] = {
    "device_day": _device_day,
    "device_month": _device_month,
    "compound_week": _compound_week,
    "compound_today": _compound_today,
    "compound_latest": _compound_latest,
}


def _metrics(history: History) -> list[int]:
    return list(history.metrics.values())


def _all(by_query: dict[str, list[float]]) -> dict[str, float]:
    return summary_ms([s for times in by_query.values() for s in times])
