"""Worlds for the fault tests: real processes, ended whatever happens; on failure the logs' ends are shown."""

from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.servers.databases import Databases
from bench.servers.timescaledb import running_timescaledb
from server.embedded.postgres import PostgresServer
from tests.faults.outage import FirstSeconds, run_outage
from tests.faults.world import World, build_world

TIMEOUT_S = 240
"""For a whole scenario, on a machine that does other things, too."""
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these start real servers and kill them. The outage's own test only collects a result: it comes last."""
    items.sort(key=lambda item: "outage" in getattr(item, "fixturenames", ()))
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.servers)
            item.add_marker(pytest.mark.faults)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TIMEOUT_S))


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


@pytest.fixture(scope="session")
def outage() -> Iterator["Future[list[FirstSeconds]]"]:
    """The scenario of `outage.py`, under way in a thread, on a database server that nobody kills."""
    worlds: list[World] = []
    with ThreadPoolExecutor(1, thread_name_prefix="outage") as pool:
        yield pool.submit(run_outage, worlds)
        for world in worlds:
            world.cancelled.set()


@pytest.fixture(scope="session", autouse=True)
def _begin_what_mostly_waits(request: pytest.FixtureRequest) -> None:
    """The outage takes two minutes and no work: it runs beside the other tests, and its own test comes last."""
    if any("outage" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("outage")


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
