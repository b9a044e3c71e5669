"""Gates that post to the box: what is signed is taken once, anything else is refused, and any bytes are survived."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.observation import EventSeen
from edge.agent.sources.card_key import open_key
from edge.agent.sources.gate_http import GateHttpSource, build, sign
from edge.agent.sources.gate_settings import GateHttpSettings
from redwhistle.errors import OutboxError, SourceError
from tests.recording import RecordingSink, moment
from tests.unit.edge_actuators.desk import wait_for
from tests.unit.edge_gpio.watching import running

SECRET = "a-secret-of-the-gates"
PATH = "/access/gate/south"


def make(folder: Path, **more: Any) -> GateHttpSource:
    (folder / "secret").write_text(f"{SECRET}\n")
    settings = {
        "type": "gate_http",
        "port": 0,
        "secret_file": str(folder / "secret"),
        "devices": [{"name": "south", "device": "gate-south"}, {"name": "东门", "device": "gate-east"}],
        **more,
    }
    return build(GateHttpSettings.model_validate(settings), moment=moment, data_dir=folder)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GateHttpSource, RecordingSink]]:
    source = make(tmp_path_factory.mktemp("gate"))
    with running(source) as said:
        wait_for(lambda: source.port, "it listens")
        yield source, said


def post(
    source: GateHttpSource,
    body: bytes,
    path: str = PATH,
    *,
    headers: dict[str, str] | None = None,
    at_ms: int | None = None,
) -> int:
    assert source.port is not None
    said_at = str(moment().at_ms if at_ms is None else at_ms)
    signed = {
        "X-RedWhistle-Time": said_at,
        "X-RedWhistle-Signature": sign(SECRET.encode(), said_at, path, body),
    }
    connection = http.client.HTTPConnection("127.0.0.1", source.port, timeout=10)
    try:
        connection.request("POST", path, body, signed if headers is None else headers)
        answer = connection.getresponse()
        assert answer.read() == b""
        return answer.status
    finally:
        connection.close()


def message(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_a_signed_message_is_an_event_with_its_card_hashed(
    door: tuple[GateHttpSource, RecordingSink],
) -> None:
    source, said = door
    said.events.clear()
    assert post(source, message(event="opened", direction="in", card="0004512345")) == 204
    assert post(source, message(event="forced"), "/access/gate/%E4%B8%9C%E9%97%A8") == 204
    assert [(each.device, each.kind.value) for each in said.events] == [
        ("gate-south", "gate_opened"),
        ("gate-east", "gate_forced"),
    ]
    folder = source._settings.secret_file.parent
    credential = said.events[0].data.model_dump()["credential"]
    assert credential == open_key(folder / "gate.key").hash("0004512345")
    assert "4512345" not in repr(said.events)
    assert said.values("gate-south", "passed_in")[-1] == 1


def test_what_is_not_signed_now_and_once_is_refused(door: tuple[GateHttpSource, RecordingSink]) -> None:
    source, said = door
    said.events.clear()
    body, now_ms = message(event="forced"), moment().at_ms
    good = {"X-RedWhistle-Time": str(now_ms)}
    for headers in (
        {},
        good | {"X-RedWhistle-Signature": "sha256=" + "0" * 64},
        good | {"X-RedWhistle-Signature": sign(b"another-secret-here", str(now_ms), PATH, body)},
        good | {"X-RedWhistle-Signature": sign(SECRET.encode(), str(now_ms), "/access/gate/east", body)},
        good | {"X-RedWhistle-Signature": sign(SECRET.encode(), str(now_ms + 1), PATH, body)},
        good | {"X-RedWhistle-Signature": sign(SECRET.encode(), str(now_ms), PATH, body + b" ")},
        {"Authorization": f"Bearer {SECRET}"},
    ):
        assert post(source, body, headers=headers) == 401
    for away_ms in (-301_000, 301_000):
        assert post(source, body, at_ms=now_ms + away_ms) == 401
    assert said.events == []
    assert post(source, body, at_ms=now_ms) == 204
    assert post(source, body, at_ms=now_ms) == 409
    assert len(said.events) == 1


def test_paths_methods_and_lengths(door: tuple[GateHttpSource, RecordingSink]) -> None:
    source, said = door
    said.events.clear()
    body = message(event="forced")
    for path in ("/", "/access/gate/", "/access/gate/a/b", "/other/gate/south", "/access/door/south"):
        assert post(source, body, path) == 404
    assert post(source, b"[]") == 400
    assert post(source, b"x" * (64 * 1024 + 1)) == 413
    assert source.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", source.port, timeout=10)
    connection.request("GET", PATH)
    assert connection.getresponse().status == 501
    connection.close()
    assert said.events == []


def test_with_a_token(tmp_path: Path) -> None:
    source = make(tmp_path, auth="token")
    with running(source) as said:
        wait_for(lambda: source.port, "it listens")
        body = message(event="forced")
        assert post(source, body, headers={"Authorization": "Bearer wrong-wrong-wrong"}) == 401
        assert post(source, body, headers={"Authorization": "Bearer \xe9\xff"}) == 401
        assert post(source, body) == 401
        assert post(source, body, headers={"Authorization": f"Bearer {SECRET}"}) == 204
        assert len(said.events) == 1


def test_what_the_outbox_refuses_is_answered_with_try_again(tmp_path: Path) -> None:
    class Full(RecordingSink):
        def __init__(self) -> None:
            super().__init__()
            self.full = True

        def event(self, seen: EventSeen) -> None:
            if self.full:
                raise OutboxError("full: free some space")
            super().event(seen)

    source, sink = make(tmp_path), Full()
    headers: Any = {
        "X-RedWhistle-Time": str(moment().at_ms),
    }
    body = message(event="forced")
    headers["X-RedWhistle-Signature"] = sign(SECRET.encode(), headers["X-RedWhistle-Time"], PATH, body)
    assert source._answer(sink, PATH, headers, body) == 503
    sink.full = False
    assert source._answer(sink, PATH, headers, body) == 204
    assert sink.events


@given(
    path=st.text(max_size=80).map(lambda text: "/" + text) | st.just(PATH),
    body=st.binary(max_size=200)
    | st.dictionaries(st.text(max_size=8), st.integers() | st.text()).map(json.dumps).map(str.encode),
    said_at=st.text(max_size=20) | st.integers(0, 2**70).map(str),
)
def test_any_request_is_answered(
    door: tuple[GateHttpSource, RecordingSink], path: str, body: bytes, said_at: str
) -> None:
    """Signed rightly, whatever it says."""
    source, said = door
    said.events.clear()
    headers = {
        "X-RedWhistle-Time": said_at,
        "X-RedWhistle-Signature": sign(SECRET.encode(), said_at, path, body),
    }
    assert source._answer(said, path, headers, body) in {204, 400, 401, 404, 409}


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_on_the_wire_are_survived(door: tuple[GateHttpSource, RecordingSink], sent: bytes) -> None:
    source, said = door
    said.events.clear()
    assert source.port is not None
    with socket.create_connection(("127.0.0.1", source.port), 10) as peer:
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(4096):
            pass
    assert said.events == []


@pytest.mark.slow
def test_many_silent_connections_hold_up_none_that_speaks(tmp_path: Path) -> None:
    source = make(tmp_path)
    with running(source) as said:
        wait_for(lambda: source.port, "it listens")
        assert source.port is not None
        idle = [socket.create_connection(("127.0.0.1", source.port), 10) for _ in range(30)]
        body = message(event="forced")

        def taken() -> bool:
            try:
                return post(source, body) == 204
            except (OSError, http.client.HTTPException):
                return False

        began_s = time.monotonic()
        wait_for(taken, "it is heard", 20)
        assert time.monotonic() - began_s < 15
        for each in idle:
            each.close()
    assert len(said.events) == 1


@pytest.mark.parametrize("secret", ["", "short", None])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, secret: str | None) -> None:
    if secret is not None:
        (tmp_path / "own").write_text(secret)
    with pytest.raises(SourceError, match="secret"):
        make(tmp_path, secret_file=str(tmp_path / "own"))


def test_a_port_that_is_taken_is_an_error_for_the_supervisor(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        source = make(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(SourceError, match="port free"):
            source.run(RecordingSink(), threading.Event())
