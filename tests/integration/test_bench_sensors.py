"""Sensors without a network: what they say is stored and queued as if it had come over MQTT."""

from pathlib import Path

import psycopg
import pytest

from bench.sensors import Sensor, open_field
from redwhistle.places.files import read_places
from server.store.places import open_place_store

pytestmark = pytest.mark.servers

CITY = Path(__file__).parents[2] / "docker" / "sample" / "city.geojson"
SMOKE = Sensor("smoke-1", "smoke", "jinyuan-b7-u2", "3楼烟感")


def test_what_sensors_say_is_stored_judged_and_queued(database: str) -> None:
    tree, _ = read_places(CITY).tree_and_warnings()
    with open_place_store(database) as store:
        store.replace(tree, dry_run=False)
    with psycopg.connect(database, autocommit=True) as connection, open_field(database) as field:
        connection.execute("INSERT INTO boxes (box, site, registered) VALUES ('jinyuan-1', 'jinyuan', true)")
        box = field.box("jinyuan", "jinyuan-1", SMOKE)
        box.come_online()
        box.read("smoke-1", "battery_pct", 97, 96)
        box.say("smoke-1", "smoke", level=0.8)
        box.say("smoke-1", "smoke", exercise="e7")
        items = connection.execute(
            "SELECT exercise, hazard, severity, place, grid FROM work_items ORDER BY exercise"
        ).fetchall()
        where = ("smoke", 2, "jinyuan-b7-u2", "jinsha-g1")
        assert items == [("", *where), ("e7", *where)]
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (2,)
        assert connection.execute("SELECT online FROM boxes").fetchone() == (True,)
        assert connection.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
        box.be_lost()
        assert connection.execute("SELECT online FROM boxes").fetchone() == (False,)
