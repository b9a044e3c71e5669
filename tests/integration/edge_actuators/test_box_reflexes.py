"""A whole box with a real local broker: smoke sounds the siren without a server; the server's commands run once."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pymodbus.constants import ExcCodes

from bench.servers.mosquitto import Mosquitto
from bench.servers.waiting import wait_for
from edge.agent.actuators.modbus_coil import ModbusCoil
from edge.agent.actuators.settings import CoilSettings
from edge.agent.gpio.double import DoubleChips
from edge.agent.orders import Act, Order
from edge.settings import load_settings
from edge.wiring import Box
from redwhistle.contracts.commands import Command, ReplyStatus
from redwhistle.contracts.ids import Lane
from redwhistle.errors import ActuatorError
from tests.integration.edge_delivery.boxes import SITE, write_config
from tests.integration.edge_delivery.fake_server import FakeServer
from tests.integration.edge_delivery.test_delivery import command
from tests.integration.edge_modbus.peer import COIL, ModbusPeer, Unit

pytestmark = pytest.mark.servers
CHIP = "/dev/gpiochip0"


@pytest.fixture
def broker(mosquitto: Callable[[], Mosquitto]) -> Mosquitto:
    return mosquitto()


class Street:
    """What hangs on the local broker: it says smoke, and hears what sirens and speakers are told."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, str]] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="street")
        self._client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload.decode()))
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("zigbee2mqtt/siren/set", 1), ("speakers/yard", 1)])
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def say(self, payload: dict[str, Any]) -> None:
        self._client.publish("zigbee2mqtt/hall", json.dumps(payload), qos=1).wait_for_publish(10)

    def told(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(payload) for at, payload in self.heard if at == topic]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def street(broker: Mosquitto) -> Iterator[Street]:
    street = Street(broker.port)
    yield street
    street.close()


def actuators(port: int) -> dict[str, Any]:
    local = {"port": port}
    return {
        "sources": [
            {
                "type": "zigbee2mqtt",
                "broker": local,
                "devices": [{"friendly_name": "hall", "device": "smoke-1", "kind": "smoke", "place": "b1"}],
            }
        ],
        "actuators": [
            {
                "type": "mqtt",
                "device": "siren-1",
                "kind": "siren",
                "dialect": "zigbee2mqtt_warning",
                "topic": "zigbee2mqtt/siren",
                "broker": local,
            },
            {
                "type": "mqtt_speaker",
                "device": "speaker-1",
                "topic": "speakers/yard",
                "broker": local,
                "texts": {"fire": {"zh": "着火了，请下楼。", "en": "Fire. Leave the building."}},
            },
            {"type": "gpio", "device": "relay-gate", "kind": "relay", "chip": CHIP, "line": 17},
        ],
        "reflexes": [
            {
                "name": "fire",
                "when": ["smoke"],
                "do": [
                    {"actuator": "siren-1", "for_s": 120},
                    {"actuator": "speaker-1", "act": "speak", "message": "fire", "languages": ["zh", "en"]},
                    {"actuator": "relay-gate"},
                ],
            }
        ],
    }


@contextmanager
def box_with(folder: Path, uplink: int, local: int, chips: DoubleChips) -> Iterator[Box]:
    box = Box(load_settings(write_config(folder, uplink, **actuators(local))), chips)
    box.start()
    try:
        yield box
    finally:
        box.stop()


def ready(street: Street, box: Box) -> None:
    """The source listens and the actuators have been told that they are off."""

    def heard() -> bool:
        street.say({"smoke": False, "linkquality": 9})
        return box.outbox.pending(Lane.TELEMETRY) > 0 and len(street.heard) >= 2

    wait_for(heard, timeout_s=20, what="the box listens and its actuators are off")


def test_smoke_sounds_speaks_and_opens_without_a_server(
    broker: Mosquitto, street: Street, tmp_path: Path
) -> None:
    chips = DoubleChips()
    with box_with(tmp_path, 1, broker.port, chips) as box:  # nobody listens on port 1: there is no server
        ready(street, box)
        street.say({"smoke": True, "test": True})
        street.say({"smoke": False, "test": False})
        wait_for(lambda: box.outbox.pending(Lane.ALARM) >= 1, timeout_s=10, what="the test is kept")
        assert chips.level(CHIP, 17) is False
        street.say({"smoke": True})
        wait_for(lambda: chips.level(CHIP, 17) is True, timeout_s=10, what="the gate is released")
        wait_for(lambda: len(street.heard) == 4, timeout_s=10, what="siren and speaker are told")
        assert box.outbox.pending(Lane.ALARM) >= 2
    sirens = street.told("zigbee2mqtt/siren/set")
    assert [each["warning"]["mode"] for each in sirens] == ["stop", "emergency", "stop"]
    assert sirens[1]["warning"]["duration"] == 120
    (said,) = (each for each in street.told("speakers/yard") if each["act"] == "speak")
    assert list(said["texts"].items()) == [("zh", "着火了，请下楼。"), ("en", "Fire. Leave the building.")]
    assert chips.level(CHIP, 17) is True, "a released gate does not lock because the agent is stopped"


