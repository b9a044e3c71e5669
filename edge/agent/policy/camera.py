"""What a camera's frames mean over time: counts, crowds, passages, flame and smoke. One step a frame."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import Field, field_validator

from edge.agent.observation import FrameSeen, Observation
from edge.agent.policy import camera_count, camera_crowd, camera_fire, camera_lines, standing
from edge.agent.policy.camera_count import CountState
from edge.agent.policy.camera_crowd import ZoneState
from edge.agent.policy.camera_fire import FireState
from edge.agent.policy.crowd import ZoneRules
from edge.agent.policy.fire import FlameRules, SmokeRules
from edge.agent.policy.lines import LineRules, Walks
from edge.agent.policy.rules import Rules
from edge.agent.policy.schedule import NightRules
from edge.agent.policy.sight import Sight, count_in_view
from edge.agent.policy.tracking import TrackerState, TrackRules


class CameraRules(Rules):
    """What to look for in one camera's view."""

    zones: tuple[ZoneRules, ...] = Field(default=(), max_length=32)
    """Zones with a limit; without one the camera counts and raises no crowd."""
    lines: tuple[LineRules, ...] = Field(default=(), max_length=32)
    """Lines whose passages are counted."""
    reading_every_s: float = Field(default=10.0, ge=1, le=3600)
    """The count and the frame rate are reported this often (the median of the counts since the last report)."""
    tracking: TrackRules = TrackRules()
    flame: FlameRules = FlameRules()
    smoke: SmokeRules = SmokeRules()
    night: NightRules | None = None
    """What differs at night; without it every hour is alike. Checked together with the rest by `night.rules_of_day`."""

    @field_validator("zones")
    @classmethod
    def _zone_names_differ(cls, value: tuple[ZoneRules, ...]) -> tuple[ZoneRules, ...]:
        _check_names("zones", (zone.name for zone in value))
        return value

    @field_validator("lines")
    @classmethod
    def _line_names_differ(cls, value: tuple[LineRules, ...]) -> tuple[LineRules, ...]:
        _check_names("lines", (line.name for line in value))
        return value


@dataclass(frozen=True, slots=True)
class CameraState:
    """Of one camera; `zones` and `lines` go with those of the rules, in order."""

    zones: tuple[ZoneState, ...]
    lines: tuple[Walks, ...] = ()
    tracks: TrackerState = field(default_factory=TrackerState)
    fire: FireState = field(default_factory=FireState)
    count: CountState = field(default_factory=CountState)

    @property
    def is_uncertain(self) -> bool:
        """Something is active, hit, or lost from sight: every frame has to be looked at."""
        return (
            self.fire.is_uncertain
            or any(zone.is_uncertain for zone in self.zones)
            or any(track.lost for track in self.tracks.tracks)
        )


def begin(rules: CameraRules) -> CameraState:
    """The state before the first frame."""
    return CameraState(zones=tuple(ZoneState() for _ in rules.zones), lines=tuple({} for _ in rules.lines))


def look(
    rules: CameraRules, sight: Sight, state: CameraState, frame: FrameSeen
) -> tuple[CameraState, tuple[Observation, ...]]:
    """Take one frame; give the events and readings that follow from it.

    A frame that is not fresh repeats what was found before: counts and stays go on, and nothing is a new hit.
    """
    tracks = standing.follow(rules.tracking, sight, state.tracks, frame)
    standings = standing.standings(sight, tracks, frame)
    zones, crowds = camera_crowd.step(rules.zones, sight, state.zones, frame, standings)
    lines: tuple[Walks, ...] = state.lines
    passages: tuple[Observation, ...] = ()
    if sight.people:  # a moving region is nobody: readings have no room to say what they rest on
        lines, passages = camera_lines.step(rules.lines, state.lines, frame, standings)
    fire, fires = camera_fire.step(rules.flame, rules.smoke, sight, state.fire, frame)
    dwell_s = max(zone.dwell_s for zone in zones) if zones and sight.people else None
    number = count_in_view(sight, frame)
    count, readings = camera_count.step(rules.reading_every_s, sight, state.count, frame, number, dwell_s)
    return CameraState(zones, lines, tracks, fire, count), (*crowds, *fires, *passages, *readings)


def _check_names(what: str, names: Iterable[str]) -> None:
    listed = list(names)
    if len(set(listed)) != len(listed):
        raise ValueError(f"two {what} have the same name")
