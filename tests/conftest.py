"""Fixtures that start real servers. A test that asks for one is marked `servers` by itself.

| fixture | gives |
|---|---|
| `empty_database` | address of a fresh, empty database |
| `database` | address of a fresh database with the schema migrated |
| `timescaledb` | a TimescaleDB process of the test's own, to kill and restart |
| `mosquitto` | a function that starts a broker with the options given |
| `proxy` | a function that starts a proxy in front of a port, to cut and heal |
| `server_path` | a temporary folder that servers with a dropped user id can reach |

The database server is started once a run and shared by all xdist workers, or is the one that
REDWHISTLE_TEST_DATABASE_URL names (a user that may create databases).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto, MosquittoOptions
from bench.servers.proxy import CuttableProxy
from bench.servers.shared import SharedTimescaledb, ask_url
from bench.servers.timescaledb import timescaledb_server
from server.embedded.postgres import PostgresServer

# A slow machine is no fault of the code: properties have no time limit. In CI the same examples are tried each time.
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
# A developer's loop (`make test-fast`) tries few examples; `make test` tries all.
settings.register_profile("quick", settings.get_profile("here"), max_examples=10, stateful_step_count=15)
settings.load_profile(os.environ.get("REDWHISTLE_TEST_PROFILE") or ("ci" if os.environ.get("CI") else "here"))

DATABASE_VARIABLE = "REDWHISTLE_TEST_DATABASE_URL"
SERVER_FIXTURES = frozenset({"database_server_url", "timescaledb", "mosquitto"})
_SHARED = pytest.StashKey[SharedTimescaledb]()


class StartMosquitto(Protocol):
    """Starts a broker that is stopped when the test ends."""

    def __call__(self, options: MosquittoOptions | None = None) -> Mosquitto: ...


StartProxy = Callable[[int], CuttableProxy]


class _XdistNode(Protocol):
    config: pytest.Config
    workerinput: dict[str, object]


def pytest_configure(config: pytest.Config) -> None:
    """The process that owns the run (not an xdist worker) offers the shared database server."""
    if not hasattr(config, "workerinput"):
        config.stash[_SHARED] = SharedTimescaledb()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared server, if a test started it."""
    shared = config.stash.get(_SHARED, None)
    if shared is not None:
        shared.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: _XdistNode) -> None:
    """Tell an xdist worker where to ask for the shared server."""
    node.workerinput["redwhistle_shared"] = node.config.stash[_SHARED].offer()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use a real server, before `-m` selects."""
    for item in items:
        if SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)


@pytest.fixture(scope="session")
def database_server_url(pytestconfig: pytest.Config) -> str:
    """Address of the maintenance database of a running server."""
    given = os.environ.get(DATABASE_VARIABLE)
    if given:
        return given
    worker: dict[str, str] | None = getattr(pytestconfig, "workerinput", None)
    if worker is not None:
        return ask_url(worker["redwhistle_shared"])
    return pytestconfig.stash[_SHARED].url()


@pytest.fixture(scope="session")
def databases(database_server_url: str) -> Iterator[Databases]:
    """Makes databases; all are dropped at the end of the run."""
    made = Databases(database_server_url)
    yield made
    made.drop_all()


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    """Address of a fresh database without a schema, dropped afterwards."""
    address = databases.create()
    yield address
    databases.drop(address)


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """Address of a fresh database with the schema of this version, dropped afterwards."""
    address = databases.migrated(import_module("server.store.migrate").migrate)
    yield address
    databases.drop(address)


@pytest.fixture
def server_path() -> Iterator[Path]:
    """A temporary folder that a server with a dropped user id can reach (pytest's `tmp_path` is closed to it)."""
    with server_folder("test") as folder:
        yield folder


@pytest.fixture
def timescaledb(server_path: Path) -> Iterator[PostgresServer]:
    """A started TimescaleDB of the test's own: `kill()`, `start()`, `url`."""
    with timescaledb_server(server_path / "timescaledb") as server:
        yield server


@pytest.fixture
def mosquitto() -> Iterator[StartMosquitto]:
    """`mosquitto()` or `mosquitto(MosquittoOptions(tls=True, acl=True))` gives a started broker."""
    with ExitStack() as running:

        def start(options: MosquittoOptions | None = None) -> Mosquitto:
            folder = running.enter_context(server_folder("mosquitto"))
            return running.enter_context(Mosquitto(folder, options))

        yield start


@pytest.fixture
def proxy() -> Iterator[StartProxy]:
    """`proxy(port)` gives a started proxy in front of `port` of 127.0.0.1."""
    with ExitStack() as running:
        yield lambda target_port: running.enter_context(CuttableProxy(target_port))
