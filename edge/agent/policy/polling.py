"""Whom to ask next on a line that serves one question at a time. Pure.

Units that answer are asked at their own pace; a silent one is asked less and less often, and only when no other is
due, so that its time-outs do not slow down its neighbours.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from edge.agent.policy.backoff import delay_s
from edge.agent.policy.rules import passed_s

SILENT_CAP_S = 10.0
_PATIENCE_S = 30.0
"""A silent unit that is due for so long goes first, however busy the line is."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Of one thing that is asked. `due_ms` in monotonic milliseconds; `silences` in a row."""

    due_ms: int
    silences: int = 0


Key = TypeVar("Key", bound=Hashable)


def answered(poll: Poll, every_s: float, now_ms: int) -> Poll:
    """It answered: the next question comes one period after this one was due, or now if that is past."""
    return Poll(due_ms=max(poll.due_ms + round(every_s * 1000), now_ms))


def silent(poll: Poll, every_s: float, now_ms: int) -> Poll:
    """It did not answer in time."""
    silences = poll.silences + 1
    pause_s = delay_s(silences, first_s=every_s, cap_s=max(SILENT_CAP_S, every_s))
    return replace(poll, due_ms=now_ms + round(pause_s * 1000), silences=silences)


def choose(polls: Mapping[Key, Poll], now_ms: int) -> Key | None:
    """The one to ask now; None: nobody is due."""
    due = [(key, poll) for key, poll in polls.items() if poll.due_ms <= now_ms]
    if not due:
        return None

    def rank(entry: tuple[Key, Poll]) -> tuple[bool, int]:
        poll = entry[1]
        waits = poll.silences > 0 and passed_s(poll.due_ms, now_ms) < _PATIENCE_S
        return waits, poll.due_ms

    return min(due, key=rank)[0]


def wait_s(polls: Mapping[Key, Poll], now_ms: int, most_s: float) -> float:
    """Seconds until somebody is due, at most `most_s`."""
    soonest_ms = min((poll.due_ms for poll in polls.values()), default=now_ms + round(most_s * 1000))
    return min(max(soonest_ms - now_ms, 0) / 1000, most_s)
