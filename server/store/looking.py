"""The queue and the alerts as somebody may see them: every query is limited by a scope, and nothing is read without one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row

from redwhistle.errors import NotFound, RulesError
from server.alerts import rules
from server.records.looking import ItemsWanted, Page
from server.rights.scope import Scope
from server.store import reading, storable
from server.store.connection import Connection, translated
from server.store.pool import Pooled
from server.store.queue_rows import reference
from server.store.sql import statement

Row = dict[str, Any]
UNKNOWN = "nothing is called so, or nothing that you may see"
"""The same words for what does not exist and what is out of scope."""


class QueueLook:
    """Work items and alerts. Safe to use from many threads."""

    def __init__(self, pool: Pooled) -> None:
        self._pool = pool

    def items(self, scope: Scope, wanted: ItemsWanted, page: Page) -> Sequence[Row]:
        """A page of work items in the queue's order, one row more than asked for."""
        with self._pool.use() as connection:
            if wanted.at is not None:
                require_place(connection, scope, wanted.at)
            if wanted.grid is not None:
                require_place(connection, scope, wanted.grid)
            return reading.select_items(connection, scope, wanted, page)

    def item(self, scope: Scope, ref: str) -> Row:
        """One work item with its `history`; raise NotFound."""
        with self._pool.use() as connection:
            return read_item(connection, scope, ref)

    def item_surroundings(self, item: Mapping[str, Any]) -> Row:
        """`alert`, `contacts`, `polygons` and `points` around an item that may be seen."""
        values = {"alert": item["alert"], "place": item["place"], "site": item["site"]}
        with self._pool.use() as connection:
            alert = None
            if item["alert"] is not None:
                alert = next(iter(rows(connection, "looking/item_alert", values)), None)
            return {
                "alert": alert,
                "contacts": rows(connection, "looking/contacts", values),
                "polygons": rows(connection, "looking/sketch_shapes", values),
                "points": rows(connection, "looking/sketch_points", values),
            }

    def alerts(self, scope: Scope, wanted: ItemsWanted, page: Page) -> Sequence[Row]:
        """A page of alerts, the newest first, one row more than asked for."""
        with self._pool.use() as connection:
            if wanted.at is not None:
                require_place(connection, scope, wanted.at)
            return reading.select_alerts(connection, scope, wanted, page)

    def alert(self, scope: Scope, ref: str, now: datetime) -> Row:
        """An alert with `log`, `suppressed`, `linked`, `rule_in_words` and its `standing` item; raise NotFound."""
        with self._pool.use() as connection:
            try:
                alert = reading.read_alert(connection, ref, now, scope=scope)
            except NotFound:
                raise NotFound(UNKNOWN) from None
            standing = None
            if alert["item"] is not None:
                wanted = ItemsWanted(exercise=None, closed=True)
                found = reading.select_items(connection, scope, wanted, Page(1), ref=alert["item"])
                standing = next(iter(found), None)
            words = _rule_in_words(connection, alert["pack_hash"], alert["rule"])
            return {**alert, "rule_in_words": words, "standing": standing}


def read_item(connection: Connection, scope: Scope, ref: str) -> Row:
    """One work item in scope with its `history`; raise NotFound."""
    item = read_item_alone(connection, scope, ref)
    return {**item, "history": rows(connection, "reading/history", {"item": item["id"]})}


def read_item_alone(connection: Connection, scope: Scope, ref: str) -> Row:
    """One work item in scope; raise NotFound."""
    try:
        reference(ref)
    except NotFound:
        raise NotFound(UNKNOWN) from None
    wanted = ItemsWanted(exercise=None, closed=True)
    found = reading.select_items(connection, scope, wanted, Page(1), ref=ref)
    if not found:
        raise NotFound(UNKNOWN)
    return found[0]


def require_place(connection: Connection, scope: Scope, place: str) -> None:
    """Raise NotFound unless the place is in the tree and in scope."""
    values = {"place": storable.text(place), **scope.parameters()}
    if not rows(connection, "looking/place_seen", values):
        raise NotFound(UNKNOWN)


def rows(connection: Connection, name: LiteralString, values: Mapping[str, Any]) -> list[Row]:
    """The rows of a named query as dicts."""
    with translated():
        return connection.cursor(row_factory=dict_row).execute(statement(name), values).fetchall()


def _rule_in_words(connection: Connection, pack_hash: str, rule: str) -> dict[str, str] | None:
    """The rule in plain words, from the very pack that decided; None for built-in rules."""
    stored = reading.read_pack_source(connection, pack_hash)
    if stored is None:
        return None
    try:
        pack = rules.load_pack(stored[1], name=stored[0])
    except RulesError:
        return None  # written for another version of the program
    spec = next((spec for spec in pack.spec.rules if spec.id == rule), None)
    if spec is None:
        return None
    zh, en = rules.explain(spec)
    return {"zh": zh, "en": en}
