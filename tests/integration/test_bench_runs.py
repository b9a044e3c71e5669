"""Tiny runs of the benchmarks against real servers: they measure what they say, and what they load is what it claims."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.__main__ import main
from bench.history import History, make_history, sampled_rollups_agree
from bench.peer import Way, measure_peer
from bench.query import QUERIES, ask_all
from server.store.connection import connect
from server.store.edition import Edition, read_edition
from tests.conftest import StartMosquitto

pytestmark = pytest.mark.servers

ROWS = 60_000


def quiet(_: str) -> None:
    """Nobody waits."""


def indexes(url: str) -> set[tuple[str, str]]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid::regclass::text LIKE 'readings%' AND indisvalid"
        ).fetchall()
    return set(rows)


@pytest.fixture
def history(database: str) -> History:
    with connect(database, name="test") as connection:
        if read_edition(connection) is Edition.TIMESCALE:
            pytest.skip("the load fills maintained rollups; this edition has continuous aggregates")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    return make_history(database, ROWS, now, loaders=2, say=quiet)


def test_the_history_is_what_it_claims_to_be(database: str, history: History) -> None:
    with psycopg.connect(database) as connection:
        count = connection.execute("SELECT count(*), min(time), max(time) FROM readings").fetchone()
        summed = connection.execute("SELECT sum(n) FROM readings_minute").fetchone()
        hours = connection.execute("SELECT sum(n) FROM readings_hour").fetchone()
        tail = connection.execute("SELECT count(*) FROM rollup_pending").fetchone()
    assert count is not None
    assert summed is not None
    assert tail is not None
    assert count[0] == history.rows >= ROWS
    assert history.start <= count[1] < count[2] < history.now
    assert summed == hours
    assert 0 < count[0] - int(summed[0]) <= 2 * 2 * 5  # two devices' last two minutes wait, with their notes
    assert tail[0] > 0


def test_indexes_end_as_the_schema_has_them(database: str) -> None:
    before = indexes(database)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with connect(database, name="test") as connection:
        if read_edition(connection) is Edition.TIMESCALE:
            pytest.skip("the load fills maintained rollups; this edition has continuous aggregates")
    make_history(database, 1, now, loaders=1, say=quiet)
    assert before
    assert before <= indexes(database)


def test_a_rollup_that_is_not_the_products_is_noticed(database: str, history: History) -> None:
    assert sampled_rollups_agree(database, history, samples=5, seed=1)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE readings_hour SET min = min - 1")
    assert not sampled_rollups_agree(database, history, samples=5, seed=1)


def test_every_query_finds_something(database: str, history: History) -> None:
    seconds = ask_all(database, history, 2 * len(QUERIES), random.Random(1))
    assert {name: len(times) for name, times in seconds.items()} == dict.fromkeys(QUERIES, 2)
    assert all(t > 0 for times in seconds.values() for t in times)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The JSON object of the last line on stdout, which is the only one."""
    assert main([*words, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    return dict(json.loads(line))


def test_ingest_counts_what_is_stored(capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "ingest", "--rows", "20000", "--boxes", "4", "--peer-rows", "0")
    assert told["exactly_once"] is True
    assert told["rows"] == 18_000
    assert told["rows_per_s"] == pytest.approx(told["rows"] / told["seconds"], rel=0.05)


def test_latency_hears_every_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "latency", "--alarms", "20", "--alarms-per-s", "20", "--background", "500")
    assert told["alarms"] == 20
    assert 0 < told["min_ms"] <= told["p50_ms"] <= told["p99_ms"] <= told["max_ms"]
    assert 0 < told["listener_p50_ms"] <= told["listener_p99_ms"]
    assert told["background_rows_per_s"] == pytest.approx(500, rel=0.2)


def test_stream_counts_every_event_at_every_client(capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "stream", "--clients", "45", "--seconds", "2", "--items", "30")
    assert told["deliveries"] == 45 * 2 * 50
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["max_ms"]
    assert told["rss_mb"] > 0


def test_a_reflex_is_measured_to_the_relay(capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "reflex", "--alarms", "20", "--background", "20")
    assert told["alarms"] == 20
    assert told["alarms_kept"] >= 20
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["max_ms"]


def test_the_peer_stores_everything_once(database: str, mosquitto: StartMosquitto, tmp_path: Path) -> None:
    with connect(database, name="test") as connection:
        if read_edition(connection) is Edition.PLAIN:
            pytest.skip("the peer writes into a hypertable, which plain PostgreSQL has not")
    way = Way(packed=False, batch_rows=1000, concurrency=4)
    told = measure_peer(database, mosquitto(), 20_000, [way], folder=tmp_path, say=quiet)
    assert told.complete
    assert told.rows_per_s > 0
