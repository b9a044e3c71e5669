"""Flame or smoke, judged over time: a place in the view that looks like fire, keeps changing, and goes on.

One frame proves nothing: a red coat, a lamp, a reflection look like fire for a moment, a poster for ever. A place (a cell
of the model's grid) counts in a frame when its score is high, higher than is usual at that place, and its picture has
just changed. The event is said when enough frames of a short window count at one place or beside it.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Self

from pydantic import Field, model_validator

from edge.agent.policy.fire_places import Box, boxes_of, cells_at_least, spread
from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import Rules, Seconds, passed_s

_USUAL_QUANTILE = 0.9
_LONGEST_GAP_S = 10.0
_LOOKS_KEPT = 512
_OLDEST_S = 120.0


class FireRules(Rules):
    """When what a camera sees of flame, or of smoke, is believed. The defaults of each: FlameRules, SmokeRules."""

    score_min: float = Field(default=0.6, ge=0, le=1)
    """A place whose score is under this does not count."""
    above_usual: float = Field(default=0.2, ge=0, le=1)
    """Nor does one whose score is not this much higher than is usual at that place."""
    usual_max: float = Field(default=0.5, ge=0, le=0.8)
    """However high a place's scores always were, no more than this is taken for usual: no fire can be learnt away."""
    learn_s: Seconds = 600.0
    """What is usual is learnt in about this time, and never while a place counts; 0: nothing is learnt."""
    change_min: float = Field(default=0.04, ge=0, le=1)
    """Share of a place's picture that must have changed within `change_s`; 0: what stands still counts too."""
    change_s: Seconds = 3.0
    """So long ago the change may lie."""
    window_s: Seconds = 7.0
    """Frames of this time (of a slow camera: the last few) are judged together …"""
    share: float = Field(default=0.65, gt=0, le=1)
    """… and this share of them must count at one place or beside it …"""
    hits: int = Field(default=8, ge=1, le=200)
    """… and at least so many …"""
    lasts_s: Seconds = 3.5
    """… and this long from the first to the last."""
    whole_min: float = Field(default=0.85, ge=0, le=1)
    """The whole picture counts as a place of its own from this score: smoke that fills the view has no place."""
    clear_for_s: Seconds = 30.0
    """It is over when no frame has counted for this long."""
    repeat_s: Seconds = 300.0
    """While it lasts it is said again this often: an alert that somebody closed rises anew."""

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.lasts_s > self.window_s:
            raise ValueError("lasts_s must not exceed window_s, or nothing would ever be seen")
        return self


class FlameRules(FireRules):
    """Flame: flickers, so what stands still is none."""


class SmokeRules(FireRules):
    """Smoke: slower than flame, and taken longer for pale walls in a model's eyes; it alters a place more, and goes on."""

    score_min: float = Field(default=0.75, ge=0, le=1)
    change_min: float = Field(default=0.2, ge=0, le=1)
    window_s: Seconds = 9.0
    share: float = Field(default=0.6, gt=0, le=1)
    lasts_s: Seconds = 5.0


@dataclass(frozen=True, slots=True)
class LabelGrid:
    """One frame's scores of one label; `moved`: share of each cell that changed, in the way that fits the label."""

    columns: int
    rows: int
    scores: tuple[float, ...]
    moved: tuple[float, ...]
    whole: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """One frame, judged: the places that counted and the cells that changed, as bit masks (bit = cell number)."""

    at_ms: int
    places: int
    moved: int
    score: float


@dataclass(frozen=True, slots=True)
class FireState:
    """Of one label at one camera; times in monotonic milliseconds. `usual`: each cell's, then the whole picture's."""

    shape: tuple[int, int] = (0, 0)
    usual: tuple[float, ...] = field(default=())
    looks: tuple[Look, ...] = ()
    active: bool = False
    last_hit_ms: int = 0
    told_ms: int = 0

    @property
    def is_uncertain(self) -> bool:
        """Something is seen, or was a moment ago: every frame matters now."""
        return self.active or any(look.places for look in self.looks)


@dataclass(frozen=True, slots=True)
class FireChange:
    """An event to say: `score` is the mean of the frames that counted, `frames` their number, boxes in 0..1."""

    turn: Turn
    score: float
    frames: int
    boxes_xyxy: tuple[Box, ...]


