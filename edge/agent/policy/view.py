"""Whether a camera still sees what it was put up to see: covered, moved, blinded, frozen. Pure, over measures.

Darkness is no cover. A picture that is dark and still has noise or edges is a night: it is said to be covered only when it
lasts longer than any night. What grows dim slowly is fog or smoke, not a hand: it takes `fog_for_s`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pydantic import Field

from edge.agent.policy import lasting
from edge.agent.policy.lasting import Lasting
from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import Rules, Seconds, passed_s
from redwhistle.contracts.events import EventKind

_DARK = 30.0
"""Mean grey level under which a picture is dark."""
_NOISY = 1.0
"""A sensor that amplifies the dark makes so much noise, in grey levels."""
_FLAT_EDGES = 0.3
"""A picture is flat when it has less than this share of its usual edges …"""
_FLAT_KEPT = 0.35
"""… and resembles its reference no more than this; or when it has hardly any contrast at all."""
_FLAT_CONTRAST = 4.0
_EDGES_LEAST = 0.005
"""A view with fewer edges than this has nothing that could be lost."""
_GLARE = 0.4
"""Share of the picture at the end of the scale."""
_GLARE_END = 0.3
_KEPT_LEAST = 0.2
"""Resemblance to the reference (correlation of edges, block by block) of a view that is another one."""
_KEPT_USUAL = 0.4
"""From this on it is the old view, with people in it or in another light."""
_KEPT_STRANGE = 0.3
"""Under this a picture is not learnt: a crowd, smoke, or another view."""
_STEADY_LEAST = 0.5
"""A moved camera stands still afterwards: its picture resembles that of a moment ago."""
_SHIFT_LEAST = 0.03
"""Of the frame's width."""
_SHIFT_GAIN = 0.25
"""So much better must the picture fit after the shift."""
_SUDDEN_S = 5.0
"""Longer than this from a usual picture to a flat one is no cover but fog."""
_USUAL_EDGES = 0.45
"""A picture with this share of the usual edges, or that resembles its reference, is a usual one."""
_USUAL_WEIGHT = 0.02


class Code(StrEnum):
    """What is wrong with a view; stable for programs."""

    COVERED = "camera_covered"
    """The view is covered: nothing of the usual picture is left."""
    MOVED = "camera_moved"
    """The camera looks elsewhere."""
    BLINDED = "camera_blinded"
    """Light or infrared glare drowns the picture."""
    FROZEN = "camera_frozen"
    """The same picture comes again and again, though frames arrive."""


KIND_OF: Mapping[Code, EventKind] = {
    Code.COVERED: EventKind.TAMPER,
    Code.MOVED: EventKind.TAMPER,
    Code.BLINDED: EventKind.DEVICE_FAULT,
    Code.FROZEN: EventKind.DEVICE_FAULT,
}
NOTE_OF: Mapping[Code, str] = {
    Code.COVERED: "画面被遮挡，请到现场查看 / the view is covered: go and look",
    Code.MOVED: "摄像头被移动，请对准原来的画面 / the camera was moved: point it at its old view",
    Code.BLINDED: "强光或红外反光使画面过亮 / glare: shade the camera, or clean its cover",
    Code.FROZEN: "画面停止不动，请重启摄像头 / the picture stands still: restart the camera",
}


class ViewRules(Rules):
    """When a camera's view is at fault."""

    enabled: bool = True
    every_s: float = Field(default=1.0, ge=0.2, le=60)
    """The view is judged this often."""
    covered_for_s: Seconds = 10.0
    """Suddenly flat for this long."""
    dark_for_s: Seconds = 120.0
    """Suddenly flat and dark for this long, without noise: a cap, or a lamp that went out in a room without windows."""
    fog_for_s: Seconds = 900.0
    """Slowly grown flat, for this long: fog, smoke, dirt."""
    night_for_s: Seconds = 14 * 3600.0
    """Dark, with noise or edges, for longer than this: no night is so long."""
    blinded_for_s: Seconds = 10.0
    moved_for_s: Seconds = 20.0
    frozen_for_s: Seconds = 60.0
    clear_for_s: Seconds = 10.0
    """It is over when the view has been good for this long."""
    repeat_s: Seconds = 1800.0
    """While it lasts it is said again this often."""
    relearn_s: Seconds = 3600.0
    """A camera that looks elsewhere for this long was turned on purpose: what it sees now is its view."""


