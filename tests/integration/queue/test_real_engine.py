"""The runner with the real engine and the default rules, on a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redwhistle.clock import ManualClock, to_ms
from server.alerts import acts, engine, rules, runner
from server.alerts.model import BoxItem, EventItem, ReadingItem, Subject
from server.alerts.work_item import Act
from server.dispatch.dispatcher import Dispatcher
from server.rule_files import RuleShelf
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


OWN_RULES = """
version: 1
rules:
  - id: cold-store
    type: threshold
    hazard: device
    severity: 3
    title: {zh: 冷库升温, en: Cold store warms up}
    metric: temperature_c
    above: 8
    clear: 6
    for_s: 30
"""


@pytest.mark.parametrize("closed_by", ["nobody", "a timer"])
def test_a_timer_judges_by_the_rules_of_the_site_and_not_by_its_own(database: str, closed_by: str) -> None:
    """Two processes with different packs took pending levels from each other: what has to last never did."""
    own = rules.load_pack(OWN_RULES, name="own")
    clock = ManualClock(NOW)
    desk = Dispatcher(database, PACK, clock, judge=engine, pack_by_hash=RuleShelf(PACK).by_hash)
    warm = ReadingItem("r1", subject("t-1", "other"), "temperature_c", 9.0, to_ms(NOW))
    with connected(database) as connection:
        with begin(connection) as uow:
            runner.step(uow, {REAL: [warm]}, own, NOW, judge=engine)
        if closed_by == "a timer":  # an item of the same site, closed meanwhile by a process with other rules
            with begin(connection) as uow:
                runner.step(uow, {REAL: [event("smoke-1", "smoke", NOW)]}, own, NOW, judge=engine)
            for what in (Act.CLAIM, Act.RESOLVE):
                with begin(connection) as uow:
                    acts.perform(uow, "1", what, "张伟", NOW, reason="steam", pack=PACK, judge=engine)
            clock.advance(15)
            desk.serve_due(connection)
            assert [row[2] for row in rows(connection)] == ["closed"]
        clock.advance(30)
        desk.serve_due(connection)
        assert rows(connection)[-1][:2] == ("device", 3)
        assert connection.execute("SELECT DISTINCT pack_hash FROM engine_state").fetchall() == [(own.hash,)]
