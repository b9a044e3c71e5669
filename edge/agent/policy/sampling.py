"""How often a value that is read all the time is passed on: after a while, or when it changed. Pure."""

from dataclasses import dataclass

from edge.agent.policy.rules import passed_s


@dataclass(frozen=True, slots=True)
class Sample:
    """The value that was passed on last, and when (monotonic milliseconds)."""

    value: float
    at_ms: int


def is_due(
    last: Sample | None, value: float, now_ms: int, *, every_s: float, on_change: float | None
) -> bool:
    """True for the first value, after `every_s`, and for a change of at least `on_change`."""
    if last is None or passed_s(last.at_ms, now_ms) >= every_s:
        return True
    return on_change is not None and abs(value - last.value) >= on_change
