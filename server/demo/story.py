"""What the sensors of the demo say, and when: the opening, then one scene a minute. Pure.

Acts and options are those of `redwhistle-edge simulate`, which speaks each device's own protocol; nothing here knows
what will follow from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from server.demo.compounds import (
    BOILER,
    CALL_BUTTON,
    COLUMN,
    COMPOUNDS,
    FIRST_SMOKE,
    GARAGE,
    JINHE,
    JINYUAN,
    NORTH_GATE,
    OTHER_SMOKE,
    PANEL_SMOKE,
    PIT,
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


ALARMING = frozenset({"alarm", "press", "exceed", "denied", "forced"})
"""Acts that say that something is wrong: latency is counted from them."""
_READING = frozenset({Family.SMOKE, Family.SOS, Family.VIBRATION, Family.WATER, Family.PANEL})
"""Those that speak by themselves; a Modbus unit is asked by the box."""
_GATES = frozenset({Family.GATE, Family.GATE_HTTP})


@dataclass(frozen=True, slots=True)
class Beat:
    """One act of one device, `after_s` seconds from the beginning of its scene."""

    after_s: float
    compound: Compound
    device: Device
    act: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alarming(self) -> bool:
        """Whether it says that something is wrong."""
        return self.act in ALARMING

    def to_json(self) -> dict[str, Any]:
        """As the simulator reads it."""
        return {"device": self.device.id, "act": self.act, "options": dict(self.options)}


def opening() -> list[Beat]:
    """A regular entry, smoke on two floors of one unit, gates refused and forced, a call, water, gas, a shaking column,
    the fire panel, and smoke in the other compound."""
    entry = {"direction": "in", "card": CARDS[0]}
    return [
        Beat(0.0, JINYUAN, SOUTH_GATE, "opened", entry),
        Beat(0.5, JINYUAN, FIRST_SMOKE, "alarm", {"value": 0.8}),
        Beat(1.0, JINYUAN, CALL_BUTTON, "press", {"gesture": "hold"}),
        Beat(1.5, JINYUAN, PIT, "exceed"),
        Beat(2.0, JINHE, NORTH_GATE, "denied", {"card": CARDS[1], "reason": "expired"}),
        Beat(2.5, JINYUAN, SOUTH_GATE, "closed"),
        Beat(3.0, JINYUAN, GARAGE, "forced"),
        Beat(3.5, JINHE, NORTH_GATE, "forced"),
        Beat(3.5, JINYUAN, COLUMN, "alarm"),
        Beat(4.0, JINYUAN, PANEL_SMOKE, "alarm"),
        Beat(5.0, JINYUAN, SECOND_SMOKE, "alarm", {"value": 1.4}),
        Beat(6.0, JINYUAN, BOILER, "exceed"),
        Beat(6.5, JINHE, OTHER_SMOKE, "alarm", {"value": 0.4}),
        *(Beat(8.0, JINYUAN, each, "clear") for each in (FIRST_SMOKE, SECOND_SMOKE, COLUMN, PANEL_SMOKE)),
        Beat(8.0, JINHE, OTHER_SMOKE, "clear"),
        *(Beat(8.5, JINYUAN, each, "reading") for each in (PIT, BOILER)),
        Beat(9.0, JINYUAN, GARAGE, "closed"),
        Beat(9.0, JINHE, NORTH_GATE, "closed"),
    ]


def scene(number: int) -> list[Beat]:
    """What happens in the `number`-th minute (from 0) after the opening; these scenes in turn."""
    scenes = (
        _rise_and_fall(JINYUAN, THIRD_SMOKE, "alarm", "clear", {"value": 0.6}),
        _rise_and_fall(JINYUAN, SOUTH_GATE, "forced", "closed"),
        _rise_and_fall(JINYUAN, PIT, "exceed", "reading"),
        _rise_and_fall(JINHE, OTHER_SMOKE, "alarm", "clear", {"value": 0.5}),
        _rise_and_fall(JINYUAN, CALL_BUTTON, "press", "reading"),
        _rise_and_fall(JINHE, NORTH_GATE, "forced", "closed"),
        _rise_and_fall(JINYUAN, PANEL_SMOKE, "alarm", "clear"),
        _rise_and_fall(JINYUAN, BOILER, "exceed", "reading"),
    )
    return scenes[number % len(scenes)]


def calm() -> list[Beat]:
    """What every detector and gate says when nothing is wrong: its telemetry."""
    beats = []
    for compound in COMPOUNDS:
        for device in compound.devices:
            if device.family in _READING:
                beats.append(Beat(0.0, compound, device, "reading", _degrees(device)))
            elif device.family in _GATES:
                beats.append(Beat(0.0, compound, device, "closed"))
    return beats


def _rise_and_fall(
    compound: Compound, device: Device, begin: str, end: str, options: Mapping[str, Any] | None = None
) -> list[Beat]:
    return [Beat(0.0, compound, device, begin, options or {}), Beat(5.0, compound, device, end)]


def _degrees(device: Device) -> dict[str, Any]:
    """A temperature of its own, so that detectors differ a little."""
    warm = device.family in {Family.SMOKE, Family.PANEL}
    return {"value": 21.0 + len(device.id) % 5 / 2} if warm else {}
