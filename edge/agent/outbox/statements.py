"""The outbox's SQL: each function does one thing on a connection, inside the caller's transaction."""

import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.agent.outbox.gaps import continues, to_runs
from edge.agent.outbox.rows import EventRow, GapRow, ReadingRow, Row
from redwhistle.contracts.events import Event
from redwhistle.contracts.ids import Lane, SeqRange
from redwhistle.contracts.readings import GapRecord

DELETE_SPAN = 4096
"""Numbers that one transaction deletes at most, so that an alarm never waits long for the writer."""


@dataclass(frozen=True, slots=True)
class Eviction:
    """What went to make room, and how many gap records were added."""

    dropped: int = 0
    gaps_added: int = 0
    undeclared: int = 0
    """Of `dropped`: of an old epoch, in which nothing may be minted; the server sees a hole."""


def next_seqs(connection: sqlite3.Connection, epoch_id: int, lane: Lane, count: int) -> int:
    """Give out `count` numbers; return the first."""
    row = connection.execute(
        "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = last + excluded.last RETURNING last",
        (epoch_id, lane.value, count),
    ).fetchone()
    return int(row[0]) - count + 1


def last_seq(connection: sqlite3.Connection, epoch_id: int, lane: Lane) -> int:
    """The last number given out; 0 when there was none."""
    row = connection.execute(
        "SELECT last FROM counters WHERE epoch_id = ? AND lane = ?", (epoch_id, lane.value)
    ).fetchone()
    return 0 if row is None else int(row[0])


def insert_event(
    connection: sqlite3.Connection, epoch_id: int, lane: Lane, exercise_id: int, seq: int, item: str
) -> int:
    """Add an event unless its number is there; return how many were added."""
    return connection.execute(
        "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", (epoch_id, lane.value, seq, exercise_id, item)
    ).rowcount


def insert_readings(connection: sqlite3.Connection, rows: Iterable[Sequence[int | float]]) -> None:
    """Add rows of the table's nine columns."""
    connection.executemany("INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def select_rows(
    connection: sqlite3.Connection, epoch_id: int, lane: Lane, lo: int, hi: int, limit: int
) -> tuple[list[Row], list[tuple[int, str]]]:
    """The first `limit` items with numbers in [lo, hi], rising; apart, events whose text is no event any more.

    Call inside a transaction: three tables, one moment.
    """
    span = (lo, hi, limit)
    unreadable: list[tuple[int, str]] = []
    rows: list[Row] = []
    for seq, exercise, item in connection.execute(
        "SELECT seq, name, item FROM events LEFT JOIN names ON names.id = exercise_id"
        " WHERE epoch_id = ? AND lane = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
        (epoch_id, lane.value, *span),
    ):
        try:
            event = Event.model_validate_json(item, extra="ignore")
            rows.append(EventRow(seq, exercise, event, len(item.encode())))
        except ValueError:
            unreadable.append((seq, item))
    if lane is Lane.ALARM:
        return rows, unreadable
    rows += [
        ReadingRow(seq, exercise, boot, bool(synced), device, metric, value, at_ms, mono_ms)
        for seq, exercise, boot, synced, device, metric, value, at_ms, mono_ms in connection.execute(
            "SELECT seq, e.name, b.name, synced, device, metric, value, at_ms, mono_ms FROM readings"
            " JOIN names b ON b.id = boot_id JOIN series s ON s.id = series_id LEFT JOIN names e ON e.id = exercise_id"
            " WHERE epoch_id = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
            (epoch_id, *span),
        )
    ]
    rows += [
        _to_gap(row)
        for row in connection.execute(
            "SELECT seq, lo, hi, count, at_ms, reason FROM gaps"
            " WHERE epoch_id = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
            (epoch_id, *span),
        )
    ]
    rows.sort(key=_seq_of)
    return rows[:limit], unreadable


def freeze_gaps(connection: sqlite3.Connection, epoch_id: int, seqs: Sequence[int]) -> dict[int, GapRow]:
    """Mark gap records as sent and return them as they now are for good."""
    frozen = {}
    for seq in seqs:
        row = connection.execute(
            "UPDATE gaps SET sent = 1 WHERE epoch_id = ? AND seq = ? RETURNING seq, lo, hi, count, at_ms, reason",
            (epoch_id, seq),
        ).fetchone()
        if row is not None:
            frozen[seq] = _to_gap(row)
    return frozen


def delete_some(connection: sqlite3.Connection, epoch_id: int, lane: Lane, ranges: deque[SeqRange]) -> int:
    """Delete rows in `ranges` until DELETE_SPAN numbers are passed; what is done leaves `ranges`. Return the rows."""
    deleted = 0
    left = DELETE_SPAN
    while ranges and left > 0:
        lo, hi = ranges.popleft()
        first = _first_seq(connection, epoch_id, lane, lo, hi)
        if first is None:
            left -= 1
            continue
        last = min(hi, first + left - 1)
        deleted += delete_range(connection, epoch_id, lane, first, last)
        left -= last - first + 1
        if last < hi:
            ranges.appendleft((last + 1, hi))
    return deleted


def delete_range(connection: sqlite3.Connection, epoch_id: int, lane: Lane, lo: int, hi: int) -> int:
    """Delete all items of a lane with numbers in [lo, hi]; return how many."""
    deleted = connection.execute(
        "DELETE FROM events WHERE epoch_id = ? AND lane = ? AND seq BETWEEN ? AND ?",
        (epoch_id, lane.value, lo, hi),
    ).rowcount
    if lane is Lane.TELEMETRY:
        for statement in (
            "DELETE FROM readings WHERE epoch_id = ? AND seq BETWEEN ? AND ?",
            "DELETE FROM gaps WHERE epoch_id = ? AND seq BETWEEN ? AND ?",
        ):
            deleted += connection.execute(statement, (epoch_id, lo, hi)).rowcount
    return deleted


