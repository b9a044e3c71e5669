"""What a box is to see: readings and alarms with their times, as a log for its replay source. Pure but for the file.

Reading number i has the value i, and each alarm has a device and a building of its own: so each item can be found
again in the database, and each alarm is exactly one alert and one work item.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METRIC = "sample"
"""A metric that no rule looks at."""
HAZARD_OF = {"smoke": "smoke", "sos": "emergency", "gas": "gas"}
_KINDS = tuple(HAZARD_OF)
_DEVICES = 5


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; `place` is a building of the site."""

    t_s: float
    kind: str
    device: str
    place: str

    @property
    def hazard(self) -> str:
        return HAZARD_OF[self.kind]


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of METRIC."""

    t_s: float
    device: str
    value: int


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that one box is to see, in order of time."""

    alarms: tuple[Alarm, ...]
    readings: tuple[Reading, ...]

    def devices(self) -> list[dict[str, Any]]:
        """As the box's configuration lists them."""
        return [{"id": a.device, "kind": "other", "place": a.place} for a in self.alarms]

    def rest(self, alarms_done: int, margin_s: float = 2.0) -> "Script":
        """What is still to be seen when `alarms_done` alarms are on disk; readings from `margin_s` before, which a
        crash may have taken from memory, come again."""
        if alarms_done >= len(self.alarms):
            from_s = self.alarms[-1].t_s if self.alarms else 0.0
        else:
            from_s = self.alarms[max(alarms_done - 1, 0)].t_s
        from_s = max(from_s - margin_s, 0.0)
        return Script(
            tuple(
                Alarm(max(a.t_s - from_s, 0.0), a.kind, a.device, a.place) for a in self.alarms[alarms_done:]
            ),
            tuple(
                Reading(r.t_s - from_s, r.device, r.value)
                for r in self.readings
                if r.t_s >= from_s or not alarms_done
            ),
        )

    def write(self, path: Path) -> None:
        """As JSON lines for the replay source."""
        write_lines(
            path,
            [
                *({"t_s": a.t_s, "device": a.device, "kind": a.kind} for a in self.alarms),
                *(
                    {"t_s": r.t_s, "device": r.device, "metric": METRIC, "value": float(r.value)}
                    for r in self.readings
                ),
            ],
        )


def spread(site: str, *, readings: int, alarms: int, seconds: float, first_building: int = 1) -> Script:
    """A script whose items are spread evenly over `seconds`."""
    return Script(
        tuple(
            Alarm(
                round((n + 0.5) * seconds / alarms, 3),
                _KINDS[n % len(_KINDS)],
                f"alarm-{first_building + n}",
                f"{site}-b{first_building + n}",
            )
            for n in range(alarms)
        ),
        tuple(
            Reading(round(n * seconds / readings, 3), f"sensor-{n % _DEVICES}", n) for n in range(readings)
        ),
    )


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Any log lines, sorted by time."""
    ordered = sorted(lines, key=lambda line: float(line["t_s"]))
    path.write_text("".join(json.dumps(line) + "\n" for line in ordered), encoding="utf-8")
