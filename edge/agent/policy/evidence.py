"""Which alarm gets a picture, from which camera, and how often. Pure.

A camera's own alarm gets the frame in which it was confirmed; a sensor's alarm the next frame of a camera that is
configured for it. One picture for a device and kind in ten minutes, a drill's apart from what is real.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from pydantic import Field

from edge.agent.observation import EventSeen
from edge.agent.policy.rules import Rules, passed_s
from redwhistle.contracts.events import EventKind
from redwhistle.contracts.ids import DeviceId, PlaceId

OWN_KINDS = frozenset({EventKind.FLAME_SEEN, EventKind.SMOKE_SEEN, EventKind.CROWD_FORMED})
"""What a camera says itself."""
SENSOR_KINDS = frozenset(
    {
        EventKind.SMOKE,
        EventKind.HEAT,
        EventKind.GAS,
        EventKind.MANUAL_CALL,
        EventKind.SOS,
        EventKind.GATE_FORCED,
        EventKind.WATER_LEVEL,
        EventKind.VIBRATION,
    }
)
"""What another device says, in the view of a camera that is configured for it."""
WAIT_S = 5.0
"""A frame belongs to an alarm when it was taken at most this long before or after it."""
_MOST_WISHES = 64


class EvidenceRules(Rules):
    """Of one camera."""

    enabled: bool = True
    """A picture of the camera's own alarms (fire, smoke, crowd)."""
    also_for: tuple[DeviceId | PlaceId, ...] = Field(default=(), max_length=100)
    """Devices, or places of devices, whose alarms this camera can see: a smoke detector in its corridor."""
    every_s: float = Field(default=600.0, ge=60, le=86400)
    """At most one picture for a device and kind in this time."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that was kept, by the id under which the server will know it."""

    event: UUID
    device: str
    kind: EventKind
    place: str | None
    exercise: str | None

    @property
    def key(self) -> tuple[str, EventKind, str | None]:
        """What gets one picture at a time."""
        return self.device, self.kind, self.exercise


@dataclass(frozen=True, slots=True)
class Wish:
    """An alarm that waits for a frame of one of these cameras."""

    alarm: Alarm
    cameras: frozenset[str]
    since_ms: int
    every_s: float


@dataclass(frozen=True, slots=True)
class EvidenceState:
    """Of one box. `until_ms`: until when a key has had its picture."""

    wishes: tuple[Wish, ...] = ()
    until_ms: Mapping[tuple[str, EventKind, str | None], int] = field(default_factory=dict)

    def waits_for(self, camera: str) -> bool:
        """Whether a frame of this camera is wanted now."""
        return any(camera in wish.cameras for wish in self.wishes)


def alarm_of(event: UUID, seen: EventSeen) -> Alarm | None:
    """The alarm that an event is; None for one that gets no picture: an end, a device's test, another kind."""
    if not seen.data.active or seen.test or seen.kind not in OWN_KINDS | SENSOR_KINDS:
        return None
    return Alarm(event, seen.device, seen.kind, seen.place, seen.exercise)


def ask(rules: Mapping[str, EvidenceRules], state: EvidenceState, alarm: Alarm, now_ms: int) -> EvidenceState:
    """Take an alarm; `rules` by camera."""
    cameras = {name: rule for name, rule in rules.items() if _can_see(name, rule, alarm)}
    waiting = any(
        wish.alarm.key == alarm.key and passed_s(wish.since_ms, now_ms) <= WAIT_S for wish in state.wishes
    )
    if not cameras or waiting or now_ms < state.until_ms.get(alarm.key, now_ms):
        return state
    every_s = min(rule.every_s for rule in cameras.values())
    wish = Wish(alarm, frozenset(cameras), now_ms, every_s)
    return replace(state, wishes=(*state.wishes, wish)[-_MOST_WISHES:])


def serve(
    state: EvidenceState, camera: str, frame_ms: int, now_ms: int
) -> tuple[EvidenceState, tuple[Alarm, ...]]:
    """Take a camera's frame, by its monotonic time; give the alarms whose picture it is."""
    waiting = [wish for wish in state.wishes if passed_s(wish.since_ms, now_ms) <= WAIT_S]
    served = [
        wish
        for wish in waiting
        if camera in wish.cameras and abs(passed_s(wish.since_ms, frame_ms)) <= WAIT_S
    ]
    until_ms = {key: at_ms for key, at_ms in state.until_ms.items() if at_ms > now_ms}
    until_ms |= {wish.alarm.key: now_ms + round(1000 * wish.every_s) for wish in served}
    left = tuple(wish for wish in waiting if wish not in served)
    return EvidenceState(left, until_ms), tuple(wish.alarm for wish in served)


def _can_see(camera: str, rule: EvidenceRules, alarm: Alarm) -> bool:
    if not rule.enabled:
        return False
    if alarm.kind in OWN_KINDS:
        return camera == alarm.device
    return alarm.device in rule.also_for or (alarm.place is not None and alarm.place in rule.also_for)
