"""What is due: rows that carry a time, taken with FOR UPDATE SKIP LOCKED inside the caller's transaction.

Taking locks; committing ends it. A process that dies in between has taken nothing, and another takes the same rows.
"""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import dict_row

from server.alerts.records import SiteKey
from server.alerts.work_item import WorkItem
from server.store import queue_rows, storable
from server.store.connection import Connection, translated
from server.store.sql import statement


@dataclass(frozen=True, slots=True)
class Wake:
    """An engine state that asked to be woken at `at`, and the hash of the rules under which it asked."""

    key: SiteKey
    at: datetime
    pack_hash: str


def take_wakes(connection: Connection, now: datetime, limit: int) -> list[Wake]:
    """Lock and return engine states whose wake-up is due, longest due first."""
    with translated():
        rows = connection.execute(statement("timers/take_wakes"), {"now": now, "limit": limit}).fetchall()
    return [Wake((site, exercise), at, pack_hash) for site, exercise, at, pack_hash in rows]


def postpone_wake(connection: Connection, key: SiteKey, now: datetime, until: datetime) -> None:
    """Put off a wake-up on which the engine fails, so that it stands in nobody's way."""
    values = {"site": key[0], "exercise": key[1], "now": now, "until": until}
    with translated():
        connection.execute(statement("timers/postpone_wake"), values)


def wake_all(connection: Connection, now: datetime) -> int:
    """Wake every site that waits for a later time: the clock was set back, and that time may never have been meant."""
    with translated():
        return connection.execute(statement("timers/wake_all"), {"now": now}).rowcount


def take_leases(connection: Connection, now: datetime, beyond: datetime, limit: int) -> list[WorkItem]:
    """Lock and return items whose claim ran out (or ends later than `beyond`, which no claim can)."""
    with translated():
        cursor = connection.cursor(row_factory=dict_row)
        values = {"now": now, "beyond": beyond, "limit": limit}
        return [
            queue_rows.work_item(r)
            for r in cursor.execute(statement("timers/take_leases"), values).fetchall()
        ]


def due_closings(connection: Connection, now: datetime, beyond: datetime, limit: int) -> list[str]:
    """Ids of items whose undo window is over; not locked."""
    values = {"now": now, "beyond": beyond, "limit": limit}
    with translated():
        return [row[0] for row in connection.execute(statement("timers/due_closings"), values).fetchall()]


def postpone_closing(connection: Connection, item: str, now: datetime, until: datetime) -> None:
    """Put off a closing that fails, so that it stands in nobody's way."""
    with translated():
        connection.execute(statement("timers/postpone_closing"), {"id": item, "now": now, "until": until})


def next_due(connection: Connection) -> datetime | None:
    """When the next wake-up, lease or undo window ends; None when nothing waits."""
    with translated():
        row = connection.execute(statement("timers/next_due")).fetchone()
    return row[0] if row else None


def add_job(connection: Connection, name: str, now: datetime) -> None:
    """Make a job known; it is due at once the first time."""
    with translated():
        connection.execute(statement("timers/add_job"), {"name": name, "now": now})


def take_job(connection: Connection, name: str, now: datetime, beyond: datetime) -> int | None:
    """Lock the job's row if it is due and nobody has it; return how often it failed in a row, or None."""
    with translated():
        values = {"name": name, "now": now, "beyond": beyond}
        row = connection.execute(statement("timers/take_job"), values).fetchone()
    return None if row is None else int(row[1])


def finish_job(
    connection: Connection,
    name: str,
    *,
    started_at: datetime,
    finished_at: datetime,
    due_at: datetime,
    failures: int,
    error: str | None,
) -> None:
    """Write down how the job went and when it is due again."""
    values = {
        "name": name,
        "started_at": started_at,
        "finished_at": finished_at,
        "due_at": due_at,
        "failures": failures,
        "error": None if error is None else storable.text(error)[:1000],
    }
    with translated():
        connection.execute(statement("timers/finish_job"), values)
