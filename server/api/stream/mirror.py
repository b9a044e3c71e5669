"""What stands in the queue and how the boxes are, as one reader found it last: so that no client costs a query. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from server.api.stream.frames import box_body, box_change, item_change
from server.records.changes import ChangedBox, ChangedItem, Changes, Standing

EncodeItem = Callable[[Mapping[str, Any]], bytes]
"""A work item's row as JSON (schemas.queue.Item)."""
CLOSED_KEPT = 4_000
"""How many closed items are kept for those who come back."""


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """An item ready to be sent. `order`: urgent first, as the queue's list has it."""

    number: int
    changed: int
    exercise: str
    path: Sequence[str]
    company: str | None
    closed: bool
    order: tuple[int, datetime, int]
    body: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class BoxEntry:
    """A box ready to be sent."""

    box: ChangedBox
    body: bytes
    data: bytes

    @property
    def changed(self) -> int:
        return self.box.changed

    @property
    def path(self) -> Sequence[str]:
        return self.box.path

    @property
    def company(self) -> str | None:
        return self.box.company


Entry = ItemEntry | BoxEntry


def item_entry(item: ChangedItem, encode: EncodeItem) -> ItemEntry:
    """An item as it will be sent. A place that is not in the tree any more has an empty path."""
    row, body = item.row, encode(item.row)
    return ItemEntry(
        number=item.number,
        changed=item.changed,
        exercise=row["exercise"],
        path=tuple(place["id"] for place in row["path"] or ()),
        company=item.company,
        closed=row["closed_at"] is not None,
        order=(row["severity"], row["deadline_at"], item.number),
        body=body,
        data=item_change(body),
    )


def box_entry(box: ChangedBox) -> BoxEntry:
    """A box as it will be sent."""
    body = box_body(box)
    return BoxEntry(box, body, box_change(body))


@dataclass(slots=True)
class Mirror:
    """`revision` grows with whatever a snapshot would show differently."""

    database: str = ""
    position: int = 0
    complete_from: int = 0
    revision: int = 0
    closed_kept: int = CLOSED_KEPT
    _open: dict[int, ItemEntry] = field(default_factory=dict)
    _closed: dict[int, ItemEntry] = field(default_factory=dict)
    _boxes: dict[str, BoxEntry] = field(default_factory=dict)

    def replace_all(self, standing: Standing, items: Iterable[ItemEntry], boxes: Iterable[BoxEntry]) -> None:
        """Begin anew with everything that stands."""
        self.database, self.position = standing.database, standing.position
        self.complete_from = standing.complete_from
        self.revision += 1
        for kept in (self._open, self._closed, self._boxes):
            kept.clear()
        self._put(sorted(items, key=lambda entry: entry.changed), boxes)

    def apply(self, changes: Changes, items: Iterable[ItemEntry], boxes: Iterable[BoxEntry]) -> None:
        """Take in what changed."""
        items, boxes = list(items), list(boxes)
        self.position = changes.position
        self._put(items, boxes)
        for name, seen_at in changes.seen.items():
            entry = self._boxes.get(name)
            if entry is not None and entry.box.last_seen_at != seen_at:
                self._boxes[name] = box_entry(replace(entry.box, last_seen_at=seen_at))
        self.revision += bool(items or boxes or changes.seen)

    def standing_items(self) -> Iterator[ItemEntry]:
        """The open items, in the order of the queue."""
        yield from sorted(self._open.values(), key=lambda entry: entry.order)

    def standing_boxes(self) -> Iterator[BoxEntry]:
        """All boxes, by name."""
        yield from sorted(self._boxes.values(), key=lambda entry: entry.box.box)

    def changed_since(self, position: int) -> list[Entry] | None:
        """Whatever changed at the position or later, in the order of the changes; None when that is not known any more."""
        if position < self.complete_from:
            return None
        every: Iterable[Entry] = (*self._open.values(), *self._closed.values(), *self._boxes.values())
        return sorted(
            (entry for entry in every if entry.changed >= position), key=lambda entry: entry.changed
        )

    def sizes(self) -> tuple[int, int, int]:
        """How many open items, closed items and boxes it holds."""
        return len(self._open), len(self._closed), len(self._boxes)

    def _put(self, items: Iterable[ItemEntry], boxes: Iterable[BoxEntry]) -> None:
        for item in items:
            self._open.pop(item.number, None)
            self._closed.pop(item.number, None)
            (self._closed if item.closed else self._open)[item.number] = item
        for box in boxes:
            self._boxes[box.box.box] = box
        while len(self._closed) > self.closed_kept:
            gone = self._closed.pop(next(iter(self._closed)))
            self.complete_from = max(self.complete_from, gone.changed + 1)
