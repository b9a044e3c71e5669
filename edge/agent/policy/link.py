"""The connection to the box's local broker as a pure state machine with bounded back-off.

waiting ──▶ connecting ──▶ connected
   ▲            │              │
   └──failed────┴────lost──────┘
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.agent.policy.backoff import delay_s
from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import passed_s

_SETTLED_S = 10.0


class LinkPhase(StrEnum):
    """Where the connection stands."""

    WAITING = "waiting"
    """Not connected; the next attempt comes when the back-off has passed."""
    CONNECTING = "connecting"
    """Asked for; no answer of the broker yet."""
    CONNECTED = "connected"
    """The broker has accepted the subscriptions."""


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """`answer_s` to wait for the broker's acceptance; `fault_s` without a connection is a fault."""

    answer_s: float = 10.0
    fault_s: float = 30.0
    first_s: float = 1.0
    cap_s: float = 30.0


@dataclass(frozen=True, slots=True)
class LinkState:
    """Times in monotonic milliseconds. `down_from_ms`: when the connection was lost, or the beginning."""

    phase: LinkPhase
    next_try_ms: int
    down_from_ms: int
    since_ms: int = 0
    failures: int = 0
    faulty: bool = False


def begin(now_ms: int, *, faulty: bool = False) -> LinkState:
    """Not connected; the first attempt is due. `faulty`: a fault was said before and has not ended."""
    return LinkState(LinkPhase.WAITING, next_try_ms=now_ms, down_from_ms=now_ms, faulty=faulty)


def is_due(state: LinkState, now_ms: int) -> bool:
    """True when it is time to connect."""
    return state.phase is LinkPhase.WAITING and now_ms >= state.next_try_ms


def connecting(state: LinkState, now_ms: int) -> LinkState:
    """An attempt was begun."""
    return replace(state, phase=LinkPhase.CONNECTING, since_ms=now_ms)


def has_no_answer(limits: LinkLimits, state: LinkState, now_ms: int) -> bool:
    """True when the broker took too long to accept."""
    return state.phase is LinkPhase.CONNECTING and passed_s(state.since_ms, now_ms) >= limits.answer_s


def connected(state: LinkState, now_ms: int) -> tuple[LinkState, Turn | None]:
    """The broker accepted: a fault ends."""
    ended = Turn.ENDED if state.faulty else None
    return replace(state, phase=LinkPhase.CONNECTED, since_ms=now_ms, faulty=False), ended


def failed(limits: LinkLimits, state: LinkState, now_ms: int, spread: float) -> LinkState:
    """The attempt failed or the connection was lost: wait. `spread` in 0..1 is a random number."""
    was_up = state.phase is LinkPhase.CONNECTED
    settled = was_up and passed_s(state.since_ms, now_ms) >= _SETTLED_S
    failures = 1 if settled else state.failures + 1
    pause_ms = round(1000 * delay_s(failures, first_s=limits.first_s, cap_s=limits.cap_s, spread=spread))
    return replace(
        state,
        phase=LinkPhase.WAITING,
        next_try_ms=now_ms + pause_ms,
        down_from_ms=now_ms if was_up else state.down_from_ms,
        failures=failures,
    )


def tick(limits: LinkLimits, state: LinkState, now_ms: int) -> tuple[LinkState, Turn | None]:
    """Let time pass: being without a connection for `fault_s` is a fault, said once."""
    down = state.phase is not LinkPhase.CONNECTED and passed_s(state.down_from_ms, now_ms) >= limits.fault_s
    if down and not state.faulty:
        return replace(state, faulty=True), Turn.RAISED
    return state, None
