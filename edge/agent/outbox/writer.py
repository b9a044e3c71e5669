"""The one connection that writes: transactions behind the gate, ids of names, the count of what was written."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from edge.agent.outbox.database import open_writer
from edge.agent.outbox.gate import Gate
from edge.agent.outbox.log_index import LogIndex
from edge.agent.outbox.statements import used_bytes

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]


class Writer:
    """Safe from any thread. sqlite3 errors come out as they are: this class is inside the adapter."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.gate = Gate()
        self.transactions = 0
        self.written_bytes = 0
        """Written to the log and from there to the file, by the sizes of their pages: what wears the card."""
        self._connection = open_writer(path)
        self._index = LogIndex(path)
        self._names: dict[str, int] = {}
        self._series: dict[tuple[str, str], int] = {}
        self._log_salt = b""
        self._log_frames = 0

    def run(self, action: Action[T], *, urgent: bool = False) -> T:
        """Enter the gate, run `action` in a transaction, commit; `urgent`: first at the gate, and synced."""
        with self.gate.enter(urgent=urgent):
            return self.run_inside(action, synced=urgent)

    def run_inside(self, action: Action[T], *, synced: bool = False) -> T:
        """The same, for a caller who holds the gate."""
        connection = self._connection
        connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = action(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._names.clear()
            self._series.clear()
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            raise
        self.transactions += 1
        return result

    def name_id(self, connection: sqlite3.Connection, name: str | None) -> int:
        """The id of a name, added when it is new; 0 for none."""
        if name is None:
            return 0
        found = self._names.get(name)
        if found is None:
            connection.execute("INSERT OR IGNORE INTO names (name) VALUES (?)", (name,))
            found = int(connection.execute("SELECT id FROM names WHERE name = ?", (name,)).fetchone()[0])
            self._names[name] = found
        return found

    def series_id(self, connection: sqlite3.Connection, device: str, metric: str) -> int:
        """The id of a device's metric, added when it is new."""
        found = self._series.get((device, metric))
        if found is None:
            connection.execute(
                "INSERT OR IGNORE INTO series (device, metric) VALUES (?, ?)", (device, metric)
            )
            row = connection.execute(
                "SELECT id FROM series WHERE device = ? AND metric = ?", (device, metric)
            ).fetchone()
            found = self._series[device, metric] = int(row[0])
        return found

    def checkpoint(self, mode: str = "PASSIVE") -> None:
        """Move the log into the file, for a caller who holds the gate. Raises sqlite3.Error."""
        self.count_log()
        page_bytes = self._connection.execute("PRAGMA page_size").fetchone()[0]
        _, _, moved = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        self.written_bytes += max(moved, 0) * page_bytes

    def used_bytes(self) -> int:
        """Bytes of the file that hold something, for a caller who holds the gate."""
        return used_bytes(self._connection)

    def quick_check(self) -> str:
        """`ok`, or the first thing that is broken, for a caller who holds the gate. Raises sqlite3.Error."""
        return str(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0])

    def count_log(self) -> int:
        """Add what the log grew by to `written_bytes`; return the log's frames (0 when it cannot be read)."""
        state = self._index.read()
        if state is None:
            return 0
        before = self._log_frames if state.salt == self._log_salt else 0
        self.written_bytes += max(state.frames - before, 0) * (state.page_bytes + 24)
        self._log_salt, self._log_frames = state.salt, state.frames
        return state.frames

    def replace_connection(self) -> None:
        """Close, and open the path anew (after the file was set aside). Raises sqlite3.Error, OutboxError."""
        with suppress(sqlite3.Error):
            self._connection.close()
        self._index.close()
        self._names.clear()
        self._series.clear()
        self._connection = open_writer(self.path)

    def close(self) -> None:
        """Close the connection; sqlite moves the log into the file."""
        self._connection.close()
        self._index.close()
