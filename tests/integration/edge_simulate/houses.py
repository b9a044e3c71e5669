"""A box with every family that needs no chip, as a process of its own, and what it has kept."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from edge.agent.outbox.export import read_envelopes
from redwhistle.contracts.envelope import Stamp
from tests.integration.edge_delivery.boxes import ROOT, SITE, write_config

KEY = bytes(range(16))
CARD = "4512345"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in opened]
    for each in opened:
        each.close()
    return ports


def sources(local_port: int, ports: list[int], folder: Path) -> list[dict[str, Any]]:
    """Zigbee2MQTT, ESPHome, gates over MQTT and HTTP, a fire panel over TCP and one over UDP, a Modbus unit over TCP."""
    http, panel, udp, modbus = ports
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gate.secret").write_text("a-secret-of-many-characters\n")
    local = {"port": local_port}
    return [
        {
            "type": "zigbee2mqtt",
            "broker": local,
            "devices": [
                {"friendly_name": "7栋/4层", "device": "smoke-1", "kind": "smoke"},
                {"friendly_name": "302 床头", "device": "sos-1", "kind": "sos"},
                {"friendly_name": "柱1", "device": "shake-1", "kind": "vibration"},
            ],
        },
        {
            "type": "esphome",
            "broker": local,
            "devices": [
                {"node": "attic", "device": "heat-1", "kind": "heat"},
                {
                    "node": "pit",
                    "device": "water-1",
                    "kind": "water_level",
                    "entities": {"pit_level": "water_level_m"},
                    "limits": [
                        {"metric": "water_level_m", "event": "water_level", "above": 0.3, "clear": 0.2}
                    ],
                },
            ],
        },
        {
            "type": "gate",
            "broker": local,
            "devices": [{"name": "south", "device": "gate-1"}],
        },
        {
            "type": "gate_http",
            "port": http,
            "secret_file": "gate.secret",
            "devices": [{"name": "车库", "device": "gate-2"}],
        },
        {
            "type": "gbt26875",
            "tcp_port": panel,
            "transmitters": [
                {
                    "address": 889,
                    "device": "panel-1",
                    "duty": {"every_s": 28800, "answer_min": 10},
                    "test_bit": "standard",
                    "components": [{"address": "10-2", "device": "smoke-2", "kind": "smoke"}],
                }
            ],
        },
        {
            "type": "gbt26875",
            "name": "fire-panels-udp",
            "receiver_device": "fire-receiver-udp",
            "tcp_port": None,
            "udp_port": udp,
            "transmitters": [{"address": 890, "device": "panel-2"}],
        },
        {
            "type": "modbus",
            "tcp": {"host": "127.0.0.1", "port": modbus},
            "map": {
                "units": [
                    {
                        "unit": 5,
                        "poll_s": 0.1,
                        "devices": [
                            {
                                "device": "gas-1",
                                "kind": "gas",
                                "registers": [
                                    {
                                        "address": 3,
                                        "type": "float32",
                                        "word_order": "little",
                                        "metric": "gas_lel_pct",
                                    }
                                ],
                                "limits": [
                                    {"metric": "gas_lel_pct", "event": "gas", "above": 20, "clear": 10}
                                ],
                                "inputs": [
                                    {"address": 17, "says": "gas", "inverted": True},
                                    {"address": 18, "says": "test"},
                                ],
                            }
                        ],
                    }
                ]
            },
        },
    ]


def serial_sources(modbus_port: str, osdp_port: str, folder: Path) -> list[dict[str, Any]]:
    """A Modbus unit and an OSDP reader, each at the end of a serial line."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reader.key").write_text(KEY.hex() + "\n")
    unit = {
        "unit": 1,
        "poll_s": 0.1,
        "devices": [
            {
                "device": "sos-2",
                "kind": "sos",
                "inputs": [{"address": 0, "table": "holding", "bit": 3, "says": "sos"}],
            }
        ],
    }
    reader = {"address": 7, "direction": "in", "key_file": "reader.key"}
    return [
        {
            "type": "modbus",
            "name": "modbus-rtu",
            "line_device": "line-rtu",
            "rtu": {"port": modbus_port, "baud": 19200},
            "map": {"units": [unit]},
        },
        {
            "type": "osdp",
            "port": osdp_port,
            "baud": 115200,
            "devices": [{"device": "door-1", "readers": [reader]}],
        },
    ]


def write_house(folder: Path, local_port: int, **more: Any) -> Path:
    """Its configuration; nobody listens where its server should be."""
    (server, *ports) = free_ports(5)
    made = [*sources(local_port, ports, folder), *more.pop("sources", [])]
    return write_config(folder, server, sources=made, **more)


def kept(config: Path) -> list[dict[str, Any]]:
    """Every event in the box's outbox, as it would go to the server; none while it has no outbox yet."""
    stamp = Stamp(at_ms=0, mono_ms=0, boot="0" * 32, synced=True)
    path = config.parent / "data" / "outbox.db"
    envelopes = read_envelopes(path, SITE, "box-1", stamp) if path.exists() else []
    return [event for each in envelopes for event in each.model_dump(mode="json")["events"]]


class Simulator:
    """`redwhistle-edge simulate …` as a user starts it."""

    def __init__(self, config: Path) -> None:
        self._config = config

    def run(self, *words: str, given: str = "") -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, JSON lines and standard error."""
        done = subprocess.run(
            [*self.command(), *words, "--json"],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def serve(self, *words: str) -> "Serving":
        """`simulate serve`, with a pipe for its acts."""
        return Serving([*self.command(), "serve", "--yes", "--json", *words])

    def command(self) -> list[str]:
        return [
            sys.executable,
            "-c",
            "from edge.cli import main; main()",
            "simulate",
            "-c",
            str(self._config),
        ]


class Serving:
    """A running `simulate serve`."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    def act(self, line: str) -> dict[str, Any]:
        """What is told of one line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def end(self) -> tuple[int, str]:
        """SIGTERM; exit code and standard error."""
        self._process.terminate()
        _, said = self._process.communicate(timeout=20)
        return self._process.returncode, said
