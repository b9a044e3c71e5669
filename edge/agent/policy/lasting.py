"""A condition that must last before it is said, and must be gone for a while before it is over. Pure."""

from dataclasses import dataclass, replace

from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import passed_s


@dataclass(frozen=True, slots=True)
class Lasting:
    """Times in monotonic milliseconds; None: not now."""

    active: bool = False
    since_ms: int | None = None
    """It holds since then."""
    gone_ms: int | None = None
    """It is active, and does not hold since then."""
    told_ms: int = 0


def step(
    state: Lasting, holds: bool, now_ms: int, *, for_s: float, clear_for_s: float, repeat_s: float
) -> tuple[Lasting, Turn | None]:
    """Take whether it holds now."""
    if not holds:
        if not state.active:
            return Lasting(), None
        gone_ms = now_ms if state.gone_ms is None else state.gone_ms
        if passed_s(gone_ms, now_ms) < clear_for_s:
            return replace(state, gone_ms=gone_ms), None
        return Lasting(), Turn.ENDED
    since_ms = now_ms if state.since_ms is None else state.since_ms
    state = replace(state, since_ms=since_ms, gone_ms=None)
    if not state.active and passed_s(since_ms, now_ms) >= for_s:
        return replace(state, active=True, told_ms=now_ms), Turn.RAISED
    if state.active and passed_s(state.told_ms, now_ms) >= repeat_s:
        return replace(state, told_ms=now_ms), Turn.REPEATED
    return state, None
