"""What ingest needs from others: a place to store, an engine to step, a way to answer. Owned here, met elsewhere."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.alerts.model import Item, Subject
from server.records import (
    BootOffset,
    Device,
    EventRow,
    LaneKey,
    Progress,
    ProgressChange,
    QuarantineRow,
    ReadingRows,
    SeenBox,
)


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message as it came; `received_ms` is our wall time in ms."""

    topic: str
    payload: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One MQTT message to publish after the commit."""

    topic: str
    payload: bytes


SiteKey = tuple[str, str]
"""(site, exercise); exercise "" is what is real."""


class Registry(Protocol):
    """Names to keys. The `learn_` calls come before the transaction and may write; the others only look up."""

    def forget_if_stale(self, monotonic_s: float) -> None: ...
    def learn_boxes(self, claimed: Iterable[tuple[str, str]]) -> None: ...
    def forget_box(self, box: str) -> None: ...
    def learn_devices(self, wanted: Iterable[tuple[str, str]]) -> None: ...
    def learn_names(self, metrics: Iterable[str], exercises: Iterable[str]) -> None: ...
    def learn_lanes(self, lanes: Iterable[LaneKey]) -> None: ...
    def learn_boot(self, box: str, boot: str, offset: BootOffset) -> None: ...
    def learn_sites(self, sites: Iterable[str]) -> None: ...
    def is_site(self, site: str) -> bool:
        """Whether a learned name is a compound's."""

    def site_of(self, box: str) -> str | None: ...
    def device(self, box: str, device: str) -> Device: ...
    def subject_at(self, subject: Subject, place: str | None) -> Subject: ...
    def boots_of(self, box: str) -> Mapping[str, BootOffset]: ...
    def metric_key(self, name: str) -> int: ...
    def exercise_key(self, name: str) -> int: ...


class Intake(Protocol):
    """The store's door for one worker."""

    @property
    def registry(self) -> Registry: ...
    def transaction(self) -> AbstractContextManager[object]: ...
    def close(self) -> None: ...
    def lock_progress(self, lanes: Iterable[LaneKey]) -> Mapping[LaneKey, Progress]: ...
    def read_hot(self, sites: Iterable[SiteKey]) -> Mapping[SiteKey, frozenset[tuple[str, str]]]: ...
    def store_readings(self, rows: ReadingRows) -> None: ...
    def store_events(self, rows: Sequence[EventRow]) -> None: ...
    def event_ids(self, progress_key: int, seqs: Sequence[int]) -> Mapping[int, str]: ...
    def numbers_aside(self, lane: LaneKey, seqs: Sequence[int]) -> Collection[int]:
        """Those of `seqs` that lie in quarantine (also what this transaction has set aside)."""

    def set_aside(self, rows: Sequence[QuarantineRow]) -> None: ...
    def save_progress(self, changes: Sequence[ProgressChange], now: datetime) -> None: ...
    def note_seen(self, boxes: Sequence[SeenBox], now: datetime) -> None: ...
    def note_twins(self, boxes: Iterable[str], now: datetime) -> None:
        """Two machines use these names."""

    def step(self, items: Mapping[SiteKey, Sequence[Item]], now: datetime) -> None:
        """Step the engine for these sites inside the open transaction."""


class Screen(Protocol):
    """The engine's sound pre-filter for readings."""

    def bounds(self, metric: str) -> tuple[float, float] | None:
        """Values strictly inside begin nothing; None: no rule looks at this metric."""
