"""The application over a real database and a real web server, once a module, with a client for each person."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module

import httpx
import pytest
from argon2 import PasswordHasher

from bench.servers.databases import Databases
from server.api.application import build
from server.api.ports import Doors
from server.api.running import serving
from server.people.passwords import Passwords
from server.settings import Settings
from server.store.connection import Connection, connect
from server.wiring_doors import open_doors
from tests.integration.api.world import PASSWORD, Seeded, add_people, seed

QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""Argon2 at its weakest: what is tested here is not its strength."""
Client = Callable[[str | None], httpx.Client]


@dataclass(frozen=True)
class House:
    """The application and what is behind it. `client(login)` is logged in by cookie and sends the CSRF token."""

    url: str
    at: str
    doors: Doors
    seeded: Seeded
    people: dict[str, str]
    client: Client
    sql: Connection


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    """A house of its own for each module of tests."""
    url = databases.migrated(import_module("server.store.migrate").migrate)
    seeded = seed(url)
    settings = Settings.model_validate(
        {
            "database_url": url,
            "api_connections": 4,
            "rate_per_minute_account": 100_000,
            "rate_per_minute_address": 100_000,
        }
    )
    with ExitStack() as stack:
        doors = stack.enter_context(open_doors(settings, passwords=QUICK))
        sql = stack.enter_context(connect(url, name="test", autocommit=True))
        people = add_people(doors.people)
        assert doors.stream is not None
        port = stack.enter_context(serving(build(doors), "127.0.0.1", 0, end_streams=doors.stream.stop))
        at = f"http://127.0.0.1:{port}"
        kept: dict[str, httpx.Client] = {}

        def client(login: str | None) -> httpx.Client:
            if login in kept:
                return kept[login]
            made = stack.enter_context(httpx.Client(base_url=at, timeout=30))
            if login is not None:
                answer = made.post("/api/v1/session", json={"login": login, "password": PASSWORD})
                assert answer.status_code == 200, answer.text
                made.headers["X-CSRF-Token"] = answer.json()["csrf"]
                kept[login] = made
            return made

        yield House(url, at, doors, seeded, people, client, sql)
    databases.drop(url)
