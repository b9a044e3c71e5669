"""What a dashboard reads is exact at every moment: rolled up, waiting, late, and never mixed with an exercise."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redwhistle.clock import to_ms
from redwhistle.errors import StoreError
from server.records import ReadingRows
from server.store.connection import connect
from server.store.edition import Edition, read_edition
from server.store.intake import Intake
from server.store.readings import Bucket, Latest, bucketed, latest
from server.store.rollups import catch_up

pytestmark = pytest.mark.servers

NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=1)
TOP = NOW.replace(minute=0)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Row = tuple[datetime, float, int, int, int]
"""Time, value, device, metric, exercise."""


def row(at: datetime, value: float, *, device: int = 1, metric: int = 1, exercise: int = 0) -> Row:
    return at, value, device, metric, exercise


def store(url: str, rows: list[Row]) -> None:
    if not rows:
        return
    times = np.array([to_ms(r[0]) for r in rows], dtype=np.int64)
    n = len(rows)
    intake = Intake(url, name="test", stepper=lambda *_: None)
    with intake.transaction():
        intake.store_readings(
            ReadingRows(
                time_ms=times,
                received_ms=times,
                device_ms=times,
                value=np.array([r[1] for r in rows], dtype=np.float64),
                seq=np.arange(1, n + 1, dtype=np.int64),
                progress_key=np.full(n, 1, np.int32),
                device_key=np.array([r[2] for r in rows], dtype=np.int32),
                exercise_key=np.array([r[4] for r in rows], dtype=np.int32),
                metric_key=np.array([r[3] for r in rows], dtype=np.int16),
                time_source=np.full(n, 0, np.int16),
            )
        )
    intake.close()


def roll_up(url: str, until: datetime) -> None:
    with connect(url, name="test") as connection:
        catch_up(connection, until)


def let_late_ones_show(url: str) -> None:
    """Maintained rollups need nothing; a continuous aggregate shows late data after its next refresh."""
    with connect(url, name="test") as connection:
        edition = read_edition(connection)
    if edition is Edition.TIMESCALE:
        roll_up(url, NOW + 2 * HOUR)


def ask(
    url: str,
    start: datetime,
    end: datetime,
    width: timedelta,
    *,
    devices: tuple[int, ...] = (1,),
    metrics: tuple[int, ...] = (1,),
    exercise: int = 0,
) -> list[Bucket]:
    with connect(url, name="test") as connection:
        return bucketed(connection, devices, metrics, start, end, width, exercise_key=exercise)


def expected(
    rows: list[Row], start: datetime, end: datetime, width: timedelta, *, exercise: int = 0
) -> list[Bucket]:
    """The same by plain Python."""
    beyond = start
    while beyond < end:
        beyond += width

    def key(r: Row) -> tuple[int, int, datetime]:
        return r[2], r[3], start + (r[0] - start) // width * width

    inside = sorted((r for r in rows if start <= r[0] < beyond and r[4] == exercise), key=lambda r: r[0])
    found = []
    for (device, metric, at), group in itertools.groupby(sorted(inside, key=key), key=key):
        values = [r[1] for r in group]
        found.append(
            Bucket(at, device, metric, len(values), min(values), max(values), sum(values), values[-1])
        )
    return found


def test_rolled_up_minutes_and_the_waiting_tail_are_one_answer(database: str) -> None:
    store(database, [row(NOW, 5.0), row(NOW + timedelta(seconds=59), 1.0)])
    roll_up(database, NOW + HOUR)
    store(database, [row(NOW + MINUTE, 7.0), row(NOW + timedelta(seconds=90), 9.0)])
    let_late_ones_show(database)
    assert ask(database, NOW, NOW + 2 * MINUTE, MINUTE) == [
        Bucket(NOW, 1, 1, 2, 1.0, 5.0, 6.0, 1.0),
        Bucket(NOW + MINUTE, 1, 1, 2, 7.0, 9.0, 16.0, 9.0),
    ]


def test_a_late_reading_is_in_its_minute_and_its_hour_at_once(database: str) -> None:
    store(database, [row(NOW, 5.0), row(NOW + MINUTE, 6.0)])
    roll_up(database, NOW + HOUR)
    store(database, [row(NOW + timedelta(seconds=30), 4.0)])
    let_late_ones_show(database)
    assert ask(database, TOP, TOP + HOUR, HOUR) == [Bucket(TOP, 1, 1, 3, 4.0, 6.0, 15.0, 6.0)]
    assert ask(database, NOW, NOW + MINUTE, MINUTE) == [Bucket(NOW, 1, 1, 2, 4.0, 5.0, 9.0, 4.0)]


def test_what_is_rolled_up_is_read_from_the_rollup(database: str) -> None:
    """Readings are deleted long before their hours are: the answer must not need them."""
    store(database, [row(TOP, 5.0), row(NOW, 6.0)])
    roll_up(database, NOW + HOUR)
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM readings")
    assert ask(database, TOP, TOP + HOUR, HOUR) == [Bucket(TOP, 1, 1, 2, 5.0, 6.0, 11.0, 6.0)]
    assert [b.n for b in ask(database, TOP, TOP + HOUR, MINUTE)] == [1, 1]


def test_an_exercise_stands_apart(database: str) -> None:
    rows = [row(NOW, 20.0), row(NOW, 90.0, exercise=3), row(NOW + MINUTE, 95.0, exercise=3)]
    store(database, rows)
    for _ in range(2):  # waiting, then rolled up
        assert [b.max for b in ask(database, TOP, TOP + HOUR, HOUR)] == [20.0]
        assert [b.max for b in ask(database, TOP, TOP + HOUR, HOUR, exercise=3)] == [95.0]
        assert [b.max for b in ask(database, NOW, NOW + MINUTE, timedelta(seconds=10))] == [20.0]
        roll_up(database, NOW + HOUR)


def test_buckets_are_counted_from_the_start_and_whole(database: str) -> None:
    """A day that begins at Shanghai's midnight; the end lies inside a bucket, which still comes whole."""
    midnight = datetime(NOW.year, NOW.month, NOW.day, 16, tzinfo=UTC) - 2 * DAY
    rows = [row(midnight - MINUTE, 1.0), row(midnight, 2.0), row(midnight + 23 * HOUR, 3.0)]
    store(database, rows)
    for _ in range(2):
        assert ask(database, midnight, midnight + HOUR, DAY) == [
            Bucket(midnight, 1, 1, 2, 2.0, 3.0, 5.0, 3.0)
        ]
        roll_up(database, NOW + HOUR)


