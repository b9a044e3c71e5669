"""The demo's log-ins: random, read by their owner alone, refused to a server that others can reach."""

import json
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.errors import ConfigurationError, Unavailable
from server.demo import doors
from server.demo.compounds import COMPOUNDS
from server.demo.doors import ACCOUNTS, console_port, fresh_logins
from server.demo.visit import Message, items_in, messages
from server.demo_logins import is_loopback, read_demo_logins, write_demo_logins

FILE = "logins.json"


def test_each_run_has_passwords_of_its_own() -> None:
    first, second = fresh_logins(), fresh_logins()
    assert [login.login for login in first] == [account.login for account in ACCOUNTS]
    passwords = [login.password for login in (*first, *second)]
    assert len(set(passwords)) == len(passwords)
    assert all(len(password) >= 16 for password in passwords)


def test_what_is_written_is_read_and_nobody_else_can(tmp_path: Path) -> None:
    file = tmp_path / FILE
    logins = fresh_logins()
    file.write_text("open to all")
    file.chmod(0o644)
    write_demo_logins(file, logins)
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_demo_logins(file, "127.0.0.1") == logins
    assert read_demo_logins(None, "0.0.0.0") == ()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.cn", "", "127.0.0.1.example.cn"])
def test_a_server_that_others_can_reach_offers_no_password(tmp_path: Path, host: str) -> None:
    file = tmp_path / FILE
    write_demo_logins(file, fresh_logins())
    with pytest.raises(ConfigurationError, match="this machine only"):
        read_demo_logins(file, host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)


def test_a_file_that_others_can_read_is_refused_with_advice(tmp_path: Path) -> None:
    file = tmp_path / FILE
    write_demo_logins(file, fresh_logins())
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_demo_logins(file, "127.0.0.1")


@given(st.binary())
def test_a_file_of_anything_is_log_ins_or_refused(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:  # its mode is 600
        file.write(data)
        file.flush()
        with pytest.raises(ConfigurationError, match=r"not a list of log-ins|cannot read"):
            read_demo_logins(Path(file.name), "127.0.0.1")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_demo_logins(tmp_path / FILE, "127.0.0.1")


def test_the_accounts_belong_to_the_demos_places() -> None:
    city = json.loads((Path(__file__).parents[3] / "docker/sample/city.geojson").read_text("utf-8"))
    places = {feature["id"]: feature["properties"] for feature in city["features"] if "id" in feature}
    companies = {properties.get("company") for properties in places.values()}
    for account in ACCOUNTS:
        assert account.place is None or account.place in places
        assert account.company is None or account.company in companies
    first = places[COMPOUNDS[0].site]
    assert first["parent"] == doors.WORKER.place == doors.SECOND_WORKER.place
    assert first["company"] == doors.MANAGER.company


def test_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < console_port(port) < port + 100
        monkeypatch.setattr(doors, "_PORTS", 1)
        with pytest.raises(Unavailable, match=str(port)):
            console_port(port)


def test_messages_of_a_stream() -> None:
    item = {"id": "a", "number": 1}
    lines = [
        *(": a comment", "event: snapshot", f"data: {json.dumps({'items': [item]})}", ""),
        *("event: tick", 'data: {"server_time":', 'data: "x"}', ""),
        *("id: c1", "event:change", f"data:{json.dumps({'kind': 'item', 'item': item})}", ""),
        *("event: change", 'data: {"kind": "box"}', "", "", "event: nothing", ""),
    ]
    told = list(messages(lines))
    assert [one.event for one in told] == ["snapshot", "tick", "change", "change"]
    assert [items_in(one) for one in told] == [[item], [], [item], []]
    assert told[1] == Message("tick", {"server_time": "x"})
