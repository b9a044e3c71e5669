"""What is kept how long, and its enforcement. Events of alerts and the ledger are not time series and stay."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import sql

from redwhistle.errors import ConfigurationError
from server.store.connection import Connection
from server.store.edition import Edition, read_edition

_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each relation is kept. Readings go first, their minutes later, their hours last."""

    readings: timedelta = timedelta(days=30)
    readings_minute: timedelta = timedelta(days=180)
    readings_hour: timedelta = timedelta(days=1100)
    events: timedelta = timedelta(days=1100)
    quarantine: timedelta = timedelta(days=180)
    suppressions: timedelta = timedelta(days=180)
    acts_done: timedelta = timedelta(days=7)
    """Answers under idempotency keys: a phone that was offline for longer asks anew."""

    def __post_init__(self) -> None:
        if self.readings < timedelta(days=8):
            raise ConfigurationError("readings must be kept for 8 days at least: data may come 7 days late")
        if not self.readings <= self.readings_minute <= self.readings_hour:
            raise ConfigurationError("a rollup must be kept as long as what it is made of, or longer")


_TIME_COLUMN = {
    "readings": "time",
    "events": "time",
    "readings_minute": "bucket",
    "readings_hour": "bucket",
    "quarantine": "at",
    "suppressions": "at",
    "acts_done": "at",
}


def enforce(connection: Connection, now: datetime, keep: Retention) -> dict[str, int]:
    """Delete what is older than `keep`; return what went: rows, or chunks where the relation has chunks.

    Works in short transactions of its own on an idle connection.
    """
    with connection.transaction():
        edition = read_edition(connection)
    gone: dict[str, int] = {}
    for relation, column in _TIME_COLUMN.items():
        before = now - getattr(keep, relation)
        if _has_chunks(edition, relation):
            with connection.transaction():
                rows = connection.execute(
                    "SELECT drop_chunks(%s::regclass, %s::timestamptz)", (relation, before)
                )
                gone[relation] = len(rows.fetchall())
        else:
            gone[relation] = _delete_rows(connection, relation, column, before)
    return gone


def _has_chunks(edition: Edition, relation: str) -> bool:
    if relation in ("readings", "events"):
        return edition is not Edition.PLAIN
    return relation in ("readings_minute", "readings_hour") and edition is Edition.TIMESCALE


def _delete_rows(connection: Connection, relation: str, column: str, before: datetime) -> int:
    total = 0
    query = sql.SQL(
        "DELETE FROM {relation} WHERE ctid = ANY (ARRAY("
        "SELECT ctid FROM {relation} WHERE {column} < %(before)s LIMIT %(limit)s))"
    ).format(relation=sql.Identifier(relation), column=sql.Identifier(column))
    while True:
        with connection.transaction():
            count = connection.execute(query, {"before": before, "limit": _ROWS_AT_ONCE}).rowcount
        total += count
        if count < _ROWS_AT_ONCE:
            return total
