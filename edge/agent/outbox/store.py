"""The open file and what is known about it: epoch, row counts, and what is done when the disk fails or fills."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from edge.agent.moments import BoxClock
from edge.agent.outbox import statements
from edge.agent.outbox.database import SavedAlarm, is_corrupt, open_reader, save_alarms, set_aside
from edge.agent.outbox.epochs import OpenedEpoch, add_epoch, mark_closed, open_epoch
from edge.agent.outbox.limits import Limits
from edge.agent.outbox.remint import remint
from edge.agent.outbox.room import Reserve
from edge.agent.outbox.writer import Writer
from edge.agent.ports import Finding, FindingCode
from redwhistle.contracts.ids import Lane
from redwhistle.errors import OutboxError

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]
CHECKPOINT_FRAMES = 1000
TIGHT_FRAMES = 64
ROOM_ROWS = 5000
"""Rows of telemetry given up in one transaction at most."""


class Store:
    """One outbox file. Safe from any thread; sqlite3 errors come out as they are, for the outbox's own parts.

    `on_replaced` is called when rows got another identity or file while the agent ran: what was sent is to be forgotten.
    """

    def __init__(self, path: Path, clock: BoxClock, fingerprint: str, limits: Limits) -> None:
        self.clock = clock
        self.limits = limits
        self._findings: list[Finding] = []
        self._undeclared = 0
        self.rows: dict[Lane, int] = {}
        """Items on disk; changed only by a holder of the gate."""
        self.dropped = 0
        self.on_replaced: Callable[[], None] = _do_nothing
        self._path = path
        self._fingerprint = fingerprint
        self._reserve = Reserve(path.with_suffix(".reserve"), limits.reserve_bytes)
        self._reader_lock = threading.Lock()
        self._saved: list[SavedAlarm] = []
        self._reader: sqlite3.Connection
        try:
            self._open_all()
        except sqlite3.OperationalError as error:
            if not self._reserve.give_up():
                raise
            # Most likely the disk is full: a box that restarts now must start.
            self.find(FindingCode.DISK_FULL, f"the disk was full at the start ({error}): free the disk")
            self._open_all()
        self._tight = not self._reserve.restore()

    @property
    def epoch(self) -> str:
        return self._opened.epoch

    @property
    def epoch_id(self) -> int:
        return self._opened.epoch_id

    def find(self, code: FindingCode, why: str) -> None:
        """Note something unusual; what nobody asks for is not kept for ever."""
        self._findings = [*self._findings[-99:], Finding(code, why)]

    def take_findings(self) -> list[Finding]:
        """What was unusual since the last call."""
        undeclared, self._undeclared = self._undeclared, 0
        if undeclared:
            self.find(FindingCode.DROPPED, f"no room: {undeclared} items of an older epoch were dropped")
        found, self._findings = self._findings, []
        return found

    def epoch_id_of(self, epoch: str) -> int | None:
        """The id of an epoch that has or had rows in this file, or None."""
        return self._epoch_ids.get(epoch)

    def epochs(self) -> dict[str, int]:
        """All epochs of the file, oldest first."""
        return dict(self._epoch_ids)

    def add_epoch(self, connection: sqlite3.Connection, epoch: str) -> int:
        """Inside a transaction: the id of an epoch that was counted elsewhere (in memory, in a broken file)."""
        epoch_id = add_epoch(connection, epoch)
        self._epoch_ids[epoch] = epoch_id
        return epoch_id

    def begin_anew(self, epoch_id: int) -> bool:
        """Move everything of the current epoch to a new one; False when `epoch_id` is not the current one any more."""
        with self.writer.gate.enter(urgent=True):
            if epoch_id != self.epoch_id:
                return False
            done = self.writer.run_inside(lambda c: remint(c, epoch_id), synced=True)
            reason = (
                "the server holds numbers that this file never gave out: an older copy of it was put back"
            )
            self._opened = OpenedEpoch(done.epoch_id, done.epoch, reason)
            self._epoch_ids[done.epoch] = done.epoch_id
            self.rows[Lane.TELEMETRY] -= done.gaps_removed
            self.find(FindingCode.NEW_EPOCH, f"{reason}; {done.moved} items go out under a new epoch")
        self.on_replaced()
        return True

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A reading transaction: all tables as they were at one moment."""
        with self._reader_lock:
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                with suppress(sqlite3.Error):
                    self._reader.execute("ROLLBACK")

    def react(self, error: sqlite3.Error) -> None:
        """Replace a file that turned out broken; do nothing about other errors. Call without holding the gate."""
        if not is_corrupt(error):
            return
        with self.writer.gate.enter(urgent=True), self._reader_lock:
            if not self._is_still_broken():
                return
            self._reader.close()
            kept, saved = self._set_aside(str(error))
            self.writer.replace_connection()
            self._reader = open_reader(self._path)
            self.find(FindingCode.BROKEN, _describe_replaced(kept, len(saved), str(error)))
            self._begin_inside(saved)
        self.on_replaced()

    def make_room(self, *, urgent: bool) -> None:
        """Drop the oldest telemetry; for an alarm also give up the reserve, and the log's own space.

        From then on, until the reserve is back, the disk is `tight`: the log is kept short, so that it does not eat
        what was freed, and telemetry only takes the place of older telemetry.
        """
        if not self._tight:
            self._tight = True
            self.find(
                FindingCode.DISK_FULL,
                "the disk is full: old telemetry goes until there is room; free the disk",
            )
        if urgent:
            self._reserve.give_up()
        with suppress(sqlite3.Error), self.writer.gate.enter(urgent=urgent):
            self.writer.checkpoint("TRUNCATE" if urgent else "RESTART")
        with suppress(sqlite3.Error), self.writer.gate.enter(urgent=urgent):
            self.evict_inside(ROOM_ROWS, "the disk was full")
        with suppress(sqlite3.Error), self.writer.gate.enter(urgent=urgent):
            self.writer.checkpoint("RESTART")

    def make_place_inside(self, rows: int) -> None:
        """Before `rows` of telemetry are added, for a holder of the gate: on a tight disk as many old ones go."""
        if self._tight and self.rows[Lane.TELEMETRY] > 0:
            self.evict_inside(rows, "the disk was full")

    def shorten_log_inside(self) -> None:
        """After a commit, for a holder of the gate: on a tight disk the log begins anew before it grows."""
        if self._tight and self.writer.count_log() >= TIGHT_FRAMES:
            with suppress(sqlite3.Error):
                self.writer.checkpoint("RESTART")

    def evict_inside(self, count: int, reason: str) -> None:
        """Drop the `count` oldest items of telemetry, for a holder of the gate."""
        at_ms = self.clock.moment().at_ms
        eviction = self.writer.run_inside(lambda c: statements.evict(c, count, self.epoch_id, at_ms, reason))
        self.dropped += eviction.dropped
        self.rows[Lane.TELEMETRY] += eviction.gaps_added - eviction.dropped
        self._undeclared += eviction.undeclared

    def keep_bounds_inside(self) -> None:
        """Drop what is over the limits, for a holder of the gate; a little more than needed, so that it is seldom done."""
        over = sum(self.rows.values()) - self.limits.max_rows
        if self.writer.used_bytes() > self.limits.max_bytes:
            over = max(over, self.rows[Lane.TELEMETRY] // 20)
        if over > 0 and self.rows[Lane.TELEMETRY] > 0:
            self.evict_inside(
                max(min(over + self.limits.max_rows // 50, ROOM_ROWS), 1), "the outbox was full"
            )

    def tend(self) -> None:
        """Checkpoint a log that has grown, and keep the reserve. Raises sqlite3.Error."""
        with self.writer.gate.enter():
            if self.writer.count_log() >= CHECKPOINT_FRAMES:
                self.writer.checkpoint()
            self.keep_bounds_inside()
        self._tight = not self._reserve.restore()

    def close(self) -> None:
        """Note that the file was closed in order, and let go of it."""
        with suppress(sqlite3.Error):
            self.writer.run(mark_closed, urgent=True)
        with suppress(sqlite3.Error), self._reader_lock:
            self._reader.close()
        with suppress(sqlite3.Error), self.writer.gate.enter(urgent=True):
            self.writer.close()

    def _open_all(self) -> None:
        self.writer = self._open_or_replace()
        try:
            self._reader = open_reader(self._path)
            self._begin(self._saved)
        except BaseException:
            with suppress(sqlite3.Error):
                self.writer.close()
            raise

    def _open_or_replace(self) -> Writer:
        try:
            return Writer(self._path)
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
            kept, self._saved = self._set_aside(str(error))
            self.find(FindingCode.BROKEN, _describe_replaced(kept, len(self._saved), str(error)))
            return Writer(self._path)

    def _set_aside(self, why: str) -> tuple[Path, list[SavedAlarm]]:
        try:
            kept = set_aside(self._path)
        except OSError as error:
            raise OutboxError(
                f"the outbox is broken ({why}) and cannot be set aside: {error}. Move {self._path} away by hand."
            ) from error
        return kept, save_alarms(kept)

    def _is_still_broken(self) -> bool:
        """False when another thread replaced the file while this one waited at the gate."""
        try:
            return bool(self.writer.quick_check() != "ok")
        except sqlite3.Error:
            return True

    def _begin(self, saved: list[SavedAlarm]) -> None:
        with self.writer.gate.enter(urgent=True):
            self._begin_inside(saved)

    def _begin_inside(self, saved: list[SavedAlarm]) -> None:
        self._epoch_ids: dict[str, int] = {}

        def begin(connection: sqlite3.Connection) -> tuple[OpenedEpoch, dict[Lane, int]]:
            opened = open_epoch(connection, fingerprint=self._fingerprint, boot=self.clock.boot)
            for alarm in saved:
                exercise_id = self.writer.name_id(connection, alarm.exercise)
                epoch_id = add_epoch(connection, alarm.epoch)
                statements.insert_event(connection, epoch_id, Lane.ALARM, exercise_id, alarm.seq, alarm.item)
            self._epoch_ids |= connection.execute("SELECT epoch, id FROM epochs ORDER BY id").fetchall()
            return opened, statements.count_rows(connection)

        self._opened, self.rows = self.writer.run_inside(begin, synced=True)
        if self._opened.reason:
            self.find(FindingCode.NEW_EPOCH, f"new items count in a new epoch: {self._opened.reason}")


def _do_nothing() -> None:
    pass


def _describe_replaced(kept: Path, saved: int, why: str) -> str:
    return f"the outbox was broken ({why}) and is kept as {kept.name}; {saved} alarms could be read from it and are sent"
