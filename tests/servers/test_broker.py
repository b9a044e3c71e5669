"""The embedded broker, with the real wheel and a real client."""

import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from bench.servers.waiting import wait_for
from redwhistle.contracts.topics import Leaf, subscribe_all
from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES
from redwhistle.errors import Unavailable
from server.embedded.broker import EmbeddedBroker, MqttVersion
from server.embedded.ports import is_listening
from server.ingest.service import SHARE
from tests.servers.mqtt import connected

pytestmark = pytest.mark.servers


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path) as started:
        yield started


def test_the_largest_envelope_passes(broker: EmbeddedBroker) -> None:
    with connected(broker.port, "in") as reader, connected(broker.port, "out") as writer:
        reader.subscribe("rw/v1/+/+/telemetry")
        writer.publish("rw/v1/jinyuan/box-1/telemetry", b"x" * MAX_ENVELOPE_BYTES)
        wait_for(lambda: reader.received, what="the envelope")
        assert reader.received == [("rw/v1/jinyuan/box-1/telemetry", b"x" * MAX_ENVELOPE_BYTES)]


def test_a_shared_subscription_gives_each_message_to_one(broker: EmbeddedBroker) -> None:
    with (
        connected(broker.port, "a") as first,
        connected(broker.port, "b") as second,
        connected(broker.port, "out") as writer,
    ):
        for reader in (first, second):
            reader.subscribe("$share/ingest/rw/v1/+/+/alarm")
        for number in range(40):
            writer.publish("rw/v1/jinyuan/box-1/alarm", str(number).encode())
        wait_for(lambda: len(first.received) + len(second.received) >= 40, what="forty messages")
        assert sorted(int(body) for _, body in first.received + second.received) == list(range(40))
        assert first.received
        assert second.received


def test_lanes_shared_under_names_of_their_own_do_not_wait_for_each_other(broker: EmbeddedBroker) -> None:
    with (
        connected(broker.port, "alarms") as alarms,
        connected(broker.port, "telemetry") as telemetry,
        connected(broker.port, "out") as writer,
    ):
        alarms.subscribe(subscribe_all(Leaf.ALARM, SHARE[Leaf.ALARM]))
        telemetry.subscribe(subscribe_all(Leaf.TELEMETRY, SHARE[Leaf.TELEMETRY]))
        for number in range(20):
            writer.publish("rw/v1/jinyuan/box-1/telemetry", str(number).encode())
        wait_for(lambda: len(telemetry.received) == 20, what="twenty messages")
        assert alarms.received == []


def test_as_a_boxs_local_broker_it_speaks_the_older_mqtt(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path, version=MqttVersion.V3_1_1) as broker:
        heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="z2m", protocol=paho.MQTTv311)

        def subscribe(*_: object) -> None:
            client.subscribe("zigbee2mqtt/#", 1)

        def publish(*_: object) -> None:
            client.publish("zigbee2mqtt/7栋/2单元", b"{}", 1)

        client.on_connect = subscribe
        client.on_subscribe = publish
        client.on_message = lambda _client, _data, message: heard.put(bytes(message.payload))
        client.connect("127.0.0.1", broker.port, 10)
        client.loop_start()
        assert heard.get(timeout=10) == b"{}"
        client.disconnect()
        client.loop_stop()


def test_killed_and_restarted_it_serves_on_the_same_port(broker: EmbeddedBroker) -> None:
    port = broker.port
    broker.kill()
    assert not broker.running
    broker.start()
    assert broker.port == port
    with connected(port, "again") as client:
        client.subscribe("t")
        client.publish("t", b"1")
        wait_for(lambda: client.received, what="a message")


def test_it_leaves_neither_process_nor_port(broker: EmbeddedBroker) -> None:
    assert broker.pid is not None
    process = psutil.Process(broker.pid)
    listening = [c.laddr.ip for c in process.net_connections("inet") if c.status == "LISTEN"]
    assert listening == ["127.0.0.1"]
    broker.stop()
    broker.stop()
    assert not process.is_running()
    assert not is_listening(broker.port)


def test_it_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from server.embedded.broker import EmbeddedBroker\n"
        "broker = EmbeddedBroker(Path(sys.argv[1])); broker.start(); print(broker.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
    wait_for(
        lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie",
        what="the broker's end",
    )


def test_a_taken_port_is_named(broker: EmbeddedBroker, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"port {broker.port} .* is taken"):
        EmbeddedBroker(tmp_path / "other", port=broker.port).start()


def test_the_command_explains_itself() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "server.embedded.broker", "--help"], capture_output=True, text=True, check=True
    )
    assert "example: python -m server.embedded.broker --port 1883" in told.stdout
