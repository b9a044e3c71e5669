"""What a camera's frames mean over time: counts, crowds, flame and smoke. One step a frame."""

from dataclasses import dataclass, field

from pydantic import Field, field_validator

from edge.agent.observation import FrameSeen, Observation
from edge.agent.policy import camera_count, camera_crowd, camera_fire
from edge.agent.policy.camera_count import CountState
from edge.agent.policy.camera_fire import FireState
from edge.agent.policy.crowd import CrowdState, ZoneRules
from edge.agent.policy.rules import Rules
from edge.agent.policy.fire import FlameRules, SmokeRules
from edge.agent.policy.sight import Sight, counted_points


class CameraRules(Rules):
    """What to look for in one camera's view."""

    zones: tuple[ZoneRules, ...] = Field(default=(), max_length=32)
    """Zones with a limit; without one the camera counts and raises no crowd."""
    reading_every_s: float = Field(default=10.0, ge=1, le=3600)
    """The count and the frame rate are reported this often (the median of the counts since the last report)."""
    flame: FlameRules = FlameRules()
    smoke: SmokeRules = SmokeRules()

    @field_validator("zones")
    @classmethod
    def _names_differ(cls, value: tuple[ZoneRules, ...]) -> tuple[ZoneRules, ...]:
        names = [zone.name for zone in value]
        if len(set(names)) != len(names):
            raise ValueError("two zones have the same name")
        return value


@dataclass(frozen=True, slots=True)
class CameraState:
    """Of one camera; `zones` goes with the rules' zones, in order."""

    zones: tuple[CrowdState, ...]
    fire: FireState = field(default_factory=FireState)
    count: CountState = field(default_factory=CountState)


def begin(rules: CameraRules) -> CameraState:
    """The state before the first frame."""
    return CameraState(zones=tuple(CrowdState() for _ in rules.zones))


def look(
    rules: CameraRules, sight: Sight, state: CameraState, frame: FrameSeen
) -> tuple[CameraState, tuple[Observation, ...]]:
    """Take one frame; give the events and readings that follow from it."""
    points = counted_points(sight, frame)
    zones, crowds = camera_crowd.step(rules.zones, sight, state.zones, frame, points)
    fire, fires = camera_fire.step(rules.flame, rules.smoke, sight, state.fire, frame)
    count, readings = camera_count.step(rules.reading_every_s, sight, state.count, frame, len(points))
    return CameraState(zones, fire, count), (*crowds, *fires, *readings)
