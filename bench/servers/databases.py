"""Fresh databases on one server, cloned from a migrated template."""

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CLONE_WITHIN_S = 20.0
Migrate = Callable[[str], object]


class Databases:
    """Makes and drops databases on the server at `url` (a user that may create databases)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._run = secrets.token_hex(3)
        self._count = 0
        self._template: str | None = None
        self._made: list[str] = []

    def create(self, *, template: str | None = None) -> str:
        """Address of a fresh database: empty, or a copy of database `template`."""
        self._count += 1
        name = f"rw_test_{self._run}_{self._count}"
        words = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            words += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        give_up_s = time.monotonic() + _CLONE_WITHIN_S
        with self._admin() as connection:
            while True:
                try:
                    connection.execute(words)
                    break
                except errors.ObjectInUse:  # a background worker still leaves the template
                    if time.monotonic() > give_up_s:
                        raise
                    time.sleep(0.05)
        self._made.append(name)
        return self._address(name)

    def migrated(self, migrate: Migrate) -> str:
        """Address of a fresh copy of a template that `migrate` has worked on (once a run)."""
        if self._template is None:
            address = self.create()
            migrate(address)
            name = str(conninfo_to_dict(address)["dbname"])
            with self._admin() as connection:
                # TimescaleDB's workers would keep the template in use; they skip databases that refuse connections.
                connection.execute(
                    sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(sql.Identifier(name))
                )
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
                )
            self._template = name
        return self.create(template=self._template)

    def drop(self, address: str) -> None:
        """Drop one database, whoever is still connected."""
        self._drop(str(conninfo_to_dict(address)["dbname"]))

    def drop_all(self) -> None:
        """Drop every database made here; a server that is gone has nothing to drop."""
        self._template = None
        with contextlib.suppress(psycopg.OperationalError):
            for name in list(self._made):
                self._drop(name)

    def _drop(self, name: str) -> None:
        with self._admin() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
        if name in self._made:
            self._made.remove(name)

    @contextmanager
    def _admin(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.url, autocommit=True, connect_timeout=10) as connection:
            yield connection

    def _address(self, name: str) -> str:
        """The server's address with another database: a URL stays a URL, for programs that want one."""
        if "://" in self.url:
            return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        return make_conninfo(self.url, dbname=name)
