"""One access gate over time: forced and held open last until the gate is closed. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from pydantic import Field

from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.policy import latch as latches
from edge.agent.policy import liveness as lives
from edge.agent.policy.detector import lost, recovered
from edge.agent.policy.latch import Latch, LatchRules, Turn
from edge.agent.policy.liveness import Liveness, LivenessRules
from edge.agent.policy.rules import Rules
from redwhistle.contracts.events import EventKind, GateData
from redwhistle.contracts.readings import Metric


class GateAct(StrEnum):
    """What a gate controller reports."""

    OPENED = "opened"
    """Opened in the regular way."""
    DENIED = "denied"
    """A credential was refused."""
    FORCED = "forced"
    """Opened without being released."""
    HELD_OPEN = "held_open"
    """Open for too long."""
    CLOSED = "closed"
    """Shut: ends forced and held open."""
    PASSED = "passed"
    """People went through: counted, and no event."""
    TAILGATING = "tailgating"
    """More people than were let in: a hint, told as an opening with this reason."""


class GateRules(Rules):
    """How one gate's reports are judged."""

    alarm: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=0, repeat_s=60))
    """For forced and held open. With a hold of 0 closing ends them at once, and the next is a new event."""
    liveness: LivenessRules = Field(default_factory=lambda: LivenessRules(heartbeat_s=None))
    """A gate may be silent for ever unless its controller is known to speak regularly."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """One message of a gate. `credential` is already the keyed hash; `people`: how many went through with it."""

    act: GateAct
    direction: Literal["in", "out", "unknown"] = "unknown"
    credential: str | None = None
    reason: str | None = None
    open_s: float | None = None
    people: int = 0
    test: bool = False


@dataclass(frozen=True, slots=True)
class GateState:
    """Of one gate."""

    alive: Liveness
    forced: Latch = field(default_factory=Latch)
    held: Latch = field(default_factory=Latch)


_KIND = {
    GateAct.OPENED: EventKind.GATE_OPENED,
    GateAct.DENIED: EventKind.GATE_DENIED,
    GateAct.FORCED: EventKind.GATE_FORCED,
    GateAct.HELD_OPEN: EventKind.GATE_HELD_OPEN,
    GateAct.TAILGATING: EventKind.GATE_OPENED,
}
CARD_READ = "card_read"
"""The reason of an opening at a door without a contact: a card was read, and nobody knows whether it opened."""
_UNTOLD = frozenset({GateAct.CLOSED, GateAct.PASSED})
"""Acts that are no event."""
_NOT_THE_LEAF = frozenset({GateAct.DENIED, GateAct.PASSED, GateAct.TAILGATING})
"""Acts that do not tell whether the gate is open."""


def begin(now_ms: int) -> GateState:
    """A gate not heard yet."""
    return GateState(alive=Liveness(heard_ms=now_ms))


def hear(
    rules: GateRules,
    state: GateState,
    device: str,
    report: GateReport,
    moment: Moment,
    note: str | None = None,
) -> tuple[GateState, tuple[Observation, ...]]:
    """Take one report. A test says what it is and changes nothing but the gate's liveness."""
    said: list[Observation] = []
    alive, silent_s = lives.hear(state.alive, moment.mono_ms)
    state = replace(state, alive=alive)
    if report.test:
        if report.act not in _UNTOLD:
            said.append(_event(device, _KIND[report.act], _data(report, note), moment, test=True))
    else:
        state, said = _hear_act(rules, state, device, report, moment, note)
    if silent_s is not None:
        said.append(recovered(device, silent_s, moment))
    return state, tuple(said)


def hear_life(state: GateState, device: str, moment: Moment) -> tuple[GateState, tuple[Observation, ...]]:
    """Its reader or controller is there, and says nothing else."""
    alive, silent_s = lives.hear(state.alive, moment.mono_ms)
    said = () if silent_s is None else (recovered(device, silent_s, moment),)
    return replace(state, alive=alive), said


def tick(
    rules: GateRules, state: GateState, device: str, moment: Moment
) -> tuple[GateState, tuple[Observation, ...]]:
    """Let time pass: a held condition ends, a silent gate becomes lost."""
    said: list[Observation] = []
    forced, turn = latches.tick(rules.alarm, state.forced, moment.mono_ms)
    said.extend(_ended(turn, device, EventKind.GATE_FORCED, moment))
    held, turn = latches.tick(rules.alarm, state.held, moment.mono_ms)
    said.extend(_ended(turn, device, EventKind.GATE_HELD_OPEN, moment))
    alive, silent_s = lives.tick(rules.liveness, state.alive, moment.mono_ms)
    if silent_s is not None:
        said.append(lost(device, silent_s, moment))
    return replace(state, forced=forced, held=held, alive=alive), tuple(said)


def _hear_act(
    rules: GateRules,
    state: GateState,
    device: str,
    report: GateReport,
    moment: Moment,
    note: str | None,
) -> tuple[GateState, list[Observation]]:
    said: list[Observation] = []
    match report.act:
        case GateAct.TAILGATING:
            hint = replace(report, reason=GateAct.TAILGATING.value)
            said.append(_event(device, EventKind.GATE_OPENED, _data(hint, note), moment))
        case GateAct.OPENED | GateAct.DENIED:
            said.append(_event(device, _KIND[report.act], _data(report, note), moment))
        case GateAct.FORCED:
            forced, turn = latches.hear(rules.alarm, state.forced, True, moment.mono_ms)
            state = replace(state, forced=forced)
            if turn is not None:
                said.append(_event(device, EventKind.GATE_FORCED, _data(report, note), moment))
        case GateAct.HELD_OPEN:
            held, turn = latches.hear(rules.alarm, state.held, True, moment.mono_ms)
            state = replace(state, held=held)
            if turn is not None:
                said.append(_event(device, EventKind.GATE_HELD_OPEN, _data(report, note), moment))
        case GateAct.CLOSED:
            forced, turn = latches.hear(rules.alarm, state.forced, False, moment.mono_ms)
            said.extend(_ended(turn, device, EventKind.GATE_FORCED, moment))
            held, turn = latches.hear(rules.alarm, state.held, False, moment.mono_ms)
            said.extend(_ended(turn, device, EventKind.GATE_HELD_OPEN, moment))
            state = replace(state, forced=forced, held=held)
    if report.people and report.direction != "unknown":
        metric = Metric.PASSED_IN if report.direction == "in" else Metric.PASSED_OUT
        said.append(ReadingSeen(device, metric, float(report.people), moment))
    if report.act not in _NOT_THE_LEAF and report.reason != CARD_READ:
        opened = 0.0 if report.act is GateAct.CLOSED else 1.0
        said.append(ReadingSeen(device, Metric.GATE_OPEN, opened, moment))
    return state, said


def _data(report: GateReport, note: str | None) -> GateData:
    return GateData(
        note=note,
        direction=report.direction,
        credential=report.credential,
        reason=report.reason,
        open_s=report.open_s,
    )


def _ended(turn: Turn | None, device: str, kind: EventKind, moment: Moment) -> list[EventSeen]:
    return [_event(device, kind, GateData(active=False), moment)] if turn is Turn.ENDED else []


def _event(device: str, kind: EventKind, data: GateData, moment: Moment, *, test: bool = False) -> EventSeen:
    return EventSeen(device=device, kind=kind, data=data, moment=moment, test=test)
