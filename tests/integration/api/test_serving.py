"""The web server itself: bounded heads, ends with open streams, TLS, health, metrics, the first administrator."""

import io
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from bench.servers.certificates import Authority
from bench.servers.databases import Databases
from redwhistle.errors import ConfigurationError
from server.api.application import build
from server.api.protocol import PatientProtocol
from server.api.running import serving
from server.people.people import People
from server.settings import Settings
from server.store.migrate import migrate, migrations
from server.wiring_doors import door_settings, open_doors, tell_first_password
from tests.integration.api.conftest import QUICK, House
from tests.integration.api.world import PASSWORD, add_people, seed

pytestmark = pytest.mark.servers
ENDS_WITHIN_S = 5.0


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """The smallest application."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port() -> Iterator[int]:
    with serving(hello, "127.0.0.1", 0) as port:
        yield port


def talk(port: int, *parts: bytes) -> bytes:
    """Send the parts, and read until the server closes; what came when it cut the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            while more := connection.recv(65536):
                received += more
        except ConnectionError:
            pass
    return received


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"X-Long: " + b"a" * 1000 + b"\r\n") * 40 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70_000,
        b"GET /" + b"a" * 70_000,
        b"\r\n" * 40_000,
    ],
    ids=["many lines", "one line without end", "an address without end", "nothing but ends"],
)
def test_a_head_that_is_too_large_is_refused(port: int, head: bytes) -> None:
    assert b"200 OK" not in talk(port, head)