def step(
    rules: FireRules, state: FireState, grid: LabelGrid, now_ms: int
) -> tuple[FireState, FireChange | None]:
    """Take one frame."""
    if state.shape != (grid.columns, grid.rows):
        usual = (0.0,) * (grid.columns * grid.rows + 1)
        state = replace(state, shape=(grid.columns, grid.rows), usual=usual, looks=())
    look = _judge(rules, state, grid, now_ms)
    looks = (*_kept(rules, state.looks, now_ms), look)
    usual = _learn(rules, state, grid, looks, now_ms)
    last_hit_ms = now_ms if look.places else state.last_hit_ms
    state = replace(state, looks=looks, usual=usual, last_hit_ms=last_hit_ms)
    return _say(rules, state, now_ms)


def _kept(rules: FireRules, looks: tuple[Look, ...], now_ms: int) -> tuple[Look, ...]:
    """Those of the window; at a slow camera the newest few, or it could never have enough."""
    least = math.ceil(rules.hits / rules.share) - 1
    return tuple(
        each
        for back, each in enumerate(reversed(looks[-_LOOKS_KEPT:]))
        if 0 <= passed_s(each.at_ms, now_ms) <= (rules.window_s if back >= least else _OLDEST_S)
    )[::-1]


def _judge(rules: FireRules, state: FireState, grid: LabelGrid, now_ms: int) -> Look:
    """Which places count in this frame."""
    moved = cells_at_least(grid.moved, rules.change_min)
    recent = moved
    for each in state.looks:
        if 0 <= passed_s(each.at_ms, now_ms) <= rules.change_s:
            recent |= each.moved
    places, best = 0, 0.0
    for i, (score, usual) in enumerate(zip(grid.scores, state.usual, strict=False)):
        if recent >> i & 1 and score >= _needed(rules, rules.score_min, usual):
            places |= 1 << i
            best = max(best, score)
    if recent and grid.whole >= _needed(rules, rules.whole_min, state.usual[-1]):
        places |= 1 << len(grid.scores)
        best = max(best, grid.whole)
    return Look(now_ms, places, moved, best)


def _needed(rules: FireRules, least: float, usual: float) -> float:
    """The score from which a place counts; never so high that nothing could reach it."""
    return max(least, min(usual + rules.above_usual, 0.95))


def _learn(
    rules: FireRules, state: FireState, grid: LabelGrid, looks: tuple[Look, ...], now_ms: int
) -> tuple[float, ...]:
    """Move what is usual towards the quantile of the scores, slowly; not where a place of this window counted."""
    if rules.learn_s == 0 or not state.looks:
        return state.usual
    passed = min(max(passed_s(state.looks[-1].at_ms, now_ms), 0.0), _LONGEST_GAP_S) / rules.learn_s
    suspicious = 0
    for each in looks:
        suspicious |= each.places
    if state.active or suspicious >> len(grid.scores) & 1:
        return state.usual
    suspicious = spread(suspicious, grid.columns, grid.rows)
    usual = []
    for i, (score, old) in enumerate(zip((*grid.scores, grid.whole), state.usual, strict=True)):
        if suspicious >> i & 1:
            usual.append(old)
        else:
            towards = _USUAL_QUANTILE if score > old else _USUAL_QUANTILE - 1
            usual.append(min(max(old + towards * passed, 0.0), rules.usual_max))
    return tuple(usual)


def _say(rules: FireRules, state: FireState, now_ms: int) -> tuple[FireState, FireChange | None]:
    """What follows from the window: begun, said again, over, or nothing."""
    if state.active and passed_s(state.last_hit_ms, now_ms) >= rules.clear_for_s:
        return replace(state, active=False), FireChange(Turn.ENDED, 0.0, 1, ())
    places = _lasting(rules, state)
    if not places:
        return state, None
    if state.active and passed_s(state.told_ms, now_ms) < rules.repeat_s:
        return state, None
    turn = Turn.REPEATED if state.active else Turn.RAISED
    scores = [look.score for look in state.looks if look.places]
    change = FireChange(turn, sum(scores) / len(scores), len(scores), boxes_of(places, *state.shape))
    return replace(state, active=True, told_ms=now_ms), change


def _lasting(rules: FireRules, state: FireState) -> int:
    """The places of the newest frame at which, or beside which, enough frames of the window counted."""
    columns, rows = state.shape
    whole = 1 << columns * rows
    newest = state.looks[-1].places
    if not newest:
        return 0
    reach = [
        (look.at_ms, spread(look.places & (whole - 1), columns, rows) | look.places) for look in state.looks
    ]
    enough = max(rules.hits, rules.share * len(state.looks))
    lasting, i = 0, 0
    while newest >> i:
        if newest >> i & 1:
            times_ms = [at_ms for at_ms, cells in reach if cells >> i & 1]
            if len(times_ms) >= enough and passed_s(times_ms[0], times_ms[-1]) >= rules.lasts_s:
                lasting |= 1 << i
        i += 1
    return lasting
