"""What waits in an outbox file, as the envelopes in which it would leave: for a box whose network will not come back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from edge.agent.outbox.database import connect
from edge.agent.outbox.envelopes import pack
from edge.agent.outbox.rows import Stream
from edge.agent.outbox.statements import select_rows
from redwhistle.contracts.envelope import Envelope, Stamp
from redwhistle.contracts.ids import Lane
from redwhistle.errors import OutboxError

_ROWS = 500
_ALL = 2**62


def read_envelopes(path: Path, site: str, box: str, sent: Stamp) -> Iterator[Envelope]:
    """Alarms first, oldest first, of all epochs; nothing is changed or marked. Raises OutboxError."""
    if not path.exists():
        raise OutboxError(f"there is no outbox at {path}: the box has not run with this data_dir yet")
    try:
        with closing(connect(path, read_only=True)) as connection:
            connection.execute("BEGIN")
            epochs = connection.execute("SELECT id, epoch FROM epochs ORDER BY id").fetchall()
            for lane in (Lane.ALARM, Lane.TELEMETRY):
                for epoch_id, epoch in epochs:
                    yield from _read_stream(connection, epoch_id, Stream(epoch, lane), site, box, sent)
    except sqlite3.Error as error:
        raise OutboxError(f"the outbox {path} cannot be read: {error}") from error


def _read_stream(
    connection: sqlite3.Connection, epoch_id: int, stream: Stream, site: str, box: str, sent: Stamp
) -> Iterator[Envelope]:
    after = 0
    while True:
        rows, unreadable = select_rows(connection, epoch_id, stream.lane, after + 1, _ALL, _ROWS)
        if not rows and not unreadable:
            return
        yield from pack(rows, stream, site, box, sent)
        whole = len(rows) < _ROWS
        seen = [row.seq for row in rows] + [seq for seq, _ in unreadable if whole]
        after = max(seen)
