"""The ingest service over a real broker and database: an alarm has a way of its own."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from bench.places import plant_compound
from bench.servers.mosquitto import Mosquitto
from bench.servers.waiting import wait_for
from redwhistle.contracts import codec
from redwhistle.contracts.envelope import Ack
from redwhistle.contracts.ids import Lane
from server.ingest.service import IngestService
from server.settings import Settings
from server.wiring import build_ingest
from tests.integration.test_intake import envelope, event, reading_message

pytestmark = pytest.mark.servers


class Watcher:
    """A client that sends as boxes do and hears the acknowledgements."""

    def __init__(self, port: int) -> None:
        self.acks: list[Ack] = []
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.on_message = self._hear
        client.connect("127.0.0.1", port)
        client.subscribe("rw/v1/+/+/ack", qos=1)
        client.loop_start()
        self.client = client

    def _hear(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        self.acks.append(codec.decode_ack(bytes(message.payload)))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(mosquitto: Callable[[], Mosquitto]) -> Mosquitto:
    return mosquitto()


@pytest.fixture
def service(database: str, broker: Mosquitto) -> Iterator[IngestService]:
    plant_compound(database, "jinyuan")
    started = build_ingest(Settings.read({}, database_url=database, mqtt_port=broker.port))
    started.start()
    assert started.wait_connected(10)
    yield started
    started.stop()


@pytest.fixture
def watcher(broker: Mosquitto, service: IngestService) -> Iterator[Watcher]:
    opened = Watcher(broker.port)
    yield opened
    opened.close()


def test_an_alarm_passes_while_telemetry_is_stuck_in_the_database(database: str, watcher: Watcher) -> None:
    first = reading_message(1, 10)
    watcher.client.publish(first.topic, first.payload, qos=1)
    wait_for(lambda: watcher.acks, what="the first readings are acknowledged")
    with psycopg.connect(database) as blocker:
        blocker.execute("LOCK TABLE readings IN ACCESS EXCLUSIVE MODE")
        stuck = reading_message(11, 10)
        watcher.client.publish(stuck.topic, stuck.payload, qos=1)
        time.sleep(0.3)  # the telemetry worker now waits for the table, with its lane locked
        alarm = envelope("alarm", events=[event(1)])
        watcher.client.publish(alarm.topic, alarm.payload, qos=1)
        wait_for(
            lambda: any(a.lane is Lane.ALARM for a in watcher.acks), timeout_s=5, what="the alarm passed"
        )
        assert not any(a.received == [(1, 20)] for a in watcher.acks)
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT hazard FROM alerts").fetchall() == [("smoke",)]
    wait_for(lambda: any(a.received == [(1, 20)] for a in watcher.acks), what="the readings came after it")


def test_readings_of_a_site_do_not_hold_its_engine_while_they_are_copied(
    database: str, watcher: Watcher
) -> None:
    hot = reading_message(1, 2, value=80.0)  # over the limit: the engine is stepped for the site
    watcher.client.publish(hot.topic, hot.payload, qos=1)
    wait_for(lambda: watcher.acks, what="the first readings are acknowledged")
    with psycopg.connect(database) as blocker:
        blocker.execute("LOCK TABLE readings IN ACCESS EXCLUSIVE MODE")
        stuck = reading_message(3, 2, value=81.0)
        watcher.client.publish(stuck.topic, stuck.payload, qos=1)
        time.sleep(0.3)
        alarm = envelope("alarm", events=[event(1)])
        watcher.client.publish(alarm.topic, alarm.payload, qos=1)
        wait_for(
            lambda: any(a.lane is Lane.ALARM for a in watcher.acks), timeout_s=5, what="the alarm passed"
        )


def test_a_state_announces_devices_and_their_places(database: str, watcher: Watcher) -> None:
    sent = {"at_ms": 1, "mono_ms": 1, "boot": "a" * 32, "synced": False}
    state = {
        "v": 1, "site": "jinyuan", "box": "box-1", "online": True, "epoch": "e" * 32, "stamp": sent, "version": "9",
        "devices": [{"id": "smoke-1", "kind": "smoke", "label": "4层", "place": "jinyuan", "heartbeat_s": 600.0}],
    }  # fmt: skip
    watcher.client.publish("rw/v1/jinyuan/box-1/state", json.dumps(state), qos=1, retain=True)

    def stored() -> list[Any]:
        with psycopg.connect(database) as connection:
            return connection.execute(
                "SELECT b.online, b.version, d.kind, d.label, d.heartbeat_s, d.announced"
                " FROM boxes b JOIN devices d USING (box) WHERE d.device = 'smoke-1'"
            ).fetchall()

    wait_for(lambda: stored() == [(True, "9", "smoke", "4层", 600.0, True)], what="the state is stored")
    gone = {**state, "online": False, "reason": "will", "devices": []}
    watcher.client.publish("rw/v1/jinyuan/box-1/state", json.dumps(gone), qos=1, retain=True)
    wait_for(lambda: stored()[0][0] is False, what="the box is gone")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT wake_at IS NOT NULL FROM engine_state").fetchall() == [(True,)]


def test_a_retained_state_is_taken_by_a_service_that_starts_later(
    database: str, broker: Mosquitto, tmp_path: Path
) -> None:
    plant_compound(database, "jinyuan")
    watcher = Watcher(broker.port)
    sent = {"at_ms": 1, "mono_ms": 1, "boot": "a" * 32, "synced": False}
    state = {
        "v": 1,
        "site": "jinyuan",
        "box": "box-1",
        "online": True,
        "epoch": "e" * 32,
        "stamp": sent,
        "version": "9",
    }
    watcher.client.publish(
        "rw/v1/jinyuan/box-1/state", json.dumps(state), qos=1, retain=True
    ).wait_for_publish(5)
    service = build_ingest(Settings.read({}, database_url=database, mqtt_port=broker.port))
    service.start()

    def online() -> bool:
        with psycopg.connect(database) as connection:
            return connection.execute("SELECT online FROM boxes").fetchall() == [(True,)]

    wait_for(online, what="the retained state is stored")
    service.stop()
    watcher.close()
