"""Accounts, sessions and tokens in PostgreSQL: transactions, and the reads that are made at each request.

Implements server.people.ports.PeopleStore over whatever gives connections: a pool, or one connection a command.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row

from server.people.ports import Found
from server.rights.caller import Caller, Grant, Via
from server.rights.roles import Role
from server.store.connection import Connection, connect, translated
from server.store.people_rows import PostgresPeopleRows, uuid_or_none
from server.store.sql import statement

Source = Callable[[], AbstractContextManager[Connection]]
"""Gives a connection for the length of a `with`: `pool.connection`, or `connections_to(url)`. Best with autocommit."""

CHANNEL = "rw_people"
"""Where listeners hear of every change of somebody's rights, and of every session that ended, right after the commit."""


class PostgresPeople:
    """The store over connections of `source`; as safe to share between threads as that is."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @contextmanager
    def begin(self) -> Iterator[PostgresPeopleRows]:
        with translated(), self._source() as connection, connection.transaction():
            yield PostgresPeopleRows(connection)

    def session_by_secret(self, sha256: bytes, now: datetime, idle_since: datetime) -> Found | None:
        values = {"sha256": sha256, "now": now, "idle_since": idle_since}
        return self._find(Via.SESSION, "people/session_by_secret", values)

    def session_by_id(self, session: str, now: datetime, idle_since: datetime) -> Found | None:
        values = {"id": uuid_or_none(session), "now": now, "idle_since": idle_since}
        return self._find(Via.SESSION, "people/session_by_id", values)

    def token_by_secret(self, token: str, sha256: bytes, now: datetime) -> Found | None:
        return self._find(Via.TOKEN, "people/token_by_secret", {"id": token, "sha256": sha256, "now": now})

    def token_by_id(self, token: str, now: datetime) -> Found | None:
        return self._find(Via.TOKEN, "people/token_by_id", {"id": token, "now": now})

    def touch_session(self, session: str, now: datetime) -> None:
        self._run("people/touch_session", {"id": session, "now": now})

    def touch_token(self, token: str, now: datetime) -> None:
        self._run("people/touch_token", {"id": token, "now": now})

    def _find(self, via: Via, name: LiteralString, values: Mapping[str, Any]) -> Found | None:
        with translated(), self._source() as connection:
            row = connection.cursor(row_factory=dict_row).execute(statement(name), values).fetchone()
        return None if row is None else _found(row, via)

    def _run(self, name: LiteralString, values: Mapping[str, Any]) -> None:
        with translated(), self._source() as connection:
            connection.execute(statement(name), values)


def connections_to(url: str) -> Source:
    """A source that opens a connection each time: for a command that needs a few."""
    return lambda: connect(url, name="people", autocommit=True)


_KNOWN = frozenset(Role)


def _found(row: Mapping[str, Any], via: Via) -> Found:
    caller = Caller(
        person=row["person"],
        login=row["login"],
        name=row["name"],
        lang=row["lang"],
        # a role that only a newer program knows gives no right here
        grants=tuple(
            Grant(Role(one["role"]), one["place"], one["company"])
            for one in row["grants"]
            if one["role"] in _KNOWN
        ),
        via=via,
        credential=row["credential"],
        until=row["until"],
        read_only=row["read_only"],
        must_change_password=row["must_change_password"],
        on_duty=row["on_duty"],
        on_duty_since=row["on_duty_since"],
    )
    return Found(caller, row["seen_at"])
