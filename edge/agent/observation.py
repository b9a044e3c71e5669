"""What a source says it saw: values without identity; the outbox mints identity when it keeps them."""

from dataclasses import dataclass, field
from typing import NewType
from uuid import UUID

from redwhistle.contracts.events import EventData, EventKind


@dataclass(frozen=True, slots=True)
class Moment:
    """The box's clocks when something was seen: wall ms since 1970, ms since boot, and whether wall time is set."""

    at_ms: int
    mono_ms: int
    synced: bool


@dataclass(frozen=True, slots=True)
class EventSeen:
    """Something happened at a device. `test` is the device's own test mark; `place` overrides the device's place."""

    device: str
    kind: EventKind
    data: EventData
    moment: Moment
    test: bool = False
    place: str | None = None
    exercise: str | None = None
    id: UUID | None = None
    """Its UUIDv7, where it was given one before it is kept; the outbox gives one otherwise."""


@dataclass(frozen=True, slots=True)
class ReadingSeen:
    """One periodic value of a device; `metric` carries its unit in its name."""

    device: str
    metric: str
    value: float
    moment: Moment
    exercise: str | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing that a model sees in one frame: xyxy in pixels of the frame given to the detector."""

    label: str
    score: float
    box_xyxy_px: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FireGrid:
    """How much one frame looks like flame and smoke, cell by cell, row by row from the top left; all in 0..1."""

    columns: int
    rows: int
    flame: tuple[float, ...]
    smoke: tuple[float, ...]
    """A model's scores, one a cell."""
    changed: tuple[float, ...]
    """Share of each cell's picture that differs from the frame before: what flickers or moves."""
    drifted: tuple[float, ...]
    """Share of each cell's picture that differs from what it has looked like of late: what came and what spreads."""
    whole_flame: float = 0.0
    whole_smoke: float = 0.0
    """The model's scores of the whole picture, 0 when it gives none."""


@dataclass(frozen=True, slots=True)
class FrameSeen:
    """What one frame shows. `moving_regions` are separate changed areas; frame size in pixels."""

    device: str
    moment: Moment
    width_px: int
    height_px: int
    detections: tuple[Detection, ...] = ()
    moving_regions: tuple[tuple[float, float, float, float], ...] = field(default=())
    fire: FireGrid | None = None
    """None when no detector looked for flame and smoke."""
    fresh: bool = True
    """False: nothing changed, so no detector looked; what was found before stands, and is no new hit of anything."""
    crowd_points: tuple[tuple[float, float, float], ...] | None = None
    """Where a crowd model counts in place of the boxes: x, y in pixels, and how many people there."""


BlurredJpeg = NewType("BlurredJpeg", bytes)
"""A JPEG in which nobody can be recognised: made by `edge.agent.evidence.blurring.encode` alone."""


@dataclass(frozen=True, slots=True)
class EvidenceTaken:
    """The picture to an alarm (`event` is the alarm's id); `device` is the camera, `moment` that of the frame."""

    event: UUID
    device: str
    place: str | None
    moment: Moment
    exercise: str | None
    width_px: int
    height_px: int
    people_blurred: int
    method: str
    jpeg: BlurredJpeg


Observation = EventSeen | ReadingSeen