@dataclass(frozen=True, slots=True)
class ViewMeasures:
    """Of one picture. `kept`, `shift_share`, `shift_gain` and `steady` are None where there is nothing to compare with."""

    level: float
    """Mean grey, 0..255."""
    contrast: float
    """Standard deviation of the grey levels."""
    edge_share: float
    """Share of pixels on an edge."""
    bright_share: float
    """Share of pixels at the end of the scale."""
    noise: float
    """From one picture to the next, grey levels."""
    kept: float | None = None
    """Resemblance to the reference, -1..1."""
    shift_share: float | None = None
    """How far the picture lies from the reference, of the frame's width."""
    shift_gain: float | None = None
    """How much better it resembles the reference after that shift."""
    steady: float | None = None
    """Resemblance to the picture measured before, -1..1."""
    same: bool = False
    """Exactly the picture measured before, but for a clock that is written into it."""


class Learn(StrEnum):
    """What the reference does with this picture."""

    NO = "no"
    SLOWLY = "slowly"
    ANEW = "anew"
    """It is forgotten first."""


@dataclass(frozen=True, slots=True)
class ViewState:
    """Of one camera; times in monotonic milliseconds."""

    at_ms: int | None = None
    usual_edges: float | None = None
    usual_ms: int | None = None
    """When the picture was last as usual."""
    kept_ms: int | None = None
    """When the picture last resembled its reference."""
    sudden: bool = True
    """How the present flatness came."""
    flat: bool = False
    glare: bool = False
    lasting: Mapping[Code, Lasting] = field(default_factory=dict)
    night: Lasting = field(default_factory=Lasting)


@dataclass(frozen=True, slots=True)
class ViewChange:
    """An event to say."""

    code: Code
    active: bool


def is_due(rules: ViewRules, state: ViewState, now_ms: int) -> bool:
    """Whether the view is to be measured and judged now."""
    return rules.enabled and (state.at_ms is None or passed_s(state.at_ms, now_ms) >= rules.every_s)


def step(
    rules: ViewRules, state: ViewState, measures: ViewMeasures, now_ms: int
) -> tuple[ViewState, tuple[ViewChange, ...], Learn]:
    """Take one picture's measures; give what is to be said, and whether the reference learns the picture."""
    glare = measures.bright_share >= (_GLARE_END if state.glare else _GLARE) and _has_lost(state, measures)
    flat = not glare and _is_flat(state, measures)
    if flat and not state.flat:
        sudden = state.usual_ms is None or passed_s(state.usual_ms, now_ms) <= _SUDDEN_S
        state = replace(state, sudden=sudden)
    dark = measures.level < _DARK
    night = dark and (not flat or measures.noise >= _NOISY)
    covered = flat and not night
    moved = not (flat or glare or dark) and _is_elsewhere(state, measures, now_ms)
    frozen = measures.same and not (flat or glare)
    durations = {
        Code.COVERED: rules.fog_for_s
        if not state.sudden
        else (rules.dark_for_s if dark else rules.covered_for_s),
        Code.BLINDED: rules.blinded_for_s,
        Code.MOVED: rules.moved_for_s,
        Code.FROZEN: rules.frozen_for_s,
    }
    long_night, _ = lasting.step(
        state.night, night, now_ms, for_s=rules.night_for_s, clear_for_s=0.0, repeat_s=rules.repeat_s
    )
    holds = {
        Code.COVERED: covered or long_night.active,
        Code.BLINDED: glare,
        Code.MOVED: moved,
        Code.FROZEN: frozen,
    }
    if long_night.active:
        durations[Code.COVERED] = 0.0
    said: list[ViewChange] = []
    conditions: dict[Code, Lasting] = {}
    for code in Code:
        before = state.lasting.get(code, Lasting())
        # A cover that is taken for a while longer, a picture that nothing can be said of: what was said still stands.
        hidden = before.active and not holds[code] and (flat or glare or dark) and code is Code.MOVED
        conditions[code], turn = (
            (before, None)
            if hidden
            else lasting.step(
                before,
                holds[code],
                now_ms,
                for_s=durations[code],
                clear_for_s=rules.clear_for_s,
                repeat_s=rules.repeat_s,
            )
        )
        if turn is not None:
            said.append(ViewChange(code, turn is not Turn.ENDED))
    state, relearn = _relearn(rules, replace(state, lasting=conditions), now_ms)
    if relearn:
        said.append(ViewChange(Code.MOVED, active=False))
    usual = not (flat or glare or dark or moved or measures.same)
    settled = not any(each.active for each in state.lasting.values())
    state = replace(
        state,
        at_ms=now_ms,
        flat=flat,
        glare=glare,
        night=long_night,
        usual_ms=now_ms if usual and _is_usual(state, measures) else state.usual_ms,
        kept_ms=now_ms if measures.kept is not None and measures.kept >= _KEPT_USUAL else state.kept_ms,
        usual_edges=_learn_edges(state, measures) if usual and settled else state.usual_edges,
    )
    strange = measures.kept is not None and measures.kept < _KEPT_STRANGE
    if relearn:
        return state, tuple(said), Learn.ANEW
    return (
        state,
        tuple(said),
        Learn.SLOWLY if settled and not (flat or glare or moved or strange) else Learn.NO,
    )


