"""The TimescaleDB launcher and the databases that tests get."""

import psycopg
import pytest

from bench.servers.databases import Databases
from bench.servers.shared import SharedTimescaledb, ask_url
from server.embedded.postgres import PostgresServer


def test_hypertables_work_and_survive_kill_nine(timescaledb: PostgresServer) -> None:
    with psycopg.connect(timescaledb.url) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        connection.execute("CREATE TABLE readings (at timestamptz NOT NULL, value float8)")
        connection.execute("SELECT create_hypertable('readings', by_range('at'))")
        connection.execute(
            "INSERT INTO readings SELECT now() - n * interval '1 day', n FROM generate_series(1, 30) n"
        )
    timescaledb.kill()
    timescaledb.start()
    with psycopg.connect(timescaledb.url) as connection:
        assert connection.execute("SELECT count(*), sum(value) FROM readings").fetchone() == (30, 465.0)
        chunks = connection.execute("SELECT count(*) FROM timescaledb_information.chunks").fetchone()
    assert chunks is not None
    assert chunks[0] > 1


def test_an_empty_database_is_empty_and_goes_away(databases: Databases, empty_database: str) -> None:
    other = databases.create()
    assert other != empty_database
    connection = psycopg.connect(other, autocommit=True)
    assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    databases.drop(other)  # although somebody is connected
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(other).close()


def test_a_template_is_migrated_once_and_each_copy_stands_alone(database_server_url: str) -> None:
    calls: list[str] = []

    def migrate(address: str) -> None:
        calls.append(address)
        with psycopg.connect(address) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            connection.execute("CREATE TABLE readings (at timestamptz NOT NULL)")
            connection.execute("SELECT create_hypertable('readings', by_range('at'))")

    made = Databases(database_server_url)
    try:
        first, second = made.migrated(migrate), made.migrated(migrate)
        assert len(calls) == 1
        with psycopg.connect(first) as connection:
            connection.execute("INSERT INTO readings VALUES (now())")
        with psycopg.connect(second) as connection:
            assert connection.execute("SELECT count(*) FROM readings").fetchone() == (0,)
    finally:
        made.drop_all()
    with psycopg.connect(database_server_url) as connection:
        left = connection.execute(
            "SELECT count(*) FROM pg_database WHERE datname LIKE %s", (f"rw_test_{made._run}%",)
        )
        assert left.fetchone() == (0,)


@pytest.mark.servers
def test_another_process_gets_the_same_server() -> None:
    shared = SharedTimescaledb()
    try:
        offer = shared.offer()
        assert ask_url(offer) == ask_url(offer) == shared.url()
    finally:
        shared.close()
