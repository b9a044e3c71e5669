"""Blurred pictures between an alarm and the server's acknowledgement: few, bounded, in a file of their own.

Apart from the outbox on purpose: no lock, no page and no transaction is shared with alarms, and a picture that finds
the disk full is given up at once, while alarms take the last byte. What goes unsent is counted by reason.
"""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import uuid_utils.compat
from pydantic import ValidationError

from edge.agent.moments import BoxClock
from edge.agent.observation import EvidenceTaken
from edge.agent.outbox.database import connect, is_corrupt
from redwhistle.contracts.evidence import Evidence
from redwhistle.errors import OutboxError
from redwhistle.logs import get_logger

_VERSION = 1
FULL, EXPIRED, REFUSED, UNREADABLE, BROKEN = "full", "expired", "refused", "unreadable", "broken"
"""Why a picture was given up."""


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """Bounds of the file; over them the oldest picture goes first."""

    max_pictures: int = 64
    max_bytes: int = 4 * 1024 * 1024
    max_age_h: float = 72.0
    """By a synchronised clock; without one the number alone bounds it."""


class SqliteEvidence:
    """Implements `edge.agent.ports.EvidenceOutbox`. Safe from any thread; opened when it is first needed."""

    def __init__(
        self,
        path: Path,
        *,
        site: str,
        box: str,
        clock: BoxClock,
        epoch: Callable[[], str],
        limits: EvidenceLimits | None = None,
    ) -> None:
        self._path = path
        self._site, self._box = site, box
        self._clock = clock
        self._epoch = epoch
        self._limits = limits or EvidenceLimits()
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._log = get_logger()

    def put(self, taken: EvidenceTaken) -> None:
        """Commit a picture, synced; the oldest go when there are too many. Raises OutboxError: then it is lost."""
        picture = uuid_utils.compat.uuid7()
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO evidence (id, event, device, place, exercise, at_ms, mono_ms, boot, synced, width_px,"
                " height_px, people_blurred, method, jpeg) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    str(picture),
                    str(taken.event),
                    taken.device,
                    taken.place,
                    taken.exercise,
                    taken.moment.at_ms,
                    taken.moment.mono_ms,
                    self._clock.boot,
                    taken.moment.synced,
                    taken.width_px,
                    taken.height_px,
                    taken.people_blurred,
                    taken.method,
                    taken.jpeg,
                ),
            )
            self._keep_bounds(connection)

    def waiting(self) -> list[UUID]:
        """Pictures that the server does not have, the newest first. Raises OutboxError."""
        with self._transaction() as connection:
            self._forget_old(connection)
            return [UUID(one) for (one,) in connection.execute("SELECT id FROM evidence ORDER BY n DESC")]

    def read(self, picture: UUID) -> Evidence | None:
        """A picture as it goes on the wire; None when it is gone, or cannot be sent and was given up. Raises OutboxError."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT event, device, place, exercise, at_ms, mono_ms, boot, synced, width_px, height_px,"
                " people_blurred, method, jpeg FROM evidence WHERE id = ?",
                (str(picture),),
            ).fetchone()
        if row is None:
            return None
        event, device, place, exercise, at_ms, mono_ms, boot, synced, *rest = row
        width_px, height_px, people_blurred, method, jpeg = rest
        try:
            return Evidence(
                site=self._site,
                box=self._box,
                epoch=self._epoch(),
                sent=self._clock.stamp(),
                id=picture,
                event=UUID(event),
                device=device,
                place=place,
                at_ms=at_ms,
                mono_ms=mono_ms,
                boot=boot,
                synced=bool(synced),
                exercise=exercise,
                width_px=width_px,
                height_px=height_px,
                people_blurred=people_blurred,
                method=method,
                jpeg=jpeg,
            )
        except ValidationError:
            self.give_up(picture, UNREADABLE)
            return None

    def drop(self, pictures: Collection[UUID]) -> int:
        """Delete what the server has; return how many were here. Raises OutboxError: they are sent again."""
        with self._transaction() as connection:
            return sum(
                connection.execute("DELETE FROM evidence WHERE id = ?", (str(one),)).rowcount
                for one in pictures
            )

    def give_up(self, picture: UUID, reason: str) -> None:
        """Delete a picture that will never be taken, and count it. Raises OutboxError."""
        with self._transaction() as connection:
            deleted = connection.execute("DELETE FROM evidence WHERE id = ?", (str(picture),)).rowcount
            _count(connection, reason, deleted)
        if deleted:
            self._log.warning("evidence_given_up", evidence=str(picture), why=reason)

    def given_up(self) -> dict[str, int]:
        """How many went unsent since the file was made, by reason. Raises OutboxError."""
        with self._transaction() as connection:
            return dict(connection.execute("SELECT reason, count FROM given_up ORDER BY reason").fetchall())

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._close_inside()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                connection = self._open_inside()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OSError) as error:
                self._close_inside()
                if isinstance(error, sqlite3.Error) and is_corrupt(error):
                    self._begin_anew(error)
                raise OutboxError(
                    f"pictures cannot be kept in {self._path.name}: {error}. Check the disk."
                ) from error

    def _open_inside(self) -> sqlite3.Connection:
        if self._opened is None:
            connection = connect(self._path)
            try:
                connection.execute("PRAGMA journal_mode = TRUNCATE")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA secure_delete = ON")  # a picture that left is gone from the card
                if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                    script = files("edge.agent.outbox").joinpath("evidence.sql").read_text(encoding="utf-8")
                    connection.executescript(f"BEGIN;\n{script}\nPRAGMA user_version = {_VERSION};\nCOMMIT;")
            except BaseException:
                connection.close()
                raise
            self._opened = connection
        return self._opened

    def _close_inside(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(sqlite3.Error):
                opened.close()

    def _begin_anew(self, error: sqlite3.Error) -> None:
        """A broken file is deleted: a picture is no alarm, and one that nobody can send must not lie about."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
        self._log.error("evidence_file_broken", why=str(error), note="it was deleted; a new one is made")

    def _keep_bounds(self, connection: sqlite3.Connection) -> None:
        limits = self._limits
        rows = connection.execute("SELECT n, length(jpeg) FROM evidence ORDER BY n DESC").fetchall()
        total, over = 0, 0
        for number, (n, size_bytes) in enumerate(rows, 1):
            total += size_bytes
            if number > 1 and (number > limits.max_pictures or total > limits.max_bytes):
                over += connection.execute("DELETE FROM evidence WHERE n = ?", (n,)).rowcount
        _count(connection, FULL, over)

    def _forget_old(self, connection: sqlite3.Connection) -> None:
        now = self._clock.moment()
        if now.synced:
            before_ms = now.at_ms - round(3_600_000 * self._limits.max_age_h)
            gone = connection.execute("DELETE FROM evidence WHERE synced AND at_ms < ?", (before_ms,))
            _count(connection, EXPIRED, gone.rowcount)


def _count(connection: sqlite3.Connection, reason: str, count: int) -> None:
    if count:
        connection.execute(
            "INSERT INTO given_up VALUES (?, ?) ON CONFLICT (reason) DO UPDATE SET count = count + excluded.count",
            (reason, count),
        )
