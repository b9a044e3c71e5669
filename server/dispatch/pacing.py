"""How long the dispatcher sleeps, and whether a clock was set. Pure; times are arguments."""

from dataclasses import dataclass
from datetime import datetime, timedelta

POLL_S = 1.0
"""The longest sleep: what became due meanwhile is at most this late."""
CONTENDED_S = 0.05
"""The sleep when something is due that another process has in hand."""
STEP_S = 30.0
"""A difference between wall time and monotonic time from which on a clock was set."""


def sleep_s(now: datetime, due: datetime | None, *, busy: bool) -> float:
    """Seconds until the next pass; `busy` says that this pass found something to do, so there may be more."""
    if busy:
        return 0.0
    if due is None:
        return POLL_S
    return min(max((due - now) / timedelta(seconds=1), CONTENDED_S), POLL_S)


@dataclass(slots=True)
class ClockWatch:
    """Notices that the wall clock was set, by comparing it with the monotonic clock."""

    _wall: datetime | None = None
    _mono_ms: int = 0

    def step_s(self, wall: datetime, mono_ms: int) -> float:
        """Seconds by which wall time jumped since the last call; 0 below STEP_S."""
        before, before_ms = self._wall, self._mono_ms
        self._wall, self._mono_ms = wall, mono_ms
        if before is None:
            return 0.0
        jump = (wall - before) / timedelta(seconds=1) - (mono_ms - before_ms) / 1000
        return jump if abs(jump) >= STEP_S else 0.0
