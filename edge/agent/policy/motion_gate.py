"""When a picture is worth a model's time: when it changed, when something is going on, and every so often anyway. Pure."""

from dataclasses import dataclass

from pydantic import Field

from edge.agent.policy.rules import Rules, passed_s

_NOISE_TIMES = 3.0
"""A change counts when it is this much larger than the spread of the picture's own noise …"""
_NOISE_MOST = 2.0
"""… which makes the gate at most so many times less sensitive: a picture that changes everywhere is not noise."""
_GAP_S = 1.0
"""After so long without a frame much may have happened."""


class GateRules(Rules):
    """The motion gate of one camera."""

    enabled: bool = True
    """Without it the models look at every frame."""
    idle_look_s: float = Field(default=2.0, ge=0.2, le=60)
    """The models look at least this often, however still the picture is."""
    change_min: float = Field(default=12.0, ge=1, le=255)
    """A spot that changes by so many grey levels, of 255, opens the gate."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A cheap comparison of one picture: the greatest local change, in grey levels, and the picture's noise."""

    since_look: float
    """Against the picture that the models looked at last."""
    since_background: float
    """Against a slow mean of the last half minute."""
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class GateState:
    """Times in monotonic milliseconds; None before the first look."""

    looked_ms: int | None = None
    frame_ms: int = 0


def decide(
    rules: GateRules, state: GateState, glance: Glance, now_ms: int, *, uncertain: bool
) -> tuple[GateState, bool]:
    """Whether the models look at this picture. When in doubt they do."""
    limit = min(max(rules.change_min, _NOISE_TIMES * glance.noise), _NOISE_MOST * rules.change_min)
    look = (
        not rules.enabled
        or uncertain
        or state.looked_ms is None
        or passed_s(state.looked_ms, now_ms) >= rules.idle_look_s
        or passed_s(state.frame_ms, now_ms) > _GAP_S
        or glance.since_look >= limit
        or glance.since_background >= limit
    )
    return GateState(now_ms if look else state.looked_ms, now_ms), look
