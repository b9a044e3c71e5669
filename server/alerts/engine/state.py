"""What the engine remembers of one site in one exercise. Values; a step makes a new state and shares what stayed.

Bounds: one alert per hazard and place; per alert 64 sources and 64 ongoing conditions; per window 64 marks; one level
per (threshold rule, device) while its value is out of bounds; one entry per watched device and per box; 500 silences;
1,024 windows and 1,024 remembered announcements, of which the oldest go first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.alerts.model import REAL, Certainty, Hazard, Quiet, Severity

MAX_SOURCES = 64
MAX_MARKS = 64
MAX_WINDOWS = 1024
MAX_SILENCES = 500


@dataclass(frozen=True, slots=True)
class Known:
    """The device an item is about, as far as rules ask. `path` ends in `place`."""

    device: str
    box: str
    kind: str
    place: str
    path: tuple[str, ...]
    tags: tuple[str, ...]
    timezone: str

    @property
    def key(self) -> str:
        """Device ids are unique within a box only."""
        return f"{self.box}|{self.device}"

    @property
    def building(self) -> str:
        """The place below the compound; empty outdoors (at the compound itself)."""
        return self.path[1] if len(self.path) > 1 else ""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that nobody has closed."""

    id: str
    hazard: Hazard
    severity: Severity
    certainty: Certainty
    place: str
    path: tuple[str, ...]
    rule: str
    device: str
    raised_ms: int
    """When the server raised it."""
    count: int
    told_ms: int | None
    """When it was last announced; None: not yet."""
    cool_ms: int
    """Until when repeats are only counted."""
    quiet: Quiet | None
    """Why its latest news was not announced, when that is still to be made good."""
    quiet_by: str
    sources: tuple[str, ...]
    """`rule|box|device` of everything that triggered it, in order."""
    holds: tuple[str, ...]
    """Those whose condition goes on."""
    sticky: bool
    """Something triggered it that only a person can end."""

    @property
    def building(self) -> str:
        return self.path[1] if len(self.path) > 1 else ""


@dataclass(frozen=True, slots=True)
class Level:
    """A value beyond a limit: pending until `due_ms`, then on; gone once the value is past `clear`."""

    metric: str
    since_ms: int
    """Time of the first reading beyond the limit."""
    last_ms: int
    """Time of the newest reading taken: an older one never clears."""
    value: float
    limit: float
    severity: Severity
    due_ms: int | None
    """When it becomes an alert without a further reading; None: it has."""
    item: str
    known: Known


@dataclass(frozen=True, slots=True)
class Seen:
    """A watched device. `due_ms` is when it counts as missing; None while its box is away or it has been missed."""

    at_ms: int
    due_ms: int | None
    silence_ms: int
    """How long it may be silent."""
    missing: bool
    rule: str
    known: Known


@dataclass(frozen=True, slots=True)
class BoxSeen:
    """A box. `due_ms` is when it counts as lost; None when it is online, or lost already."""

    online: bool
    at_ms: int
    due_ms: int | None
    lost: bool
    reason: str
    known: Known


@dataclass(frozen=True, slots=True)
class Mark:
    """One event in a window. `step` tells the steps of a sequence apart."""

    at_ms: int
    device: str
    """`box|device`."""
    item: str
    kind: str
    place: str
    path: tuple[str, ...]
    step: int = 0


@dataclass(frozen=True, slots=True)
class SilenceHeld:
    """What the engine needs of a silence; who made it and why stays in the store."""

    id: str
    matchers: tuple[tuple[str, str], ...]
    start_ms: int
    end_ms: int
    approved: bool
    """A second person agreed."""
    at_ms: int


@dataclass(frozen=True, slots=True)
class Told:
    """The last announcement of an alert that resolved by itself: so that flapping is not announced anew each time."""

    at_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class SiteState:
    """The whole memory. Treat it as a value: steps never change one, they return another (or the same)."""

    site: str
    exercise: str = REAL
    pack: str = ""
    """Hash of the pack that took the last step."""
    raised: int = 0
    """Alerts raised so far; makes each alert's id its own."""
    wake_at_ms: int | None = None
    """When the engine wants a WakeItem at the latest. It may turn out that nothing was due."""
    alerts: Mapping[str, OpenAlert] = field(default_factory=dict)
    """By `hazard|place`."""
    levels: Mapping[str, Level] = field(default_factory=dict)
    """By `rule|box|device`."""
    seen: Mapping[str, Seen] = field(default_factory=dict)
    """By `box|device`."""
    boxes: Mapping[str, BoxSeen] = field(default_factory=dict)
    windows: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    """By `rule|scope`."""
    silences: Mapping[str, SilenceHeld] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)
    """By `hazard|place`."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Rule to the alert that says it failed: told once until that is closed."""
    hot: frozenset[tuple[str, str]] = frozenset()
    """(device, metric) with something pending or active: all their readings go through `decide`."""


def new_state(site: str, exercise: str = REAL) -> SiteState:
    """The state before the first item."""
    return SiteState(site, exercise)
