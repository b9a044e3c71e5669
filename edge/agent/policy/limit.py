"""A measured value against a limit: beyond it for long enough is a condition, back over a second mark ends it. Pure."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from pydantic import model_validator

from edge.agent.policy.rules import Rules, Seconds, passed_s
from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric

LimitEvent = Literal[
    EventKind.SMOKE, EventKind.HEAT, EventKind.GAS, EventKind.WATER_LEVEL, EventKind.VIBRATION
]
"""What a value beyond its limit may be."""


class LimitRules(Rules):
    """One limit of one metric; either `above` or `below`."""

    metric: Metric
    event: LimitEvent
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    """Back at or over this mark the condition ends; by default the limit itself."""
    for_s: Seconds = 0.0
    """Beyond the limit for this long before it counts."""

    @model_validator(mode="after")
    def _is_one_limit(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        if self.clear is not None and self._is_beyond(self.clear):
            raise ValueError("clear must lie on the good side of the limit")
        return self

    @property
    def mark(self) -> float:
        """The limit, in the metric's unit."""
        return self.above if self.above is not None else self.below or 0.0

    def holds(self, value: float, *, already: bool) -> bool:
        """Whether `value` is beyond; one that was beyond `already` stays so until it is back at `clear`."""
        if not already or self.clear is None:
            return self._is_beyond(value)
        return value > self.clear if self.above is not None else value < self.clear

    def _is_beyond(self, value: float) -> bool:
        return value > self.mark if self.above is not None else value < self.mark


@dataclass(frozen=True, slots=True)
class Crossing:
    """Of one limit. `since_ms`: beyond since then (monotonic); None: not beyond. `counts`: for long enough."""

    since_ms: int | None = None
    value: float = 0.0
    counts: bool = False


def hear(rules: LimitRules, crossing: Crossing, value: float, now_ms: int) -> Crossing:
    """Take a value."""
    if not rules.holds(value, already=crossing.counts):
        return Crossing(value=value)
    since_ms = now_ms if crossing.since_ms is None else crossing.since_ms
    return tick(rules, replace(crossing, since_ms=since_ms, value=value), now_ms)


def tick(rules: LimitRules, crossing: Crossing, now_ms: int) -> Crossing:
    """Let time pass: the last value still holds."""
    if crossing.since_ms is None or crossing.counts:
        return crossing
    return replace(crossing, counts=passed_s(crossing.since_ms, now_ms) >= rules.for_s)
