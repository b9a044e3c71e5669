"""The two compounds of the demo: their devices, and the configuration of the box in each. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

GATE_PREFIX = "access"
ZIGBEE_PREFIX = "zigbee2mqtt"
CROWD_LIMIT = 3
"""More moving regions than this for `CROWD_FOR_S` are a crowd: low, so that a clip of a street gives one."""
CROWD_FOR_S = 2.0
REPLAY_FILE = "yard.jsonl"
MINUTE_S = 60


class Family(StrEnum):
    """How a device speaks to its box."""

    CAMERA = "camera"
    SMOKE = "smoke"
    GATE = "gate"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `name` is what it is called at the local broker; `place` an id of the sample city."""

    id: str
    family: Family
    place: str
    label_zh: str
    label_en: str
    name: str = ""

    @property
    def topic(self) -> str:
        """Where it publishes at the local broker."""
        if self.family is Family.SMOKE:
            return f"{ZIGBEE_PREFIX}/{self.name}"
        return f"{GATE_PREFIX}/gate/{self.name}"


@dataclass(frozen=True, slots=True)
class Compound:
    """A compound of the sample city with its one box."""

    site: str
    box: str
    name_zh: str
    name_en: str
    devices: tuple[Device, ...]

    def of(self, family: Family) -> tuple[Device, ...]:
        """The devices of one family."""
        return tuple(device for device in self.devices if device.family is family)


CAMERA = Device("cam-south", Family.CAMERA, "jinyuan", "南门摄像头", "south gate camera")
FIRST_SMOKE = Device(
    "smoke-b7-u2-f3", Family.SMOKE, "jinyuan-b7-u2", "3楼烟感", "smoke detector, floor 3", "7栋/2单元/3楼"
)
SECOND_SMOKE = Device(
    "smoke-b7-u2-f4", Family.SMOKE, "jinyuan-b7-u2", "4楼烟感", "smoke detector, floor 4", "7栋/2单元/4楼"
)
THIRD_SMOKE = Device(
    "smoke-b3-u1-f2", Family.SMOKE, "jinyuan-b3-u1", "2楼烟感", "smoke detector, floor 2", "3栋/1单元/2楼"
)
SOUTH_GATE = Device("gate-south", Family.GATE, "jinyuan", "南门门禁", "south gate", "南门")
OTHER_SMOKE = Device(
    "smoke-b2-u1-f5", Family.SMOKE, "jinhe-b2-u1", "5楼烟感", "smoke detector, floor 5", "2栋/1单元/5楼"
)
NORTH_GATE = Device("gate-north", Family.GATE, "jinhe", "北门门禁", "north gate", "北门")
YARD = Device("temp-yard", Family.REPLAY, "jinhe", "中庭温度计", "yard thermometer")

JINYUAN = Compound(
    "jinyuan",
    "jinyuan-1",
    "锦园",
    "Jinyuan",
    (CAMERA, FIRST_SMOKE, SECOND_SMOKE, THIRD_SMOKE, SOUTH_GATE),
)
JINHE = Compound("jinhe", "jinhe-1", "锦和", "Jinhe", (OTHER_SMOKE, NORTH_GATE, YARD))
COMPOUNDS = (JINYUAN, JINHE)


def device_of(box: str, device: str) -> Device | None:
    """The device of this name on this box, if it is one of the demo's."""
    found = (d for compound in COMPOUNDS if compound.box == box for d in compound.devices if d.id == device)
    return next(found, None)


def configuration(compound: Compound, *, broker_port: int, local_port: int, clip: str) -> dict[str, Any]:
    """The box's configuration, to be written as YAML beside the replay file; ports are those of 127.0.0.1."""
    local = {"host": "127.0.0.1", "port": local_port}
    sources: list[dict[str, Any]] = [
        *(_camera(device, clip) for device in compound.of(Family.CAMERA)),
        {
            "type": "smoke",
            "broker": local,
            "base_topic": ZIGBEE_PREFIX,
            "devices": [_smoke(device) for device in compound.of(Family.SMOKE)],
        },
        {
            "type": "gate",
            "broker": local,
            "prefix": GATE_PREFIX,
            "devices": [_described(device) | {"name": device.name} for device in compound.of(Family.GATE)],
        },
    ]
    replayed = compound.of(Family.REPLAY)
    if replayed:
        sources.append({"type": "replay", "file": REPLAY_FILE, "loop": True})
    return {
        "site": compound.site,
        "box": compound.box,
        "data_dir": "data",
        "broker": {"host": "127.0.0.1", "port": broker_port},
        # Box and server share one machine and so one clock: there is nothing to be out of step with.
        "clock": "always",
        "health_every_s": 10,
        "devices": [_listed(device) for device in replayed],
        "sources": sources,
    }


def replay_lines(device: Device) -> list[dict[str, Any]]:
    """A minute of made-up temperatures, one each two seconds, for the replay source to play again and again."""
    wave = (0.0, 0.1, 0.2, 0.2, 0.1, 0.0, -0.1, -0.2, -0.2, -0.1)
    return [
        {
            "t_s": second,
            "device": device.id,
            "metric": "temperature_c",
            "value": round(21.5 + wave[second // 2 % 10], 1),
        }
        for second in range(0, MINUTE_S + 1, 2)
    ]


def _camera(device: Device, clip: str) -> dict[str, Any]:
    zone: Mapping[str, Any] = {
        "name": "门前道路",
        "limit": CROWD_LIMIT,
        "for_s": CROWD_FOR_S,
        "clear_below": CROWD_LIMIT + 1,
        "clear_for_s": 3.0,
        "cooldown_s": 45.0,
    }
    return {
        "type": "camera",
        "device": device.id,
        "place": device.place,
        "label": device.label_zh,
        "url": clip,
        "loop": True,
        "analyse_fps": 6,
        # The manifest's models, if it has any; without one for people, moving regions are counted and called so.
        "detect": {"people": "auto", "fire": "auto"},
        "rules": {"zones": [dict(zone)], "reading_every_s": 5},
    }


def _smoke(device: Device) -> dict[str, Any]:
    return _described(device) | {"friendly_name": device.name, "model": "TS0205"}


def _described(device: Device) -> dict[str, Any]:
    return {"device": device.id, "place": device.place, "label": device.label_zh}


def _listed(device: Device) -> dict[str, Any]:
    return {"id": device.id, "kind": "other", "label": device.label_zh, "place": device.place}
