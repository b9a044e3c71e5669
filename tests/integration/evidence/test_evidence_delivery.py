"""A camera's alarm and its picture, from a clip to the work item: real box, broker, ingest and database; with kills."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psycopg
import pytest

from bench.places import plant_compound
from bench.servers.mosquitto import Mosquitto
from bench.servers.waiting import wait_for
from edge.wiring import EVIDENCE_FILE
from redwhistle.clock import SystemClock
from server.ingest.service import IngestService
from server.rights.scope import Scope
from server.settings import Settings
from server.store import evidence as store
from server.store.connection import connect
from server.store.evidence import Look
from server.wiring import build_ingest
from tests.integration.cameras import make_clip
from tests.integration.edge_delivery.boxes import SITE, BoxProcess, running_box, write_config

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clips") / "moving.avi")


@pytest.fixture
def broker(mosquitto: Callable[[], Mosquitto]) -> Mosquitto:
    return mosquitto()


@pytest.fixture
def ingest(database: str, broker: Mosquitto) -> Iterator[Callable[[], IngestService]]:
    """Starts ingest when it is called."""
    plant_compound(database, SITE)
    started: list[IngestService] = []

    def start() -> IngestService:
        service = build_ingest(Settings.read({}, database_url=database, mqtt_port=broker.port))
        service.start()
        started.append(service)
        assert service.wait_connected(10)
        return service

    yield start
    for service in started:
        service.stop()


def camera(clip: Path) -> dict[str, Any]:
    zone = {"name": "yard", "limit": 0, "for_s": 0.2, "dropout_s": 2, "clear_for_s": 600}
    return {
        "type": "camera", "device": "cam", "place": SITE, "url": str(clip), "loop": True, "analyse_fps": 10,
        "rules": {"zones": [zone]},
    }  # fmt: skip


def no_models(folder: Path) -> str:
    """A models folder with none: moving regions are counted, since nobody walks in the clip."""
    models = folder / "models"
    models.mkdir(exist_ok=True)
    (models / "manifest.toml").write_text("version = 1\n", encoding="utf-8")
    return str(models)


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def waiting_on_disk(folder: Path) -> list[str]:
    """The ids of the pictures in a box's file, read beside the agent."""
    file = folder / "data" / EVIDENCE_FILE
    if not file.exists():
        return []
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return [one for (one,) in connection.execute("SELECT id FROM evidence")]
        except sqlite3.OperationalError:
            return []


def blocked(url: str) -> bool:
    """Whether somebody waits to write a picture."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'evidence'::regclass"
    return rows(url, waiting) != [(0,)]


def test_an_alarm_of_a_camera_and_its_picture_stand_in_one_work_item(
    database: str, broker: Mosquitto, ingest: Callable[[], IngestService], clip: Path, tmp_path: Path
) -> None:
    ingest()
    with running_box(
        write_config(tmp_path, broker.port, sources=[camera(clip)], models_dir=no_models(tmp_path))
    ) as box:
        wait_for(
            lambda: rows(database, "SELECT evidence FROM work_items WHERE hazard = 'crowd'") == [(1,)],
            timeout_s=30,
            what="the picture stands in its item",
        )
        wait_for(lambda: box.evidence.waiting() == [], what="the box deleted what the server has")
        assert box.evidence.given_up() == {}
    now = SystemClock().now()
    with connect(database, name="test", autocommit=True) as connection:
        item = rows(database, "SELECT id::text FROM work_items")[0][0]
        (row,) = store.list_evidence(connection, Scope.ALL, now, item=item)
        assert (row["device"], row["place"], row["method"], row["kept"]) == ("cam", SITE, "whole_frame", True)
        jpeg = store.view(connection, Scope.ALL, row["id"], Look("zhangwei", "api"), now)
        assert [view["person"] for view in store.list_views(connection, Scope.ALL)] == ["zhangwei"]
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape[:2] == (row["height_px"], row["width_px"])
    gap_s = rows(
        database,
        "SELECT extract(epoch FROM e.taken_at - v.time) FROM evidence e JOIN events v ON v.id = e.event",
    )
    assert gap_s == [(0,)], "the frame that confirmed it"


def test_a_picture_that_was_kept_survives_kills_of_the_box_and_comes_once(
    database: str, broker: Mosquitto, ingest: Callable[[], IngestService], clip: Path, tmp_path: Path
) -> None:
    """Killed before it was sent; killed after it was sent and before it was acknowledged."""
    broker.kill()
    box = BoxProcess(
        write_config(tmp_path, broker.port, sources=[camera(clip)], models_dir=no_models(tmp_path))
    )
    try:
        wait_for(lambda: waiting_on_disk(tmp_path), timeout_s=30, what="the picture is on disk")
        box.kill()
        (kept,) = waiting_on_disk(tmp_path)
        broker.start()
        box = BoxProcess(write_config(tmp_path, broker.port))  # the camera is gone: no other picture comes
        with psycopg.connect(database) as blocker:
            blocker.execute("LOCK TABLE evidence IN ACCESS EXCLUSIVE MODE")
            ingest()
            wait_for(lambda: blocked(database), timeout_s=30, what="the server has the picture in hand")
            box.kill()
        assert waiting_on_disk(tmp_path) == [kept]
        box = BoxProcess(box.config)
        wait_for(
            lambda: (
                rows(database, "SELECT e.id::text, w.evidence FROM evidence e, work_items w") == [(kept, 1)]
            ),
            timeout_s=30,
            what="the picture stands in its item",
        )
        wait_for(lambda: waiting_on_disk(tmp_path) == [], what="the box deleted it")
    finally:
        box.end()
    assert rows(database, "SELECT count(*) FROM evidence") == [(1,)]
