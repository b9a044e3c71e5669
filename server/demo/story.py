"""What the sensors of the demo say, and when: the opening, then one scene a minute. Pure.

The messages have the shape of what Zigbee2MQTT and gate controllers publish (firmware-config/); nothing here knows
what will follow from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.demo.compounds import (
    COMPOUNDS,
    FIRST_SMOKE,
    JINHE,
    JINYUAN,
    NORTH_GATE,
    OTHER_SMOKE,
    SECOND_SMOKE,
    SOUTH_GATE,
    THIRD_SMOKE,
    Compound,
    Device,
    Family,
)

CARDS = ("0004512345", "0007700123")
"""Made-up card numbers. None of them may ever leave a box."""
SCENE_EVERY_S = 60.0
CALM_EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class Beat:
    """One message, `after_s` seconds from the beginning of its scene."""

    after_s: float
    compound: Compound
    device: Device
    payload: Mapping[str, Any]

    @property
    def alarming(self) -> bool:
        """Whether it says that something is wrong: latency is counted from such a message."""
        return self.payload.get("smoke") is True or self.payload.get("event") in {"denied", "forced"}


def opening() -> list[Beat]:
    """A regular entry, smoke on two floors of one unit, a gate refused and forced, smoke in the other compound."""
    return [
        Beat(
            0.0,
            JINYUAN,
            SOUTH_GATE,
            {"event": "opened", "direction": "in", "card": CARDS[0], "open_s": 0},
        ),
        Beat(0.5, JINYUAN, FIRST_SMOKE, smoking(0.8)),
        Beat(2.0, JINHE, NORTH_GATE, {"event": "denied", "card": CARDS[1], "reason": "expired"}),
        Beat(2.5, JINYUAN, SOUTH_GATE, {"event": "closed"}),
        Beat(3.5, JINHE, NORTH_GATE, {"event": "forced"}),
        Beat(5.0, JINYUAN, SECOND_SMOKE, smoking(1.4)),
        Beat(6.5, JINHE, OTHER_SMOKE, smoking(0.4)),
        Beat(8.0, JINYUAN, FIRST_SMOKE, calm_smoke(0)),
        Beat(8.0, JINYUAN, SECOND_SMOKE, calm_smoke(1)),
        Beat(8.0, JINHE, OTHER_SMOKE, calm_smoke(2)),
        Beat(9.0, JINHE, NORTH_GATE, {"event": "closed"}),
    ]


def scene(number: int) -> list[Beat]:
    """What happens in the `number`-th minute (from 0) after the opening; four scenes in turn."""
    scenes = (
        [
            Beat(0.0, JINYUAN, THIRD_SMOKE, smoking(0.6)),
            Beat(5.0, JINYUAN, THIRD_SMOKE, calm_smoke(0)),
        ],
        [
            Beat(0.0, JINYUAN, SOUTH_GATE, {"event": "forced"}),
            Beat(5.0, JINYUAN, SOUTH_GATE, {"event": "closed"}),
        ],
        [
            Beat(0.0, JINHE, OTHER_SMOKE, smoking(0.5)),
            Beat(5.0, JINHE, OTHER_SMOKE, calm_smoke(2)),
        ],
        [
            Beat(0.0, JINHE, NORTH_GATE, {"event": "forced"}),
            Beat(5.0, JINHE, NORTH_GATE, {"event": "closed"}),
        ],
    )
    return scenes[number % len(scenes)]


def calm() -> list[Beat]:
    """What every smoke detector and gate says when nothing is wrong: its telemetry."""
    beats = []
    for compound in COMPOUNDS:
        detectors = enumerate(compound.of(Family.SMOKE))
        beats += [Beat(0.0, compound, device, calm_smoke(n)) for n, device in detectors]
        beats += [Beat(0.0, compound, device, {"event": "closed"}) for device in compound.of(Family.GATE)]
    return beats


def smoking(level: float) -> dict[str, Any]:
    """A detector that sees smoke."""
    return {
        "smoke": True,
        "smoke_level": level,
        "battery": 93,
        "battery_low": False,
        "tamper": False,
        "linkquality": 112,
    }


def calm_smoke(number: int) -> dict[str, Any]:
    """A detector that sees none; `number` only makes detectors differ a little."""
    return {
        "smoke": False,
        "battery": 97 - number,
        "battery_low": False,
        "tamper": False,
        "linkquality": 118 - 7 * number,
        "temperature": 22.5 + number,
    }
