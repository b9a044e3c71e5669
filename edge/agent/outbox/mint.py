"""From what a source saw to what goes on the wire, but for its number: pure, and strict at this door."""

import math
import re
from uuid import UUID

from pydantic import ValidationError

from edge.agent.observation import EventSeen, Moment, ReadingSeen
from redwhistle.contracts.codec import describe
from redwhistle.contracts.events import Event, lane_of
from redwhistle.contracts.ids import SLUG, Lane
from redwhistle.contracts.wire import MAX_DATA_BYTES, MS_MAX, MS_MIN
from redwhistle.errors import Malformed

_SLUG = re.compile(SLUG)
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MONO_MS_MAX = 2**53


def draft_event(seen: EventSeen, boot: str, item_id: UUID) -> Event:
    """The event with number 1 in place of its own.

    An alarm with a device or place name that the wire does not know still goes out, under the nearest legal name
    and with the given one in its note. Anything else that breaks the contract raises Malformed.
    """
    check_exercise(seen.exercise)
    urgent = lane_of(seen.kind) is Lane.ALARM
    moment = _clamp(seen.moment)
    data = seen.data.model_dump(mode="json", exclude_none=True)
    device = seen.device
    if urgent and not _SLUG.fullmatch(device):
        device = _nearest_slug(device)
        note = re.sub(r"[\x00-\x1f\ud800-\udfff]", " ", f"device {seen.device}; {data.get('note', '')}")
        data["note"] = note[:1000]
    place = seen.place
    if urgent and place is not None and not _SLUG.fullmatch(place):
        place = None
    try:
        event = Event(
            seq=1,
            id=item_id,
            device=device,
            kind=seen.kind.value,
            at_ms=moment.at_ms,
            mono_ms=moment.mono_ms,
            boot=boot,
            synced=moment.synced,
            test=seen.test,
            place=place,
            data=data,
        )
    except ValidationError as error:
        raise Malformed(f"the event cannot be sent: {describe(error)}") from error
    if len(seen.data.model_dump_json(exclude_none=True).encode()) > MAX_DATA_BYTES:
        raise Malformed(f"the event's data are over {MAX_DATA_BYTES} bytes: shorten note and reason")
    return event


def check_reading(seen: ReadingSeen) -> ReadingSeen:
    """`seen` with its times within the contract; raise Malformed for a value or a name that cannot be sent."""
    check_exercise(seen.exercise)
    if not _SLUG.fullmatch(seen.device):
        raise Malformed(f"{seen.device[:80]!r} is no device id: use a-z, 0-9, '.', '_', '-'")
    if not _METRIC.fullmatch(seen.metric):
        raise Malformed(f"{seen.metric[:80]!r} is no metric name: use a-z, 0-9, '_', at most 40")
    if not math.isfinite(seen.value):
        raise Malformed(f"{seen.device} {seen.metric}: {seen.value} is not a number; skip the reading")
    moment = _clamp(seen.moment)
    return (
        seen
        if moment is seen.moment
        else ReadingSeen(seen.device, seen.metric, seen.value, moment, seen.exercise)
    )


def check_exercise(exercise: str | None) -> None:
    """Raise Malformed unless `exercise` is none or an exercise id."""
    if exercise is not None and not _SLUG.fullmatch(exercise):
        raise Malformed(f"{exercise[:80]!r} is no exercise id: use a-z, 0-9, '.', '_', '-'")


def _clamp(moment: Moment) -> Moment:
    at_ms = min(max(moment.at_ms, MS_MIN), MS_MAX)
    mono_ms = min(max(moment.mono_ms, 0), _MONO_MS_MAX)
    if (at_ms, mono_ms) == (moment.at_ms, moment.mono_ms):
        return moment
    return Moment(at_ms, mono_ms, synced=False)


def _nearest_slug(name: str) -> str:
    slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("._-")[:64].strip("._-")
    return slug or "unknown"