def test_a_head_that_does_not_come_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "head_s", 0.2)
    assert b" 408 " in talk(port, b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert talk(port) == b""


def test_a_connection_serves_several_requests(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientProtocol, "max_head_bytes", 300)  # each head counts for itself
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert [client.get("/").text for _ in range(5)] == ["ok"] * 5


def test_a_taken_port_is_named(port: int) -> None:
    with pytest.raises(ConfigurationError, match="REDWHISTLE_API_PORT"), serving(hello, "127.0.0.1", port):
        pass


def test_tls_by_setting(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trusted = ssl.create_default_context(cafile=str(authority.ca_file))
    with serving(hello, "127.0.0.1", 0, tls=authority.server()) as port:
        assert httpx.get(f"https://127.0.0.1:{port}/", verify=trusted).text == "ok"
    wrong = authority.server("a")[0], authority.server("b")[1]
    with pytest.raises(ConfigurationError, match="REDWHISTLE_TLS"), serving(hello, "127.0.0.1", 0, tls=wrong):
        pass


def test_under_tls_cookies_say_so(databases: Databases) -> None:
    url = databases.migrated(migrate)
    settings = Settings.model_validate(
        {"database_url": url, "public_url": "https://rw.example", "trusted_proxies": "127.0.0.1"}
    )
    with open_doors(settings, passwords=QUICK) as doors:
        add_people_of(url, doors.people)
        assert doors.stream is not None
        with serving(build(doors), "127.0.0.1", 0, end_streams=doors.stream.stop) as port:
            headers = {"Host": "rw.example", "X-Forwarded-Proto": "https", "Origin": "https://rw.example"}
            answer = httpx.post(
                f"http://127.0.0.1:{port}/api/v1/session",
                json={"login": "zhangwei", "password": PASSWORD},
                headers=headers,
            )
            assert answer.status_code == 200
            cookies = answer.headers.get_list("set-cookie")
            assert any(text.startswith("__Host-rw_session=") for text in cookies)
            assert all("secure" in text.lower() for text in cookies)
            assert answer.headers["strict-transport-security"]
            other = httpx.get(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"})
            assert other.status_code == 422
    databases.drop(url)


def add_people_of(url: str, people: People) -> None:
    seed(url)
    add_people(people)


def test_it_ends_in_time_with_open_streams(databases: Databases) -> None:
    url = databases.migrated(migrate)
    settings = Settings.model_validate({"database_url": url})
    with open_doors(settings, passwords=QUICK) as doors:
        add_people_of(url, doors.people)
        assert doors.stream is not None
        with serving(build(doors), "127.0.0.1", 0, end_streams=doors.stream.stop) as port:
            client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)
            client.post("/api/v1/session", json={"login": "zhangwei", "password": PASSWORD})
            streams = [
                client.send(client.build_request("GET", "/api/v1/stream"), stream=True) for _ in range(3)
            ]
            first = [next(stream.iter_text()) for stream in streams]
            assert all("event: snapshot" in text or "retry" in text for text in first)
            assert streams[0].headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in streams[0].headers
            began_s = time.monotonic()
        assert time.monotonic() - began_s < ENDS_WITHIN_S
        client.close()
    databases.drop(url)


def test_the_stream_speaks_the_lists_language(house: House) -> None:
    client = house.client("zhangwei")
    listed = client.get("/api/v1/queue").json()["items"]
    with client.stream("GET", "/api/v1/stream") as stream:
        lines = stream.iter_lines()
        data = next(line for line in lines if line.startswith("data:"))
    told = json.loads(data[5:])
    assert told["items"] == listed
    assert [box["box"] for box in told["boxes"]["list"]] == ["jinyuan-1"]


def test_health_readiness_and_metrics(house: House) -> None:
    assert httpx.get(f"{house.at}/healthz").json()["status"] == "ok"
    ready = httpx.get(f"{house.at}/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert "redwhistle_api_request_seconds_count" in httpx.get(f"{house.at}/metrics").text
    house.sql.execute("UPDATE schema_migrations SET sha256 = 'x' WHERE number = 9")
    try:
        broken = httpx.get(f"{house.at}/readyz")
        assert (broken.status_code, broken.json()["ready"]) == (503, False)
        assert "redwhistle db migrate" in broken.text
    finally:
        house.sql.execute("DELETE FROM schema_migrations WHERE number = 9")
        ours = next(one for one in migrations() if one.number == 9)
        house.sql.execute(
            "INSERT INTO schema_migrations (number, name, sha256) VALUES (9, %s, %s)",
            (ours.name, ours.sha256),
        )


def test_metrics_are_for_this_machine_or_a_token(databases: Databases) -> None:
    url = databases.migrated(migrate)
    settings = Settings.model_validate(
        {"database_url": url, "trusted_proxies": "127.0.0.1", "metrics_token": "a-long-enough-token"}
    )
    far = {"X-Forwarded-For": "203.0.113.9"}
    with open_doors(settings) as doors, serving(build(doors), "127.0.0.1", 0) as port:
        at = f"http://127.0.0.1:{port}/metrics"
        assert httpx.get(at, headers=far).json()["code"] == "forbidden"
        known = httpx.get(at, headers={**far, "Authorization": "Bearer a-long-enough-token"})
        assert known.status_code == 200
        wrong = httpx.get(at, headers={**far, "Authorization": "Bearer another"})
        assert wrong.status_code == 403
    databases.drop(url)


def test_a_proxy_that_nobody_told_us_of_opens_no_metrics(house: House) -> None:
    """It stands on this machine, and asks for the whole world from here."""
    for header in (
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X-Real-IP": "203.0.113.9"},
    ):
        assert httpx.get(f"{house.at}/metrics", headers=header).json()["code"] == "forbidden"


def test_a_lost_database_is_said_and_found_again(house: House) -> None:
    client = house.client("heping")
    house.sql.execute("ALTER TABLE work_items RENAME TO work_items_away")
    try:
        answer = client.get("/api/v1/queue")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert "work_items" not in answer.text
    finally:
        house.sql.execute("ALTER TABLE work_items_away RENAME TO work_items")
    house.sql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'redwhistle-api'"
    )
    assert client.get("/api/v1/queue").status_code == 200


def test_the_first_password_is_told_once_and_to_nobody_else() -> None:
    out = io.StringIO()
    tell_first_password(SecretStr("abc-def"), out)
    assert out.getvalue().count("abc-def") == 1


def test_a_demo_needs_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "logins.json"
    file.write_text(
        json.dumps([{"login": "zhangwei", "name": "张伟", "role": "grid_worker", "password": "p"}]), "utf-8"
    )
    file.chmod(0o600)
    told = door_settings(Settings.model_validate({"demo_logins_file": file}))
    assert told.demo_accounts[0].login == "zhangwei"
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1"):
        door_settings(Settings.model_validate({"demo_logins_file": file, "api_host": "0.0.0.0"}))
