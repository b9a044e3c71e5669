"""A battery is said to be low before the device falls silent: once a day at most, until it recovers."""

from dataclasses import dataclass, replace

from pydantic import Field

from edge.agent.policy.latch import Turn
from edge.agent.policy.rules import Rules, Seconds, passed_s


class BatteryRules(Rules):
    """Limits in per cent of charge."""

    low_pct: float = Field(default=15.0, ge=0, le=100)
    """Below this the battery is low, whatever the device's own flag says."""
    recovered_pct: float = Field(default=20.0, ge=0, le=100)
    """At or above this, with the flag off, it is good again."""
    repeat_s: Seconds = 86400.0
    """The warning is given at most this often."""


@dataclass(frozen=True, slots=True)
class Battery:
    """`announced`: the last thing said was the warning."""

    low: bool = False
    announced: bool = False
    told_ms: int | None = None


def hear(
    rules: BatteryRules, battery: Battery, charge_pct: float | None, flag: bool | None, now_ms: int
) -> tuple[Battery, Turn | None]:
    """Take a report; either value may be missing, and a report without both changes nothing."""
    if charge_pct is None and flag is None:
        return battery, None
    if flag is True or (charge_pct is not None and charge_pct < rules.low_pct):
        return _warn(rules, replace(battery, low=True), now_ms)
    if battery.low and (charge_pct is None or charge_pct >= rules.recovered_pct):
        ended = Turn.ENDED if battery.announced else None
        return Battery(told_ms=battery.told_ms), ended
    return battery, None


def _warn(rules: BatteryRules, battery: Battery, now_ms: int) -> tuple[Battery, Turn | None]:
    if battery.told_ms is not None and passed_s(battery.told_ms, now_ms) < rules.repeat_s:
        return battery, None
    turn = Turn.REPEATED if battery.announced else Turn.RAISED
    return Battery(low=True, announced=True, told_ms=now_ms), turn
