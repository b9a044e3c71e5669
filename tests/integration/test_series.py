"""Rollups and retention say the same in every edition: late data of seven days show up, old data go (E51)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from redwhistle.clock import to_ms
from redwhistle.errors import ConfigurationError
from server.records import ReadingRows
from server.store.connection import connect
from server.store.intake import Intake
from server.store.retention import Retention, enforce
from server.store.rollups import catch_up, refresh

pytestmark = pytest.mark.servers

NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=1)


def store(
    url: str, times: list[datetime], values: list[float], *, device: int = 1, first_seq: int = 1
) -> None:
    n = len(times)
    time_ms = np.array([to_ms(t) for t in times], dtype=np.int64)

    def filled(value: int, kind: Any) -> Any:
        return np.full(n, value, dtype=kind)

    intake = Intake(url, name="test", stepper=lambda *_: None)
    with intake.transaction():
        intake.store_readings(
            ReadingRows(
                time_ms=time_ms,
                received_ms=time_ms,
                device_ms=time_ms,
                value=np.array(values),
                seq=np.arange(first_seq, first_seq + n, dtype=np.int64),
                progress_key=filled(1, np.int32),
                device_key=filled(device, np.int32),
                exercise_key=filled(0, np.int32),
                metric_key=filled(1, np.int16),
                time_source=filled(0, np.int16),
            )
        )
    intake.close()


def read(url: str, relation: str) -> list[tuple[Any, ...]]:
    query = f"SELECT bucket, n, min, max, sum, last FROM {relation} ORDER BY device_key, bucket"
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_what_is_copied_is_what_was_read(database: str) -> None:
    moment = datetime(2026, 5, 24, 8, 49, 0, 123000, tzinfo=UTC)
    store(database, [moment], [-12.75])
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT time, received_at, device_at, value, seq, device_key FROM readings"
        ).fetchall()
    assert rows == [(moment, moment, moment, -12.75, 1, 1)]


def test_minutes_and_hours_sum_up_what_is_stored(database: str) -> None:
    times = [NOW + timedelta(seconds=s) for s in (0, 10, 59, 60, 61)]
    store(database, times, [5.0, 1.0, 3.0, 10.0, 20.0])
    with connect(database, name="test") as connection:
        catch_up(connection, NOW + timedelta(hours=1))
    assert read(database, "readings_minute") == [
        (NOW, 3, 1.0, 5.0, 9.0, 3.0),
        (NOW + timedelta(minutes=1), 2, 10.0, 20.0, 30.0, 20.0),
    ]
    hour = NOW.replace(minute=0)
    assert read(database, "readings_hour") == [(hour, 5, 1.0, 20.0, 39.0, 20.0)]


def test_readings_seven_days_late_show_up_in_minutes_and_hours(database: str) -> None:
    store(database, [NOW], [1.0])
    with connect(database, name="test") as connection:
        catch_up(connection, NOW + timedelta(hours=1))
        late = NOW - timedelta(days=7)
        store(database, [late, late + timedelta(minutes=5)], [7.0, 9.0], first_seq=2)
        catch_up(connection, NOW + timedelta(hours=1))
        store(database, [late + timedelta(seconds=1)], [8.0], first_seq=4)
        catch_up(connection, NOW + timedelta(hours=1))
    minutes = read(database, "readings_minute")
    assert [(bucket, n, last) for bucket, n, *_, last in minutes] == [
        (late, 2, 8.0),
        (late + timedelta(minutes=5), 1, 9.0),
        (NOW, 1, 1.0),
    ]
    assert [(n, total) for _, n, _, _, total, _ in read(database, "readings_hour")] == [(3, 24.0), (1, 1.0)]


def test_a_minute_that_still_runs_is_left_for_later(database: str) -> None:
    store(database, [NOW], [1.0])
    with connect(database, name="test") as connection:
        assert refresh(connection, NOW + timedelta(seconds=30)) == 0
        catch_up(connection, NOW + timedelta(hours=1))
    assert len(read(database, "readings_minute")) == 1


def test_a_refresh_that_dies_loses_no_minute(database: str) -> None:
    store(database, [NOW], [1.0])
    dying = connect(database, name="test")
    dying.execute("DELETE FROM rollup_pending")  # as a refresh does first, then it is killed
    with psycopg.connect(database) as killer:
        killer.execute("SELECT pg_terminate_backend(%s)", (dying.info.backend_pid,))
    dying.close()
    with connect(database, name="test") as connection:
        catch_up(connection, NOW + timedelta(hours=1))
    assert len(read(database, "readings_minute")) == 1


def test_old_rows_go_and_young_ones_stay(database: str) -> None:
    ages = [1, 20, 29, 45, 100]
    store(database, [NOW - timedelta(days=d) for d in ages], [float(d) for d in ages])
    with connect(database, name="test") as connection:
        gone = enforce(connection, NOW, Retention(readings=timedelta(days=30)))
        assert enforce(connection, NOW, Retention(readings=timedelta(days=30)))["readings"] == 0
    assert gone["readings"] > 0
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT value FROM readings ORDER BY 1").fetchall()
    assert [v for (v,) in rows if v <= 29] == [1.0, 20.0, 29.0]
    assert 100.0 not in [v for (v,) in rows]


def test_a_retention_that_would_lose_late_data_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="8 days"):
        Retention(readings=timedelta(days=3))
    with pytest.raises(ConfigurationError, match="longer"):
        Retention(readings=timedelta(days=30), readings_minute=timedelta(days=10))
