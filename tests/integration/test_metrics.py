"""/metrics says what is missing: holes, drops, quarantine, and whether the database answers at all."""

import urllib.request

import psycopg
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bench.places import plant_compound
from redwhistle.errors import Unavailable
from server.embedded.ports import free_port
from server.metrics import DatabaseCollector, Standing, serve_metrics
from server.store.standing import read_standing

pytestmark = pytest.mark.servers


def test_a_hole_older_than_a_minute_and_what_was_dropped_are_seen(database: str) -> None:
    plant_compound(database, "jinyuan")
    assert read_standing(database) == Standing(0, 0.0, 0, 0, 0, {})
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO boxes (box, site) VALUES ('b', 'jinyuan')")
        connection.execute(
            "INSERT INTO box_progress (box, epoch, lane, received, dropped, hole_since) VALUES"
            " ('b', 'e', 'telemetry', '{[1,5),[9,12)}', '{[2,4)}', now() - interval '90 seconds'),"
            " ('b', 'e', 'alarm', '{[2,5)}', '{}', now() - interval '10 seconds')"
        )
        connection.execute(
            "INSERT INTO quarantine (topic, code, detail, payload, sha256) VALUES ('t', 'c', 'd', '', 'x')"
        )
    standing = read_standing(database)
    assert (standing.lanes_with_holes, standing.dropped, standing.quarantined) == (1, 2, 1)
    assert standing.boxes_offline == 1
    assert standing.oldest_hole_s == pytest.approx(90, abs=30)


def test_metrics_are_answered_on_loopback(database: str) -> None:
    port = free_port()
    serve_metrics(port, lambda: read_standing(database))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert "redwhistle_database_up 1.0" in text
    assert 'redwhistle_open_work_items{severity="1"} 0.0' in text


def test_a_database_that_is_gone_is_said_and_not_hidden() -> None:
    def gone() -> Standing:
        raise Unavailable("gone")

    registry = CollectorRegistry()
    registry.register(DatabaseCollector(gone))
    assert generate_latest(registry).decode().splitlines()[-1] == "redwhistle_database_up 0.0"
