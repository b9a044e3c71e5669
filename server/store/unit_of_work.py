"""The runner's unit of work on PostgreSQL: few round trips, rows locked in sorted order, driver errors kept in."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row

from redwhistle.errors import NotFound
from server.alerts.ports import LookedUp, Pack, StoredSilence, StoredState
from server.alerts.records import Changes, Placement, SiteKey, Standing
from server.alerts.work_item import WorkItem
from server.store import queue_rows, storable
from server.store.connection import Connection, translated
from server.store.sql import statement

CHANNEL = "rw_queue"
"""Where listeners hear of every work item that changed, right after the commit."""


@contextmanager
def begin(connection: Connection) -> Iterator["PostgresUnitOfWork"]:
    """A unit of work in a transaction of its own on an autocommit connection; raise StoreError if it cannot commit."""
    with translated(), connection.transaction():
        yield PostgresUnitOfWork(connection)


class PostgresUnitOfWork:
    """One transaction of `connection`, which the caller begins and ends. Implements server.alerts.ports.UnitOfWork."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock_states(self, keys: Sequence[SiteKey], pack: Pack) -> Mapping[SiteKey, StoredState]:
        named = {"sites": [site for site, _ in keys], "exercises": [exercise for _, exercise in keys]}
        with translated():
            if (
                self._connection.execute(statement("queue/pack_known"), {"hash": pack.hash}).fetchone()
                is None
            ):
                values = {"hash": pack.hash, "name": pack.name, "source": storable.text(pack.source)}
                self._connection.execute(statement("queue/add_pack"), values)
            with self._connection.pipeline():
                self._connection.execute(statement("queue/add_states"), {**named, "pack": pack.hash})
                rows = self._connection.execute(statement("queue/lock_states"), named).fetchall()
        states = {(row[0], row[1]): StoredState(text=row[2], steps=row[3], pack_hash=row[4]) for row in rows}
        for site, exercise in keys:
            if (site, exercise) not in states:
                raise NotFound(
                    f"no place is called {site!r}: import the places first (`redwhistle places import`)"
                )
        return states

    def look_up(self, alerts: Sequence[str], places: Sequence[tuple[str, str]]) -> LookedUp:
        standing: dict[str, Standing] = {}
        placements: dict[tuple[str, str], Placement] = {}
        if not alerts and not places:
            return LookedUp(standing, placements)
        with translated(), self._connection.pipeline():
            wanted = {"alerts": list(alerts)}
            alert_rows = self._rows("queue/lock_alerts", wanted)
            item_rows = self._rows("queue/lock_items_of_alerts", wanted)
            asked = {
                "places": [storable.text(place) for place, _ in places],
                "sites": [site for _, site in places],
            }
            place_rows = self._rows("queue/place_alerts", asked)
            items = {row["alert"]: queue_rows.work_item(row) for row in item_rows.fetchall()}
            for row in alert_rows.fetchall():
                if row["id"] in items:
                    standing[row["id"]] = Standing(queue_rows.alert(row), items[row["id"]])
            found = {(r["asked"], r["site"]): Placement(r["place"], r["grid"]) for r in place_rows.fetchall()}
        for place, site in places:
            placements[place, site] = found[storable.text(place), site]
        return LookedUp(standing, placements)

    def find_item(self, ref: str) -> WorkItem:
        return self._item("queue/find_item", ref)

    def lock_item(self, ref: str) -> WorkItem:
        return self._item("queue/lock_item", ref)

    def find_silence(self, silence_id: str) -> StoredSilence:
        with translated():
            row = self._rows("queue/find_silence", {"id": storable.text(silence_id)}).fetchone()
        if row is None:
            raise NotFound(f"no silence is called {silence_id!r}: see `redwhistle silence list`")
        return queue_rows.silence(row)

    def put_silence(self, stored: StoredSilence, now: datetime) -> None:
        with translated():
            self._connection.execute(
                statement("queue/put_silence"), {**queue_rows.silence_row(stored), "at": now}
            )

    def save(self, changes: Changes) -> None:
        with translated(), self._connection.pipeline():
            self._save_states(changes)
            for name, records in (
                ("queue/add_alerts", changes.new_alerts),
                ("queue/change_alerts", changes.changed_alerts),
                ("queue/add_log", changes.log),
                ("queue/add_suppressions", changes.suppressions),
                ("queue/add_items", changes.new_items),
                ("queue/change_items", changes.changed_items),
                ("queue/add_history", changes.history),
            ):
                if records:
                    rows = storable.dumps([queue_rows.as_row(record) for record in records])
                    self._connection.execute(statement(name), {"rows": rows})
            touched = [item.id for item in (*changes.new_items, *changes.changed_items)]
            if touched:
                self._connection.execute(statement("queue/notify"), {"items": touched})

    def _save_states(self, changes: Changes) -> None:
        for state in changes.states:  # one statement each: quoting long texts into an array costs more
            values: dict[str, Any] = {
                "at": changes.at,
                "pack": state.pack_hash,
                "site": state.site,
                "exercise": state.exercise,
                "state": storable.text(state.text),
                "hot": "\n".join(state.hot),
                "wake_at": state.wake_at,
            }
            self._connection.execute(statement("queue/save_state"), values)

    def _item(self, name: LiteralString, ref: str) -> WorkItem:
        wanted = queue_rows.reference(ref)
        with translated():
            row = self._rows(name, wanted).fetchone()
        if row is None:
            raise NotFound(f"no work item is called {ref!r}: see `redwhistle queue list --all`")
        return queue_rows.work_item(row)

    def _rows(self, name: LiteralString, values: Mapping[str, Any]) -> Any:
        return self._connection.cursor(row_factory=dict_row).execute(statement(name), values)
