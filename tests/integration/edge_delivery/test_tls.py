"""TLS with client certificates against a real Mosquitto."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from edge.agent.uplink.link import LinkState
from edge.settings import load_settings
from edge.wiring import check_box
from redwhistle.contracts.codec import decode_envelope
from redwhistle.contracts.ids import Lane
from tests.integration.edge_delivery.boxes import running_box, write_config
from tests.integration.edge_delivery.broker import Broker, find_mosquitto
from tests.unit.edge_agent.test_supervisor import wait
from tests.unit.edge_outbox.making import smoke

pytestmark = [pytest.mark.servers, pytest.mark.skipif(find_mosquitto() is None, reason="needs Mosquitto")]


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make_authority(folder: Path, name: str) -> None:
    openssl(
        folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
    )  # fmt: skip


def make_certificate(folder: Path, authority: str, name: str, address: str) -> None:
    (folder / f"{name}.ext").write_text(f"subjectAltName={address}\n")
    openssl(
        folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr",
    )  # fmt: skip
    openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
        "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem",
    )  # fmt: skip


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    folder = tmp_path / "certificates"
    folder.mkdir(mode=0o755)
    make_authority(folder, "authority")
    make_authority(folder, "stranger")
    make_certificate(folder, "authority", "broker", "IP:127.0.0.1")
    make_certificate(folder, "authority", "box-1", "DNS:box-1")
    for file in folder.iterdir():
        file.chmod(0o644)  # Mosquitto gives up root before it reads them
    for parent in [folder, *folder.parents][:4]:
        parent.chmod(parent.stat().st_mode | 0o055)
    return folder


def listener(certificates: Path) -> str:
    return (
        f"cafile {certificates}/authority.pem\ncertfile {certificates}/broker.pem\nkeyfile {certificates}/broker.key\n"
        "require_certificate true\nuse_identity_as_username true\n"
    )


def settings(certificates: Path, **more: Any) -> dict[str, Any]:
    return {
        "tls": {
            "ca_file": str(certificates / "authority.pem"),
            "cert_file": str(certificates / "box-1.pem"),
            "key_file": str(certificates / "box-1.key"),
        }
        | more
    }


def test_a_box_proves_itself_with_its_certificate(tmp_path: Path, certificates: Path) -> None:
    with Broker(tmp_path, extra=listener(certificates)) as broker:
        received: list[bytes] = []
        watcher = Client(CallbackAPIVersion.VERSION2, client_id="watcher", protocol=MQTTv5)
        watcher.tls_set(
            str(certificates / "authority.pem"),
            str(certificates / "broker.pem"),
            str(certificates / "broker.key"),
        )
        watcher.on_connect = lambda client, *_: client.subscribe("rw/v1/+/+/alarm", 1)
        watcher.on_message = lambda _client, _userdata, message: received.append(bytes(message.payload))
        watcher.connect("127.0.0.1", broker.port)
        watcher.loop_start()
        config = write_config(tmp_path / "box", broker.port, broker=settings(certificates))
        assert check_box(load_settings(config)) == []
        with running_box(config) as box:
            box.outbox.put_event(smoke())
            wait(lambda: bool(received))
            assert decode_envelope(received[0]).lane is Lane.ALARM
        watcher.disconnect()
        watcher.loop_stop()


# paho leaves a socket whose handshake failed to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_of_another_authority_is_not_talked_to(tmp_path: Path, certificates: Path) -> None:
    with Broker(tmp_path, extra=listener(certificates)) as broker:
        broker_settings = settings(certificates, ca_file=str(certificates / "stranger.pem"))
        config = write_config(tmp_path / "box", broker.port, broker=broker_settings)
        (problem,) = check_box(load_settings(config))
        assert "certificate is refused" in problem
        with running_box(config) as box:
            wait(lambda: box.uplink.state is LinkState.WAITING)
            box.outbox.put_event(smoke())
            assert box.outbox.pending(Lane.ALARM) == 1


def test_missing_files_are_named(tmp_path: Path, certificates: Path) -> None:
    config = write_config(tmp_path / "box", 1, broker=settings(certificates, ca_file="/nowhere/ca.pem"))
    (problem,) = check_box(load_settings(config))
    assert "check ca_file, cert_file and key_file" in problem