def evict(
    connection: sqlite3.Connection, count: int, current_epoch_id: int, at_ms: int, reason: str
) -> Eviction:
    """Drop the `count` oldest readings and telemetry events, and declare them in gap records."""
    dropped = gaps_added = undeclared = 0
    for (epoch_id,) in connection.execute(
        "SELECT id FROM epochs ORDER BY id = ?, id", (current_epoch_id,)
    ).fetchall():
        seqs = _oldest_telemetry(connection, epoch_id, count - dropped)
        if not seqs:
            continue
        dropped += len(seqs)
        for statement in (
            "DELETE FROM readings WHERE epoch_id = ? AND seq <= ?",
            "DELETE FROM events WHERE epoch_id = ? AND lane = 'telemetry' AND seq <= ?",
        ):
            connection.execute(statement, (epoch_id, seqs[-1]))
        if epoch_id == current_epoch_id:
            for bounds, number in to_runs(seqs):
                gaps_added += declare(connection, epoch_id, bounds, number, at_ms, reason)
        else:
            undeclared += len(seqs)
        if dropped >= count:
            break
    return Eviction(dropped, gaps_added, undeclared)


def declare(
    connection: sqlite3.Connection, epoch_id: int, bounds: SeqRange, count: int, at_ms: int, reason: str
) -> int:
    """Record dropped numbers: in the newest gap record if it was not sent and is adjacent, in a new one otherwise.

    Return how many records were added (0 or 1).
    """
    row = connection.execute(
        "SELECT seq, hi FROM gaps WHERE epoch_id = ? AND sent = 0 AND reason = ? ORDER BY seq DESC LIMIT 1",
        (epoch_id, reason),
    ).fetchone()
    if row is not None and continues(row[1], row[0], bounds[0]):
        connection.execute(
            "UPDATE gaps SET hi = ?, count = count + ?, at_ms = ? WHERE epoch_id = ? AND seq = ?",
            (bounds[1], count, at_ms, epoch_id, row[0]),
        )
        return 0
    seq = next_seqs(connection, epoch_id, Lane.TELEMETRY, 1)
    connection.execute(
        "INSERT INTO gaps (epoch_id, seq, lo, hi, count, at_ms, reason) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (epoch_id, seq, *bounds, count, at_ms, reason),
    )
    return 1


def count_rows(connection: sqlite3.Connection) -> dict[Lane, int]:
    """Items on disk for each lane."""
    alarms, events, readings, gaps = connection.execute(
        "SELECT (SELECT count(*) FROM events WHERE lane = 'alarm'), (SELECT count(*) FROM events WHERE lane = 'telemetry'),"
        " (SELECT count(*) FROM readings), (SELECT count(*) FROM gaps)"
    ).fetchone()
    return {Lane.ALARM: alarms, Lane.TELEMETRY: events + readings + gaps}


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the file that hold something (freed pages are used again and do not count)."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def keep_rejected(
    connection: sqlite3.Connection,
    epoch: str,
    lane: Lane,
    seq: int,
    code: str,
    detail: str,
    item: str,
    at_ms: int,
) -> None:
    """Set an item aside; of telemetry the newest thousand stay."""
    connection.execute(
        "INSERT INTO rejected (epoch, lane, seq, code, detail, item, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (epoch, lane.value, seq, code, detail, item, at_ms),
    )
    connection.execute(
        "DELETE FROM rejected WHERE lane = 'telemetry' AND id <= (SELECT id FROM rejected WHERE lane = 'telemetry'"
        " ORDER BY id DESC LIMIT 1 OFFSET 1000)"
    )


def remember_command(connection: sqlite3.Connection, command: str) -> bool:
    """Keep a command's id, and the newest thousand; False when it was there already."""
    added = connection.execute("INSERT OR IGNORE INTO commands (id) VALUES (?)", (command,)).rowcount
    connection.execute("DELETE FROM commands WHERE n <= (SELECT max(n) FROM commands) - 1000")
    return added == 1


def _first_seq(connection: sqlite3.Connection, epoch_id: int, lane: Lane, lo: int, hi: int) -> int | None:
    found = connection.execute(
        "SELECT seq FROM events WHERE epoch_id = ? AND lane = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 1",
        (epoch_id, lane.value, lo, hi),
    ).fetchall()
    if lane is Lane.TELEMETRY:
        for statement in (
            "SELECT seq FROM readings WHERE epoch_id = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 1",
            "SELECT seq FROM gaps WHERE epoch_id = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 1",
        ):
            found += connection.execute(statement, (epoch_id, lo, hi)).fetchall()
    return min((seq for (seq,) in found), default=None)


def _oldest_telemetry(connection: sqlite3.Connection, epoch_id: int, count: int) -> list[int]:
    seqs: list[int] = []
    for statement in (
        "SELECT seq FROM readings WHERE epoch_id = ? ORDER BY seq LIMIT ?",
        "SELECT seq FROM events WHERE epoch_id = ? AND lane = 'telemetry' ORDER BY seq LIMIT ?",
    ):
        seqs += [seq for (seq,) in connection.execute(statement, (epoch_id, count))]
    return sorted(seqs)[:count]


def _to_gap(row: tuple[int, int, int, int, int, str]) -> GapRow:
    seq, lo, hi, count, at_ms, reason = row
    return GapRow(seq, GapRecord(seq=seq, dropped=(lo, hi), count=count, at_ms=at_ms, reason=reason))


def _seq_of(row: Row) -> int:
    return row.seq
