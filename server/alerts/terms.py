"""The queue's times: how long a claim holds, how long an undo is possible, when somebody must have come. Values only."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from redwhistle.errors import ConfigurationError
from server.alerts.model import Hazard, Severity


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Minutes until somebody must have come, by severity; `by_hazard` overrides single pairs."""

    by_severity: Mapping[Severity, float] = field(
        default_factory=lambda: {
            Severity.URGENT: 3.0,
            Severity.IMPORTANT: 5.0,
            Severity.NORMAL: 15.0,
            Severity.NOTICE: 24 * 60.0,
        }
    )
    by_hazard: Mapping[tuple[Hazard, Severity], float] = field(default_factory=dict)

    def minutes(self, hazard: Hazard, severity: Severity) -> float:
        """The minutes for one hazard at one severity."""
        return self.by_hazard.get((hazard, severity), self.by_severity[severity])


@dataclass(frozen=True, slots=True)
class Terms:
    """The queue's times: how long a claim holds, how long an undo is possible, when an item is due."""

    lease_s: float = 15 * 60.0
    undo_s: float = 10.0
    deadlines: Deadlines = field(default_factory=Deadlines)


DEFAULT_TERMS = Terms()


def parse_deadlines(text: str) -> Deadlines:
    """Deadlines from a text like `1=3, 2=5, device.3=240`: [hazard.]severity=minutes; what it leaves out keeps its default.

    Raise ConfigurationError that names the part at fault.
    """
    by_severity = dict(Deadlines().by_severity)
    by_hazard: dict[tuple[Hazard, Severity], float] = {}
    for part in (one.strip() for one in text.split(",")):
        if not part:
            continue
        match = re.fullmatch(r"(?:([a-z]+)\.)?([1-4])\s*=\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)", part, re.ASCII)
        if match is None or (match[1] is not None and match[1] not in set(Hazard)):
            raise ConfigurationError(
                f"{part[:60]!r} is no deadline: write [hazard.]severity=minutes, for instance 1=3 or device.3=240"
            )
        minutes = float(match[3])
        if minutes <= 0 or not math.isfinite(minutes):
            raise ConfigurationError(f"{part[:60]!r}: a deadline is longer than nothing")
        severity = Severity(int(match[2]))
        if match[1] is None:
            by_severity[severity] = minutes
        else:
            by_hazard[Hazard(match[1]), severity] = minutes
    return Deadlines(by_severity, by_hazard)