def test_commands_run_once_expire_and_are_answered(broker: Mosquitto, street: Street, tmp_path: Path) -> None:
    chips = DoubleChips()
    server = FakeServer(broker.port)
    server.start()

    def ask(what: Command) -> tuple[ReplyStatus, str]:
        seen = server.boxes["box-1"]
        before = len(seen.replies)
        server.send(SITE, "box-1", what)
        wait_for(lambda: len(seen.replies) > before, timeout_s=15, what="a reply")
        return seen.replies[-1].status, seen.replies[-1].detail

    def is_there() -> bool:
        return "box-1" in server.boxes and bool(server.boxes["box-1"].states)

    on = command("actuate", act="on", actuators=["relay-gate"])
    with box_with(tmp_path, broker.port, broker.port, chips):
        wait_for(is_there, timeout_s=20, what="the box is there")
        assert ask(on) == (ReplyStatus.DONE, "")
        assert chips.level(CHIP, 17) is True
        assert ask(command("actuate", act="off", actuators=["relay-gate"]))[0] is ReplyStatus.DONE
        assert ask(on)[0] is ReplyStatus.DUPLICATE
        late = command("actuate", expires_in_s=-1, act="on", actuators=["relay-gate"])
        assert ask(late) == (ReplyStatus.EXPIRED, "it expired before it arrived")
        drill = command("actuate", act="on", kind="siren").model_copy(update={"exercise": "drill-1"})
        status, why = ask(drill)
        assert status is ReplyStatus.REFUSED
        assert "a drill names its actuators" in why
        assert chips.level(CHIP, 17) is False
        assert [each["warning"]["mode"] for each in street.told("zigbee2mqtt/siren/set")] == ["stop"]
        chips.break_chip(CHIP)
        status, why = ask(command("actuate", act="on", actuators=["relay-gate", "siren-1"]))
        assert status is ReplyStatus.FAILED
        assert "done: siren-1" in why
        chips.broken.clear()
    server.boxes["box-1"].states.clear()
    with box_with(tmp_path, broker.port, broker.port, chips):
        wait_for(is_there, timeout_s=20, what="the box is there again")
        assert ask(on)[0] is ReplyStatus.DUPLICATE
    server.stop()


def coil(port: int, **more: Any) -> ModbusCoil:
    settings = {
        "type": "modbus_coil",
        "device": "siren-2",
        "kind": "siren",
        "tcp": {"host": "127.0.0.1", "port": port},
        "unit": 3,
        "coil": 5,
        "timeout_s": 0.3,
    }
    return ModbusCoil(CoilSettings.model_validate({**settings, **more}))


class Relays(Unit):
    """A relay module: it takes single coils; a deaf one only says so."""

    deaf = False

    async def act(
        self,
        code: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        if code == 5 and not self.dead and code not in self.refuses:
            if values is not None and not self.deaf:
                self.set_bit(COIL, address, bool(values[0]))
            registers[:] = self.words[COIL]
            return None
        return await super().act(code, start, address, count, registers, values)


def test_a_coil_is_written_and_read_back() -> None:
    unit = Relays(3)
    on, off = Order("siren-2", Act.ON, "test"), Order("siren-2", Act.OFF, "test")
    with ModbusPeer(unit) as peer:
        relay = coil(peer.port)
        for order, word in ((on, 1 << 5), (on, 1 << 5), (off, 0), (on, 1 << 5)):
            relay.apply(order)
            assert unit.words[COIL][0] == word
        unit.deaf = True
        with pytest.raises(ActuatorError, match="did not take"):
            relay.apply(off)
        unit.refuses.add(5)
        with pytest.raises(ActuatorError, match="refuses coil 5"):
            relay.apply(off)
        unit.dead = True
        with pytest.raises(ActuatorError, match="does not answer"):
            relay.apply(off)
        relay.close()
    with pytest.raises(ActuatorError, match="cannot be opened"):
        relay.apply(off)
