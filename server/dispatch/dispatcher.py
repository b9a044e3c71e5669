"""The loop that takes what is due, one transaction at a time. Any number of these may run; each step happens once.

Wake-ups, claims and undo windows are served in one thread, recurring jobs in another, so that clearing old readings
never keeps an absence from being noticed. A failing site or job is put off and reported; it never blocks the others.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from redwhistle.clock import Clock, to_ms
from redwhistle.errors import Blocked, SchemaError, StoreError, Unavailable
from redwhistle.logs import get_logger
from server.alerts import acts, queue, runner
from server.alerts.ledger import Ledger
from server.alerts.model import WakeItem
from server.alerts.ports import Judge, Pack, SiteState
from server.alerts.terms import DEFAULT_TERMS, Terms
from server.dispatch.jobs import Job, run_due_jobs
from server.dispatch.pacing import POLL_S, ClockWatch, sleep_s
from server.store import packs, timers
from server.store.backoff import Backoff
from server.store.connection import Connection, connect
from server.store.unit_of_work import PostgresUnitOfWork, begin

P = TypeVar("P", bound=Pack)
S = TypeVar("S", bound=SiteState)

WAKES_AT_ONCE = 20
"""Sites woken in one transaction: few, because their alarms wait for its locks."""
ROWS_AT_ONCE = 100
ROUNDS = 50
"""Transactions of one sort in one pass: no sort of timer starves the others."""
PUT_OFF_S = 60.0
BLOCKED_S = 2.0
"""For a site of which somebody else holds a row: that passes soon, and an alarm may hang on it."""

_log = get_logger(part="dispatch")


class Dispatcher(Generic[P, S]):
    """Serves all timers of one database until it is told to stop."""

    def __init__(
        self,
        url: str,
        pack: P,
        clock: Clock,
        jobs: Sequence[Job] = (),
        *,
        judge: Judge[P, S],
        terms: Terms = DEFAULT_TERMS,
        pack_by_hash: Callable[[Connection, str], P] | None = None,
    ) -> None:
        """`pack_by_hash` gives the rules by which a site was last judged; without it `pack` serves for all."""
        self._pack_by_hash = pack_by_hash or (lambda _connection, _hash: pack)
        self._url = url
        self._pack = pack
        self._clock = clock
        self._jobs = tuple(jobs)
        self._judge = judge
        self._terms = terms

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set. A lost database is tried again; raise SchemaError for one that is not ours."""
        failed: list[SchemaError] = []

        def jobs() -> None:
            try:
                self._keep(stop, "dispatch-jobs", self._serve_jobs)
            except SchemaError as error:
                failed.append(error)
                stop.set()

        thread = threading.Thread(target=jobs, name="dispatch-jobs") if self._jobs else None
        if thread is not None:
            thread.start()
        try:
            self._keep(stop, "dispatch", self._serve_timers)
        finally:
            stop.set()
            if thread is not None:
                thread.join()
        if failed:
            raise failed[0]

    def serve_due(self, connection: Connection) -> int:
        """One pass over everything that is due now; return how many steps were taken."""
        now = self._clock.now()
        return self._wake(connection, now) + self._lapse(connection, now) + self._close(connection, now)

    def _keep(
        self, stop: threading.Event, name: str, serve: Callable[[Connection, threading.Event, Backoff], None]
    ) -> None:
        backoff = Backoff()
        while not stop.is_set():
            try:
                with connect(self._url, name=name, autocommit=True) as connection:
                    connection.execute("SET lock_timeout = '5s'")
                    if (
                        name != "dispatch"
                    ):  # a job's row stays locked while the job works on a connection of its own
                        connection.execute("SET idle_in_transaction_session_timeout = 0")
                    serve(connection, stop, backoff)
            except SchemaError:
                raise
            except StoreError as error:
                wait_s = backoff.fail()
                _log.warning("database_lost", thread=name, error=str(error), retry_in_s=wait_s)
                stop.wait(wait_s)

    def _serve_timers(self, connection: Connection, stop: threading.Event, backoff: Backoff) -> None:
        watch = ClockWatch()
        while not stop.is_set():
            jump_s = watch.step_s(self._clock.now(), self._clock.monotonic_ms())
            if jump_s:
                _log.warning("clock_stepped", by_s=round(jump_s, 1))
            if jump_s < 0:
                _log.warning("sites_woken", sites=timers.wake_all(connection, self._clock.now()))
            done = self.serve_due(connection)
            backoff.succeed()
            stop.wait(sleep_s(self._clock.now(), timers.next_due(connection), busy=done > 0))

    def _serve_jobs(self, connection: Connection, stop: threading.Event, backoff: Backoff) -> None:
        while not stop.is_set():
            run_due_jobs(self._url, connection, self._jobs, self._clock, stop)
            backoff.succeed()
            stop.wait(POLL_S)

    def _wake(self, connection: Connection, now: datetime) -> int:
        total = 0
        for _ in range(ROUNDS):
            try:
                done = self._wake_some(connection, now, WAKES_AT_ONCE)
            except Unavailable:
                raise
            except Exception:  # one of the sites fails: find out which, and let the others pass
                _log.exception("wake_failed")
                done = self._wake_one_by_one(connection, now)
            total += done
            if done < WAKES_AT_ONCE:
                break
        return total

    def _wake_some(self, connection: Connection, now: datetime, limit: int) -> int:
        with begin(connection) as uow:
            due = timers.take_wakes(connection, now, limit)
            self._step(connection, uow, due, now)
        return len(due)

    def _wake_one_by_one(self, connection: Connection, now: datetime) -> int:
        for done in range(WAKES_AT_ONCE):
            taken: list[timers.Wake] = []
            try:
                with begin(connection) as uow:
                    taken = timers.take_wakes(connection, now, 1)
                    self._step(connection, uow, taken, now)
            except Unavailable:
                raise
            except Exception as error:
                if not taken:
                    raise
                site, exercise = taken[0].key
                for_s = BLOCKED_S if isinstance(error, Blocked) else PUT_OFF_S
                _log.exception("site_put_off", site=site, exercise=exercise, for_s=for_s)
                timers.postpone_wake(connection, taken[0].key, now, queue.later(now, for_s))
            if not taken:
                return done
        return WAKES_AT_ONCE

    def _step(
        self, connection: Connection, uow: PostgresUnitOfWork, due: Sequence[timers.Wake], now: datetime
    ) -> None:
        """Wake these sites, each by the rules under which it asked; their rows are locked already."""
        for pack_hash in sorted({wake.pack_hash for wake in due}):
            items = {
                wake.key: [WakeItem(f"wake:{to_ms(wake.at)}", to_ms(wake.at))]
                for wake in due
                if wake.pack_hash == pack_hash
            }
            pack = self._pack_by_hash(connection, pack_hash)
            runner.step(uow, items, pack, now, judge=self._judge, terms=self._terms)

    def _lapse(self, connection: Connection, now: datetime) -> int:
        beyond = queue.later(now, 2 * self._terms.lease_s)
        total = 0
        for _ in range(ROUNDS):
            with begin(connection) as uow:
                due = timers.take_leases(connection, now, beyond, ROWS_AT_ONCE)
                ledger = Ledger({}, {}, "", now, self._terms)
                for item in due:
                    ledger.put(queue.run_out(item, now))
                if due:
                    uow.save(ledger.changes())
            total += len(due)
            if len(due) < ROWS_AT_ONCE:
                break
        return total

    def _close(self, connection: Connection, now: datetime) -> int:
        beyond = queue.later(now, 2 * self._terms.undo_s + 60)
        total = 0
        for item in timers.due_closings(connection, now, beyond, ROWS_AT_ONCE):
            try:
                with begin(connection) as uow:
                    total += acts.close_if_due(
                        uow,
                        item,
                        now,
                        pack=self._pack_of(connection, item),
                        judge=self._judge,
                        terms=self._terms,
                    )
            except Unavailable:
                raise
            except Exception:
                _log.exception("closing_put_off", item=item, for_s=PUT_OFF_S)
                timers.postpone_closing(connection, item, now, queue.later(now, PUT_OFF_S))
        return total

    def _pack_of(self, connection: Connection, item: str) -> P:
        stored = packs.pack_of_item(connection, item)
        return self._pack if stored is None else self._pack_by_hash(connection, stored.hash)
