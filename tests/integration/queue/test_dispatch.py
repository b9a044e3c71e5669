"""Timers on a real database: each step once, whoever dies or doubles; a failing one stands in nobody's way."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from redwhistle.clock import ManualClock, SystemClock, to_ms
from redwhistle.errors import SchemaError
from server.alerts import acts, runner
from server.alerts.model import Decision, Item, WakeItem
from server.alerts.ports import Pack
from server.alerts.testing import PlainJudge, PlainPack, PlainState, alarm
from server.alerts.work_item import Act
from server.dispatch.dispatcher import PUT_OFF_S, Dispatcher
from server.dispatch.jobs import RETRY_S, Job, run_due_jobs
from server.dispatch.pacing import ClockWatch, sleep_s
from server.store.backoff import Backoff
from server.store.connection import Connection, connect
from server.store.unit_of_work import begin

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
MS = to_ms(NOW)
JUDGE, PACK = PlainJudge(), PlainPack()
ROOT = Path(__file__).parents[3]


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with connect(url, name="test", autocommit=True) as connection:
        yield connection


def until(condition: Callable[[], Any], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def wake_later(connection: Connection, site: str, at: datetime, exercise: str = "") -> None:
    with begin(connection) as uow:
        event = alarm("s1", MS, site=site, place=site, wake_at_ms=to_ms(at))
        runner.step(uow, {(site, exercise): [event]}, PACK, at - timedelta(seconds=60), judge=JUDGE)


def one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return None if row is None else row[0]


def dispatcher(url: str, clock: ManualClock | SystemClock, judge: PlainJudge = JUDGE) -> Dispatcher[Any, Any]:
    return Dispatcher(url, PACK, clock, judge=judge)


@pytest.mark.servers
def test_a_wake_up_is_taken_when_it_is_due_and_once(database: str) -> None:
    clock = ManualClock(NOW)
    with connected(database) as connection:
        wake_later(connection, "jinyuan", NOW + timedelta(seconds=5))
        desk = dispatcher(database, clock)
        assert desk.serve_due(connection) == 0
        clock.advance(5)
        assert desk.serve_due(connection) == 1
        assert desk.serve_due(connection) == 0
        assert one(connection, "SELECT steps FROM engine_state") == 2
        assert one(connection, "SELECT wake_at FROM engine_state") is None


@pytest.mark.servers
def test_two_dispatchers_never_double_a_step(database: str) -> None:
    sites = [("jinyuan", f"drill-{n}") for n in range(60)]
    seen: list[str] = []

    class Noting(PlainJudge):
        def decide(
            self, pack: Pack, state: PlainState, item: Item, now_ms: int
        ) -> tuple[PlainState, tuple[Decision, ...]]:
            if isinstance(item, WakeItem):
                seen.append(state.exercise)
            return super().decide(pack, state, item, now_ms)

    with connected(database) as connection:
        for site, exercise in sites:
            wake_later(connection, site, NOW, exercise)
        clock = ManualClock(NOW + timedelta(seconds=1))
        gate = threading.Barrier(2, timeout=20)
        done: list[int] = []

        def serve() -> None:
            with connected(database) as mine:
                gate.wait()
                done.extend([dispatcher(database, clock, Noting()).serve_due(mine) for _ in range(5)])

        threads = [threading.Thread(target=serve) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == sorted(exercise for _, exercise in sites)
        assert sum(done) == len(sites)
        assert one(connection, "SELECT count(*) FROM engine_state WHERE steps <> 2") == 0


@pytest.mark.servers
def test_claims_that_run_out_and_undo_windows_that_end(database: str) -> None:
    clock = ManualClock(NOW)
    desk = dispatcher(database, clock)
    with connected(database) as connection:
        with begin(connection) as uow:
            events = [alarm("s1", MS), alarm("s2", MS, place="jinyuan-b8")]
            runner.step(uow, {("jinyuan", ""): events}, PACK, NOW, judge=JUDGE)
        for what, number, reason in ((Act.CLAIM, 1, ""), (Act.CLAIM, 2, ""), (Act.FALSE_ALARM, 2, "steam")):
            with begin(connection) as uow:
                acts.perform(uow, str(number), what, "张伟", NOW, reason=reason, pack=PACK, judge=JUDGE)
        clock.advance(9.9)
        assert desk.serve_due(connection) == 0
        clock.advance(0.1)
        assert desk.serve_due(connection) == 1
        assert one(connection, "SELECT state FROM work_items WHERE number = 2") == "closed"
        assert one(connection, "SELECT closed_at IS NOT NULL FROM alerts WHERE number = 2") is True
        clock.advance(15 * 60 - 10)
        assert desk.serve_due(connection) == 1
        assert one(connection, "SELECT state FROM work_items WHERE number = 1") == "suspected"
        assert one(connection, "SELECT actor FROM work_item_history ORDER BY id DESC LIMIT 1") == "dispatch"
        assert desk.serve_due(connection) == 0


@pytest.mark.servers
def test_a_clock_set_back_holds_no_claim_and_no_undo_for_years(database: str) -> None:
    future = datetime(2099, 1, 1, tzinfo=UTC)
    with connected(database) as connection:
        with begin(connection) as uow:
            events = [alarm("s1", MS), alarm("s2", MS, place="jinyuan-b8")]
            runner.step(uow, {("jinyuan", ""): events}, PACK, NOW, judge=JUDGE)
        for what, number, reason in ((Act.CLAIM, 1, ""), (Act.CLAIM, 2, ""), (Act.RESOLVE, 2, "x")):
            with begin(connection) as uow:
                acts.perform(uow, str(number), what, "张伟", future, reason=reason, pack=PACK, judge=JUDGE)
        assert dispatcher(database, ManualClock(NOW)).serve_due(connection) == 2
        rows = connection.execute("SELECT state FROM work_items ORDER BY number").fetchall()
        assert rows == [("suspected",), ("closed",)]


@pytest.mark.servers
def test_a_site_on_which_the_engine_fails_is_put_off_and_the_others_are_served(database: str) -> None:
    class Failing(PlainJudge):
        def decide(
            self, pack: Pack, state: PlainState, item: Item, now_ms: int
        ) -> tuple[PlainState, tuple[Decision, ...]]:
            if isinstance(item, WakeItem) and state.exercise == "drill-7":
                raise RuntimeError("no")
            return super().decide(pack, state, item, now_ms)

    with connected(database) as connection:
        for n in range(30):
            wake_later(connection, "jinyuan", NOW + timedelta(milliseconds=n), f"drill-{n}")
        now = NOW + timedelta(seconds=1)
        desk = dispatcher(database, ManualClock(now), Failing())
        while desk.serve_due(connection):
            pass
        left = connection.execute(
            "SELECT exercise, wake_at FROM engine_state WHERE wake_at IS NOT NULL"
        ).fetchall()
        assert left == [("drill-7", now + timedelta(seconds=PUT_OFF_S))]


@pytest.mark.servers
@pytest.mark.faults
def test_one_killed_between_take_and_commit_loses_nothing(database: str, tmp_path: Path) -> None:
    with connected(database) as connection:
        wake_later(connection, "jinyuan", SystemClock().now())
        mark = tmp_path / "taken"
        child = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).parent / "children" / "dispatch_child.py"),
                database,
                str(mark),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            until(mark.exists, "the child to take the wake-up")
            other = dispatcher(database, SystemClock())
            assert other.serve_due(connection) == 0, "the child has it"
        finally:
            child.kill()
            child.wait()
        until(lambda: other.serve_due(connection) == 1, "the other to take it")
        assert other.serve_due(connection) == 0
        assert one(connection, "SELECT steps FROM engine_state") == 2


@pytest.mark.servers
def test_it_runs_reconnects_and_stops(database: str) -> None:
    stop = threading.Event()
    ran: list[datetime] = []
    job = Job("count", 0.2, lambda _, now: ran.append(now))
    thread = threading.Thread(
        target=Dispatcher(database, PACK, SystemClock(), [job], judge=JUDGE).run, args=(stop,)
    )
    with connected(database) as connection:
        thread.start()
        try:
            until(lambda: len(ran) >= 2, "the job to run again")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name IN ('redwhistle-dispatch', 'redwhistle-dispatch-jobs') AND datname = current_database()"
            )
            wake_later(connection, "jinyuan", SystemClock().now())
            until(lambda: one(connection, "SELECT steps FROM engine_state") == 2, "the wake-up after the cut")
            before = len(ran)
            until(lambda: len(ran) > before, "the job after the cut")
        finally:
            stop.set()
            thread.join(10)
        assert not thread.is_alive()
        assert one(connection, "SELECT failures FROM job_timers") == 0


@pytest.mark.servers
def test_a_database_that_is_not_ours_ends_it(empty_database: str) -> None:
    stop = threading.Event()
    with pytest.raises(SchemaError, match="db migrate"):
        Dispatcher(empty_database, PACK, SystemClock(), [Job("x", 1, lambda *_: None)], judge=JUDGE).run(stop)
    assert stop.is_set()


@pytest.mark.servers
def test_jobs_run_once_a_period_and_failures_are_kept(database: str) -> None:
    clock = ManualClock(NOW)
    ran: list[str] = []

    def good(own: Connection, now: datetime) -> None:
        assert own.execute("SELECT 1").fetchone() == (1,)
        assert now == clock.now()
        ran.append("good")

    def bad(own: Connection, now: datetime) -> None:
        own.execute("SELECT 1")
        raise RuntimeError(f"no way at {now:%Y}\x00")

    jobs = [Job("bad", 3600, bad), Job("good", 3600, good)]
    stop = threading.Event()
    with connected(database) as connection, connected(database) as second:
        assert run_due_jobs(database, connection, jobs, clock, stop) == 2
        assert run_due_jobs(database, second, jobs, clock, stop) == 0
        assert "no way" in one(connection, "SELECT last_error FROM job_timers WHERE name = 'bad'")
        clock.advance(RETRY_S)
        assert run_due_jobs(database, second, jobs, clock, stop) == 1
        assert one(connection, "SELECT failures FROM job_timers WHERE name = 'bad'") == 2
        clock.advance(3600 - RETRY_S)
        run_due_jobs(database, connection, jobs, clock, stop)
        assert ran == ["good", "good"]
        clock.set_wall(NOW - timedelta(days=20_000))
        run_due_jobs(database, connection, jobs, clock, stop)
        assert ran == ["good"] * 3, "a clock set back does not stop it for years"
        with second.transaction():
            second.execute("SELECT 1 FROM job_timers FOR UPDATE")
            clock.set_wall(NOW + timedelta(days=1))
            assert run_due_jobs(database, connection, jobs, clock, stop) == 0, (
                "somebody else has them in hand"
            )


def test_sleeping() -> None:
    assert sleep_s(NOW, None, busy=False) == 1.0
    assert sleep_s(NOW, NOW + timedelta(seconds=0.3), busy=False) == pytest.approx(0.3)
    assert sleep_s(NOW, NOW + timedelta(days=9000), busy=False) == 1.0
    assert sleep_s(NOW, NOW - timedelta(days=9000), busy=False) == 0.05
    assert sleep_s(NOW, NOW - timedelta(days=9000), busy=True) == 0.0


def test_clock_watch() -> None:
    watch = ClockWatch()
    assert watch.step_s(NOW, 1000) == 0
    assert watch.step_s(NOW + timedelta(seconds=1), 2000) == 0
    assert watch.step_s(NOW + timedelta(hours=1), 3000) == pytest.approx(3598)
    assert watch.step_s(NOW, 4000) == pytest.approx(-3601)


def test_backoff() -> None:
    backoff = Backoff(0.2, 1.0)
    assert [backoff.fail() for _ in range(5)] == [0.2, 0.4, 0.8, 1.0, 1.0]
    backoff.succeed()
    assert backoff.fail() == 0.2
