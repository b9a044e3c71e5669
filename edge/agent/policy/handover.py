"""Which of two models counts a view: the one that finds each person, or the one that weighs a crowd. Pure.

Boxes tell who stands where and for how long, and lose people as soon as they hide each other; a density map counts
hundreds and follows nobody. So boxes count until there are many of them, or until the crowd model, which looks once
in a while all the same, sees a crowd that gives few boxes because it is far or dense.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from edge.agent.policy.rules import Rules


class CountMode(StrEnum):
    """How a camera counts people."""

    AUTO = "auto"
    """Boxes, and the crowd model where many are in view. For every camera that has no reason to differ."""
    PEOPLE = "people"
    """Boxes alone: a door, a lift, a stairwell."""
    CROWD = "crowd"
    """The crowd model alone, on every picture: a square seen from a roof. Nobody is followed, no line is counted."""


class HandoverRules(Rules):
    """When the crowd model takes over, and when it gives back."""

    up: int = Field(default=10, ge=1, le=1000)
    """With so many boxes the crowd model looks, and counts."""
    down: int = Field(default=6, ge=0, le=1000)
    """With fewer boxes than this it gives back, if it sees no crowd itself."""
    probe_every_s: float = Field(default=5.0, ge=0.5, le=600)
    """However few boxes there are, the crowd model looks this often, by the camera's rate of analysis."""
    probe_up: float = Field(default=10.0, ge=1, le=1000)
    """Such a look takes over when it sees so many …"""
    probe_share: float = Field(default=1.5, ge=1, le=100)
    """… and this many times as many as there are boxes …"""
    probe_boxes: int = Field(default=0, ge=0, le=1000)
    """… and there are so many boxes at least. More than 0 for a view that weighs like a crowd and has nobody in it."""

    @model_validator(mode="after")
    def _has_hysteresis(self) -> Self:
        if self.down >= self.up:
            raise ValueError("down must be below up, or the two models would take turns with every picture")
        return self


@dataclass(frozen=True, slots=True)
class HandoverState:
    """Of one camera."""

    dense: bool = False
    """The crowd model counts."""
    looks_since: int | None = None
    """Pictures since the crowd model looked; None before its first look."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`people`: the count. `by_crowd`: it is the crowd model's, and the boxes are known to be too few."""

    people: int
    by_crowd: bool


def count_people(
    rules: HandoverRules,
    mode: CountMode,
    state: HandoverState,
    boxes: int,
    crowd: Callable[[], float],
    probe_every: int = 1,
) -> tuple[HandoverState, Counted]:
    """The count of one picture in which the people model found `boxes`. A still picture: a fresh state, one call.

    `crowd` lets the crowd model look and gives its count; it is called at most once, and only where it is needed.
    `probe_every` pictures pass between two looks of the crowd model while boxes count.
    """
    if mode is CountMode.PEOPLE:
        return state, Counted(boxes, by_crowd=False)
    if mode is CountMode.CROWD:
        return HandoverState(dense=True, looks_since=0), Counted(_whole(crowd()), by_crowd=True)
    if not wants_crowd(rules, state, boxes, probe_every):
        return replace(state, looks_since=(state.looks_since or 0) + 1), Counted(boxes, by_crowd=False)
    seen = crowd()
    dense = is_dense(rules, state, boxes, seen)
    # The crowd model may miss those who stand near and large; there are never fewer people than boxes.
    by_crowd = dense and _whole(seen) > boxes
    return HandoverState(dense, looks_since=0), Counted(_whole(seen) if by_crowd else boxes, by_crowd)


def wants_crowd(rules: HandoverRules, state: HandoverState, boxes: int, probe_every: int) -> bool:
    """Whether the crowd model shall look at this picture."""
    due = state.looks_since is None or state.looks_since + 1 >= probe_every
    return state.dense or boxes >= rules.up or due


def is_dense(rules: HandoverRules, state: HandoverState, boxes: int, seen: float) -> bool:
    """Whether the crowd model counts, from what both see. What took over stays until both see few."""
    probed = boxes >= rules.probe_boxes and seen >= max(rules.probe_up, rules.probe_share * boxes)
    if boxes >= rules.up or probed:
        return True
    share = rules.down / rules.up
    still_crowd = seen >= share * rules.probe_up and boxes >= share * rules.probe_boxes
    return state.dense and (boxes >= rules.down or still_crowd)


def _whole(people: float) -> int:
    return max(0, round(people))
