"""The Mosquitto launcher, and the access list that is shipped, with real clients."""

import socket
import ssl
from contextlib import AbstractContextManager

import psutil
import pytest

from bench.servers.mosquitto import SERVER_NAME, Mosquitto, MosquittoOptions
from bench.servers.waiting import wait_for
from tests.conftest import StartMosquitto
from tests.servers.mqtt import TestClient, connected


def test_it_is_restarted_on_its_port_without_its_sessions(mosquitto: StartMosquitto) -> None:
    broker = mosquitto()
    _leave_a_message_waiting(broker)
    broker.kill()
    broker.start()
    with connected(broker.port, "sleeper", session_s=60) as sleeper:
        sleeper.subscribe("now")
        sleeper.publish("now", b"fresh")
        wait_for(lambda: sleeper.received, what="the fresh message")
        assert sleeper.received == [("now", b"fresh")]


def test_with_persistence_a_waiting_message_survives_kill_nine(mosquitto: StartMosquitto) -> None:
    broker = mosquitto(MosquittoOptions(persistence=True))
    _leave_a_message_waiting(broker)
    database = broker.folder / "mosquitto.db"
    wait_for(
        lambda: database.exists() and b"kept over night" in database.read_bytes(), what="the broker's save"
    )
    broker.kill()
    broker.start()
    with connected(broker.port, "sleeper", session_s=60) as sleeper:
        wait_for(lambda: sleeper.received, what="the kept message")
        assert sleeper.received == [("later", b"kept over night")]


def test_it_stops_and_leaves_no_process(mosquitto: StartMosquitto) -> None:
    broker = mosquitto()
    assert broker.pid is not None
    process = psutil.Process(broker.pid)
    assert [c.laddr.ip for c in process.net_connections("inet") if c.status == "LISTEN"] == ["127.0.0.1"]
    broker.stop()
    assert not process.is_running()


def test_without_a_certificate_nobody_comes_in(mosquitto: StartMosquitto) -> None:
    broker = mosquitto(MosquittoOptions(tls=True))
    assert broker.authority is not None
    context = ssl.create_default_context(cafile=str(broker.authority.ca_file))
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 the client would learn of it only when it reads
    with (
        socket.create_connection((broker.host, broker.port), timeout=5) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname=broker.host)
    context.load_cert_chain(*broker.authority.client("box-1"))
    with socket.create_connection((broker.host, broker.port), timeout=5) as plain:
        context.wrap_socket(plain, server_hostname=broker.host).close()


@pytest.mark.parametrize("tls", [False, True])
def test_a_box_uses_its_own_topics_only(mosquitto: StartMosquitto, tls: bool) -> None:
    broker = mosquitto(MosquittoOptions(tls=tls, acl=True))
    with (
        _as(broker, "box-1") as box,
        _as(broker, "box-2") as stranger,
        _as(broker, SERVER_NAME) as server,
    ):
        for leaf in ("alarm", "telemetry", "evidence", "state", "reply", "ack", "command"):
            server.subscribe(f"rw/v1/+/+/{leaf}")
        for client in (box, stranger):
            client.subscribe("rw/v1/#")
            client.subscribe("rw/v1/+/box-1/command")
        for leaf in ("alarm", "telemetry", "evidence", "state", "reply"):
            stranger.publish(f"rw/v1/jinyuan/box-1/{leaf}", b"forged")
            box.publish(f"rw/v1/jinyuan/box-1/{leaf}", b"own")
        for leaf in ("ack", "command"):
            box.publish(f"rw/v1/jinyuan/box-1/{leaf}", b"forged")
            server.publish(f"rw/v1/jinyuan/box-1/{leaf}", b"order")
        box.publish("elsewhere", b"forged")
        # Each side has now said all it will; one allowed message after the forbidden ones closes the list.
        stranger.publish("rw/v1/jinyuan/box-2/alarm", b"last")
        wait_for(lambda: ("rw/v1/jinyuan/box-2/alarm", b"last") in server.received, what="the last message")
        wait_for(lambda: len(set(box.received)) >= 2, what="the orders")
    from_box = {
        (f"rw/v1/jinyuan/box-1/{leaf}", b"own")
        for leaf in ("alarm", "telemetry", "evidence", "state", "reply")
    }
    assert set(server.received) == from_box | {("rw/v1/jinyuan/box-2/alarm", b"last")}
    assert set(box.received) == {(f"rw/v1/jinyuan/box-1/{leaf}", b"order") for leaf in ("ack", "command")}
    assert stranger.received == []


def _as(broker: Mosquitto, name: str) -> AbstractContextManager[TestClient]:
    if broker.authority is None:
        return connected(broker.port, name, username=name)
    context = ssl.create_default_context(cafile=str(broker.authority.ca_file))
    context.load_cert_chain(*broker.authority.client(name))
    return connected(broker.port, name, tls=context)


def _leave_a_message_waiting(broker: Mosquitto) -> None:
    with connected(broker.port, "sleeper", session_s=60) as sleeper:
        sleeper.subscribe("later")
    with connected(broker.port, "writer") as writer:
        writer.publish("later", b"kept over night")
