"""Too many in a zone for too long: a limit with dwell, hysteresis and a pause after the end."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from edge.agent.policy.rules import Rules, Seconds, passed_s
from edge.agent.policy.zones import WHOLE_FRAME, Point, check_polygon
from redwhistle.contracts.ids import Text


class ZoneRules(Rules):
    """One zone of a camera's view, how many may stay in it, and how long one may."""

    name: Text = Field(min_length=1)
    polygon: tuple[Point, ...] = WHOLE_FRAME
    """Corners x, y in 0..1 of the frame's width and height, from the top left; the default is the whole frame."""
    limit: int | None = Field(default=None, ge=0)
    """So many are allowed; more than this is a crowd. Without it there is none: the zone measures stays."""
    for_s: Seconds = 10.0
    """The count must stay above the limit this long."""
    clear_below: int | None = Field(default=None, ge=0)
    """The crowd is over when fewer than this many stay; the default is the limit itself."""
    clear_for_s: Seconds = 10.0
    """… for this long."""
    dropout_s: Seconds = 2.0
    """A dip to the limit or below, or a gap between frames, up to this long does not break the dwell: models miss people."""
    stay_s: Seconds = 0.0
    """Who has not been in the zone for this long does not count for its crowd: passers-by are none."""
    loiter_s: Seconds | None = None
    """Who stays longer than this lingers, which is an event of its own; without it nobody does."""
    cooldown_s: Seconds = 60.0
    """After the end of a crowd, no new one is announced for this long."""

    @field_validator("polygon")
    @classmethod
    def _is_polygon(cls, value: tuple[Point, ...]) -> tuple[Point, ...]:
        return check_polygon(value)

    @model_validator(mode="after")
    def _has_hysteresis(self) -> Self:
        if self.clear_below is not None and self.limit is None:
            raise ValueError("clear_below goes with a limit: give both or neither")
        if self.clear_below is not None and self.limit is not None and self.clear_below > self.limit + 1:
            raise ValueError("clear_below must not be above limit + 1, or a crowd would end while it stands")
        return self


class CrowdTurn(StrEnum):
    """What a count did."""

    FORMED = "formed"
    DISSOLVED = "dissolved"


@dataclass(frozen=True, slots=True)
class CrowdState:
    """Of one zone; times in monotonic milliseconds."""

    active: bool = False
    over_since_ms: int | None = None
    """Start of the present dwell."""
    last_over_ms: int = 0
    below_since_ms: int | None = None
    """Start of the present calm, while a crowd is active."""
    ended_ms: int | None = None
    limit: int = 0
    """The one that the crowd was above when it formed."""


@dataclass(frozen=True, slots=True)
class CrowdChange:
    """An event to say; `dwell_s` is how long the count had been above the limit, or the crowd had lasted."""

    turn: CrowdTurn
    count: int
    limit: int
    dwell_s: float


def step(
    rules: ZoneRules, state: CrowdState, count: int, now_ms: int
) -> tuple[CrowdState, CrowdChange | None]:
    """Take one frame's count. Without frames nothing changes: a blind camera neither forms nor ends a crowd."""
    if state.active:
        return _step_active(rules, state, count, now_ms)
    if state.over_since_ms is not None and passed_s(state.last_over_ms, now_ms) > rules.dropout_s:
        state = replace(state, over_since_ms=None)
    if rules.limit is None or count <= rules.limit:
        return state, None
    since_ms = now_ms if state.over_since_ms is None else state.over_since_ms
    state = replace(state, over_since_ms=since_ms, last_over_ms=now_ms)
    dwell_s = passed_s(since_ms, now_ms)
    cooling = state.ended_ms is not None and passed_s(state.ended_ms, now_ms) < rules.cooldown_s
    if dwell_s < rules.for_s or cooling:
        return state, None
    change = CrowdChange(CrowdTurn.FORMED, count, rules.limit, dwell_s)
    return replace(state, active=True, below_since_ms=None, limit=rules.limit), change


def _step_active(
    rules: ZoneRules, state: CrowdState, count: int, now_ms: int
) -> tuple[CrowdState, CrowdChange | None]:
    clear_below = rules.limit if rules.clear_below is None else rules.clear_below
    # A limit of 0 with the default hysteresis would ask for fewer than nobody: an empty zone always counts as calm.
    # So does a zone whose limit was that of the night alone.
    if clear_below is not None and count >= max(clear_below, 1):
        return replace(state, last_over_ms=now_ms, below_since_ms=None), None
    below_ms = now_ms if state.below_since_ms is None else state.below_since_ms
    if passed_s(below_ms, now_ms) < rules.clear_for_s:
        return replace(state, below_since_ms=below_ms), None
    since_ms = now_ms if state.over_since_ms is None else state.over_since_ms
    limit = state.limit if rules.limit is None else rules.limit
    change = CrowdChange(CrowdTurn.DISSOLVED, count, limit, passed_s(since_ms, now_ms))
    return CrowdState(ended_ms=now_ms), change
