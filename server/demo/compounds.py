"""The two compounds of the demo: their devices, and the configuration of the box in each. Pure.

锦园 has a device of every family that needs no wire of its own; 锦和 is a small compound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

GATE_PREFIX = "access"
ZIGBEE_PREFIX = "zigbee2mqtt"
CROWD_LIMIT = 0
"""A lane to be kept free: anybody there for `CROWD_FOR_S` is too many, so that a clip of a street with a few cyclists gives an alert."""
CROWD_FOR_S = 1.0
REPLAY_FILE = "yard.jsonl"
DOOR_KEY_FILE = "gate-http.secret"
"""Of the HTTP door, beside the configuration."""
TRANSMITTER = 889
"""The source address of the fire transmission device."""
SIREN_S = 5
MINUTE_S = 60


class Family(StrEnum):
    """What a device is, and by which protocol it speaks to its box."""

    CAMERA = "camera"
    SMOKE = "smoke"
    """Zigbee2MQTT, as are the call button and the vibration sensor."""
    SOS = "sos"
    VIBRATION = "vibration"
    WATER = "water"
    """ESPHome over MQTT."""
    GAS = "gas"
    """Modbus TCP."""
    PANEL = "panel"
    """A detector behind a fire panel, GB/T 26875.3 over TCP."""
    GATE = "gate"
    """JSON over MQTT."""
    GATE_HTTP = "gate_http"
    """JSON by HTTP, signed."""
    SIREN = "siren"
    """An actuator, over MQTT."""
    REPLAY = "replay"


ZIGBEE = {Family.SMOKE: "smoke", Family.SOS: "sos", Family.VIBRATION: "vibration"}
"""The families behind Zigbee2MQTT, and their kinds."""
KINDS: dict[Family, str] = {
    **ZIGBEE,
    Family.CAMERA: "camera",
    Family.WATER: "water_level",
    Family.GAS: "gas",
    Family.PANEL: "smoke",
    Family.GATE: "gate",
    Family.GATE_HTTP: "gate",
    Family.SIREN: "siren",
    Family.REPLAY: "other",
}


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `name` is what its own protocol calls it; `place` an id of the sample city."""

    id: str
    family: Family
    place: str
    label_zh: str
    label_en: str
    name: str = ""

    @property
    def kind(self) -> str:
        """As the box announces it."""
        return KINDS[self.family]


@dataclass(frozen=True, slots=True)
class Compound:
    """A compound of the sample city with its one box."""

    site: str
    box: str
    name_zh: str
    name_en: str
    devices: tuple[Device, ...]

    def of(self, *families: Family) -> tuple[Device, ...]:
        """The devices of some families."""
        return tuple(device for device in self.devices if device.family in families)


@dataclass(frozen=True, slots=True)
class Ports:
    """On 127.0.0.1: the server's broker, the compound's own broker, and where each protocol meets the box."""

    broker: int
    local: int
    gate_http: int
    panel: int
    modbus: int


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

CALL_BUTTON = Device(
    "sos-b5-301", Family.SOS, "jinyuan-b5-u1", "301求助按钮", "call button 301", "5栋301 床头"
)
COLUMN = Device("shake-b8", Family.VIBRATION, "jinyuan-b8", "柱体振动", "column vibration", "8栋 柱1")
PIT = Device("water-pit", Family.WATER, "jinyuan-b2", "集水井水位", "pump pit level", "pump-room")
BOILER = Device("gas-boiler", Family.GAS, "jinyuan-b4", "锅炉房燃气", "boiler room gas", "5")
PANEL_SMOKE = Device(
    "panel-b1-10-2", Family.PANEL, "jinyuan-b1-u1", "主机10区2号烟感", "panel detector 10-2", "10-2"
)
GARAGE = Device("gate-garage", Family.GATE_HTTP, "jinyuan", "车库道闸", "garage gate", "车库")
SIREN = Device("siren-yard", Family.SIREN, "jinyuan", "中庭警号", "yard siren", "sirens/yard")

JINYUAN = Compound(
    "jinyuan",
    "jinyuan-1",
    "锦园",
    "Jinyuan",
    (
        CAMERA,
        FIRST_SMOKE,
        SECOND_SMOKE,
        THIRD_SMOKE,
        CALL_BUTTON,
        COLUMN,
        PIT,
        BOILER,
        PANEL_SMOKE,
        SOUTH_GATE,
        GARAGE,
        SIREN,
    ),
)
JINHE = Compound("jinhe", "jinhe-1", "锦和", "Jinhe", (OTHER_SMOKE, NORTH_GATE, YARD))
COMPOUNDS = (JINYUAN, JINHE)


