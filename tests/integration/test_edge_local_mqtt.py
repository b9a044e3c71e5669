"""Smoke and gate sources at a real broker: live, retained, kept for later, lost and found again."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.agent.local_broker import LocalBrokerSettings
from edge.agent.observation import Moment, Observation, ReadingSeen
from edge.agent.sources import esphome, gate, zigbee
from edge.agent.sources.esphome_settings import EsphomeSettings
from edge.agent.sources.gate_settings import GateSettings
from edge.agent.sources.local_mqtt import LocalMqttSource
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from redwhistle.clock import SystemClock
from redwhistle.errors import OutboxError
from tests.conftest import StartMosquitto
from tests.recording import RecordingSink, moment

pytestmark = pytest.mark.servers

CLOCK = SystemClock()
BROKER = """
import sys
from iotcore import IotCoreBroker
IotCoreBroker(listen="127.0.0.1", port=int(sys.argv[1])).run_forever()
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain for {what}"
        time.sleep(0.02)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


class Broker:
    """The broker of the demo, in a process of its own, so that it can be killed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", BROKER, str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: listens(self.port), "the broker")

    def kill(self) -> None:
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
            self._process = None


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = Broker(free_port())
    broker.start()
    yield broker
    broker.kill()


class Publisher:
    """What Zigbee2MQTT or a gate controller is to the broker."""

    def __init__(self, port: int) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="zigbee2mqtt")
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def say(self, topic: str, payload: object, retain: bool = False) -> None:
        data = payload if isinstance(payload, bytes) else json.dumps(payload)
        self._client.publish(topic, data, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def publisher(broker: Broker) -> Iterator[Publisher]:
    publisher = Publisher(broker.port)
    yield publisher
    publisher.close()


@contextmanager
def running(source: LocalMqttSource, sink: RecordingSink) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=source.run, args=(sink, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def smoke_source(port: int, **broker: object) -> LocalMqttSource:
    settings = ZigbeeSettings.model_validate(
        {
            "type": "smoke",
            "broker": {"port": port, **broker},
            "devices": [{"friendly_name": "一号楼/厨房", "device": "smoke-1"}],
        }
    )
    return zigbee.build(settings, moment=moment)


TOPIC = "zigbee2mqtt/一号楼/厨房"


def hear_first(publisher: Publisher, sink: RecordingSink) -> None:
    """Wait until the source listens: something that is no event comes through."""

    def heard() -> bool:
        publisher.say(TOPIC, {"smoke": False, "linkquality": 7})
        return bool(sink.readings)

    wait_for(heard, "the subscription")


def test_an_alarm_comes_through_and_a_retained_one_does_not(broker: Broker, publisher: Publisher) -> None:
    """E13, with a broker's own retained flag."""
    publisher.say(TOPIC, {"smoke": True}, retain=True)
    sink = RecordingSink()
    with running(smoke_source(broker.port), sink):
        hear_first(publisher, sink)
        assert sink.events == []
        before_ms = moment().at_ms
        publisher.say(TOPIC, {"smoke": True, "battery": 55})
        wait_for(lambda: sink.events, "the alarm")
        publisher.say(TOPIC, b"\x00\xff not json")
        publisher.say("zigbee2mqtt/unknown", {"smoke": True})
        wait_for(lambda: len(sink.events) == 2, "the alarm of the unknown detector")
    assert sink.kinds() == [("smoke", True), ("smoke", True)]
    assert sink.events[0].device == "smoke-1"
    assert before_ms <= sink.events[0].moment.at_ms <= moment().at_ms
    assert ("battery_pct", 55.0) in [(r.metric, r.value) for r in sink.readings]


def test_an_alarm_published_while_the_agent_restarts_is_delivered(
    broker: Broker, publisher: Publisher
) -> None:
    sink = RecordingSink()
    with running(smoke_source(broker.port), sink):
        hear_first(publisher, sink)
    publisher.say(TOPIC, {"smoke": True})
    assert sink.events == []
    with running(smoke_source(broker.port), sink):
        wait_for(lambda: sink.kinds() == [("smoke", True)], "the alarm of before")


@pytest.mark.parametrize("same", [True, False], ids=["the same source", "a new one"])
def test_an_alarm_that_could_not_be_kept_comes_again(
    same: bool, broker: Broker, publisher: Publisher
) -> None:
    """The source stops with the sink's error; run again, it keeps the alarm, though its detector is latched."""
    sink, failures = RecordingSink(), list[BaseException]()
    with running(smoke_source(broker.port), sink):
        hear_first(publisher, sink)
    sink.refusals = 1
    source, stop = smoke_source(broker.port), threading.Event()

    def run() -> None:
        try:
            source.run(sink, stop)
        except OutboxError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    publisher.say(TOPIC, {"smoke": True})
    thread.join(20)
    assert not thread.is_alive()
    assert len(failures) == 1
    with running(source if same else smoke_source(broker.port), sink):
        wait_for(lambda: sink.events, "the alarm again")
        publisher.say("zigbee2mqtt/unknown", {"smoke": True})
        wait_for(lambda: len(sink.events) == 2, "the next alarm")
    assert sink.events[0].device == "smoke-1"
    assert sink.kinds() == [("smoke", True), ("smoke", True)]


def test_a_killed_broker_is_a_fault_after_a_while_and_its_return_ends_it(broker: Broker) -> None:
    sink = RecordingSink()
    with running(smoke_source(broker.port, fault_s=1), sink):
        publisher = Publisher(broker.port)
        hear_first(publisher, sink)
        publisher.close()
        broker.kill()
        wait_for(lambda: sink.kinds() == [("device_fault", True)], "the fault")
        assert sink.events[0].device == "zigbee-bridge"
        broker.start()
        wait_for(lambda: len(sink.events) == 2, "the end of the fault")
        assert sink.kinds()[1] == ("device_fault", False)
        publisher = Publisher(broker.port)
        publisher.say(TOPIC, {"smoke": True})
        wait_for(lambda: sink.kinds()[2:] == [("smoke", True)], "an alarm after it")
        publisher.close()


