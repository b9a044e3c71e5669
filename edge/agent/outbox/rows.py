"""What the outbox keeps, as values: one class for each table that holds items."""

from dataclasses import dataclass
from typing import NamedTuple

from redwhistle.contracts.events import Event
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import GapRecord


class Stream(NamedTuple):
    """One lane of one epoch: what a sequence number counts in."""

    epoch: str
    lane: Lane


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One reading with its number."""

    seq: int
    exercise: str | None
    boot: str
    synced: bool
    device: str
    metric: str
    value: float
    at_ms: int
    mono_ms: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event; `size_bytes` is the length of its JSON text."""

    seq: int
    exercise: str | None
    item: Event
    size_bytes: int


@dataclass(frozen=True, slots=True)
class GapRow:
    """One gap record; it belongs to no exercise."""

    seq: int
    item: GapRecord


Row = ReadingRow | EventRow | GapRow