def _is_flat(state: ViewState, measures: ViewMeasures) -> bool:
    if measures.contrast < _FLAT_CONTRAST:
        return True
    usual = state.usual_edges
    if usual is None or usual < _EDGES_LEAST:
        return False
    resembles = measures.kept is not None and measures.kept > _FLAT_KEPT
    return measures.edge_share < _FLAT_EDGES * usual and not resembles


def _has_lost(state: ViewState, measures: ViewMeasures) -> bool:
    """A bright picture that still shows its scene is no glare."""
    if state.usual_edges is not None and measures.edge_share < _FLAT_EDGES * state.usual_edges:
        return True
    return measures.kept is None or measures.kept < 2 * _FLAT_KEPT


def _is_elsewhere(state: ViewState, measures: ViewMeasures, now_ms: int) -> bool:
    """Shifted; or of a sudden quite another picture, and one that stays. A view that fades is smoke, fog or dusk."""
    if measures.kept is None or measures.steady is None or measures.steady < _STEADY_LEAST:
        return False
    shifted = (
        measures.shift_share is not None
        and measures.shift_gain is not None
        and measures.shift_share >= _SHIFT_LEAST
        and measures.shift_gain >= _SHIFT_GAIN
    )
    before = state.lasting.get(Code.MOVED, Lasting())
    sudden = state.kept_ms is not None and passed_s(state.kept_ms, now_ms) <= _SUDDEN_S
    return shifted or (
        measures.kept < _KEPT_LEAST and (sudden or before.active or before.since_ms is not None)
    )


def _is_usual(state: ViewState, measures: ViewMeasures) -> bool:
    resembles = measures.kept is not None and measures.kept >= _KEPT_USUAL
    return resembles or state.usual_edges is None or measures.edge_share >= _USUAL_EDGES * state.usual_edges


def _learn_edges(state: ViewState, measures: ViewMeasures) -> float:
    usual = state.usual_edges
    if usual is None:
        return measures.edge_share
    return usual + _USUAL_WEIGHT * (measures.edge_share - usual)


def _relearn(rules: ViewRules, state: ViewState, now_ms: int) -> tuple[ViewState, bool]:
    """A view that has been another one for long enough is the view."""
    moved = state.lasting[Code.MOVED]
    if not moved.active or moved.since_ms is None or passed_s(moved.since_ms, now_ms) < rules.relearn_s:
        return state, False
    conditions = {**state.lasting, Code.MOVED: Lasting()}
    return replace(state, lasting=conditions, usual_edges=None, usual_ms=None), True
