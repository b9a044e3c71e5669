"""Connections shared by the threads that answer requests: borrowed for one request, checked before use, bounded in time."""

from collections.abc import Iterator
from contextlib import contextmanager

from server.store.connection import Connection, open_pool, translated

STATEMENT_S = 15
"""A query that takes longer is given up (Unavailable): a page that is asked for again must not pile up work."""
LOCK_S = 5
"""Whoever waits longer for somebody else's lock gives up (Blocked)."""


class Pooled:
    """A pool of autocommit connections. Close it when done."""

    def __init__(self, url: str, *, name: str, size: int) -> None:
        self.size = size
        self._pool = open_pool(url, name=name, size=size, configure=_configure)

    @contextmanager
    def use(self) -> Iterator[Connection]:
        """An idle connection; raise Unavailable when none comes free or the server is away."""
        with translated(), self._pool.connection() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back to the server."""
        self._pool.close()


def _configure(connection: Connection) -> None:
    connection.autocommit = True
    connection.execute(f"SET statement_timeout = '{STATEMENT_S}s'".encode())
    connection.execute(f"SET lock_timeout = '{LOCK_S}s'".encode())
