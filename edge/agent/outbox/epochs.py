"""Which epoch new items are minted in: the file's own, unless its numbers can no longer be trusted."""

import secrets
import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenedEpoch:
    """The current epoch, and why a new one began (empty: the file's own goes on, or the file is new)."""

    epoch_id: int
    epoch: str
    reason: str


def open_epoch(connection: sqlite3.Connection, *, fingerprint: str, boot: str) -> OpenedEpoch:
    """Inside a transaction: go on with the file's epoch or begin a new one, and mark the file as in use.

    A new epoch begins when the file is new; when it came from another machine (a copied card: both would count
    on); and when the machine went down without closing it, as in a power cut: telemetry is committed without a
    sync, so numbers that the server already holds may have been rolled back, and given out twice they would be
    dropped as known. Old rows leave under their own epoch, and no gap record that may have left changes again.
    """
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    reason = ""
    if "epoch_id" in meta:
        if meta.get("fingerprint") != fingerprint:
            reason = "the file came from another machine"
        elif meta.get("clean") != "1" and meta.get("boot") != boot:
            reason = "the machine went down without closing the outbox"
    if "epoch_id" not in meta or reason:
        meta["epoch_id"] = str(add_epoch(connection, secrets.token_hex(16)))
        connection.execute("UPDATE gaps SET sent = 1")
    meta |= {"fingerprint": fingerprint, "boot": boot, "clean": "0"}
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
    epoch_id = int(meta["epoch_id"])
    _forget_unused(connection, epoch_id)
    epoch = connection.execute("SELECT epoch FROM epochs WHERE id = ?", (epoch_id,)).fetchone()[0]
    return OpenedEpoch(epoch_id, epoch, reason)


def add_epoch(connection: sqlite3.Connection, epoch: str) -> int:
    """The id of `epoch`, added when it is not there yet."""
    connection.execute("INSERT OR IGNORE INTO epochs (epoch) VALUES (?)", (epoch,))
    return int(connection.execute("SELECT id FROM epochs WHERE epoch = ?", (epoch,)).fetchone()[0])


def mark_closed(connection: sqlite3.Connection) -> None:
    """The file was closed in order: its counters are on disk."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('clean', '1')")


def _forget_unused(connection: sqlite3.Connection, current: int) -> None:
    """Names, series and old epochs without rows."""
    used = "SELECT epoch_id FROM readings UNION SELECT epoch_id FROM events UNION SELECT epoch_id FROM gaps"
    connection.execute(f"DELETE FROM epochs WHERE id <> ? AND id NOT IN ({used})", (current,))  # noqa: S608 (a constant)
    connection.execute("DELETE FROM counters WHERE epoch_id NOT IN (SELECT id FROM epochs)")
    connection.execute(
        "DELETE FROM names WHERE id NOT IN"
        " (SELECT boot_id FROM readings UNION SELECT exercise_id FROM readings UNION SELECT exercise_id FROM events)"
    )
    connection.execute("DELETE FROM series WHERE id NOT IN (SELECT series_id FROM readings)")
