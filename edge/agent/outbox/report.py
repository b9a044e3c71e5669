"""What is in an outbox file, read without disturbing the agent that may be using it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge.agent.outbox.database import connect
from edge.agent.outbox.statements import used_bytes
from redwhistle.errors import OutboxError


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """An item that the server could not read."""

    lane: str
    seq: int
    code: str
    detail: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class OutboxReport:
    """The state of one file."""

    epoch: str
    older_epochs: int
    """Epochs before the current one that still have rows."""
    alarms: int
    telemetry_events: int
    readings: int
    gaps: int
    dropped: int
    """Numbers that the gap records declare."""
    oldest_at_ms: int | None
    """Wall time of the oldest reading."""
    last_seq: dict[str, int]
    """Last number given out in each lane of the current epoch."""
    rejected: list[RejectedItem]
    """The newest twenty."""
    rejected_count: int
    used_bytes: int


def read_report(path: Path) -> OutboxReport:
    """Raises OutboxError when there is no readable outbox at `path`."""
    if not path.exists():
        raise OutboxError(f"there is no outbox at {path}: the box has not run with this data_dir yet")
    try:
        with closing(connect(path, read_only=True)) as connection:
            connection.execute("BEGIN")
            return _read(connection)
    except sqlite3.Error as error:
        raise OutboxError(f"the outbox {path} cannot be read: {error}") from error


def _read(connection: sqlite3.Connection) -> OutboxReport:
    def one(statement: str, *values: object) -> int:
        return int(connection.execute(statement, values).fetchone()[0] or 0)

    epoch_id, epoch = connection.execute(
        "SELECT epochs.id, epoch FROM meta JOIN epochs ON epochs.id = CAST(value AS INTEGER) WHERE key = 'epoch_id'"
    ).fetchone()
    oldest = connection.execute("SELECT at_ms FROM readings ORDER BY epoch_id, seq LIMIT 1").fetchone()
    rejected = connection.execute(
        "SELECT lane, seq, code, detail, at_ms FROM rejected ORDER BY id DESC LIMIT 20"
    ).fetchall()
    used = "SELECT epoch_id FROM readings UNION SELECT epoch_id FROM events UNION SELECT epoch_id FROM gaps"
    return OutboxReport(
        epoch=epoch,
        older_epochs=one(f"SELECT count(*) FROM ({used}) WHERE epoch_id <> ?", epoch_id),  # noqa: S608 (a constant)
        alarms=one("SELECT count(*) FROM events WHERE lane = 'alarm'"),
        telemetry_events=one("SELECT count(*) FROM events WHERE lane = 'telemetry'"),
        readings=one("SELECT count(*) FROM readings"),
        gaps=one("SELECT count(*) FROM gaps"),
        dropped=one("SELECT sum(count) FROM gaps"),
        oldest_at_ms=None if oldest is None else oldest[0],
        last_seq=dict(
            connection.execute("SELECT lane, last FROM counters WHERE epoch_id = ?", (epoch_id,)).fetchall()
        ),
        rejected=[RejectedItem(*row) for row in rejected],
        rejected_count=one("SELECT count(*) FROM rejected"),
        used_bytes=used_bytes(connection),
    )
