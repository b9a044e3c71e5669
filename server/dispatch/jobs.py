"""Recurring work of the server (rollups, retention): due times in the database, each run done by one process."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from redwhistle.clock import Clock
from redwhistle.errors import Unavailable
from redwhistle.logs import get_logger
from server.alerts.queue import later
from server.store import timers
from server.store.connection import Connection, connect, translated

RETRY_S = 60.0

_log = get_logger(part="dispatch")


@dataclass(frozen=True, slots=True)
class Job:
    """Work to be done every `every_s` seconds, on a connection of its own in autocommit mode.

    Done at least once a period by all dispatchers together: one that dies in the middle is followed by another, so
    the work has to bear being done again. An error is logged, kept with the job, and tried again within a minute.
    """

    name: str
    every_s: float
    run: Callable[[Connection, datetime], None]


def run_due_jobs(
    url: str, connection: Connection, jobs: Sequence[Job], clock: Clock, stop: threading.Event
) -> int:
    """Run each job that is due and that no other process has in hand; return how many ran."""
    ran = 0
    for job in jobs:
        if stop.is_set():
            break
        now = clock.now()
        timers.add_job(connection, job.name, now)
        with translated(), connection.transaction():
            failures = timers.take_job(connection, job.name, now, later(now, job.every_s + RETRY_S))
            if failures is not None:
                ran += 1
                _run(url, connection, job, clock, now, failures)
    return ran


def _run(url: str, connection: Connection, job: Job, clock: Clock, now: datetime, failures: int) -> None:
    error: str | None = None
    try:
        with connect(url, name=f"job-{job.name}", autocommit=True) as own:
            job.run(own, now)
    except Unavailable:
        raise
    except Exception as caught:
        failures += 1
        error = f"{type(caught).__name__}: {caught}"
        _log.exception("job_failed", job=job.name, failures=failures)
    else:
        failures = 0
    finished = clock.now()
    wait_s = min(job.every_s, RETRY_S) if error else job.every_s
    timers.finish_job(
        connection,
        job.name,
        started_at=now,
        finished_at=finished,
        due_at=later(finished, wait_s),
        failures=failures,
        error=error,
    )
