"""Many hands at one queue, on a real database: one claim wins, nothing deadlocks, nobody hears before the commit."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from redwhistle.clock import to_ms
from redwhistle.errors import AlreadyClaimed, QueueError
from server.alerts import acts, runner
from server.alerts.testing import PlainJudge, PlainPack, alarm
from server.alerts.work_item import Act
from server.store.connection import Connection, connect
from server.store.unit_of_work import PostgresUnitOfWork, begin

pytestmark = pytest.mark.servers

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
MS = to_ms(NOW)
JUDGE, PACK = PlainJudge(), PlainPack()
PLACES_OF = {"jinyuan": ("jinyuan-b7", "jinyuan-b8"), "jinhe": ("jinhe", "jinhe-b1")}


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with connect(url, name="test", autocommit=True) as connection:
        yield connection


def raise_alarm(uow: PostgresUnitOfWork, n: int, site: str = "jinyuan") -> None:
    event = alarm(f"s{n}", MS + n, site=site, place=f"{site}-b{'7' if site == 'jinyuan' else '1'}")
    runner.step(uow, {(site, ""): [event]}, PACK, NOW + timedelta(milliseconds=n), judge=JUDGE)


def together(*works: Callable[[], None]) -> None:
    """Run all at once; raise the first error of any."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "stuck"
    if errors:
        raise errors[0]


def test_closing_an_item_and_a_picture_that_comes_for_it_do_not_wait_for_each_other(database: str) -> None:
    """A picture is tied to its alert before it is counted in the item. In the other order both would wait until the
    database breaks one off, and an alarm of the same site behind them as long."""
    with connected(database) as connection:
        with begin(connection) as uow:
            raise_alarm(uow, 1)
        number, item, alert = connection.execute("SELECT number, id, alert FROM work_items").fetchone() or ()
        for what, reason in ((Act.CLAIM, ""), (Act.RESOLVE, "done")):
            with begin(connection) as uow:
                acts.perform(uow, str(number), what, "li.na", NOW, pack=PACK, judge=JUDGE, reason=reason)

    def close() -> None:
        with connected(database) as connection, begin(connection) as uow:
            acts.perform(uow, str(number), Act.CLOSE, "li.na", NOW, pack=PACK, judge=JUDGE)

    def tie() -> None:
        with connected(database) as picture, connected(database) as watching:
            with picture.transaction():
                picture.execute("SELECT FROM alerts WHERE id = %s FOR KEY SHARE", (alert,))
                closing = threading.Thread(target=lambda: errors.extend(_error_of(close)))
                closing.start()
                end_s = time.monotonic() + 20
                while not watching.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ).fetchone():
                    assert time.monotonic() < end_s, "nobody waits"
                picture.execute("SELECT FROM work_items WHERE id = %s FOR UPDATE", (item,))
            closing.join(20)
            assert not closing.is_alive()

    errors: list[BaseException] = []
    tie()
    assert errors == []


def _error_of(work: Callable[[], None]) -> list[BaseException]:
    try:
        work()
    except BaseException as error:
        return [error]
    return []


def test_of_two_who_claim_at_once_one_wins_and_the_other_is_told_who(database: str) -> None:
    rounds = 50
    with connected(database) as connection:
        for n in range(rounds):
            with begin(connection) as uow:
                event = alarm(f"s{n}", MS, item_id=f"i{n}", place=f"unknown-{n}")
                runner.step(uow, {("jinyuan", ""): [event]}, PACK, NOW, judge=JUDGE)
        gate = threading.Barrier(2, timeout=20)
        won: list[list[str]] = [[] for _ in range(rounds)]
        told: list[list[str]] = [[] for _ in range(rounds)]

        def claim(name: str) -> None:
            with connected(database) as mine:
                for n in range(rounds):
                    gate.wait()
                    try:
                        with begin(mine) as uow:
                            acts.perform(uow, str(n + 1), Act.CLAIM, name, NOW, pack=PACK, judge=JUDGE)
                        won[n].append(name)
                    except AlreadyClaimed as error:
                        told[n].append(error.owner)

        together(lambda: claim("张伟"), lambda: claim("李娜"))
        assert all(len(winners) == 1 for winners in won)
        assert told == won, "the loser hears the winner's name"
        rows = connection.execute("SELECT owner FROM work_items ORDER BY number").fetchall()
        assert [[row[0]] for row in rows] == won
        count = connection.execute("SELECT count(*) FROM work_item_history WHERE act = 'claim'").fetchone()
        assert count == (rounds,)


