"""What a camera's detectors can find, and where in the view it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge.agent.observation import FrameSeen
from edge.agent.policy.zones import Point, contains

PERSON = "person"
FLAME = "flame"
SMOKE = "smoke"

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the detectors in use can find. Without `people` it is moving regions that are counted, and said so."""

    people: bool
    model: str | None = None
    """Name and version of the model that finds flame and smoke."""

    @property
    def basis(self) -> Literal["people", "moving_regions"]:
        return "people" if self.people else "moving_regions"


def counted_points(sight: Sight, frame: FrameSeen) -> list[Point]:
    """One point for each person, or each moving region without a model, in 0..1 of the frame."""
    return _standing_points(frame) if sight.people else _centres(frame)


def count_in_view(sight: Sight, frame: FrameSeen) -> int:
    """How many people, or moving regions without a model; where a crowd model counts, by its points."""
    if frame.crowd_points is not None:
        return max(0, round(sum(people for _, _, people in frame.crowd_points)))
    return len(counted_points(sight, frame))


def weigh_inside(polygon: Sequence[Point], frame: FrameSeen) -> int | None:
    """How many people a crowd model sees in a zone; None where it does not count. Heads, not feet, lie in the zone."""
    if frame.crowd_points is None:
        return None
    inside = (
        people
        for x, y, people in frame.crowd_points
        if contains(polygon, (x / frame.width_px, y / frame.height_px))
    )
    return max(0, round(sum(inside)))


def relative(box_xyxy_px: Box, frame: FrameSeen) -> Box:
    """The box in 0..1 of the frame, cut off at its rim."""
    x1, y1, x2, y2 = box_xyxy_px
    return (
        round(min(max(x1 / frame.width_px, 0.0), 1.0), 4),
        round(min(max(y1 / frame.height_px, 0.0), 1.0), 4),
        round(min(max(x2 / frame.width_px, 0.0), 1.0), 4),
        round(min(max(y2 / frame.height_px, 0.0), 1.0), 4),
    )


def _standing_points(frame: FrameSeen) -> list[Point]:
    """Where people stand: the middle of the lower edge of each box."""
    boxes = (d.box_xyxy_px for d in frame.detections if d.label == PERSON)
    return [((x1 + x2) / 2 / frame.width_px, y2 / frame.height_px) for x1, _, x2, y2 in boxes]


def _centres(frame: FrameSeen) -> list[Point]:
    return [
        ((x1 + x2) / 2 / frame.width_px, (y1 + y2) / 2 / frame.height_px)
        for x1, y1, x2, y2 in frame.moving_regions
    ]
