"""What `redwhistle doctor` asks of the database."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from server.store.connection import connect, translated
from server.store.sql import statement


@dataclass(frozen=True, slots=True)
class Facts:
    """The database at one moment. `now` is its clock; `unchanged` are administrators who keep a first password."""

    now: datetime
    people: int
    admins: list[str]
    unchanged: list[str]
    retention_at: datetime | None
    places: int
    quarantined: int


def read_facts(url: str) -> Facts:
    """Ask over a connection of its own; raise StoreError."""
    with connect(url, name="doctor", autocommit=True) as connection, translated():
        row = connection.cursor(row_factory=class_row(Facts)).execute(statement("standing/facts")).fetchone()
    assert row is not None  # noqa: S101  a query without FROM has one row
    return row
