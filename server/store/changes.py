"""What changed in the queue and at the boxes, read by transaction numbers: exact, without a clock and without a log.

A row carries the transaction that changed it last (migration 0007). A snapshot's oldest running transaction is the
position of what was read in it: whatever the snapshot does not show yet was, or will be, done by that one or a later one.
So the next reading asks for rows changed at the position or later; rows that it read in the same state before are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from server.records.changes import ChangedBox, ChangedItem, Changes, Standing
from server.store import reading
from server.store.connection import Connection, translated
from server.store.sql import statement

CLOSED_KEPT = 2_000
"""How many closed items are kept at hand for those who come back; longer away, and they start over."""
_AT_ONCE = 5_000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ChangeReader:
    """Reads changes over a connection of its own; remembers what it has read, also beyond that connection."""

    def __init__(self, closed_kept: int = CLOSED_KEPT) -> None:
        self._closed_kept = closed_kept
        self._connection: Connection | None = None
        self._database: str | None = None
        self._tree = 0
        self._position = 0
        self._items: dict[
            int, int
        ] = {}  # number → changed, of what may come up again: changed at the position or later
        self._boxes: dict[str, int] = {}
        self._seen_at = _LONG_AGO

    def use(self, connection: Connection) -> None:
        """Read over this (autocommit) connection from now on. It is made read-only, its transactions repeatable reads."""
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        self._connection = connection

    def read(self) -> Standing | Changes:
        """What changed since the last reading; everything at first, when another database answers, and when the tree of
        places has changed: who sees what may be different then, without a change of the rows themselves."""
        connection = self._in_use()
        asked = {"since": self._position}
        with (
            translated(),
            connection.pipeline(),
            connection.transaction(),
        ):  # one round trip, and one for the rows
            asking = self._ask("changes/position", {})
            asking_items = self._ask("changes/items_since", {**asked, **_known(self._items)})
            asking_boxes = self._ask("changes/boxes_since", {**asked, **_known(self._boxes)})
            here = asking.fetchall()[0]
            if (here["database"], here["tree"]) != (self._database, self._tree):
                return self._read_all(here["database"], here["position"], here["tree"])
            items = self._with_rows(asking_items.fetchall())
            boxes = [ChangedBox(**row) for row in asking_boxes.fetchall()]
        self._note(here["position"], items, boxes)
        return Changes(here["position"], items, boxes)

    def read_seen(self) -> Mapping[str, datetime]:
        """When boxes were last heard: those that were heard since this was asked before."""
        with translated():
            rows = self._rows("changes/seen_since", {"since": self._seen_at})
        seen: dict[str, datetime] = {row["box"]: row["last_seen_at"] for row in rows}
        self._seen_at = max(seen.values(), default=self._seen_at)
        return seen

    def _read_all(self, database: str, position: int, tree: int) -> Standing:
        closed = self._rows("changes/closed_items", {"limit": self._closed_kept + 1})
        complete_from = tree + 1  # whoever left before the tree changed may see other rows by now
        if len(closed) > self._closed_kept:
            whole_from = closed[-1]["changed"] + 1
            closed = [row for row in closed if row["changed"] >= whole_from]
            complete_from = max(complete_from, whole_from)
        items = self._with_rows([*self._rows("changes/open_items", {}), *closed])
        boxes = [ChangedBox(**row) for row in self._rows("changes/boxes_since", {"since": 0, **_known({})})]
        self._database, self._tree, self._seen_at = database, tree, _LONG_AGO
        self._items.clear()
        self._boxes.clear()
        self._note(position, items, boxes)
        return Standing(database, position, complete_from, items, boxes)

    def _note(self, position: int, items: Iterable[ChangedItem], boxes: Iterable[ChangedBox]) -> None:
        self._position = position
        self._items.update((item.number, item.changed) for item in items)
        self._boxes.update((box.box, box.changed) for box in boxes)
        self._items = {number: changed for number, changed in self._items.items() if changed >= position}
        self._boxes = {box: changed for box, changed in self._boxes.items() if changed >= position}

    def _with_rows(self, found: Sequence[Mapping[str, Any]]) -> list[ChangedItem]:
        rows: dict[int, Mapping[str, Any]] = {}
        numbers = [one["number"] for one in found]
        for start in range(0, len(numbers), _AT_ONCE):
            part = numbers[start : start + _AT_ONCE]
            listed = reading.list_items(self._in_use(), exercise=None, closed=True, numbers=part)
            rows.update((row["number"], row) for row in listed)
        return [
            ChangedItem(one["number"], one["changed"], rows[one["number"]], one["company"]) for one in found
        ]

    def _rows(self, name: LiteralString, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self._ask(name, values).fetchall()

    def _ask(self, name: LiteralString, values: Mapping[str, Any]) -> psycopg.Cursor[dict[str, Any]]:
        return self._in_use().cursor(row_factory=dict_row).execute(statement(name), values)

    def _in_use(self) -> Connection:
        assert self._connection is not None, "call use() first"  # noqa: S101  an error of the program
        return self._connection


def _known(changed: Mapping[Any, int]) -> dict[str, Any]:
    return {"known": list(changed), "known_changed": [str(xid) for xid in changed.values()]}