def test_only_the_devices_and_metrics_asked_for_come(database: str) -> None:
    rows = [row(NOW, float(10 * d + m), device=d, metric=m) for d in (1, 2, 3) for m in (1, 2)]
    store(database, rows)
    found = ask(database, NOW, NOW + MINUTE, MINUTE, devices=(3, 1), metrics=(2,))
    assert [(b.device_key, b.metric_key, b.last) for b in found] == [(1, 2, 12.0), (3, 2, 32.0)]
    assert ask(database, NOW, NOW + MINUTE, MINUTE, devices=()) == []
    assert ask(database, NOW, NOW, MINUTE) == []


def test_latest_gives_each_series_once_its_newest(database: str) -> None:
    rows = [
        row(NOW - 3 * DAY, 1.0, metric=1),
        row(NOW, 3.0, metric=1),
        row(NOW - MINUTE, 2.0, metric=1),
        row(NOW - 30 * HOUR, 4.0, metric=7),
        row(NOW - 3 * DAY, 5.0, metric=9),
        row(NOW, 99.0, metric=1, exercise=2),
        row(NOW, 98.0, metric=8, exercise=2),
        row(NOW, 6.0, device=2, metric=3),
        row(NOW, 7.0, device=4),
    ]
    store(database, rows)
    with connect(database, name="test") as connection:
        assert latest(connection, [2, 1, 3], since=NOW - 2 * DAY) == [
            Latest(1, 1, NOW, 3.0),
            Latest(1, 7, NOW - 30 * HOUR, 4.0),
            Latest(2, 3, NOW, 6.0),
        ]
        assert latest(connection, [1], since=NOW - 2 * DAY, exercise_key=2) == [
            Latest(1, 1, NOW, 99.0),
            Latest(1, 8, NOW, 98.0),
        ]
        assert latest(connection, [], since=NOW) == []


def test_naive_times_and_narrow_buckets_are_refused(database: str) -> None:
    naive = NOW.replace(tzinfo=None)
    with connect(database, name="test") as connection:
        with pytest.raises(ValueError, match="UTC"):
            bucketed(connection, [1], [1], naive, NOW, HOUR)
        with pytest.raises(ValueError, match="UTC"):
            latest(connection, [1], since=naive)
        with pytest.raises(ValueError, match="one second"):
            bucketed(connection, [1], [1], NOW, NOW + HOUR, timedelta(milliseconds=500))


def test_driver_errors_stop_at_this_door(empty_database: str) -> None:
    with connect(empty_database, name="test") as connection, pytest.raises(StoreError, match="migrate"):
        latest(connection, [1], since=NOW)


_DEVICES = itertools.count(100)
_OFFSETS_S = st.builds(
    lambda minute, second: minute * 60 + second,
    st.sampled_from([-121, -120, -60, -59, -1, 0, 29, 30, 59]),
    st.integers(0, 59),
)
"""Few minutes, so that the same one often gets something before and after it was rolled up."""
_ROWS = st.lists(
    st.tuples(_OFFSETS_S, st.integers(-50, 50), st.integers(1, 2), st.integers(1, 2), st.integers(0, 1)),
    max_size=30,
    unique_by=lambda r: (r[0], r[2], r[3], r[4]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=_ROWS,
    after=_ROWS,
    first_min=st.sampled_from([-180, -120, -60, 0, -131, -7]),
    width_min=st.sampled_from([1, 7, 60, 120]),
    buckets=st.integers(1, 5),
)
def test_whatever_is_rolled_up_or_not_the_answer_is_that_of_plain_python(
    database: str,
    before: list[tuple[int, int, int, int, int]],
    after: list[tuple[int, int, int, int, int]],
    first_min: int,
    width_min: int,
    buckets: int,
) -> None:
    one, two = next(_DEVICES), next(_DEVICES)  # of this example alone
    seen = {(r[0], *r[2:]) for r in before}
    made = [
        [
            row(
                TOP + timedelta(seconds=r[0]),
                float(r[1]),
                device=(one, two)[r[2] - 1],
                metric=r[3],
                exercise=r[4],
            )
            for r in part
        ]
        for part in (before, [r for r in after if (r[0], *r[2:]) not in seen])
    ]
    store(database, made[0])
    roll_up(database, NOW + 2 * HOUR)
    store(database, made[1])
    let_late_ones_show(database)
    start, width = TOP + first_min * MINUTE, width_min * MINUTE
    end = start + buckets * width
    found = ask(database, start, end, width, devices=(one, two), metrics=(1, 2))
    assert found == expected(made[0] + made[1], start, end, width)
