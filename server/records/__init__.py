"""Values that ingest hands to the store: rows about to be written, keys, and what is known of clocks. No behaviour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from redwhistle.ranges import Ranges
from server.alerts.model import Subject


class TimeSource(IntEnum):
    """Where the stored time comes from; the value is stored in `time_source`."""

    SENT = 0
    """As the box said; its clock was synchronised."""
    AGE = 1
    """Receive time less the item's age when it was sent (same boot, monotonic clock)."""
    BOOT = 2
    """Monotonic time plus what is known of that earlier boot's clock."""
    RECEIVED = 3
    """Nothing else could be believed: the receive time."""


@dataclass(frozen=True, slots=True)
class BootOffset:
    """Wall time of a boot = monotonic time + `offset_ms`; `synced` when a synchronised stamp told so."""

    offset_ms: int
    synced: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A device's row key and what the engine is told of it."""

    device_key: int
    subject: Subject


class LaneKey(NamedTuple):
    """One lane of one outbox file."""

    box: str
    epoch: str
    lane: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What is held of a lane, read under its lock."""

    progress_key: int
    received: Ranges
    dropped: Ranges


@dataclass(frozen=True, slots=True)
class ProgressChange:
    """What a lane's row becomes; `quarantined` and `duplicates` are added to its counters."""

    progress_key: int
    received: Ranges
    dropped: Ranges
    quarantined: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class ReadingRows:
    """Readings as columns of shape (n,); times in ms since the Unix epoch."""

    time_ms: NDArray[np.int64]
    received_ms: NDArray[np.int64]
    device_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    seq: NDArray[np.int64]
    progress_key: NDArray[np.int32]
    device_key: NDArray[np.int32]
    exercise_key: NDArray[np.int32]
    metric_key: NDArray[np.int16]
    time_source: NDArray[np.int16]

    def __len__(self) -> int:
        return int(self.time_ms.shape[0])

    @classmethod
    def concatenate(cls, parts: "Sequence[ReadingRows]") -> "ReadingRows":
        """The rows of at least one part, in order."""
        return cls(
            time_ms=np.concatenate([p.time_ms for p in parts]),
            received_ms=np.concatenate([p.received_ms for p in parts]),
            device_ms=np.concatenate([p.device_ms for p in parts]),
            value=np.concatenate([p.value for p in parts]),
            seq=np.concatenate([p.seq for p in parts]),
            progress_key=np.concatenate([p.progress_key for p in parts]),
            device_key=np.concatenate([p.device_key for p in parts]),
            exercise_key=np.concatenate([p.exercise_key for p in parts]),
            metric_key=np.concatenate([p.metric_key for p in parts]),
            time_source=np.concatenate([p.time_source for p in parts]),
        )


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event about to be stored; times in ms since the Unix epoch."""

    time_ms: int
    received_ms: int
    device_ms: int
    id: UUID
    seq: int
    progress_key: int
    device_key: int
    exercise_key: int
    time_source: int
    active: bool
    test: bool
    site: str
    place: str
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """Something set aside with its reason. `seq` None: not even its number could be read."""

    topic: str
    box: str | None
    epoch: str | None
    lane: str | None
    seq: int | None
    code: str
    detail: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class SeenBox:
    """What an envelope told about its box's clock."""

    box: str
    boot: str
    synced: bool
    offset_ms: int
    """Device clock minus receive time."""


@dataclass(frozen=True, slots=True)
class KnownState:
    """What is stored of a box, read under its lock."""

    site: str
    online: bool
    epoch: str | None
    epoch_since: datetime | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One blurred picture about to be stored; times in ms since the Unix epoch, `taken_ms` corrected."""

    id: UUID
    event: UUID
    box: str
    epoch: str
    device: str
    site: str
    place: str
    exercise: str
    taken_ms: int
    device_ms: int
    time_source: int
    received_ms: int
    width_px: int
    height_px: int
    people_blurred: int
    method: str
    jpeg: bytes
