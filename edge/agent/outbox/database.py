"""The outbox's file: opened, checked, set aside when it is broken, and locked against a second agent."""

import fcntl
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import IO

from redwhistle.contracts.ids import Lane
from redwhistle.errors import OutboxError, StorageRefused

SCHEMA_VERSION = 1
CORRUPT_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@dataclass(frozen=True, slots=True)
class SavedAlarm:
    """An alarm read from a broken file, with the identity that it had there."""

    epoch: str
    seq: int
    exercise: str | None
    item: str


def lock_file(path: Path) -> IO[bytes]:
    """Hold `path` until the returned file is closed.

    Raises OutboxError when another process holds it, StorageRefused when it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise StorageRefused(
            f"cannot write beside the outbox: {error}. Check data_dir and its owner."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise OutboxError(
            f"another agent uses this outbox ({path}): stop it first, or give this one a data_dir"
        ) from None
    return file


def open_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes, with the schema made and the file checked.

    Raises sqlite3.DatabaseError for a broken file and OutboxError for one of a newer program.
    """
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")  # the keeper checkpoints earlier than that
        _check(connection)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise OutboxError(  # noqa: TRY301 (closed below like after every other error)
                f"{path} was written by a newer program (version {version}): install that one again; nothing was changed"
            )
        if version == 0:
            _make_schema(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write."""
    connection = connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode that any thread may use, one at a time."""
    location = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(location, uri=True, isolation_level=None, check_same_thread=False, timeout=2)
    try:
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -2000")  # KiB
    except BaseException:
        connection.close()
        raise
    return connection


def set_aside(path: Path) -> Path:
    """Rename a broken file and what belongs to it to `<stem>.corrupt-<n>`; return the new path of the main file."""
    n = 1
    while (kept := path.with_name(f"{path.stem}.corrupt-{n}")).exists():
        n += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        with suppress(FileNotFoundError):
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def save_alarms(path: Path) -> list[SavedAlarm]:
    """The alarms that can still be read from a broken file; none is no error."""
    saved: list[SavedAlarm] = []
    with suppress(sqlite3.Error), closing(connect(path, read_only=True)) as connection:
        epochs = dict(connection.execute("SELECT id, epoch FROM epochs").fetchall())
        names = dict(connection.execute("SELECT id, name FROM names").fetchall())
        for epoch_id, seq, exercise_id, item in connection.execute(
            "SELECT epoch_id, seq, exercise_id, item FROM events WHERE lane = ?", (Lane.ALARM.value,)
        ):
            if epoch_id in epochs:
                saved.append(SavedAlarm(epochs[epoch_id], seq, names.get(exercise_id), item))
    return saved


def is_full(error: sqlite3.Error) -> bool:
    """Whether there was no space left, so that dropping rows helps."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken (and not full, locked or out of reach)."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in CORRUPT_CODES


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(f"quick_check: {found}")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _make_schema(connection: sqlite3.Connection) -> None:
    script = files("edge.agent.outbox").joinpath("schema.sql").read_text(encoding="utf-8")
    connection.execute("PRAGMA synchronous = FULL")
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
        )
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
