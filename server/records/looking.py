"""What the doors ask the store for: pages, and which items, alerts or events. Values only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

Key = str | int | datetime | UUID | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page asked for: `after` are the sort keys of the row before it, None at the start."""

    limit: int
    after: tuple[Key, ...] | None = None

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than is answered, to know whether there is a next page."""
        return self.limit + 1

    def keys(self, *names: str) -> dict[str, Key]:
        """The keys as query parameters of these names."""
        return dict(zip(names, self.after or (None,) * len(names), strict=True))


@dataclass(frozen=True, slots=True)
class ItemsWanted:
    """Which work items or alerts: at a place and below, of a grid, held by, of a hazard, of one exercise (None: all)."""

    at: str | None = None
    grid: str | None = None
    owner: str | None = None
    hazard: str | None = None
    text: str | None = None
    exercise: str | None = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class EventsWanted:
    """Which events, in a half open span of time. A device is `(box, device)`."""

    start: datetime
    end: datetime
    at: str | None = None
    device: tuple[str, str] | None = None
    kind: str | None = None
    exercise: str | None = ""
