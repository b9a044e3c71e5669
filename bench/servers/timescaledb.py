"""A real TimescaleDB: PostgreSQL with the extension loaded, as a direct child over a folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.servers.folder import server_folder
from bench.servers.installed import ensure
from server.embedded.postgres import PostgresServer

# `fsync` off: a test kills the process, not the machine, and what the kernel holds survives that.
_SETTINGS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "jit": "off",
    "fsync": "off",
    "max_connections": "200",
    "log_min_messages": "warning",
}


def timescaledb_server(
    folder: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None
) -> PostgresServer:
    """A server over `folder`, not yet started; `settings` add to, or replace, the ones for tests.

    Raises ConfigurationError where TimescaleDB cannot be had; the text names REDWHISTLE_TEST_DATABASE_URL.
    """
    bin_dir = Path((ensure("timescaledb") / "bin_dir").read_text().strip())
    return PostgresServer(folder, bin_dir=bin_dir, port=port, settings=_SETTINGS | dict(settings or {}))


@contextmanager
def running_timescaledb(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """A started server over a temporary folder, stopped and removed afterwards."""
    with (
        server_folder("timescaledb") as folder,
        timescaledb_server(folder / "pg", settings=settings) as server,
    ):
        yield server
