"""A configuration with every family, and what is planned for it."""

from pathlib import Path
from typing import Any

import yaml

from edge.settings import load_settings
from edge.simulate.desk import Desk
from edge.simulate.steps import Step
from edge.simulate.wishes import Options, Wish

NOW_MS = 1_795_000_000_000
CHIP = "/dev/gpiochip0"
LIMIT = {"metric": "water_level_m", "event": "water_level", "above": 0.3, "clear": 0.2}

SOURCES: list[dict[str, Any]] = [
    {"type": "camera", "device": "cam-1", "url": "rtsp://camera.example/stream"},
    {
        "type": "zigbee2mqtt",
        "devices": [
            {"friendly_name": "7栋/4层", "device": "smoke-1", "kind": "smoke", "label": "4层烟感"},
            {"friendly_name": "厨房", "device": "heat-1", "kind": "heat"},
            {
                "friendly_name": "锅炉房",
                "device": "gas-1",
                "kind": "gas",
                "fields": {"gas_value": "gas_lel_pct"},
                "limits": [{"metric": "gas_lel_pct", "event": "gas", "above": 20, "clear": 10}],
            },
            {"friendly_name": "床头", "device": "sos-1", "kind": "sos"},
            {"friendly_name": "开关", "device": "switch-1", "kind": "other"},
        ],
    },
    {
        "type": "esphome",
        "root": "nodes",
        "devices": [
            {
                "node": "pit",
                "device": "water-1",
                "kind": "water_level",
                "entities": {"pit_level": "water_level_m"},
                "limits": [LIMIT],
            },
            {"node": "pit", "device": "sos-2", "kind": "sos", "entities": {"red_button": "sos"}},
        ],
    },
    {"type": "gate", "devices": [{"name": "south", "device": "gate-1", "label": "南门"}]},
    {
        "type": "gate_http",
        "port": 8460,
        "secret_file": "gate.secret",
        "devices": [{"name": "车库", "device": "gate-2"}],
    },
    {
        "type": "gbt26875",
        "transmitters": [
            {
                "address": 889,
                "device": "panel-1",
                "test_bit": "standard",
                "components": [{"address": "10-2", "device": "smoke-2", "kind": "smoke", "label": "走廊"}],
            },
            {"address": 890, "device": "panel-2"},
        ],
    },
    {
        "type": "modbus",
        "tcp": {"host": "127.0.0.1", "port": 1502},
        "map": {
            "units": [
                {
                    "unit": 3,
                    "devices": [
                        {
                            "device": "water-2",
                            "kind": "water_level",
                            "registers": [{"address": 4, "metric": "water_level_m", "scale": 0.001}],
                            "limits": [LIMIT],
                            "inputs": [
                                {
                                    "address": 0,
                                    "table": "holding",
                                    "bit": 2,
                                    "says": "water_leak",
                                    "inverted": True,
                                },
                                {"address": 9, "says": "fault"},
                            ],
                        }
                    ],
                }
            ]
        },
    },
    {
        "type": "contact",
        "devices": [
            {
                "device": "relay-1",
                "kind": "smoke",
                "inputs": [
                    {"line": 17, "says": "smoke", "opposite_line": 27},
                    {"line": 22, "says": "test", "normally": "closed"},
                ],
            },
            {"device": "sos-3", "kind": "sos", "inputs": [{"line": 13, "says": "sos"}]},
            {
                "device": "gate-3",
                "kind": "gate",
                "inputs": [{"line": 26, "says": "gate", "normally": "closed"}],
            },
        ],
    },
    {
        "type": "wiegand",
        "devices": [
            {
                "device": "gate-4",
                "readers": [
                    {"d0": 20, "d1": 21, "direction": "in"},
                    {"d0": 23, "d1": 24, "direction": "out"},
                ],
                "lines": {"contact": {"line": 16, "normally": "closed"}},
            }
        ],
    },
    {
        "type": "osdp",
        "port": "/dev/ttyUSB0",
        "devices": [{"device": "gate-5", "readers": [{"address": 1, "insecure": True}]}],
    },
    {"type": "replay", "file": "log.jsonl"},
]


def write_box(folder: Path, sources: list[dict[str, Any]] | None = None) -> Path:
    """Its configuration file."""
    config = {
        "site": "jinsha",
        "box": "jinsha-1",
        "data_dir": "data",
        "broker": {"host": "127.0.0.1", "port": 1883},
        "sources": SOURCES if sources is None else sources,
    }
    (folder / "gate.secret").write_text("a-secret-of-many-characters\n")
    path = folder / "box.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    return path


def make_desk(folder: Path) -> Desk:
    """Over the configuration with every family."""
    return Desk(load_settings(write_box(folder)).settings)


def plan(desk: Desk, device: str, act: str, *, test: bool = False, **options: Any) -> list[Step]:
    """What goes out."""
    return desk.plan(Wish(device=device, act=act, test=test, options=Options(**options)), NOW_MS)


def shown(desk: Desk, device: str, act: str, *, test: bool = False, **options: Any) -> list[str]:
    """As a dry run shows it."""
    return [each.shown() for each in plan(desk, device, act, test=test, **options)]
