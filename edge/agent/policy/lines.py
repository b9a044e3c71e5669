"""Lines in a camera's view that people pass: each passage counts once, in its direction. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from edge.agent.policy.rules import Rules
from edge.agent.policy.zones import Point
from redwhistle.contracts.ids import Text


class LineRules(Rules):
    """One line, from one point to another, and which side of it is inside."""

    model_config = ConfigDict(populate_by_name=True)

    name: Text = Field(min_length=1)
    start: Point = Field(alias="from")
    """x, y in 0..1 of the frame, from the top left."""
    to: Point
    in_side: Literal["left", "right"]
    """Seen in the picture by somebody who walks from `from` to `to`: who goes over to this side goes in."""
    margin: float = Field(default=0.02, ge=0, le=0.2)
    """A share of the frame's height: so far beyond the line somebody must be before he has passed it."""

    @field_validator("start", "to")
    @classmethod
    def _in_frame(cls, value: Point) -> Point:
        if any(not 0.0 <= part <= 1.0 for part in value):
            raise ValueError("points are relative to the frame: each number must be in 0..1")
        return value

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if abs(self.start[0] - self.to[0]) + abs(self.start[1] - self.to[1]) < 0.01:
            raise ValueError("the line has no length: from and to must be different points")
        return self


@dataclass(frozen=True, slots=True)
class Walk:
    """One track beside one line. `side`: +1 right of it, -1 left, the last that was sure."""

    side: int
    at: Point
    crossed: bool = False
    """An odd number of times over the line itself since the side was sure."""


Walks = Mapping[int, Walk]
"""Track number → its walk; of one line."""


@dataclass(frozen=True, slots=True)
class Passed:
    """How many went in and out."""

    came_in: int = 0
    went_out: int = 0


def step(rules: LineRules, walks: Walks, points: Mapping[int, Point], aspect: float) -> tuple[Walks, Passed]:
    """Take where the tracks that were seen stand, in 0..1 of the frame; `aspect` is its width over its height.

    A passage counts when the way since the track was last clearly on one side leads over the line, not past its end, and
    the track is clearly on the other side. Who waits on the line and sways is not counted again.
    """
    start, to = _stretch(rules.start, aspect), _stretch(rules.to, aspect)
    after = dict(walks)
    came_in = went_out = 0
    for track, relative in points.items():
        point = _stretch(relative, aspect)
        distance = _distance(start, to, point)
        before = after.get(track)
        if before is None:
            after[track] = Walk(_sign(distance), point)
            continue
        crossed = before.crossed != _crosses(start, to, before.at, point)
        if abs(distance) < rules.margin:
            after[track] = Walk(before.side, point, crossed)
            continue
        side = _sign(distance)
        if crossed and side != before.side:
            if (side > 0) == (rules.in_side == "right"):
                came_in += 1
            else:
                went_out += 1
        after[track] = Walk(side, point)
    return after, Passed(came_in, went_out)


def _stretch(point: Point, aspect: float) -> Point:
    return point[0] * aspect, point[1]


def _sign(distance: float) -> int:
    return 1 if distance >= 0 else -1


def _distance(start: Point, to: Point, point: Point) -> float:
    """Signed distance from the line's straight; positive on the right hand, as y grows downwards."""
    dx, dy = to[0] - start[0], to[1] - start[1]
    return (dx * (point[1] - start[1]) - dy * (point[0] - start[0])) / math.hypot(dx, dy)


def _crosses(start: Point, to: Point, before: Point, now: Point) -> bool:
    """Whether the way from `before` to `now` leads over the stretch from `start` to `to`."""
    from_d, to_d = _distance(start, to, before), _distance(start, to, now)
    if _sign(from_d) == _sign(to_d):
        return False
    share = from_d / (from_d - to_d)
    x, y = before[0] + share * (now[0] - before[0]), before[1] + share * (now[1] - before[1])
    dx, dy = to[0] - start[0], to[1] - start[1]
    along = ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy)
    return 0.0 <= along <= 1.0
