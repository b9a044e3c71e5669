"""The words of the alert engine: what goes in (items), what comes out (decisions). Values only.

Times are integer milliseconds since the Unix epoch, UTC (`at_ms` when it happened by the corrected clock, `now_ms`
when the server took it). Everything here turns into JSON and back without loss, so that a log replays byte for byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

REAL = ""
"""The exercise id of what is not an exercise."""
DEFAULT_TIMEZONE = "Asia/Shanghai"
"""Of a compound that names none."""


class Hazard(StrEnum):
    """What threatens people."""

    FIRE = "fire"
    """Fire, seen or concluded from independent triggers."""
    SMOKE = "smoke"
    """A single smoke or heat detector alarms."""
    GAS = "gas"
    """Burnable gas or carbon monoxide."""
    CROWD = "crowd"
    """Too many people in one place."""
    EMERGENCY = "emergency"
    """A person calls for help, or an alarm that no rule understands."""
    GATE = "gate"
    """A gate is forced or stands open."""
    FLOOD = "flood"
    """Water where it must not be."""
    QUAKE = "quake"
    """The ground or a structure moves."""
    DEVICE = "device"
    """A sensor, a box or a rule no longer does its work."""


LIFE_SAFETY = frozenset({Hazard.FIRE, Hazard.SMOKE, Hazard.GAS, Hazard.EMERGENCY, Hazard.FLOOD, Hazard.QUAKE})
"""Never inhibited; a silence on these needs a second person."""


class Severity(IntEnum):
    """How urgent: the lower the more. The Chinese grades are Ⅰ to Ⅳ."""

    URGENT = 1
    """Ⅰ 紧急"""
    IMPORTANT = 2
    """Ⅱ 重要"""
    NORMAL = 3
    """Ⅲ 一般"""
    NOTICE = 4
    """Ⅳ 提示"""


class Certainty(StrEnum):
    """How sure the engine is."""

    SUSPECTED = "suspected"
    """One source says so."""
    CONFIRMED = "confirmed"
    """Independent sources agree, or a person says so."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The device that an item is about, as the server knew it when the item came.

    `path` are the place ids from the compound down to `place` (compound, building, unit …); `tags` are those of
    the device's place and of all places above it inside the compound, sorted. `heartbeat_s` is the longest regular silence.
    """

    site: str
    box: str
    device: str
    kind: str
    place: str
    path: tuple[str, ...]
    tags: tuple[str, ...] = ()
    label: str = ""
    model: str = ""
    heartbeat_s: float | None = None
    timezone: str = DEFAULT_TIMEZONE
    """IANA name of the compound's zone: the hours in rules are local."""


@dataclass(frozen=True, slots=True)
class EventItem:
    """An event (contracts.events) with its subject. `late_ms` is how long it waited before the server had it.

    `lane` is the lane that brought it; it only matters for kinds that this version does not know.
    """

    id: str
    subject: Subject
    kind: str
    at_ms: int
    active: bool = True
    test: bool = False
    late_ms: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
    lane: str = "alarm"


@dataclass(frozen=True, slots=True)
class ReadingItem:
    """One reading that the screen let through (see `engine.Screen`)."""

    id: str
    subject: Subject
    metric: str
    value: float
    at_ms: int


@dataclass(frozen=True, slots=True)
class PresenceItem:
    """Devices were heard: the newest time for each, for rules of absence."""

    id: str
    subject: Subject
    at_ms: int


@dataclass(frozen=True, slots=True)
class BoxItem:
    """A box came online or went away (its birth message or last will)."""

    id: str
    subject: Subject
    online: bool
    at_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DoubtItem:
    """An alarm that could not be read or placed and lies in quarantine: raised as it is, with the reason."""

    id: str
    subject: Subject
    at_ms: int
    code: str
    detail: str
    kind: str = ""
    """The event kind it claims to be; empty when that cannot be read either."""


@dataclass(frozen=True, slots=True)
class ClosedItem:
    """A person (or the queue) closed an alert: the next trigger raises a new one."""

    id: str
    alert_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Silence:
    """A span in which matching alerts are not announced. Matchers are equal-to on the named fields.

    `matchers` keys: hazard, place (matches everything below it, too), device, rule, site; at least one is needed.
    `second_person` approved it; without one it does not cover life-safety hazards.
    """

    id: str
    matchers: Mapping[str, str]
    start_ms: int
    end_ms: int
    author: str
    comment: str
    second_person: str | None = None


@dataclass(frozen=True, slots=True)
class SilenceItem:
    """A silence was made, approved or (with `end_ms` in the past) ended; the latest of one id counts."""

    id: str
    silence: Silence
    at_ms: int


@dataclass(frozen=True, slots=True)
class WakeItem:
    """The time the engine asked for has come."""

    id: str
    at_ms: int


Item = EventItem | ReadingItem | PresenceItem | BoxItem | DoubtItem | ClosedItem | SilenceItem | WakeItem


class Quiet(StrEnum):
    """Why nobody is told of something; the console shows a sentence for each code."""

    TEST = "test"
    """The device marked it as a test."""
    SILENCED = "silenced"
    """A silence covers it."""
    INHIBITED = "inhibited"
    """A greater loss explains it (the box is lost, so its sensors are silent)."""
    COOLDOWN = "cooldown"
    """Announced a short while ago; the count goes up."""
    ENDED = "ended"
    """The item says that a condition ended."""
    NO_RULE = "no_rule"
    """No rule asks for this kind (never so for the alarm lane)."""
    CONDITION = "condition"
    """A rule looked at it, and its condition, number or order was not met; the detail says which."""


@dataclass(frozen=True, slots=True)
class Raise:
    """A new alert. `why` has rule, version, sources, values and limits; `quiet` says why nobody is told, if so."""

    alert_id: str
    hazard: Hazard
    severity: Severity
    certainty: Certainty
    place: str
    rule: str
    item_id: str
    device: str
    at_ms: int
    late_ms: int
    quiet: Quiet | None
    quiet_by: str
    """Id of the silence or the inhibiting alert; empty when `quiet` is None."""
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Repeat:
    """An open alert was triggered again; `count` includes the first."""

    alert_id: str
    item_id: str
    device: str
    at_ms: int
    count: int
    quiet: Quiet | None
    quiet_by: str
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An open alert became surer or more urgent. `linked` are other open alerts of the same cause."""

    alert_id: str
    hazard: Hazard
    severity: Severity
    certainty: Certainty
    item_id: str
    device: str
    at_ms: int
    linked: tuple[str, ...]
    quiet: Quiet | None
    quiet_by: str
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ConditionEnded:
    """What raised an alert ended. `resolves` is true only where nobody need look (a device is heard again)."""

    alert_id: str
    item_id: str
    at_ms: int
    resolves: bool
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An item raised nothing although somebody may ask why: kept as the answer to "why was nobody told?"."""

    item_id: str
    device: str
    at_ms: int
    reason: Quiet
    rule: str
    detail: str


Decision = Raise | Repeat | Upgrade | ConditionEnded | Suppressed
