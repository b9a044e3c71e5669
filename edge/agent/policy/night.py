"""A camera's rules by day, at night, and while nobody knows which it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from edge.agent.policy.camera import CameraRules
from edge.agent.policy.crowd import ZoneRules
from edge.agent.policy.fire import FireRules
from edge.agent.policy.rules import Rules
from edge.agent.policy.schedule import FireNight, Part, ZoneNight

_Made = TypeVar("_Made", bound=Rules)
_Fire = TypeVar("_Fire", bound=FireRules)


@dataclass(frozen=True, slots=True)
class RulesOfDay:
    """The three variants of one camera's rules; zones and lines stand in the same order in each."""

    day: CameraRules
    night: CameraRules
    unknown: CameraRules

    def at(self, part: Part) -> CameraRules:
        """Those that hold in this part of the day."""
        return {Part.DAY: self.day, Part.NIGHT: self.night, Part.UNKNOWN: self.unknown}[part]


def rules_of_day(rules: CameraRules) -> RulesOfDay:
    """The variants. Raises ValueError for a night whose settings do not go together with those of the day."""
    night = rules.night
    if night is None:
        return RulesOfDay(rules, rules, rules)
    strangers = sorted(set(night.zones) - {zone.name for zone in rules.zones})
    if strangers:
        names = ", ".join(zone.name for zone in rules.zones) or "none"
        raise ValueError(f"night names the zone {strangers[0]!r}; there are: {names}")
    at_night = rules.model_copy(
        update={
            "zones": tuple(_zone_at_night(zone, night.zones.get(zone.name)) for zone in rules.zones),
            "flame": _fire_at_night("flame", rules.flame, night.flame),
            "smoke": _fire_at_night("smoke", rules.smoke, night.smoke),
        }
    )
    stricter = rules.model_copy(
        update={
            "zones": tuple(map(stricter_zone, rules.zones, at_night.zones)),
            "flame": stricter_fire(rules.flame, at_night.flame),
            "smoke": stricter_fire(rules.smoke, at_night.smoke),
        }
    )
    return RulesOfDay(rules, at_night, stricter)


def analyse_fps(rules: CameraRules, part: Part, by_day: float) -> float:
    """Frames to look at in a second; `by_day` is the camera's own setting."""
    at_night = by_day if rules.night is None or rules.night.analyse_fps is None else rules.night.analyse_fps
    return {Part.DAY: by_day, Part.NIGHT: at_night, Part.UNKNOWN: max(by_day, at_night)}[part]


def stricter_zone(a: ZoneRules, b: ZoneRules) -> ZoneRules:
    """What raises a crowd or a lingering if either does, and ends it only when both do."""
    limits = [each.limit for each in (a, b) if each.limit is not None]
    clear = [below for below in map(_clear_below, (a, b)) if below is not None]
    loiter = [each.loiter_s for each in (a, b) if each.loiter_s is not None]
    return a.model_copy(
        update={
            "limit": min(limits, default=None),
            "for_s": min(a.for_s, b.for_s),
            "clear_below": min(clear, default=None),
            "stay_s": min(a.stay_s, b.stay_s),
            "loiter_s": min(loiter, default=None),
        }
    )


def stricter_fire(a: _Fire, b: _Fire) -> _Fire:
    """What believes in a fire if either does."""
    return a.model_copy(
        update={
            "score_min": min(a.score_min, b.score_min),
            "above_usual": min(a.above_usual, b.above_usual),
            "change_min": min(a.change_min, b.change_min),
            "change_s": max(a.change_s, b.change_s),
            "window_s": max(a.window_s, b.window_s),
            "share": min(a.share, b.share),
            "hits": min(a.hits, b.hits),
            "lasts_s": min(a.lasts_s, b.lasts_s),
            "whole_min": min(a.whole_min, b.whole_min),
        }
    )


def _clear_below(zone: ZoneRules) -> int | None:
    return zone.limit if zone.clear_below is None else zone.clear_below


def _zone_at_night(zone: ZoneRules, night: ZoneNight | None) -> ZoneRules:
    if night is None:
        return zone
    return _merged(f"night.zones.{zone.name}", zone, night, ZoneRules.model_validate)


def _fire_at_night(label: str, rules: _Fire, night: FireNight) -> _Fire:
    return _merged(f"night.{label}", rules, night, type(rules).model_validate)


def _merged(where: str, day: _Made, night: Rules, make: Callable[[dict[str, object]], _Made]) -> _Made:
    values = {name: getattr(day, name) for name in type(day).model_fields}
    values |= night.model_dump(exclude_none=True)
    try:
        return make(values)
    except ValidationError as error:
        faults = "; ".join(fault["msg"] for fault in error.errors(include_url=False, include_input=False))
        raise ValueError(f"{where}, with what it leaves as by day: {faults}") from None
