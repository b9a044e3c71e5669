"""Flame or smoke in a picture: believed when enough frames agree, over when none has for a while."""

from dataclasses import dataclass, replace
from typing import Self

from pydantic import Field, model_validator

from edge.agent.observation import Detection
from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import Rules, Seconds, passed_s


class SeenRules(Rules):
    """How many frames must agree before a camera's sight counts."""

    score_min: float = Field(default=0.4, ge=0, le=1)
    """A detection under this score is no hit; the model's own threshold applies before."""
    hits: int = Field(default=4, ge=1, le=100)
    """So many hits …"""
    frames: int = Field(default=6, ge=1, le=100)
    """… among the last so many frames …"""
    window_s: Seconds = 6.0
    """… none of them older than this."""
    clear_for_s: Seconds = 30.0
    """It is over when no frame has been a hit for this long."""
    repeat_s: Seconds = 300.0
    """While it is still seen it is said again this often: an alert that somebody closed rises anew."""

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.hits > self.frames:
            raise ValueError("hits must not exceed frames, or nothing would ever be seen")
        return self


@dataclass(frozen=True, slots=True)
class Look:
    """One frame: the best score, 0 for no hit."""

    at_ms: int
    score: float


@dataclass(frozen=True, slots=True)
class SeenState:
    """Of one label; times in monotonic milliseconds."""

    looks: tuple[Look, ...] = ()
    active: bool = False
    last_hit_ms: int = 0
    told_ms: int = 0


@dataclass(frozen=True, slots=True)
class SeenChange:
    """An event to say: `score` is the mean of the hits, `frames` their number, `boxes` those of this frame."""

    turn: Turn
    score: float
    frames: int
    boxes_xyxy_px: tuple[tuple[float, float, float, float], ...]


def step(
    rules: SeenRules, state: SeenState, detections: tuple[Detection, ...], now_ms: int
) -> tuple[SeenState, SeenChange | None]:
    """Take one frame's detections of one label."""
    hits = sorted((d for d in detections if d.score >= rules.score_min), key=lambda d: -d.score)
    look = Look(now_ms, hits[0].score if hits else 0.0)
    looks = tuple(
        each
        for each in (*state.looks, look)[-rules.frames :]
        if passed_s(each.at_ms, now_ms) <= rules.window_s
    )
    state = replace(state, looks=looks, last_hit_ms=now_ms if hits else state.last_hit_ms)
    scores = [each.score for each in looks if each.score > 0]
    confirmed = bool(hits) and len(scores) >= rules.hits
    boxes = tuple(d.box_xyxy_px for d in hits)
    if state.active and passed_s(state.last_hit_ms, now_ms) >= rules.clear_for_s:
        return SeenState(looks=looks), SeenChange(Turn.ENDED, 0.0, 1, ())
    if not confirmed:
        return state, None
    turn = Turn.REPEATED if state.active else Turn.RAISED
    if state.active and passed_s(state.told_ms, now_ms) < rules.repeat_s:
        return state, None
    change = SeenChange(turn, sum(scores) / len(scores), len(scores), boxes)
    return replace(state, active=True, told_ms=now_ms), change
