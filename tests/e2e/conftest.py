"""Real browsers against one real server: database, API process and built console are started once."""

from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module

import pytest
from playwright.sync_api import Browser, StorageState, expect

from bench.servers.chromium import running_chromium
from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from tests.e2e.world import Machine, World, running_machine

PATIENCE_MS = 10_000
"""So long a condition may take to come true on a busy machine."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make test` runs these without others beside them: a browser takes a core, and a page is judged as it feels."""
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.servers)
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def machine(databases: Databases) -> Iterator[Machine]:
    """The server."""
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("e2e"))
        url = databases.migrated(import_module("server.store.migrate").migrate)
        stack.callback(databases.drop, url)
        yield stack.enter_context(running_machine(url, folder))


@pytest.fixture(scope="session")
def sessions() -> dict[str, StorageState]:
    """A session a person, for all tests."""
    return {}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. For a module only: while it runs, its event loop counts as running in this thread."""
    expect.set_options(timeout=PATIENCE_MS)
    with running_chromium() as started:
        yield started


@pytest.fixture
def world(
    machine: Machine, browser: Browser, sessions: dict[str, StorageState], request: pytest.FixtureRequest
) -> Iterator[World]:
    """The machine with an empty queue."""
    made = World(machine, browser, sessions)
    made.clear()
    machine.faults()
    failed = request.session.testsfailed
    try:
        yield made
    finally:
        machine.line.heal()
        made.leave(check=request.session.testsfailed == failed)
