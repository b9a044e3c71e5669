"""A new epoch for everything that is in the file, when the server turns out to know more of the old one than the file.

That happens when an older copy of the outbox is put back: a restored card, a rolled-back update. Its counters then
stand behind what the server holds, and items numbered by them would be dropped there as known, alarms among them.
So all rows move to a new epoch with new numbers; events keep their UUID. Twice told beats not told.
"""

import json
import secrets
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from heapq import merge

from edge.agent.outbox import statements
from edge.agent.outbox.epochs import add_epoch
from redwhistle.contracts.ids import Lane


@dataclass(frozen=True, slots=True)
class Reminted:
    """The new epoch, how many rows moved to it, and how many gap records of the old one went."""

    epoch_id: int
    epoch: str
    moved: int
    gaps_removed: int


def remint(connection: sqlite3.Connection, old_epoch_id: int) -> Reminted:
    """Inside a transaction: begin a new epoch and move the old one's rows there, in their order."""
    epoch = secrets.token_hex(16)
    epoch_id = add_epoch(connection, epoch)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('epoch_id', ?)", (str(epoch_id),))
    moved = 0
    for lane in Lane:
        events = _seqs(
            connection,
            "SELECT seq FROM events WHERE epoch_id = ? AND lane = ? ORDER BY seq",
            old_epoch_id,
            lane,
        )
        readings = []
        if lane is Lane.TELEMETRY:
            readings = _seqs(
                connection, "SELECT seq FROM readings WHERE epoch_id = ? ORDER BY seq", old_epoch_id
            )
        tagged = merge(((seq, True) for seq in events), ((seq, False) for seq in readings))
        count = len(events) + len(readings)
        first = statements.next_seqs(connection, epoch_id, lane, count)
        for new_seq, (seq, is_event) in enumerate(tagged, first):
            if is_event:
                _move_event(connection, (old_epoch_id, lane.value, seq), epoch_id, new_seq)
            else:
                connection.execute(
                    "UPDATE readings SET epoch_id = ?, seq = ? WHERE epoch_id = ? AND seq = ?",
                    (epoch_id, new_seq, old_epoch_id, seq),
                )
        moved += count
    removed = connection.execute("DELETE FROM gaps WHERE epoch_id = ?", (old_epoch_id,)).rowcount
    return Reminted(epoch_id, epoch, moved, removed)


def _move_event(connection: sqlite3.Connection, old: tuple[int, str, int], epoch_id: int, seq: int) -> None:
    key = "epoch_id = ? AND lane = ? AND seq = ?"
    item = connection.execute(f"SELECT item FROM events WHERE {key}", old).fetchone()[0]  # noqa: S608 (a constant)
    with suppress(ValueError, TypeError):  # unreadable: it is set aside when it is taken
        item = json.dumps(json.loads(item) | {"seq": seq}, ensure_ascii=False, separators=(",", ":"))
    connection.execute(
        f"UPDATE events SET epoch_id = ?, seq = ?, item = ? WHERE {key}",  # noqa: S608 (a constant)
        (epoch_id, seq, item, *old),
    )


def _seqs(
    connection: sqlite3.Connection, statement: str, epoch_id: int, lane: Lane | None = None
) -> list[int]:
    values = (epoch_id,) if lane is None else (epoch_id, lane.value)
    return [seq for (seq,) in connection.execute(statement, values)]
