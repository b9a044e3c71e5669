"""Evidence for people: listed and looked at within a scope, every look recorded before the picture is given out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import dict_row

from redwhistle.errors import NotFound
from server.rights.scope import Scope
from server.store import storable
from server.store.connection import Connection, translated
from server.store.sql import statement

Row = dict[str, Any]
MAX_ROWS = 1000


@dataclass(frozen=True, slots=True)
class After:
    """Where a page ended: the last row's `received_at` and `id`."""

    received_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks, from where, and in which work item (an id; None: the one that it belongs to)."""

    person: str
    door: str
    address: str = ""
    item: str | None = None


def list_evidence(
    connection: Connection,
    scope: Scope,
    now: datetime,
    *,
    item: str | None = None,
    alert: str | None = None,
    at: str | None = None,
    exercise: str | None = "",
    after: After | None = None,
    limit: int = MAX_ROWS,
) -> list[Row]:
    """Evidence of a work item, an alert (ids), at a place and below, or all; the newest first, without pictures.

    Each row has `kept` (the picture can be looked at now), `alerts` and `items` ({id, number}; `alert` and `item` are
    the newest one's id), `views` (how many looks), `bytes` of the picture and `path`. `exercise` None: of all exercises and real.
    """
    values = {"id": None, "item": _uuid(item), "alert": _uuid(alert), "at": at, "exercise": exercise}
    return _list(connection, scope, now, values, after, limit)


def read_evidence(connection: Connection, scope: Scope, evidence: str, now: datetime) -> Row:
    """One row of `list_evidence`; raise NotFound when it is unknown or out of scope."""
    values = {"id": _uuid(evidence), "item": None, "alert": None, "at": None, "exercise": None}
    found = _list(connection, scope, now, values, None, 1)
    if not found:
        raise _unknown(evidence)
    return found[0]


def view(connection: Connection, scope: Scope, evidence: str, look: Look, now: datetime) -> bytes:
    """The JPEG, after the look was recorded and committed; raise NotFound when it is unknown, out of scope or removed.

    For an idle connection: the transaction is this function's own. Nothing is recorded when there is no picture.
    """
    wanted = _uuid(evidence)
    with translated(), connection.transaction():
        found = _rows(connection, "evidence/open", {"id": wanted, **scope.parameters()})
        if not found:
            raise _unknown(evidence)
        if found[0]["jpeg"] is None or found[0]["expires_at"] <= now:
            raise NotFound(
                f"the picture of {evidence} was removed when its time was over: what is left is its record"
            )
        items = _rows(connection, "evidence/item_of", {"id": wanted, "item": _uuid(look.item)})
        record = {
            "id": wanted,
            "at": now,
            "person": storable.text(look.person),
            "door": look.door,
            "address": storable.text(look.address),
            "item": items[0]["id"] if items else None,
        }
        connection.execute(statement("evidence/add_view"), record)
    return bytes(found[0]["jpeg"])


def list_views(
    connection: Connection,
    scope: Scope,
    *,
    evidence: str | None = None,
    person: str | None = None,
    at: str | None = None,
    exercise: str | None = "",
    after: int | None = None,
    limit: int = MAX_ROWS,
) -> list[Row]:
    """Who looked at evidence in scope, the newest first; `after` is the last row's `id` of the page before.

    `person` is the login, `person_name` None where there is no such account; `alert` and `item_number` are numbers.
    """
    values = {
        "evidence": _uuid(evidence),
        "person": None if person is None else storable.text(person),
        "at": at,
        "exercise": exercise,
        "after": after,
        "limit": limit,
    }
    return _rows(connection, "evidence/views", {**values, **scope.parameters()})


def _list(
    connection: Connection,
    scope: Scope,
    now: datetime,
    values: Mapping[str, Any],
    after: After | None,
    limit: int,
) -> list[Row]:
    page = {
        "now": now,
        "after_at": after.received_at if after else None,
        "after_id": _uuid(after.id) if after else None,
        "limit": limit,
    }
    return _rows(connection, "evidence/list", {**values, **page, **scope.parameters()})


def _uuid(text: str | None) -> str | None:
    """The id in its canonical form; raise NotFound for a text that is none."""
    if text is None:
        return None
    try:
        return str(UUID(text))
    except ValueError:
        raise _unknown(text) from None


def _unknown(text: str) -> NotFound:
    return NotFound(f"no evidence is called {text[:60]!r}: see `redwhistle evidence list`")


def _rows(connection: Connection, name: LiteralString, values: Mapping[str, Any]) -> list[Row]:
    with translated():
        return connection.cursor(row_factory=dict_row).execute(statement(name), values).fetchall()