def test_a_broker_that_is_not_there_yet_is_waited_for() -> None:
    """E9."""
    broker, sink = Broker(free_port()), RecordingSink()
    with running(smoke_source(broker.port), sink):
        time.sleep(0.6)
        broker.start()
        publisher = Publisher(broker.port)
        hear_first(publisher, sink)
        publisher.close()
    broker.kill()
    assert sink.events == []


def test_a_listener_that_says_nothing_does_not_hold_the_source(tmp_path: Path) -> None:
    """Stopping takes a second or two even in the middle of a connection attempt that nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sink = RecordingSink()
        with running(smoke_source(server.getsockname()[1]), sink):
            connection, _ = server.accept()
            from_s = time.monotonic()
        connection.close()
        assert time.monotonic() - from_s < 4


def test_a_fault_of_our_own_is_said_and_the_next_alarm_heard(broker: Broker, publisher: Publisher) -> None:
    class Trips:
        device = "bridge"
        topics: tuple[str, ...] = ("t/#",)

        def hear(self, topic: str, payload: bytes, retained: bool, moment: Moment) -> list[Observation]:
            del topic, retained
            if payload == b"trip":
                raise RuntimeError("card 12345678")
            return [ReadingSeen("d", "battery_pct", 1.0, moment)]

        def tick(self, moment: Moment) -> list[Observation]:
            del moment
            return []

    sink = RecordingSink()
    source = LocalMqttSource("t", LocalBrokerSettings(port=broker.port), Trips(), moment)
    with running(source, sink):

        def heard() -> bool:
            publisher.say("t/1", b"fine")
            return bool(sink.readings)

        wait_for(heard, "the subscription")
        for _ in range(3):
            publisher.say("t/1", b"trip")
        count = len(sink.readings)
        publisher.say("t/1", b"fine")
        wait_for(lambda: len(sink.readings) > count, "the next message")
    assert sink.kinds() == [("device_fault", True)]
    assert "12345678" not in repr(sink.events)


def test_buttons_water_and_nodes_at_a_mosquitto_with_what_it_retains(mosquitto: StartMosquitto) -> None:
    """E13 for every family: ESPHome retains all its states."""
    broker = mosquitto()
    settings = EsphomeSettings.model_validate(
        {
            "type": "esphome",
            "broker": {"port": broker.port},
            "devices": [
                {"node": "pump", "device": "water-p", "kind": "water_level"},
                {"node": "pump", "device": "sos-p", "kind": "sos", "entities": {"red_button": "sos"}},
            ],
        }
    )
    zigbees = ZigbeeSettings.model_validate(
        {
            "type": "zigbee2mqtt",
            "broker": {"port": broker.port},
            "devices": [{"friendly_name": "张奶奶", "device": "sos-z", "kind": "sos"}],
        }
    )
    publisher, sink = Publisher(broker.port), RecordingSink()
    old = [
        ("pump/binary_sensor/water_leak/state", b"ON"),
        ("pump/binary_sensor/red_button/state", b"ON"),
        ("attic/binary_sensor/smoke/state", b"ON"),
        ("zigbee2mqtt/张奶奶", b'{"action": "single"}'),
        ("zigbee2mqtt/new", b'{"action": "emergency", "smoke": true}'),
    ]
    for topic, payload in old:
        publisher.say(topic, payload, retain=True)
    with (
        running(esphome.build(settings, moment=moment), sink),
        running(zigbee.build(zigbees, moment=moment), sink),
    ):

        def heard() -> bool:
            publisher.say("pump/sensor/wifi_signal/state", b"-60")
            publisher.say("zigbee2mqtt/张奶奶", {"linkquality": 9})
            return {"signal_dbm", "link_quality"} <= {r.metric for r in sink.readings}

        wait_for(heard, "both subscriptions")
        assert sink.events == []
        for topic, payload in old:
            publisher.say(topic, payload, retain=True)
        wait_for(lambda: len(sink.events) >= 6, "the alarms")
    publisher.close()
    told = sorted((e.device[:8], e.kind.value) for e in sink.events)
    assert told == [
        ("sos-p", "sos"),
        ("sos-z", "sos"),
        ("unmapped", "smoke"),
        ("unmapped", "smoke"),
        ("unmapped", "sos"),
        ("water-p", "water_level"),
    ]


def test_a_gate_speaks_and_its_card_stays_on_the_box(
    broker: Broker, publisher: Publisher, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = GateSettings.model_validate(
        {
            "type": "gate",
            "broker": {"port": broker.port},
            "devices": [{"name": "东门", "device": "gate-east"}],
        }
    )
    sink = RecordingSink()
    with running(gate.build(settings, moment=moment, data_dir=tmp_path), sink):

        def heard() -> bool:
            publisher.say("access/gate/东门", {"event": "closed"})
            return bool(sink.readings)

        wait_for(heard, "the subscription")
        publisher.say("access/gate/东门", {"event": "denied", "direction": "in", "card": "A1B2C3D4E5"})
        publisher.say("access/gate/东门", b'{"event": "denied", "card": "A1B2C3D4E5"')
        publisher.say("access/gate/东门", {"event": "forced"})
        wait_for(lambda: len(sink.events) == 2, "both events")
    assert sink.kinds() == [("gate_denied", True), ("gate_forced", True)]
    written = [*capfd.readouterr(), repr(sink.events), *(path.read_text() for path in tmp_path.iterdir())]
    assert not any("A1B2C3D4E5" in text for text in written)
