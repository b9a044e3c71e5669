"""A device that is silent for more than 2.3 of its heartbeats is lost; its next word brings it back."""

from dataclasses import dataclass, replace

from pydantic import Field

from edge.agent.policy.rules import Rules, Seconds, passed_s


class LivenessRules(Rules):
    """`heartbeat_s` is the longest silence that the device's model allows; None: it may be silent for ever."""

    heartbeat_s: Seconds | None = 86400.0
    missed: float = Field(default=2.3, ge=1, le=100)
    """Heartbeats that may be missed: two can get lost on the radio, and the third may be late."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """`heard_ms`: when the device was last heard, or when we began to listen; monotonic milliseconds."""

    heard_ms: int
    lost: bool = False


def hear(liveness: Liveness, now_ms: int) -> tuple[Liveness, float | None]:
    """The device spoke: give the seconds of its silence if it had been lost."""
    silent_s = passed_s(liveness.heard_ms, now_ms) if liveness.lost else None
    return Liveness(heard_ms=now_ms), silent_s


def tick(rules: LivenessRules, liveness: Liveness, now_ms: int) -> tuple[Liveness, float | None]:
    """Let time pass: give the seconds of silence at the moment when the device becomes lost."""
    silent_s = passed_s(liveness.heard_ms, now_ms)
    if liveness.lost or rules.heartbeat_s is None or silent_s < rules.missed * rules.heartbeat_s:
        return liveness, None
    return replace(liveness, lost=True), silent_s


def lose(liveness: Liveness, now_ms: int) -> tuple[Liveness, float | None]:
    """Somebody who knows says that the device is gone: give the seconds of silence unless it was lost already."""
    if liveness.lost:
        return liveness, None
    return replace(liveness, lost=True), passed_s(liveness.heard_ms, now_ms)
