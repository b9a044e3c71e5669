"""A database of this folder's own with three compounds, one of them served by a company; tests use sites of their own."""

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

import psycopg
import pytest

from bench.places import plant_compound
from bench.servers.databases import Databases


class NewSite(Protocol):
    """Makes a compound of its own, served by this company if any."""

    def __call__(self, company: str | None = None) -> str: ...


@pytest.fixture(scope="module")
def url(databases: Databases) -> Iterator[str]:
    """Address of a migrated database that the tests of one file share."""
    address = databases.migrated(import_module("server.store.migrate").migrate)
    plant_compound(address)
    with psycopg.connect(address) as connection:
        connection.execute("INSERT INTO companies (id, name_zh) VALUES ('jinyuan-wuye', '锦园物业')")
    yield address
    databases.drop(address)


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    """An autocommit connection."""
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def new_site(connection: psycopg.Connection) -> NewSite:
    """Makes a compound that no other test has touched."""

    def make(company: str | None = None) -> str:
        row = connection.execute(
            "INSERT INTO places (id, parent, level, name_zh, company)"
            " SELECT 'site-' || count(*), 'grid', 'compound', 'x', %s FROM places RETURNING id",
            (company,),
        ).fetchone()
        assert row is not None
        return str(row[0])

    return make
