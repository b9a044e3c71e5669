"""The runner with the real engine and the default rules, on a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redwhistle.clock import ManualClock, to_ms
from server.alerts import acts, engine, rules, runner
from server.alerts.model import BoxItem, EventItem, Subject
from server.alerts.work_item import Act
from server.dispatch.dispatcher import Dispatcher
from server.store.connection import Connection, connect
from server.store.unit_of_work import begin

pytestmark = pytest.mark.servers

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
REAL = ("jinyuan", "")
PACK = rules.default_pack()


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with connect(url, name="test", autocommit=True) as connection:
        yield connection


def subject(device: str, kind: str, place: str = "jinyuan-b7-u2") -> Subject:
    return Subject("jinyuan", "box-1", device, kind, place, ("jinyuan", "jinyuan-b7", "jinyuan-b7-u2"))


def event(device: str, kind: str, now: datetime, device_kind: str = "smoke", **data: Any) -> EventItem:
    return EventItem(f"{device}-{to_ms(now)}", subject(device, device_kind), kind, to_ms(now), data=data)


def step(connection: Connection, item: Any, now: datetime) -> None:
    with begin(connection) as uow:
        runner.step(uow, {REAL: [item]}, PACK, now, judge=engine)


def rows(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT hazard, severity, state, count FROM work_items ORDER BY number"
    ).fetchall()


def test_smoke_then_a_second_detector_then_closed_then_again(database: str) -> None:
    with connected(database) as connection:
        step(connection, event("smoke-1", "smoke", NOW), NOW)
        assert rows(connection) == [("smoke", 2, "suspected", 1)]
        step(connection, event("smoke-2", "smoke", NOW), NOW + timedelta(seconds=5))
        urgent = [row for row in rows(connection) if row[1] == 1]
        assert urgent
        assert urgent[0][0] == "fire"
        assert urgent[0][2] == "open"
        why = connection.execute("SELECT why FROM alert_log ORDER BY id DESC LIMIT 1").fetchone()
        assert why is not None
        assert why[0]["rule"]
        numbers = [n for (n,) in connection.execute("SELECT number FROM work_items").fetchall()]
        later = NOW + timedelta(seconds=60)
        for number in numbers:
            for what in (Act.CLAIM, Act.RESOLVE, Act.CLOSE):
                with begin(connection) as uow:
                    acts.perform(uow, str(number), what, "张伟", later, reason="out", pack=PACK, judge=engine)
        assert {row[2] for row in rows(connection)} == {"closed"}
        state = connection.execute("SELECT state FROM engine_state").fetchone()
        assert state is not None
        assert not engine.load(state[0]).alerts, "the engine knows that all are closed"
        again = NOW + timedelta(seconds=600)
        step(connection, event("smoke-1", "smoke", again), again)
        assert rows(connection)[-1] == ("smoke", 2, "suspected", 1)


def test_a_lost_box_is_told_by_the_timer_and_resolved_when_it_comes_back(database: str) -> None:
    clock = ManualClock(NOW)
    desk = Dispatcher(database, PACK, clock, judge=engine)
    box = subject("box", "box", "jinyuan")
    with connected(database) as connection:
        step(connection, BoxItem("b1", box, False, to_ms(NOW), "will"), NOW)
        assert rows(connection) == []
        wake = connection.execute("SELECT wake_at FROM engine_state").fetchone()
        assert wake is not None
        assert wake[0] is not None
        clock.advance((wake[0] - NOW).total_seconds())
        assert desk.serve_due(connection) == 1
        assert [row[0] for row in rows(connection)] == ["device"]
        clock.advance(30)
        step(connection, BoxItem("b2", box, True, to_ms(clock.now())), clock.now())
        assert [row[2] for row in rows(connection)] == ["closed"]
