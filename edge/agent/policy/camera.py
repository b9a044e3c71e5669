"""What a camera's frames mean over time: counts, crowds, flame and smoke. One step a frame."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import Field, field_validator

from edge.agent.observation import EventSeen, FrameSeen, Observation, ReadingSeen
from edge.agent.policy import crowd, seen
from edge.agent.policy.crowd import CrowdState, CrowdTurn, ZoneRules
from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import Rules, passed_s
from edge.agent.policy.seen import SeenRules, SeenState
from edge.agent.policy.zones import Point, count_inside
from redwhistle.contracts.events import CrowdData, EventKind, SeenData
from redwhistle.contracts.readings import Metric

PERSON = "person"
FLAME = "flame"
SMOKE = "smoke"
_COUNTS_KEPT = 512
_BOXES_SENT = 32


class CameraRules(Rules):
    """What to look for in one camera's view."""

    zones: tuple[ZoneRules, ...] = Field(default=(), max_length=32)
    """Zones with a limit; without one the camera counts and raises no crowd."""
    reading_every_s: float = Field(default=10.0, ge=1, le=3600)
    """The count and the frame rate are reported this often (the median of the counts since the last report)."""
    flame: SeenRules = SeenRules()
    smoke: SeenRules = SeenRules()

    @field_validator("zones")
    @classmethod
    def _names_differ(cls, value: tuple[ZoneRules, ...]) -> tuple[ZoneRules, ...]:
        names = [zone.name for zone in value]
        if len(set(names)) != len(names):
            raise ValueError("two zones have the same name")
        return value


@dataclass(frozen=True, slots=True)
class Sight:
    """What the detectors in use can find. Without `people` it is moving regions that are counted, and said so."""

    people: bool
    model: str | None = None
    """Name and version of the model that finds flame and smoke."""

    @property
    def basis(self) -> Literal["people", "moving_regions"]:
        return "people" if self.people else "moving_regions"


@dataclass(frozen=True, slots=True)
class CameraState:
    """Of one camera; `zones` goes with the rules' zones, in order."""

    zones: tuple[CrowdState, ...]
    flame: SeenState = field(default_factory=SeenState)
    smoke: SeenState = field(default_factory=SeenState)
    counts: tuple[int, ...] = ()
    frames: int = 0
    reading_from_ms: int | None = None


def begin(rules: CameraRules) -> CameraState:
    """The state before the first frame."""
    return CameraState(zones=tuple(CrowdState() for _ in rules.zones))


def look(
    rules: CameraRules, sight: Sight, state: CameraState, frame: FrameSeen
) -> tuple[CameraState, tuple[Observation, ...]]:
    """Take one frame; give the events and readings that follow from it."""
    said: list[Observation] = []
    points = _standing_points(frame) if sight.people else _centres(frame)
    zones = []
    for zone_rules, zone in zip(rules.zones, state.zones, strict=True):
        count = count_inside(zone_rules.polygon, points)
        zone, change = crowd.step(zone_rules, zone, count, frame.moment.mono_ms)
        zones.append(zone)
        if change is not None:
            said.append(_crowd_event(zone_rules, sight, frame, change))
    flame, event = _look_for(FLAME, EventKind.FLAME_SEEN, rules.flame, sight, state.flame, frame)
    said.extend(event)
    smoke, event = _look_for(SMOKE, EventKind.SMOKE_SEEN, rules.smoke, sight, state.smoke, frame)
    said.extend(event)
    state = replace(state, zones=tuple(zones), flame=flame, smoke=smoke)
    state, readings = _count(rules, sight, state, frame, len(points))
    return state, (*said, *readings)


def _standing_points(frame: FrameSeen) -> list[Point]:
    """Where people stand: the middle of the lower edge of each box."""
    boxes = (d.box_xyxy_px for d in frame.detections if d.label == PERSON)
    return [((x1 + x2) / 2 / frame.width_px, y2 / frame.height_px) for x1, _, x2, y2 in boxes]


def _centres(frame: FrameSeen) -> list[Point]:
    return [
        ((x1 + x2) / 2 / frame.width_px, (y1 + y2) / 2 / frame.height_px)
        for x1, y1, x2, y2 in frame.moving_regions
    ]


def _crowd_event(rules: ZoneRules, sight: Sight, frame: FrameSeen, change: crowd.CrowdChange) -> EventSeen:
    data = CrowdData(
        active=change.turn is CrowdTurn.FORMED,
        count=change.count,
        limit=rules.limit,
        zone=rules.name,
        dwell_s=change.dwell_s,
        basis=sight.basis,
    )
    return EventSeen(device=frame.device, kind=EventKind.CROWD_FORMED, data=data, moment=frame.moment)


def _look_for(
    label: str, kind: EventKind, rules: SeenRules, sight: Sight, state: SeenState, frame: FrameSeen
) -> tuple[SeenState, tuple[EventSeen, ...]]:
    found = tuple(d for d in frame.detections if d.label == label)
    state, change = seen.step(rules, state, found, frame.moment.mono_ms)
    if change is None:
        return state, ()
    data = SeenData(
        active=change.turn is not Turn.ENDED,
        score=round(min(change.score, 1.0), 4),
        boxes_xyxy=[_relative(box, frame) for box in change.boxes_xyxy_px[:_BOXES_SENT]],
        model=sight.model,
        frames=change.frames,
    )
    return state, (EventSeen(device=frame.device, kind=kind, data=data, moment=frame.moment),)


def _relative(box: tuple[float, float, float, float], frame: FrameSeen) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    return (
        round(min(max(x1 / frame.width_px, 0.0), 1.0), 4),
        round(min(max(y1 / frame.height_px, 0.0), 1.0), 4),
        round(min(max(x2 / frame.width_px, 0.0), 1.0), 4),
        round(min(max(y2 / frame.height_px, 0.0), 1.0), 4),
    )


def _count(
    rules: CameraRules, sight: Sight, state: CameraState, frame: FrameSeen, count: int
) -> tuple[CameraState, Iterable[ReadingSeen]]:
    now_ms = frame.moment.mono_ms
    if state.reading_from_ms is None:
        return replace(state, counts=(count,), frames=0, reading_from_ms=now_ms), ()
    state = replace(state, counts=(*state.counts, count)[-_COUNTS_KEPT:], frames=state.frames + 1)
    elapsed_s = passed_s(state.reading_from_ms or 0, now_ms)
    if elapsed_s < rules.reading_every_s:
        return state, ()
    metric = Metric.PEOPLE_COUNT if sight.people else Metric.MOVING_REGIONS
    middle = float(statistics.median_high(state.counts))
    readings = (
        ReadingSeen(frame.device, metric, middle, frame.moment),
        ReadingSeen(frame.device, Metric.FRAMES_PER_S, round(state.frames / elapsed_s, 3), frame.moment),
    )
    return replace(state, counts=(), frames=0, reading_from_ms=now_ms), readings
