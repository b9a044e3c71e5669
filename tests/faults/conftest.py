"""Worlds for the fault tests: real processes, ended whatever happens; on failure the logs' ends are shown."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest

from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto, MosquittoOptions
from bench.servers.timescaledb import running_timescaledb
from server.embedded.postgres import PostgresServer
from tests.faults.world import World

MakeWorld = Callable[[MosquittoOptions | None], World]
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these start real servers and kill them."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.servers)
            item.add_marker(pytest.mark.faults)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes wrote last."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, World):
                report.sections.append(("the processes' logs", value.tails()))
    return report


@pytest.fixture(scope="session")
def fault_server() -> Iterator[PostgresServer]:
    """A TimescaleDB that only these tests use: it is killed."""
    with running_timescaledb() as server:
        yield server


@pytest.fixture(scope="session")
def fault_databases(fault_server: PostgresServer) -> Iterator[Databases]:
    """Fresh, migrated databases on it."""
    made = Databases(fault_server.url)
    yield made
    made.drop_all()


def build_world(stack: ExitStack, databases: Databases, options: MosquittoOptions | None = None) -> World:
    """A world with a broker and a database of its own; everything ends with `stack`."""
    folder = stack.enter_context(server_folder("faults"))
    url = databases.migrated(import_module("server.store.migrate").migrate)
    stack.callback(databases.drop, url)
    broker = stack.enter_context(Mosquitto(stack.enter_context(server_folder("mosquitto")), options))
    return stack.enter_context(World(folder, url, broker))


@pytest.fixture
def world(fault_databases: Databases) -> Iterator[World]:
    """A broker without persistence, an empty database with places; no process of ours yet."""
    with ExitStack() as stack:
        yield build_world(stack, fault_databases)


@pytest.fixture(scope="module")
def served(fault_databases: Databases) -> Iterator[World]:
    """A world with one ingest and one dispatch that the tests of a module share, each with boxes of its own."""
    with ExitStack() as stack:
        made = build_world(stack, fault_databases)
        made.start_dispatch()
        made.start_ingest()
        yield made
