"""A database of this folder's own with three compounds, one of them served by a company; tests use sites of their own."""

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

import psycopg
import pytest

from bench.places import plant_compound
from bench.servers.databases import Databases

COMPANY = "jinyuan-wuye"
SITES = 200
OF_A_COMPANY = 20


class NewSite(Protocol):
    """Gives a compound of one's own, served by this company if any."""

    def __call__(self, company: str | None = None) -> str: ...


@pytest.fixture(scope="module")
def url(databases: Databases) -> Iterator[str]:
    """Address of a migrated database that the tests of one file share."""
    address = databases.migrated(import_module("server.store.migrate").migrate)
    plant_compound(address)
    with psycopg.connect(address) as connection:
        connection.execute("INSERT INTO companies (id, name_zh) VALUES (%s, '锦园物业')", (COMPANY,))
        # All at once, before anybody listens: the stream reads everything anew when the tree changes.
        connection.execute(
            "INSERT INTO places (id, parent, level, name_zh, company)"
            " SELECT 'site-' || i, 'grid', 'compound', 'x', CASE WHEN i < %s THEN %s END FROM generate_series(0, %s) AS i",
            (OF_A_COMPANY, COMPANY, SITES - 1),
        )
    yield address
    databases.drop(address)


@pytest.fixture(scope="module")
def untouched(url: str) -> dict[str | None, Iterator[str]]:
    """By company: compounds that no test has touched."""
    return {
        COMPANY: iter([f"site-{i}" for i in range(OF_A_COMPANY)]),
        None: iter([f"site-{i}" for i in range(OF_A_COMPANY, SITES)]),
    }


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    """An autocommit connection."""
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def new_site(untouched: dict[str | None, Iterator[str]]) -> NewSite:
    """A compound that no other test has touched."""

    def take(company: str | None = None) -> str:
        return next(untouched[company])

    return take
