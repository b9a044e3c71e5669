"""Plain PostgreSQL and TimescaleDB show the same relations and do the same with readings."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from server.embedded.postgres import PostgresServer
from server.store.connection import connect
from server.store.migrate import migrate, read_status
from server.store.retention import Retention, enforce
from server.store.rollups import catch_up
from tests.integration.test_series import read, store

pytestmark = pytest.mark.servers

NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=1)
RELATIONS = ("readings", "events", "readings_minute", "readings_hour")


@pytest.fixture(scope="module")
def plain_server() -> Iterator[Databases]:
    with server_folder("plain") as folder, PostgresServer(folder / "pg") as server:
        yield Databases(server.url)


@pytest.fixture
def plain(plain_server: Databases) -> str:
    url = plain_server.create()
    migrate(url)
    return url


def columns(url: str, relation: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s ORDER BY 1",
            (relation,),
        ).fetchall()


def test_relations_have_the_same_columns_in_both(plain: str, database: str) -> None:
    assert read_status(plain).edition == "plain"
    for relation in RELATIONS:
        assert columns(plain, relation) == columns(database, relation) != []


def test_late_readings_rollups_and_retention_on_plain_tables(plain: str) -> None:
    store(plain, [NOW, NOW + timedelta(seconds=5)], [1.0, 3.0])
    store(plain, [NOW - timedelta(days=7)], [9.0], first_seq=3)
    store(plain, [NOW - timedelta(days=60)], [7.0], first_seq=4)
    with connect(plain, name="test") as connection:
        catch_up(connection, NOW + timedelta(hours=1))
        assert enforce(connection, NOW, Retention())["readings"] == 1
    assert [(n, total) for _, n, _, _, total, _ in read(plain, "readings_hour")] == [
        (1, 7.0),
        (1, 9.0),
        (2, 4.0),
    ]
    with psycopg.connect(plain) as connection:
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (3,)
