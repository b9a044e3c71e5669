"""A condition that is held: some smoke sensors say true and, one second later, false again."""

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.agent.policy.rules import Rules, Seconds, passed_s


class LatchRules(Rules):
    """When a held condition ends, and how often it is said again while it lasts."""

    hold_s: Seconds = 60.0
    """Seconds without the condition, counted from its last report, before it ends."""
    repeat_s: Seconds = 60.0
    """While it lasts, a further report is passed on at most this often: an alert that somebody closed rises anew."""


class Turn(StrEnum):
    """What a report or the passing of time did to a condition."""

    RAISED = "raised"
    """It began: say so now."""
    REPEATED = "repeated"
    """It was reported again after a while: say it again."""
    ENDED = "ended"
    """It is over: say `active` false."""


@dataclass(frozen=True, slots=True)
class Latch:
    """`reported` is the device's last word, `active` is ours. Times in monotonic milliseconds."""

    active: bool = False
    reported: bool = False
    last_true_ms: int = 0
    told_ms: int = 0


def hear(rules: LatchRules, latch: Latch, value: bool, now_ms: int) -> tuple[Latch, Turn | None]:
    """Take a report of the condition."""
    if not value:
        return tick(rules, replace(latch, reported=False), now_ms)
    if not latch.active:
        return Latch(active=True, reported=True, last_true_ms=now_ms, told_ms=now_ms), Turn.RAISED
    heard = replace(latch, reported=True, last_true_ms=now_ms)
    if passed_s(latch.told_ms, now_ms) >= rules.repeat_s:
        return replace(heard, told_ms=now_ms), Turn.REPEATED
    return heard, None


def tick(rules: LatchRules, latch: Latch, now_ms: int) -> tuple[Latch, Turn | None]:
    """Let time pass: a condition whose last report was false ends after the hold time; a silent true never does."""
    if latch.active and not latch.reported and passed_s(latch.last_true_ms, now_ms) >= rules.hold_s:
        return Latch(), Turn.ENDED
    return latch, None