def test_alarms_claims_and_closes_at_once_never_deadlock(database: str) -> None:
    """Two ingests with two sites each, in opposite order, against two people; a deadlock would come out as Unavailable."""
    rounds = 60

    def ingest(first: str, second: str, offset: int) -> None:
        with connected(database) as mine:
            for n in range(rounds):
                with begin(mine) as uow:
                    now = NOW + timedelta(seconds=n)
                    items = {
                        (site, ""): [
                            alarm(
                                f"s{offset}",
                                MS + n,
                                site=site,
                                place=place,
                                item_id=f"{offset}/{site}/{place}/{n}",
                            )
                            for place in PLACES_OF[site]
                        ]
                        for site in (first, second)
                    }
                    runner.step(uow, items, PACK, now, judge=JUDGE)

    def person(name: str) -> None:
        dice = random.Random(name)
        with connected(database) as mine:
            for n in range(rounds * 3):
                rows = mine.execute("SELECT number FROM work_items WHERE closed_at IS NULL").fetchall()
                if not rows:
                    continue
                number, what = (
                    dice.choice(rows)[0],
                    dice.choice([Act.CLAIM, Act.RESOLVE, Act.CLOSE, Act.RELEASE]),
                )
                try:
                    with begin(mine) as uow:
                        now = NOW + timedelta(seconds=n / 3)
                        acts.perform(uow, str(number), what, name, now, reason="x", pack=PACK, judge=JUDGE)
                except QueueError:
                    continue

    together(
        lambda: ingest("jinyuan", "jinhe", 1),
        lambda: ingest("jinhe", "jinyuan", 2),
        lambda: person("张伟"),
        lambda: person("李娜"),
    )
    with connected(database) as connection:
        triggers = connection.execute(
            "SELECT count(*) FROM alert_log WHERE decision IN ('raise', 'repeat')"
        ).fetchone()
        assert triggers == (rounds * 2 * 4,), "no alarm got lost between the hands"
        doubled = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM alerts WHERE closed_at IS NULL"
            " GROUP BY site, exercise, hazard, place HAVING count(*) > 1) d"
        ).fetchone()
        assert doubled == (0,), "one alert a hazard and place"
        apart = connection.execute(
            "SELECT count(*) FROM alerts a JOIN work_items w ON w.alert = a.id"
            " WHERE (a.closed_at IS NULL) <> (w.closed_at IS NULL) OR a.count <> w.count"
        ).fetchone()
        assert apart == (0,), "an alert and its work item tell the same"
        counted = connection.execute(
            "SELECT count(*) FROM alerts a WHERE count <> (SELECT count(*) FROM alert_log l WHERE l.alert = a.id"
            " AND l.decision IN ('raise', 'repeat'))"
        ).fetchone()
        assert counted == (0,)


def test_listeners_hear_after_the_commit_and_never_of_what_was_undone(database: str) -> None:
    with connected(database) as ear, connect(database, name="test") as mouth:
        ear.execute("LISTEN rw_queue")
        raise_alarm(PostgresUnitOfWork(mouth), 1)
        assert list(ear.notifies(timeout=0.1)) == []
        mouth.rollback()
        raise_alarm(PostgresUnitOfWork(mouth), 2)
        mouth.commit()
        (heard,) = list(ear.notifies(timeout=5, stop_after=1))
        told = json.loads(heard.payload)
        assert len(heard.payload.encode()) < 8000
        assert told["item"]
        wanted = {
            "grid": "jinsha-g3",
            "site": "jinyuan",
            "severity": 2,
            "state": "suspected",
            "version": 1,
            "count": 1,
        }
        assert {key: told[key] for key in wanted} == wanted
        row = ear.execute(
            "SELECT number, alert::text FROM work_items WHERE id = %s", (told["item"],)
        ).fetchone()
        assert row == (told["number"], told["alert"])


def test_a_thousand_alarms_fit_one_step(database: str) -> None:
    with connected(database) as connection:
        events = [alarm(f"s{n}", MS, item_id=f"i{n}", place=f"p{n}") for n in range(1000)]
        began = time.monotonic()
        with begin(connection) as uow:
            runner.step(uow, {("jinyuan", ""): events}, PACK, NOW, judge=JUDGE)
        took_s = time.monotonic() - began
        row = connection.execute("SELECT count(*), count(DISTINCT number) FROM work_items").fetchone()
        assert row == (1000, 1000)
        assert took_s < 60


def test_history_and_log_cannot_be_changed(database: str) -> None:
    import psycopg

    with connected(database) as connection:
        with begin(connection) as uow:
            raise_alarm(uow, 1)
        for text in (
            "UPDATE work_item_history SET actor = 'x'",
            "DELETE FROM work_item_history",
            "UPDATE alert_log SET why = '{}'",
            "DELETE FROM alert_log",
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                connection.execute(text.encode())