def device_of(box: str, device: str) -> Device | None:
    """The device of this name on this box, if it is one of the demo's."""
    found = (d for compound in COMPOUNDS if compound.box == box for d in compound.devices if d.id == device)
    return next(found, None)


def configuration(compound: Compound, *, ports: Ports, clip: str) -> dict[str, Any]:
    """The box's configuration, to be written as YAML beside the replay file and the secret of the HTTP door."""
    local = {"host": "127.0.0.1", "port": ports.local}
    sources: list[dict[str, Any]] = [
        *(_camera(device, clip) for device in compound.of(Family.CAMERA)),
        {
            "type": "zigbee2mqtt",
            "broker": local,
            "base_topic": ZIGBEE_PREFIX,
            "devices": [_zigbee(device) for device in compound.of(*ZIGBEE)],
        },
        {
            "type": "gate",
            "broker": local,
            "prefix": GATE_PREFIX,
            "devices": [_described(device) | {"name": device.name} for device in compound.of(Family.GATE)],
        },
        *_wired(compound, ports),
    ]
    replayed = compound.of(Family.REPLAY)
    if replayed:
        sources.append({"type": "replay", "file": REPLAY_FILE, "loop": True})
    sirens = compound.of(Family.SIREN)
    return {
        "site": compound.site,
        "box": compound.box,
        "data_dir": "data",
        "broker": {"host": "127.0.0.1", "port": ports.broker},
        # Box and server share one machine and so one clock: there is nothing to be out of step with.
        "clock": "always",
        "health_every_s": 10,
        "devices": [_listed(device) for device in replayed],
        "sources": sources,
        "actuators": [_siren(device, local) for device in sirens],
        "reflexes": [
            {
                "name": "fire",
                "when": ["smoke"],
                "do": [{"actuator": each.id, "for_s": SIREN_S} for each in sirens],
            }
        ]
        if sirens
        else [],
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
        "name": "门前消防通道",
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
        "detect": {"people": "auto", "fire": "auto"},
        "rules": {"zones": [dict(zone)], "reading_every_s": 5},
    }


def _wired(compound: Compound, ports: Ports) -> list[dict[str, Any]]:
    """ESPHome, Modbus, the fire panel and the HTTP door, where the compound has them."""
    found: list[dict[str, Any]] = []
    local = {"host": "127.0.0.1", "port": ports.local}
    for device in compound.of(Family.WATER):
        limit = {"metric": "water_level_m", "event": "water_level", "above": 0.3, "clear": 0.2}
        pit = _described(device) | {"node": device.name, "kind": device.kind, "limits": [limit]}
        found.append({"type": "esphome", "broker": local, "devices": [pit]})
    for device in compound.of(Family.GAS):
        register = {"address": 0, "metric": "gas_lel_pct", "scale": 0.1, "every_s": 5}
        limit = {"metric": "gas_lel_pct", "event": "gas", "above": 20, "clear": 10}
        gas = _described(device) | {
            "kind": device.kind,
            "gas": "methane",
            "registers": [register],
            "limits": [limit],
        }
        units = [{"unit": int(device.name), "poll_s": 0.25, "devices": [gas]}]
        line = {"host": "127.0.0.1", "port": ports.modbus}
        found.append({"type": "modbus", "tcp": line, "map": {"units": units}})
    detectors = compound.of(Family.PANEL)
    if detectors:
        transmitter = {
            "address": TRANSMITTER,
            "device": f"{compound.box}-fire-panel",
            "place": compound.site,
            "label": "消防主机",
            "components": [
                _described(each) | {"address": each.name, "kind": each.kind} for each in detectors
            ],
        }
        found.append({"type": "gbt26875", "tcp_port": ports.panel, "transmitters": [transmitter]})
    gates = compound.of(Family.GATE_HTTP)
    if gates:
        found.append(
            {
                "type": "gate_http",
                "port": ports.gate_http,
                "prefix": GATE_PREFIX,
                "secret_file": DOOR_KEY_FILE,
                "devices": [_described(device) | {"name": device.name} for device in gates],
            }
        )
    return found


def _zigbee(device: Device) -> dict[str, Any]:
    model = {"model": "TS0205"} if device.family is Family.SMOKE else {}
    return _described(device) | {"friendly_name": device.name, "kind": device.kind, **model}


def _siren(device: Device, local: Mapping[str, Any]) -> dict[str, Any]:
    return _described(device) | {
        "type": "mqtt",
        "kind": device.kind,
        "dialect": "plain",
        "topic": device.name,
        "broker": dict(local),
    }


def _described(device: Device) -> dict[str, Any]:
    return {"device": device.id, "place": device.place, "label": device.label_zh}


def _listed(device: Device) -> dict[str, Any]:
    return {"id": device.id, "kind": "other", "label": device.label_zh, "place": device.place}
