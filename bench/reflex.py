"""From a smoke detector's message at the box's local broker to the call that drives a relay.

A whole box (Zigbee2MQTT source, policy, outbox on SQLite with synchronous=FULL, reflexes, relay) and Mosquitto share this
machine; there is no server. Each alarm is of a detector of its own, so that each drives the relay; readings of other
detectors come beside them. The clock begins before the message is published and ends when the relay's line is driven:
the alarm is on disk, synced, by then.
"""

import argparse
import json
import random
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as mqtt
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from bench.arguments import not_negative, positive
from bench.figures import summary_ms
from bench.machine import describe_machine
from bench.say import Say
from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto
from bench.servers.waiting import wait_for
from edge.agent.gpio.double import DoubleChips
from edge.settings import load_settings
from edge.wiring import Box
from redwhistle.contracts.ids import Lane
from redwhistle.errors import ConfigurationError
from redwhistle.logs import LogFormat, LogLevel, configure_logs

DESCRIPTION = "from a detector's message to the call that drives a relay"
_CHIP, _LINE = "/dev/gpiochip0", 17


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--alarms", type=positive, default=400, help="alarms in all, 499 at most (400)")
    parser.add_argument("--alarms-per-s", type=float, default=20, help="on average, at random moments (20)")
    parser.add_argument("--background", type=not_negative, default=50, help="readings a second beside (50)")
    parser.add_argument("--seed", type=positive, default=7, help="of the moments (7)")


def run(arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Let all detectors alarm, one after another; the next one when the relay was driven for the last."""
    configure_logs(LogFormat.CONSOLE, LogLevel.ERROR)
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("bench"))
        broker = stack.enter_context(Mosquitto(folder / "mqtt"))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        chips = TimedChips()
        box = Box(load_settings(_write_config(home, broker.port, arguments.alarms)), chips)
        box.start()
        stack.callback(box.stop)
        street = stack.enter_context(_Street(broker.port))

        def is_listening() -> bool:
            street.say("ready", {"smoke": True})
            return chips.driven_ns > 0

        wait_for(is_listening, timeout_s=20, what="the box listens")
        stack.enter_context(_Background(street, arguments.background))
        say(f"{arguments.alarms} alarms at {arguments.alarms_per_s:g} a second")
        latencies_s = _alarm_all(street, chips, arguments)
        kept = box.outbox.pending(Lane.ALARM)
    return {
        **summary_ms(latencies_s),
        "alarms": len(latencies_s),
        "alarms_kept": kept,
        "background_per_s": arguments.background,
        "machine": describe_machine(),
    }


class TimedChips(DoubleChips):
    """Notes when a line is driven high."""

    def __init__(self) -> None:
        super().__init__()
        self.driven_ns = 0
        self._driven = threading.Condition()

    def drive(self, chip: str, line: int, high: bool, at_ns: int | None = None) -> None:
        now_ns = time.monotonic_ns()
        super().drive(chip, line, high, at_ns)
        if high:
            with self._driven:
                self.driven_ns = now_ns
                self._driven.notify_all()

    def await_driven(self, after_ns: int, timeout_s: float) -> int:
        """The first moment after `after_ns`; raise TimeoutError."""
        with self._driven:
            if not self._driven.wait_for(lambda: self.driven_ns > after_ns, timeout_s):
                raise TimeoutError(f"an alarm drove nothing within {timeout_s:g} s")
            return self.driven_ns


class _Street:
    """Zigbee2MQTT, as the broker sees it."""

    def __init__(self, port: int) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="zigbee2mqtt")
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, name: str, fields: dict[str, Any]) -> None:
        self._client.publish(f"zigbee2mqtt/{name}", json.dumps(fields), qos=1)


class _Background:
    """Readings beside the alarms, against an absolute clock."""

    def __init__(self, street: _Street, a_second: int) -> None:
        self._street = street
        self._a_second = a_second
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="background")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due_s, n = time.monotonic(), 0
        while self._a_second and not self._stop.wait(max(0.0, due_s - time.monotonic())):
            n += 1
            self._street.say("other", {"temperature": 20 + n % 10})
            due_s += 1 / self._a_second


def _alarm_all(street: _Street, chips: TimedChips, arguments: argparse.Namespace) -> list[float]:
    chance = random.Random(arguments.seed)
    latencies_s: list[float] = []
    due_s = time.monotonic()
    for number in range(arguments.alarms):
        due_s += chance.expovariate(arguments.alarms_per_s)
        time.sleep(max(0.0, due_s - time.monotonic()))
        began_ns = time.monotonic_ns()
        street.say(f"hall-{number}", {"smoke": True})
        latencies_s.append((chips.await_driven(began_ns, 10.0) - began_ns) / 1e9)
    return latencies_s


def _write_config(home: Path, port: int, detectors: int) -> Path:
    devices = [
        {"friendly_name": f"hall-{n}", "device": f"hall-{n}", "kind": "smoke"} for n in range(detectors)
    ]
    devices.append({"friendly_name": "other", "device": "other", "kind": "other"})
    if len(devices) > 500:
        raise ConfigurationError("a source has 500 detectors at most: ask for fewer alarms")
    config = {
        "site": "bench",
        "box": "bench-1",
        "data_dir": "data",
        "broker": {"host": "127.0.0.1", "port": 1},
        "clock": "always",
        "sources": [{"type": "zigbee2mqtt", "broker": {"port": port}, "devices": devices}],
        "actuators": [{"type": "gpio", "device": "siren-1", "kind": "siren", "chip": _CHIP, "line": _LINE}],
        "reflexes": [{"name": "smoke", "when": ["smoke"], "do": [{"actuator": "siren-1"}]}],
    }
    path = home / "box.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path
