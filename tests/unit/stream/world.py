"""A world for the stream's tests: items and boxes that change in transactions, and a client as a browser would keep it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.sse import Event, EventReader
from server.api.stream.mirror import BoxEntry, ItemEntry, box_entry, item_entry
from server.records.changes import ChangedBox, ChangedItem, Changes, Standing
from server.rights.scope import Scope

NOW = datetime(2026, 5, 24, 8, 49, tzinfo=UTC)
DATABASE = "server.db.1"
SITES = {
    "jinyuan": ("wuye", ["city", "g3", "jinyuan"]),
    "jinhe": (None, ["city", "g4", "jinhe"]),
    "gone": (None, []),
}
"""Compound: its company, and its path; one that is not in the tree any more has none."""


def encode(row: Any) -> bytes:
    """A row as JSON, short."""
    shown = {name: row[name] for name in ("number", "mark", "severity", "exercise", "count")}
    return json.dumps({**shown, "closed": row["closed_at"] is not None}).encode()


@dataclass
class World:
    """What is true: each change is a transaction of its own, and is read at once."""

    position: int = 100
    items: dict[int, ChangedItem] = field(default_factory=dict)
    boxes: dict[str, ChangedBox] = field(default_factory=dict)

    def item(
        self,
        number: int,
        *,
        site: str = "jinyuan",
        severity: int = 2,
        closed: bool = False,
        exercise: str = "",
    ) -> Changes:
        """An item comes, or changes."""
        self.position += 1
        old = self.items.get(number)
        path = [{"id": one, "level": "x", "name_zh": one, "name_en": ""} for one in SITES[site][1]]
        row = {
            "number": number,
            "mark": old.row["mark"] + 1 if old else 1,
            "count": old.row["count"] + 1 if old else 1,
            "severity": severity,
            "exercise": exercise,
            "deadline_at": NOW + timedelta(minutes=number),
            "closed_at": NOW if closed else None,
            "path": path or None,
        }
        self.items[number] = ChangedItem(number, self.position, row, SITES[site][0])
        return Changes(self.position + 1, [self.items[number]])

    def box(self, name: str, *, online: bool, site: str = "jinyuan") -> Changes:
        """A box comes, or changes."""
        self.position += 1
        company, path = SITES[site]
        self.boxes[name] = ChangedBox(name, site, online, None, True, NOW, self.position, path, company)
        return Changes(self.position + 1, [], [self.boxes[name]])

    def standing(self, complete_from: int = 0) -> Standing:
        """All there is, as a process that starts reads it."""
        items = [
            item
            for item in self.items.values()
            if item.row["closed_at"] is None or item.changed >= complete_from
        ]
        return Standing(DATABASE, self.position + 1, complete_from, items, list(self.boxes.values()))

    def shown_to(self, scope: Scope, exercise: str | None = "") -> tuple[dict[int, int], dict[str, bool]]:
        """What somebody ought to see: marks of open items, and boxes."""
        items = {
            item.number: item.row["mark"]
            for item in self.items.values()
            if item.row["closed_at"] is None
            and (exercise is None or item.row["exercise"] == exercise)
            and scope.covers([place["id"] for place in item.row["path"] or ()], item.company)
        }
        boxes = {b.box: b.online for b in self.boxes.values() if scope.covers(b.path, b.company)}
        return items, boxes


def entries(news: Standing | Changes) -> tuple[list[ItemEntry], list[BoxEntry]]:
    """As the hub makes them."""
    return [item_entry(item, encode) for item in news.items], [box_entry(box) for box in news.boxes]


@dataclass
class Browser:
    """Keeps what the stream says, and the cursor, by the rules that are written down for clients."""

    items: dict[int, int] = field(default_factory=dict)
    boxes: dict[str, bool] = field(default_factory=dict)
    cursor: str | None = None
    order: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    void: bool = False

    def see(self, event: Event) -> None:
        self.events.append(event)
        told = json.loads(event.data)
        match event.name:
            case "snapshot":
                self.items = {item["number"]: item["mark"] for item in told["items"]}
                self.order = [item["number"] for item in told["items"]]
                self.boxes = {box["box"]: box["online"] for box in told["boxes"]["list"]}
                assert told["boxes"]["online"] == sum(self.boxes.values())
                assert told["boxes"]["total"] == len(self.boxes)
                self.cursor, self.void = told["cursor"], False
            case "reset":
                self.void, self.cursor = True, None  # or a cut right here would resume what was never seen
            case "tick":
                assert event.id is None, "an id on a control frame loses events"
                self.cursor = told["cursor"]
            case "change":
                assert not self.void, "a snapshot must follow a reset"
                assert event.id is not None
                self.cursor = event.id
                self._change(told)
            case other:
                raise AssertionError(other)

    def see_all(self, received: bytes) -> None:
        """Every event in these bytes."""
        for event in EventReader().feed(received):
            self.see(event)

    def names(self) -> list[str]:
        """The events so far."""
        return [event.name for event in self.events]

    def _change(self, told: Any) -> None:
        if told["kind"] == "box":
            self.boxes[told["box"]["box"]] = told["box"]["online"]
            return
        item = told["item"]
        if item["closed"]:
            self.items.pop(item["number"], None)
        elif item["mark"] >= self.items.get(item["number"], 0):
            self.items[item["number"]] = item["mark"]
