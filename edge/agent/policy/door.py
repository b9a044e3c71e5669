"""A door with readers, contacts and an exit button: what its lines and cards mean together. Pure.

The box opens no door: the door's own controller does. It watches, and tells what follows as `GateReport`s.
"""

from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from edge.agent.policy.gate import CARD_READ, GateAct, GateReport
from edge.agent.policy.rules import Rules, Seconds, passed_s

Direction = Literal["in", "out", "unknown"]
NOT_OPENED = "not_opened"
EXIT_BUTTON = "exit_button"
RELEASED = "released"


class DoorRules(Rules):
    """How one door is judged."""

    grant_s: Seconds = 6.0
    """A card, the exit button or the lock's release lets the door be opened within this time."""
    held_open_s: Seconds | None = 60.0
    """Open for longer is an alarm; null: never."""
    forced: bool = True
    """Opening without any of these is an alarm."""
    tailgating: bool = True
    """More people than cards during one opening (needs passage sensors) is told, as a hint."""
    most_pending: int = Field(default=8, ge=1, le=64)


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody may open. `reason` where it was no card."""

    at_ms: int
    direction: Direction = "unknown"
    credential: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DoorState:
    """`open` None: it was not heard yet. Times in monotonic milliseconds."""

    open: bool | None = None
    opened_ms: int = 0
    pending: tuple[Grant, ...] = ()
    released: bool = False
    """The lock is released for as long as this is true: on a fire, or by the house's switch."""
    allowed: int = 0
    passed: int = 0
    told_held: bool = False
    told_tailgating: bool = False


Step = tuple[DoorState, tuple[GateReport, ...]]


def hear_card(
    rules: DoorRules,
    state: DoorState,
    credential: str,
    direction: Direction,
    now_ms: int,
    *,
    has_contact: bool,
) -> Step:
    """A card was read; `credential` is its hash. Without a door contact nobody can tell whether it was let in."""
    if not has_contact:
        return state, (
            GateReport(GateAct.OPENED, direction, credential=credential, reason=CARD_READ, people=1),
        )
    grant = Grant(now_ms, direction, credential)
    if state.open:  # a further card while the door stands open: one more who may pass
        return replace(state, allowed=state.allowed + 1), (_opened(grant, people=1),)
    others = (each for each in state.pending if each.credential != credential)  # held twice, one person
    return replace(state, pending=(*others, grant)[-rules.most_pending :]), ()


def hear_exit(rules: DoorRules, state: DoorState, now_ms: int) -> Step:
    """The exit button was pressed."""
    grant = Grant(now_ms, "out", reason=EXIT_BUTTON)
    if state.open:
        return replace(state, allowed=state.allowed + 1), ()
    return replace(state, pending=(*state.pending, grant)[-rules.most_pending :]), ()


def hear_release(state: DoorState, released: bool, now_ms: int) -> Step:
    """The lock's own line: released or locked. After it locks, the door may be opened for `grant_s` more."""
    pending = state.pending
    if state.released and not released:
        pending = (*pending, Grant(now_ms, reason=RELEASED))
    return replace(state, released=released, pending=pending), ()


def hear_contact(rules: DoorRules, state: DoorState, is_open: bool, now_ms: int) -> Step:
    """The door contact. The first word after a start is a state, and no passage."""
    if is_open == state.open:
        return state, ()
    if state.open is None:
        state = replace(state, open=is_open, opened_ms=now_ms)
        return state, () if is_open else (GateReport(GateAct.CLOSED),)
    if not is_open:
        closed = DoorState(open=False, released=state.released)
        return closed, (GateReport(GateAct.CLOSED, open_s=passed_s(state.opened_ms, now_ms)),)
    valid = [each for each in state.pending if passed_s(each.at_ms, now_ms) <= rules.grant_s]
    state = DoorState(open=True, opened_ms=now_ms, released=state.released, allowed=len(valid))
    if valid:
        return state, tuple(_opened(each, people=1) for each in valid)
    if state.released:
        return state, (GateReport(GateAct.OPENED, reason=RELEASED),)
    if rules.forced:
        return state, (GateReport(GateAct.FORCED),)
    return state, (GateReport(GateAct.OPENED),)


def hear_passage(rules: DoorRules, state: DoorState, direction: Direction) -> Step:
    """A person passed the door's light barrier."""
    state = replace(state, passed=state.passed + 1)
    said = [GateReport(GateAct.PASSED, direction, people=1)]
    too_many = state.passed > state.allowed and not state.released and state.open is not False
    if rules.tailgating and too_many and not state.told_tailgating:
        state = replace(state, told_tailgating=True)
        said.append(GateReport(GateAct.TAILGATING, direction))
    return state, tuple(said)


def tick(rules: DoorRules, state: DoorState, now_ms: int) -> Step:
    """Let time pass: a card that opened nothing was refused; a door that stands open is held."""
    said: list[GateReport] = []
    late = [each for each in state.pending if passed_s(each.at_ms, now_ms) > rules.grant_s]
    if late:
        state = replace(state, pending=tuple(each for each in state.pending if each not in late))
        said.extend(
            GateReport(GateAct.DENIED, each.direction, credential=each.credential, reason=NOT_OPENED)
            for each in late
            if each.credential is not None
        )
    open_s = passed_s(state.opened_ms, now_ms)
    may_be_open = state.released or rules.held_open_s is None
    if state.open and not state.told_held and not may_be_open and open_s >= (rules.held_open_s or 0):
        state = replace(state, told_held=True)
        said.append(GateReport(GateAct.HELD_OPEN, open_s=open_s))
    return state, tuple(said)


def _opened(grant: Grant, *, people: int) -> GateReport:
    return GateReport(
        GateAct.OPENED, grant.direction, credential=grant.credential, reason=grant.reason, people=people
    )
