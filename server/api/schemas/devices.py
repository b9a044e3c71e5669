"""Boxes with their gaps and clocks, devices with their newest values, series of readings, events."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from redwhistle.contracts.events import EventKind
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from server.api.schemas.wire import LonLat, PlaceRef, Shape, Time, codes

DeviceCode = Annotated[str, codes(DeviceKind)]
EventCode = Annotated[str, codes(EventKind)]
LaneCode = Annotated[str, codes(Lane)]


class Liveness(StrEnum):
    """Whether what a device last said may be taken for the present."""

    LIVE = "live"
    """Heard within its time, or its box is online and it has no regular time."""
    SILENT = "silent"
    """Not heard for 2.3 times the longest silence that its model allows."""
    BOX_LOST = "box_lost"
    """Its box is offline."""
    UNKNOWN = "unknown"
    """Never heard."""


LivenessCode = Annotated[str, codes(Liveness)]


class BoxLane(Shape):
    """How much of one lane of an outbox file the server holds. Ranges include both ends."""

    lane: LaneCode
    epoch: str
    current: bool
    received_to: int
    highest: int
    holes: list[tuple[int, int]]
    missing: int
    dropped: int
    quarantined: int
    duplicates: int
    hole_since: Time | None
    first_at: Time
    last_at: Time


class BoxClock(Shape):
    """A box's clock; `offset_ms` is box minus server at the last envelope (positive: ahead)."""

    synced: bool | None
    offset_ms: int | None


class Box(Shape):
    """An edge box: whether it is there, what it runs, and whether anything is missing."""

    box: str
    site: str
    path: list[PlaceRef]
    registered: bool
    online: bool
    reason: str | None
    version: str | None
    os: str | None
    clock: BoxClock
    twin_seen_at: Time | None
    last_seen_at: Time | None
    state_at: Time | None
    first_seen_at: Time
    devices: int
    lanes: list[BoxLane]


class BoxPage(Shape):
    """Boxes by site and name."""

    items: list[Box]
    next: str | None


class Latest(Shape):
    """The newest value of one metric."""

    metric: str
    value: float
    time: Time
    unit: str


class LastEvent(Shape):
    """The newest event of a device."""

    kind: EventCode
    active: bool
    test: bool
    time: Time


class Device(Shape):
    """A sensor or actuator on a box. With `stale` its values are the past: show when, not how much."""

    box: str
    device: str
    kind: DeviceCode
    model: str | None
    label: str | None
    site: str
    place: str | None
    path: list[PlaceRef]
    location: LonLat | None
    announced: bool
    heartbeat_s: float | None
    first_seen_at: Time
    last_heard_at: Time | None
    liveness: LivenessCode
    stale: bool
    latest: list[Latest]
    last_event: LastEvent | None
    open_alerts: list[int]


class DevicePage(Shape):
    """Devices by box and name."""

    items: list[Device]
    next: str | None


class BoxDetail(Shape):
    """A box with its devices."""

    box: Box
    devices: list[Device]


class ReadingPoint(Shape):
    """One bucket: its start, how many readings, their least, greatest, mean and newest value."""

    t: Time
    n: int
    min: float
    max: float
    avg: float
    last: float


class Series(Shape):
    """One metric of one device (`box/device`)."""

    device: str
    metric: Annotated[str, codes(Metric)]
    unit: str
    points: list[ReadingPoint]


class Readings(Shape):
    """Series in buckets of `bucket_s` seconds, counted from `from`."""

    series: list[Series]
    bucket_s: int
    start: Time
    end: Time


class Event(Shape):
    """Something happened at a device; `time` is corrected, `device_at` is what the device's clock said."""

    id: UUID
    box: str
    device: str
    kind: EventCode
    active: bool
    test: bool
    time: Time
    device_at: Time
    received_at: Time
    site: str
    place: str
    exercise: str
    data: dict[str, Any]


class EventPage(Shape):
    """Events, the newest first."""

    items: list[Event]
    next: str | None
