"""A camera's periodic readings: how many are in view, and how many frames a second are looked at."""

import statistics
from dataclasses import dataclass, replace

from edge.agent.observation import FrameSeen, ReadingSeen
from edge.agent.policy.rules import passed_s
from edge.agent.policy.sight import Sight
from redwhistle.contracts.readings import Metric

_COUNTS_KEPT = 512


@dataclass(frozen=True, slots=True)
class CountState:
    """Counts since the last report; times in monotonic milliseconds."""

    counts: tuple[int, ...] = ()
    frames: int = 0
    from_ms: int | None = None


def step(
    every_s: float, sight: Sight, state: CountState, frame: FrameSeen, count: int
) -> tuple[CountState, tuple[ReadingSeen, ...]]:
    """Take one frame's count; every `every_s` give the median since the last report and the frame rate."""
    now_ms = frame.moment.mono_ms
    if state.from_ms is None:
        return CountState(counts=(count,), frames=0, from_ms=now_ms), ()
    state = replace(state, counts=(*state.counts, count)[-_COUNTS_KEPT:], frames=state.frames + 1)
    elapsed_s = passed_s(state.from_ms or 0, now_ms)
    if elapsed_s < every_s:
        return state, ()
    metric = Metric.PEOPLE_COUNT if sight.people else Metric.MOVING_REGIONS
    middle = float(statistics.median_high(state.counts))
    readings = (
        ReadingSeen(frame.device, metric, middle, frame.moment),
        ReadingSeen(frame.device, Metric.FRAMES_PER_S, round(state.frames / elapsed_s, 3), frame.moment),
    )
    return CountState(from_ms=now_ms), readings
