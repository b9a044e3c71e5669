"""What one stuck session, or two workers at once, may not do to alarms. Real PostgreSQL only."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg

from redwhistle.errors import StoreError, Unavailable
from server.alerts import engine, rules, runner
from server.alerts.model import Item, WakeItem
from server.ingest.handler import Handler
from server.ingest.ports import Message, SiteKey
from server.ingest.worker import Worker
from server.store.boxes import Boxes
from server.store.connection import Connection, connect, translated
from server.store.intake import Intake
from server.store.registry import Registry
from server.store.unit_of_work import PostgresUnitOfWork
from tests.integration.test_intake import (
    HeatScreen,
    envelope,
    event,
    event_message,
    held,
    plant_places,
    reading_message,
)

pytestmark = pytest.mark.servers


class NoMeter:
    def batch(self, kind: str, messages: int, seconds: float) -> None: ...
    def set_aside(self, kind: str) -> None: ...
    def unavailable(self, kind: str) -> None: ...


def no_step(_: Connection, __: Mapping[SiteKey, Sequence[Item]], ___: datetime) -> None: ...


def real_step(connection: Connection, items: Mapping[SiteKey, Sequence[Item]], now: datetime) -> None:
    runner.step(PostgresUnitOfWork(connection), items, rules.default_pack(), now, judge=engine)


@pytest.fixture
def city(database: str) -> str:
    plant_places(database)
    return database


def _same(connection: Connection) -> Connection:
    return connection


def worker_over(intake: Intake) -> Worker:
    handler = Handler(intake, HeatScreen(), presence_step_ms=30_000)
    return Worker("alarm", None, handler, at_most=9, linger_s=0.0, meter=NoMeter())  # type: ignore[arg-type]


def alarm_of(box: str, site: str, seq: int = 1) -> Message:
    return envelope("alarm", box=box, site=site, events=[event(seq)])


def test_a_site_that_somebody_holds_keeps_no_other_sites_alarm_waiting(city: str) -> None:
    intake = Intake(city, name="alarm", stepper=real_step, lock_wait_s=0.3)
    worker = worker_over(intake)
    assert worker._store([alarm_of("box-1", "jinyuan")], threading.Event())
    with psycopg.connect(city) as stuck:
        stuck.execute("SELECT FROM engine_state WHERE site = 'jinyuan' FOR UPDATE")
        answers = worker._store(
            [alarm_of("box-1", "jinyuan", 2), alarm_of("box-2", "jinhe")], threading.Event()
        )
        assert answers is not None
        assert [a.topic for a in answers] == ["rw/v1/jinhe/box-2/ack"]
    again = worker._store([alarm_of("box-1", "jinyuan", 2)], threading.Event())
    assert again is not None
    assert held(again) == ((1, 2),)
    with psycopg.connect(city) as seen:
        assert seen.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
        assert seen.execute("SELECT site, count(*) FROM alerts GROUP BY 1 ORDER BY 1").fetchall() == [
            ("jinhe", 1),
            ("jinyuan", 1),
        ]
    intake.close()


def test_the_server_ends_a_transaction_that_was_left_open(city: str) -> None:
    with connect(city, name="left") as left:
        row = left.execute("SHOW idle_in_transaction_session_timeout").fetchone()
        assert row == ("15s",)
        left.execute("SET idle_in_transaction_session_timeout = '200ms'")
        left.commit()
        left.execute("SELECT FROM places WHERE id = 'jinyuan' FOR UPDATE")
        with psycopg.connect(city) as other:
            other.execute("SET lock_timeout = '10s'")
            other.execute("SELECT FROM places WHERE id = 'jinyuan' FOR UPDATE")
        with suppress(psycopg.Error):
            left.rollback()


def test_boxes_are_locked_before_sites(city: str) -> None:
    """The state worker locks a box, then its site: the other way round is a deadlock, and an alarm waits for its end."""
    found: list[bool] = []

    def look(_: Connection, __: Mapping[SiteKey, Sequence[Item]], ___: datetime) -> None:
        with psycopg.connect(city) as other:
            try:
                other.execute("SELECT FROM boxes WHERE box = 'box-1' FOR NO KEY UPDATE NOWAIT")
                found.append(False)
            except pg.LockNotAvailable:
                found.append(True)

    intake = Intake(city, name="telemetry", stepper=look)
    Handler(intake, HeatScreen(), presence_step_ms=30_000).handle([reading_message(1, 2)])
    assert found == [True]
    intake.close()


def test_a_new_device_does_not_wait_for_the_state_of_its_box(city: str) -> None:
    """Else it is a deadlock: the state worker waits for the device, whose row waits for the box."""
    with psycopg.connect(city) as setup:
        setup.execute("INSERT INTO boxes (box, site) VALUES ('box-1', 'jinyuan')")
    with connect(city, name="state") as state, psycopg.connect(city) as alarm:
        Boxes(lambda: state).lock_state("box-1")
        alarm.execute("SET lock_timeout = '2s'")
        alarm.execute("INSERT INTO devices (box, device) VALUES ('box-1', 'smoke-1')")


def test_names_that_are_known_use_up_no_keys(city: str) -> None:
    names = [f"metric_{i}" for i in range(50)]
    for _ in range(5):
        with connect(city, name="names") as connection:
            registry = Registry(partial(_same, connection))
            registry.learn_names(names, ["drill-1"])
    with psycopg.connect(city) as seen:
        assert seen.execute("SELECT last_value FROM metrics_metric_key_seq").fetchone() == (50,)
        assert seen.execute("SELECT last_value FROM exercise_keys").fetchone() == (1,)


def test_a_box_that_makes_names_up_stops_nobodys_readings(city: str) -> None:
    intake = Intake(city, name="names", stepper=no_step)
    worker = worker_over(intake)
    assert worker._store([reading_message(1, 2)], threading.Event())
    with psycopg.connect(city) as full:
        full.execute("INSERT INTO metrics (metric_key, name) OVERRIDING SYSTEM VALUE VALUES (32767, 'last')")
        full.execute("SELECT setval('metrics_metric_key_seq', 32767)")
    made_up = reading_message(3, 2, block={"series": [["t-1", "made_up"], ["h-1", "made_up_too"]]})
    fresh = Intake(city, name="fresh", stepper=no_step)
    answers = worker_over(fresh)._store([made_up, reading_message(5, 2)], threading.Event())
    assert answers is not None
    assert held(answers) == ((1, 6),)
    with psycopg.connect(city) as seen:
        assert seen.execute("SELECT seq FROM readings ORDER BY 1").fetchall() == [(1,), (2,), (5,), (6,)]
        assert seen.execute("SELECT code FROM quarantine").fetchall() == [("not_stored",)]
    intake.close()
    fresh.close()


def test_what_was_rolled_back_is_not_remembered(city: str) -> None:
    with connect(city, name="first", autocommit=True) as connection:
        registry = Registry(lambda: connection)
        registry.learn_boxes([("box-1", "jinyuan")])
        with pytest.raises(StoreError), translated(), registry._transaction() as inside:
            inside.execute("SELECT 1 / 0")
        assert registry.site_of("box-1") is None


def test_after_a_lost_connection_nothing_old_is_believed(city: str) -> None:
    """A standby that lost the last rows took over: keys that it never had must not be used."""
    intake = Intake(city, name="failover", stepper=no_step)
    handler = Handler(intake, HeatScreen(), presence_step_ms=30_000)
    handler.handle([reading_message(1, 2), event_message(1)])
    with psycopg.connect(city, autocommit=True) as standby:
        standby.execute("DELETE FROM box_progress")
        standby.execute("DELETE FROM devices")
        standby.execute("DELETE FROM metrics")
        standby.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'redwhistle-failover'"
        )
    with pytest.raises(Unavailable):
        handler.handle([reading_message(3, 2)])
    assert held(handler.handle([reading_message(3, 2), event_message(2)])) == ((2, 4),)
    with psycopg.connect(city) as seen:
        lost = seen.execute(
            "SELECT count(*) FROM readings AS r WHERE seq > 2 AND (NOT EXISTS"
            " (SELECT FROM metrics AS m WHERE m.metric_key = r.metric_key)"
            " OR NOT EXISTS (SELECT FROM devices AS d WHERE d.device_key = r.device_key))"
        ).fetchone()
        assert lost == (0,)
    intake.close()


def test_a_standby_is_waited_for(city: str) -> None:
    with connect(city, name="standby") as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(Unavailable), translated():
            connection.execute("DELETE FROM boxes")


def test_absurd_gaps_do_not_break_the_counts(city: str) -> None:
    intake = Intake(city, name="gaps", stepper=no_step)
    handler = Handler(intake, HeatScreen(), presence_step_ms=30_000)
    gap: dict[str, Any] = {"seq": 1, "dropped": [2, 2**63 - 2], "count": 1, "at_ms": 0, "reason": "?"}
    handler.handle([envelope("telemetry", box=f"box-{i}", gaps=[gap]) for i in range(3)])
    intake.close()
    from server.store.standing import read_standing

    assert read_standing(city) is not None


def test_a_database_owner_without_privileges_can_migrate(empty_database: str) -> None:
    from psycopg.conninfo import make_conninfo

    from server.store.edition import detect

    role = "review_plain_owner"
    with psycopg.connect(empty_database, autocommit=True) as admin:
        name = admin.info.dbname
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'plain'")
        admin.execute(f'ALTER DATABASE "{name}" OWNER TO {role}')
    try:
        with connect(make_conninfo(empty_database, user=role, password="plain"), name="owner") as owner:
            assert detect(owner)
    finally:
        with psycopg.connect(empty_database, autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" OWNER TO CURRENT_USER')
            admin.execute("DROP EXTENSION IF EXISTS timescaledb CASCADE")
            admin.execute(f"REASSIGN OWNED BY {role} TO CURRENT_USER")
            admin.execute(f"DROP OWNED BY {role}")
            admin.execute(f"DROP ROLE {role}")


def test_a_clock_set_back_wakes_what_waits_for_a_time_that_was_not_meant(city: str) -> None:
    from datetime import UTC, timedelta

    from server.store import timers

    now = datetime(2026, 5, 29, tzinfo=UTC)
    with connect(city, name="dispatch", autocommit=True) as connection:
        for site, days in (("jinyuan", 365), ("jinhe", -1)):
            with connection.transaction():
                real_step(connection, {(site, ""): [WakeItem("wake", 0)]}, now)
            connection.execute(
                "UPDATE engine_state SET wake_at = %s WHERE site = %s", (now + timedelta(days=days), site)
            )
        assert timers.wake_all(connection, now) == 1
        assert [w.key for w in timers.take_wakes(connection, now, 9)] == [("jinhe", ""), ("jinyuan", "")]


def test_a_refresh_waits_for_the_one_that_a_policy_runs(city: str) -> None:
    """TimescaleDB's community edition refuses a second refresh of the same time; played here by a procedure."""
    from datetime import UTC

    from server.store.rollups import catch_up

    with psycopg.connect(city, autocommit=True) as played:
        played.execute("UPDATE schema_edition SET edition = 'timescale'")
        played.execute("CREATE SEQUENCE calls")
        played.execute(
            "CREATE PROCEDURE refresh_continuous_aggregate(regclass, timestamptz, timestamptz) LANGUAGE plpgsql AS $$"
            " BEGIN IF nextval('calls') < 3 THEN"
            " RAISE EXCEPTION 'could not refresh due to a concurrent refresh' USING ERRCODE = '55P03'; END IF; END $$"
        )
    with connect(city, name="refresh") as connection:
        catch_up(connection, datetime(2026, 5, 29, tzinfo=UTC))
    with psycopg.connect(city) as seen:
        assert seen.execute("SELECT last_value FROM calls").fetchone() == (
            4,
        )  # two refused, one for each rollup
