"""Boxes, devices, readings, events."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from redwhistle.contracts.ids import SLUG
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from server.api import shown_devices
from server.api.gate import DoorsHere, Router, Who
from server.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut, invalid, read_page
from server.api.problems import Code
from server.api.routes.places import At
from server.api.schemas.devices import (
    BoxDetail,
    BoxPage,
    Device,
    DevicePage,
    EventPage,
    Readings,
)
from server.api.schemas.wire import GivenTime
from server.records.looking import EventsWanted
from server.rights.roles import Right

router = Router("devices")
SEE = Right.SEE_DEVICES
BoxId = Annotated[str, Path(pattern=SLUG, max_length=64, examples=["jinyuan-1"])]
DeviceId = Annotated[str, Path(pattern=SLUG, max_length=64, examples=["smoke-7-2-4"])]
DEVICE = r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?/[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$"
DeviceName = Annotated[str, Query(pattern=DEVICE, max_length=129, examples=["jinyuan-1/smoke-7-2-4"])]
Exercise = Annotated[
    str, Query(pattern=r"^(\*|[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)?$", description="'' real only; * all")
]
MAX_POINTS = 500
MAX_BUCKETS = 2_000
STEPS_S = (1, 5, 10, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800)
MAX_SPAN = timedelta(days=1100)


@router.route("GET", "/boxes", "list_boxes", SEE, problems=(Code.NOT_FOUND,), response_model=BoxPage)
def list_boxes(
    who: Who, doors: DoorsHere, at: At = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> BoxPage:
    """Boxes in scope: connection, version, clock, and the gaps in what they sent."""
    page = read_page("boxes", limit, cursor, str, str)
    found = doors.devices.boxes(who.scope, at=at, page=page)
    rows, following = cut("boxes", page, found, lambda row: [row["site"], row["box"]])
    return BoxPage(items=[shown_devices.box(row) for row in rows], next=following)


@router.route("GET", "/boxes/{box}", "get_box", SEE, problems=(Code.NOT_FOUND,), response_model=BoxDetail)
def get_box(box: BoxId, who: Who, doors: DoorsHere) -> BoxDetail:
    """One box with its devices."""
    row = doors.devices.box(who.scope, box)
    page = read_page("devices", 10_000, None)
    devices = doors.devices.devices(who.scope, at=None, box=box, kind=None, page=page, now=who.now)
    return BoxDetail(box=shown_devices.box(row), devices=[shown_devices.device(one) for one in devices])


@router.route("GET", "/devices", "list_devices", SEE, problems=(Code.NOT_FOUND,), response_model=DevicePage)
def list_devices(
    who: Who,
    doors: DoorsHere,
    at: At = None,
    box: Annotated[str | None, Query(pattern=SLUG, max_length=64)] = None,
    kind: Annotated[DeviceKind | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> DevicePage:
    """Devices in scope with their newest values, and whether these may be taken for the present."""
    page = read_page("devices", limit, cursor, str, str)
    found = doors.devices.devices(who.scope, at=at, box=box, kind=kind, page=page, now=who.now)
    rows, following = cut("devices", page, found, lambda row: [row["box"], row["device"]])
    return DevicePage(items=[shown_devices.device(row) for row in rows], next=following)


@router.route(
    "GET", "/devices/{box}/{device}", "get_device", SEE, problems=(Code.NOT_FOUND,), response_model=Device
)
def get_device(box: BoxId, device: DeviceId, who: Who, doors: DoorsHere) -> Device:
    """One device."""
    return shown_devices.device(doors.devices.device(who.scope, box, device, who.now))


@router.route("GET", "/readings", "get_readings", SEE, problems=(Code.NOT_FOUND,), response_model=Readings)
def get_readings(
    who: Who,
    doors: DoorsHere,
    device: Annotated[list[DeviceName], Query(min_length=1, max_length=20)],
    metric: Annotated[list[Metric] | None, Query(max_length=30)] = None,
    start: Annotated[GivenTime | None, Query(alias="from")] = None,
    end: Annotated[GivenTime | None, Query(alias="to")] = None,
    bucket_s: Annotated[int | None, Query(ge=1, le=31 * 86_400)] = None,
) -> Readings:
    """Readings in buckets: the last day unless told otherwise, in buckets that make 500 points at most."""
    until = end or who.now
    begin = start or until - timedelta(days=1)
    span = until - begin
    if not timedelta(0) < span <= MAX_SPAN:
        raise invalid("query", "from", "`from` lies before `to`, by 1,100 days at most")
    span_s = span / timedelta(seconds=1)
    width_s = bucket_s or next((step for step in STEPS_S if span_s / step <= MAX_POINTS), STEPS_S[-1])
    if span_s / width_s > MAX_BUCKETS:
        raise invalid("query", "bucket_s", f"more than {MAX_BUCKETS} buckets: ask for wider ones")
    names = list(dict.fromkeys(tuple(name.split("/", 1)) for name in device))
    rows = doors.devices.readings(
        who.scope, [(box, name) for box, name in names], metric, begin, until, timedelta(seconds=width_s)
    )
    return Readings(
        series=[shown_devices.series(row) for row in rows], bucket_s=width_s, start=begin, end=until
    )


@router.route("GET", "/events", "list_events", SEE, problems=(Code.NOT_FOUND,), response_model=EventPage)
def list_events(
    who: Who,
    doors: DoorsHere,
    at: At = None,
    device: Annotated[str | None, Query(pattern=DEVICE, max_length=129)] = None,
    kind: Annotated[str | None, Query(pattern=SLUG, max_length=64)] = None,
    start: Annotated[GivenTime | None, Query(alias="from")] = None,
    end: Annotated[GivenTime | None, Query(alias="to")] = None,
    exercise: Exercise = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> EventPage:
    """Events of devices in scope, the newest first: the last seven days unless told otherwise."""
    page = read_page("events", limit, cursor, datetime, UUID)
    box, _, name = (device or "").partition("/")
    until = end or who.now + timedelta(days=1)  # a device's clock may be ahead
    wanted = EventsWanted(
        at=at,
        device=(box, name) if device else None,
        kind=kind,
        start=start or until - timedelta(days=7),
        end=until,
        exercise=None if exercise == "*" else exercise,
    )
    found = doors.devices.events(who.scope, wanted, page)
    rows, following = cut("events", page, found, lambda row: [row["time"], str(row["id"])])
    return EventPage(items=[shown_devices.event(row) for row in rows], next=following)
