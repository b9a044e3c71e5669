"""TLS with client certificates against a real Mosquitto."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from bench.servers.certificates import Authority
from bench.servers.mosquitto import Mosquitto, MosquittoOptions
from edge.agent.uplink.link import LinkState
from edge.settings import load_settings
from edge.wiring import check_box
from redwhistle.contracts.codec import decode_envelope
from redwhistle.contracts.ids import Lane
from tests.integration.edge_delivery.boxes import running_box, write_config
from tests.unit.edge_agent.test_supervisor import wait
from tests.unit.edge_outbox.making import smoke

pytestmark = pytest.mark.servers


@pytest.fixture
def broker(mosquitto: Callable[[MosquittoOptions], Mosquitto]) -> Mosquitto:
    return mosquitto(MosquittoOptions(tls=True))


def settings(broker: Mosquitto, **more: str) -> dict[str, Any]:
    assert broker.authority is not None
    certificate, key = broker.authority.client("box-1")
    files = {"ca_file": str(broker.authority.ca_file), "cert_file": str(certificate), "key_file": str(key)}
    return {"tls": files | more}


def test_a_box_proves_itself_with_its_certificate(tmp_path: Path, broker: Mosquitto) -> None:
    assert broker.authority is not None
    received: list[bytes] = []
    watcher = Client(CallbackAPIVersion.VERSION2, client_id="watcher", protocol=MQTTv5)
    certificate, key = broker.authority.client("watcher")
    watcher.tls_set(str(broker.authority.ca_file), str(certificate), str(key))
    watcher.on_connect = lambda client, *_: client.subscribe("rw/v1/+/+/alarm", 1)
    watcher.on_message = lambda _client, _userdata, message: received.append(bytes(message.payload))
    watcher.connect("127.0.0.1", broker.port)
    watcher.loop_start()
    config = write_config(tmp_path / "box", broker.port, broker=settings(broker))
    assert check_box(load_settings(config)) == []
    with running_box(config) as box:
        box.outbox.put_event(smoke())
        wait(lambda: bool(received))
        assert decode_envelope(received[0]).lane is Lane.ALARM
    watcher.disconnect()
    watcher.loop_stop()


# paho leaves a socket whose handshake failed to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_of_another_authority_is_not_talked_to(tmp_path: Path, broker: Mosquitto) -> None:
    stranger = Authority(tmp_path / "stranger")
    broker_settings = settings(broker, ca_file=str(stranger.ca_file))
    config = write_config(tmp_path / "box", broker.port, broker=broker_settings)
    (problem,) = check_box(load_settings(config))
    assert "certificate is refused" in problem
    with running_box(config) as box:
        wait(lambda: box.uplink.state is LinkState.WAITING)
        box.outbox.put_event(smoke())
        assert box.outbox.pending(Lane.ALARM) == 1


def test_missing_files_are_named(tmp_path: Path, broker: Mosquitto) -> None:
    config = write_config(tmp_path / "box", 1, broker=settings(broker, ca_file="/nowhere/ca.pem"))
    (problem,) = check_box(load_settings(config))
    assert "check ca_file, cert_file and key_file" in problem
