"""Numbered migrations: applied in order, each in its own transaction, never edited once released.

`schema_migrations` keeps number, name and SHA-256 of what was applied; a file that changed since is refused.
"""

import hashlib
import re
from dataclasses import dataclass

from psycopg import sql

from redwhistle.errors import SchemaError
from server.store import edition as editions
from server.store.connection import Connection, connect, translated
from server.store.sql import MIGRATIONS

_LOCK = 7_215_034_118
"""Advisory lock: two processes that migrate at once go one after the other."""
_SERIES = 3
"""The migration after which the edition lays out the series tables."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Status:
    """What a database has and what it lacks; `edition` is None before the first migration."""

    edition: str | None
    applied: tuple[str, ...]
    missing: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def current(self) -> bool:
        return not self.missing and not self.problems


def migrations() -> tuple[Migration, ...]:
    """All migrations of this program, in order."""
    found = []
    for path in sorted(MIGRATIONS.iterdir(), key=lambda p: p.name):
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", path.name)
        if match:
            text = path.read_text(encoding="utf-8")
            found.append(Migration(int(match[1]), match[2], text, hashlib.sha256(text.encode()).hexdigest()))
    return tuple(found)


def migrate(url: str, *, dry_run: bool = False) -> tuple[str, ...]:
    """Apply what is missing; return the names applied (or that would be). Raise SchemaError when it cannot be."""
    with connect(url, name="migrate", autocommit=True) as connection, translated():
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            return _apply_missing(connection, dry_run=dry_run)
        finally:
            if not connection.closed:
                connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def read_status(url: str) -> Status:
    """What the database has, without changing it."""
    with connect(url, name="migrate", autocommit=True) as connection, translated():
        applied = _read_applied(connection)
        missing, problems = _compare(applied)
        row = None
        if applied:
            row = connection.execute("SELECT edition FROM schema_edition").fetchone()
        names = tuple(f"{number:04d}_{name}" for number, (name, _) in sorted(applied.items()))
        return Status(row[0] if row else None, names, tuple(_label(m) for m in missing), tuple(problems))


def require_current(url: str) -> None:
    """Raise SchemaError, with the command to run, unless the schema is exactly this program's."""
    status = read_status(url)
    if status.problems:
        raise SchemaError("; ".join(status.problems))
    if status.missing:
        raise SchemaError(f"the database lacks {', '.join(status.missing)}. Run `redwhistle db migrate`.")


def _apply_missing(connection: Connection, *, dry_run: bool) -> tuple[str, ...]:
    applied = _read_applied(connection)
    missing, problems = _compare(applied)
    if problems:
        raise SchemaError("; ".join(problems))
    if dry_run or not missing:
        return tuple(_label(m) for m in missing)
    if not applied:
        _begin(connection)
    row = connection.execute("SELECT edition FROM schema_edition").fetchone()
    assert row is not None  # noqa: S101  written by _begin
    edition = editions.Edition(row[0])
    for migration in missing:
        with connection.transaction():
            # The files are part of the program; nothing of a user is in them.
            connection.execute(sql.SQL(migration.text))
            if migration.number == _SERIES:
                editions.lay_out_series(connection, edition)
            connection.execute(
                "INSERT INTO schema_migrations (number, name, sha256) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.sha256),
            )
    return tuple(_label(m) for m in missing)


def _begin(connection: Connection) -> None:
    with connection.transaction():
        edition = editions.detect(connection)
        connection.execute(
            "CREATE TABLE schema_migrations (number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        connection.execute(
            "CREATE TABLE schema_edition (edition text NOT NULL, one boolean PRIMARY KEY DEFAULT true CHECK (one))"
        )
        connection.execute("INSERT INTO schema_edition (edition) VALUES (%s)", (edition.value,))


def _read_applied(connection: Connection) -> dict[int, tuple[str, str]]:
    exists = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
    if not exists or not exists[0]:
        return {}
    rows = connection.execute("SELECT number, name, sha256 FROM schema_migrations").fetchall()
    return {number: (name, sha256) for number, name, sha256 in rows}


def _compare(applied: dict[int, tuple[str, str]]) -> tuple[list[Migration], list[str]]:
    ours = {m.number: m for m in migrations()}
    problems = [
        f"migration {number:04d}_{applied[number][0]} was applied, but this program does not know it:"
        " use a program at least as new as the database"
        for number in sorted(applied.keys() - ours.keys())
    ]
    problems += [
        f"migration {_label(m)} differs from what was applied: released migrations are never edited"
        for number, m in sorted(ours.items())
        if number in applied and applied[number][1] != m.sha256
    ]
    return [m for number, m in sorted(ours.items()) if number not in applied], problems


def _label(migration: Migration) -> str:
    return f"{migration.number:04d}_{migration.name}"
