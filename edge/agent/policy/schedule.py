"""Night and day: what holds at which hour of a camera. Pure: the local time is an argument."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, field_validator, model_validator

from edge.agent.observation import Moment
from edge.agent.policy.rules import Rules, Seconds

_MINUTE_FORM = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_SHANGHAI = "Asia/Shanghai"


class ZoneNight(Rules):
    """What differs in a zone at night; what is left out is as by day."""

    limit: int | None = Field(default=None, ge=0)
    for_s: Seconds | None = None
    clear_below: int | None = Field(default=None, ge=0)
    stay_s: Seconds | None = None
    loiter_s: Seconds | None = None


class FireNight(Rules):
    """What differs for flame or smoke at night; what is left out is as by day."""

    score_min: float | None = Field(default=None, ge=0, le=1)
    above_usual: float | None = Field(default=None, ge=0, le=1)
    change_min: float | None = Field(default=None, ge=0, le=1)
    window_s: Seconds | None = None
    share: float | None = Field(default=None, gt=0, le=1)
    hits: int | None = Field(default=None, ge=1, le=200)
    lasts_s: Seconds | None = None


class NightRules(Rules):
    """From when until when it is night, and what is different then."""

    model_config = ConfigDict(populate_by_name=True)

    start: str = Field(alias="from", pattern=_MINUTE_FORM)
    """Local time, "22:00"."""
    until: str = Field(pattern=_MINUTE_FORM)
    timezone: str = _SHANGHAI
    """A name of the IANA time zone database."""
    zones: dict[str, ZoneNight] = Field(default_factory=dict)
    """Zone name → what differs."""
    flame: FireNight = FireNight()
    smoke: FireNight = FireNight()
    analyse_fps: float | None = Field(default=None, ge=0.2, le=30)
    """Frames looked at in a second at night."""

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        zone_of(value)
        return value

    @model_validator(mode="after")
    def _is_no_whole_day(self) -> Self:
        if self.start == self.until:
            raise ValueError(
                "the night begins when it ends: what holds all day belongs into the rules themselves"
            )
        return self


class Part(StrEnum):
    """Of a day."""

    DAY = "day"
    NIGHT = "night"
    UNKNOWN = "unknown"
    """The clock is not set: the stricter of both holds."""


def part_at(night: NightRules | None, moment: Moment) -> Part:
    """Whether it is night; without a night it is always day."""
    if night is None:
        return Part.DAY
    if not moment.synced:
        return Part.UNKNOWN
    local = datetime.fromtimestamp(moment.at_ms / 1000, tz=UTC).astimezone(zone_of(night.timezone))
    return part_of(night, local.hour * 60 + local.minute)


def part_of(night: NightRules, minute: int) -> Part:
    """Whether it is night at a minute of the local day, 0..1439; `from` belongs to the night and `until` does not."""
    start, until = _minute(night.start), _minute(night.until)
    inside = start <= minute < until if start < until else minute >= start or minute < until
    return Part.NIGHT if inside else Part.DAY


def zone_of(name: str) -> tzinfo:
    """The time zone of this name. Raises ValueError for one that the machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name == _SHANGHAI:  # a machine without the database: China has had no summer time since 1991
            return timezone(timedelta(hours=8), name)
        raise ValueError(
            f"this machine knows no time zone {name!r}: give a name like Asia/Shanghai, or install tzdata"
        ) from None


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
