"""Values that the store hands to the live stream: what changed, and up to which transaction that is all. No behaviour.

A *position* is the number of a transaction (xid8): everything that a transaction below it did is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ChangedItem:
    """A work item as it stands: its row (as `store.reading.list_items` gives it, with its `mark`) and the
    transaction that made it so."""

    number: int
    changed: int
    row: Mapping[str, Any]
    company: str | None
    """That serves the compound."""


@dataclass(frozen=True, slots=True)
class ChangedBox:
    """What people see of a box, and the transaction that made it so. `path`: its compound and all above, in any order."""

    box: str
    site: str
    online: bool
    reason: str | None
    clock_synced: bool | None
    last_seen_at: datetime | None
    changed: int
    path: Sequence[str]
    company: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that is open, the items that were closed last, and all boxes; whatever was known before is void.

    `complete_from`: whoever knows everything up to this position or a later one can be told what is missing: no closed
    item is left out, and the tree of places is the same.
    """

    database: str
    position: int
    complete_from: int
    items: Sequence[ChangedItem]
    boxes: Sequence[ChangedBox]


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed up to `position`; often nothing, which says that all is as it was.

    `seen`: when boxes were last heard. `people`: ids of persons whose rights or sessions changed.
    """

    position: int
    items: Sequence[ChangedItem] = ()
    boxes: Sequence[ChangedBox] = ()
    seen: Mapping[str, datetime] = field(default_factory=dict)
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lost:
    """The database cannot be read; it is tried again after `again_s` seconds."""

    why: str
    again_s: float


News = Standing | Changes | Lost
