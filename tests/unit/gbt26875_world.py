"""A receiving centre with one transmitter and a clock, for tests."""

import itertools
from typing import Any

from edge.agent.gbt26875.frame import decode_frame
from edge.agent.gbt26875.objects import InfoObject
from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy.transmitter import Outcome
from edge.agent.sources.gbt26875 import Centre
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from redwhistle.contracts.events import DeviceData, EventKind
from tests.unit.gbt26875_vectors import TRANSMITTER, frame

FIRE, NORMAL = 2, 1


def settings(**changes: Any) -> Gbt26875Settings:
    transmitter = {
        "address": TRANSMITTER,
        "device": "panel-1",
        "place": "yard",
        "zones": [{"zone": 10, "place": "b1-f3"}],
        "components": [
            {"address": "10-2", "device": "smoke-b1-f3-2"},
            {"address": "10-3", "device": "module-b1", "kind": "gas"},
            {"address": 9, "device": "temp-1", "place": "b2"},
        ],
    } | changes
    return Gbt26875Settings.model_validate({"type": "gbt26875", "transmitters": [transmitter]})


def moment(at_s: float, *, synced: bool = True) -> Moment:
    return Moment(1_790_000_000_000 + round(at_s * 1000), 1_000_000 + round(at_s * 1000), synced)


class World:
    """A centre and its clock."""

    def __init__(self, **changes: Any) -> None:
        self.centre = Centre(settings(**changes))
        self.now_s = 0.0
        self.serial = itertools.count(1)
        self.centre.tick(moment(0), ())

    def send(
        self, kind: int | None, *said: InfoObject, source: int = TRANSMITTER, command: int = 2
    ) -> Outcome:
        payload = frame(kind, *said, serial=next(self.serial), source=source, command=command)
        return self.centre.hear(decode_frame(payload), moment(self.now_s))

    def pass_s(self, seconds: float, *, linked: bool = True, synced: bool = True) -> Outcome:
        self.now_s += seconds
        now = moment(self.now_s, synced=synced)
        return self.centre.tick(now, [TRANSMITTER] if linked else [])[TRANSMITTER]


def told(said: list[Observation]) -> list[tuple[str, str, bool, bool]]:
    """(device, kind or fault code, active, test)"""
    found = []
    for each in said:
        assert isinstance(each, EventSeen)
        code = (
            each.data.code
            if isinstance(each.data, DeviceData) and each.kind is EventKind.DEVICE_FAULT
            else None
        )
        found.append((each.device, code or each.kind.value, each.data.active, each.test))
    return found
