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
    dwell_s: float = 0.0
    """The longest stay since the last report."""


def step(
    every_s: float, sight: Sight, state: CountState, frame: FrameSeen, count: int, dwell_s: float | None
) -> tuple[CountState, tuple[ReadingSeen, ...]]:
    """Take one frame's count; every `every_s` give the median since the last report, the frame rate and the longest stay.

    `dwell_s` is None where no stay is measured (no zone), or not people's.
    """
    now_ms = frame.moment.mono_ms
    if state.from_ms is None:
        return CountState(counts=(count,), from_ms=now_ms, dwell_s=dwell_s or 0.0), ()
    state = replace(
        state,
        counts=(*state.counts, count)[-_COUNTS_KEPT:],
        frames=state.frames + 1,
        dwell_s=max(state.dwell_s, dwell_s or 0.0),
    )
    elapsed_s = passed_s(state.from_ms or 0, now_ms)
    if elapsed_s < every_s:
        return state, ()
    metric = Metric.PEOPLE_COUNT if sight.people else Metric.MOVING_REGIONS
    middle = float(statistics.median_high(state.counts))
    readings: tuple[ReadingSeen, ...] = (
        ReadingSeen(frame.device, metric, middle, frame.moment),
        ReadingSeen(frame.device, Metric.FRAMES_PER_S, round(state.frames / elapsed_s, 3), frame.moment),
    )
    if dwell_s is not None:
        longest = ReadingSeen(frame.device, Metric.DWELL_MAX_S, round(state.dwell_s, 3), frame.moment)
        readings = (*readings, longest)
    return CountState(from_ms=now_ms), readings
