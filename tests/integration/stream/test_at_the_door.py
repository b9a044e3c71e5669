"""The stream through the whole server: people's own sessions and tokens, and what ends or changes them."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from bench.items import add_items, repeat_item
from bench.servers.waiting import wait_for
from bench.sse import ChunkReader, Event, EventReader
from server.api.application import build
from server.api.ports import Doors
from server.api.running import serving
from server.people.accounts import NewPerson
from server.people.records import By
from server.rights.caller import Grant
from server.rights.roles import Role
from server.settings import Settings
from server.wiring_doors import open_doors
from tests.integration.stream.conftest import NewSite

pytestmark = pytest.mark.servers

BY = By("test")
PASSWORD = SecretStr("a long enough phrase for tests")


@dataclass(frozen=True)
class Door:
    """A running server."""

    doors: Doors
    port: int

    def person(self, login: str, site: str) -> tuple[str, str, str]:
        """Somebody who commands at a place: id, token, and the token's id."""
        now = datetime.now(UTC)
        new = NewPerson(login, login, grants=(Grant(Role.COMMAND, place=site),))
        person = self.doors.people.accounts.add(new, BY, now)
        shown, secret = self.doors.people.tokens.make(person.id, "test", BY, now)
        return person.id, secret.get_secret_value(), shown.id

    def connect(self, token: str, after: str = "") -> "Reader":
        return Reader(self.port, f"authorization: Bearer {token}", after)


class Reader:
    """A client that says it takes compressed answers, as browsers do."""

    def __init__(self, port: int, credential: str, after: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._socket.sendall(
            f"GET /api/v1/stream{after} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept-encoding: gzip\r\n"
            f"{credential}\r\n\r\n".encode()
        )
        self._chunks, self._events = ChunkReader(), EventReader()
        self.ended = False

    def next(self, name: str) -> Event:
        """The next event of this name."""
        while True:
            for event in self._read():
                if event.name == name:
                    return event
            assert not self.ended, f"the stream ended before a {name}"

    def await_end(self) -> None:
        while not self.ended:
            self._read()

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> list[Event]:
        received = self._socket.recv(1 << 18)
        found = self._events.feed(self._chunks.feed(received))
        self.ended = not received or self._chunks.ended
        return found


@pytest.fixture(scope="module")
def door(url: str) -> Iterator[Door]:
    with ExitStack() as stack:
        doors = stack.enter_context(open_doors(Settings.model_validate({"database_url": url})))
        assert doors.stream is not None
        port = stack.enter_context(serving(build(doors), "127.0.0.1", 0, end_streams=doors.stream.stop))
        yield Door(doors, port)


def test_a_person_sees_the_own_part_live_and_comes_back_by_cursor(
    door: Door, connection: psycopg.Connection, new_site: NewSite
) -> None:
    here, there = new_site(), new_site()
    _, token, _ = door.person("worker-1", here)
    reader = door.connect(token)
    snapshot = json.loads(reader.next("snapshot").data)
    assert snapshot["items"] == []
    add_items(connection, there, [there])
    (number,) = add_items(connection, here, [here])
    change = reader.next("change")
    assert json.loads(change.data)["item"]["number"] == number
    reader.close()
    repeat_item(connection, number)
    again = door.connect(token, f"?after={change.id}")
    assert json.loads(again.next("change").data)["item"]["count"] == 2
    again.close()
    drills = door.connect(token, f"?after={change.id}&exercise=e7")
    assert json.loads(drills.next("reset").data) == {"reason": "other_scope"}
    drills.close()


def test_new_grants_are_in_force_and_a_revoked_token_or_a_disabled_person_ends_the_stream(
    door: Door, connection: psycopg.Connection, new_site: NewSite
) -> None:
    here, there = new_site(), new_site()
    (number,) = add_items(connection, there, [there])
    moved, moved_token, moved_credential = door.person("worker-2", here)
    _, other_token, _ = door.person("worker-3", here)
    disabled, disabled_token, _ = door.person("worker-4", here)
    readers = {token: door.connect(token) for token in (moved_token, other_token, disabled_token)}
    for reader in readers.values():
        reader.next("snapshot")
    now = datetime.now(UTC)
    accounts, tokens = door.doors.people.accounts, door.doors.people.tokens
    accounts.set_grants(moved, (Grant(Role.COMMAND, place=there),), BY, now)
    snapshot = json.loads(readers[moved_token].next("snapshot").data)
    assert [item["number"] for item in snapshot["items"]] == [number]
    tokens.revoke(moved, moved_credential, BY, now)
    readers[moved_token].await_end()
    accounts.change(disabled, BY, now, disabled=True)
    readers[disabled_token].await_end()
    wait_for(lambda: figures(door)["clients"] == 1, timeout_s=10, what="one stream is left")
    readers[other_token].close()
    wait_for(lambda: figures(door)["clients"] == 0, timeout_s=10, what="it has gone")


def test_logging_out_ends_the_streams_of_the_session(door: Door, new_site: NewSite) -> None:
    grants = (Grant(Role.COMMAND, place=new_site()),)
    new = NewPerson("worker-5", "张伟", password=PASSWORD, must_change_password=False, grants=grants)
    door.doors.people.accounts.add(new, BY, datetime.now(UTC))
    with httpx.Client(base_url=f"http://127.0.0.1:{door.port}", timeout=20) as browser:
        session = browser.post(
            "/api/v1/session", json={"login": "worker-5", "password": PASSWORD.get_secret_value()}
        )
        assert session.status_code == 200, session.text
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        reader = Reader(door.port, f"cookie: {cookies}")
        reader.next("snapshot")
        gone = browser.delete("/api/v1/session", headers={"X-CSRF-Token": session.json()["csrf"]})
        assert gone.status_code == 204
    reader.await_end()
    reader.close()


def figures(door: Door) -> dict[str, int]:
    assert door.doors.stream is not None
    return door.doors.stream.figures()


def test_a_token_in_the_address_opens_nothing(door: Door, new_site: NewSite) -> None:
    _, token, _ = door.person("worker-6", new_site())
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    connection.request("GET", f"/api/v1/stream?access_token={token}&token={token}")
    assert connection.getresponse().status == 401
    connection.close()
