"""What people look at: work items, alerts with their reasons, silences, boxes, quarantine. Reads only; rows as dicts."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import dict_row

from redwhistle.errors import NotFound
from server.records.looking import ItemsWanted, Page
from server.rights.scope import Scope
from server.store import storable
from server.store.connection import Connection, translated
from server.store.queue_rows import reference
from server.store.sql import statement

Row = dict[str, Any]
MAX_ROWS = 10_000
AROUND = timedelta(minutes=15)
"""How long before an alert its devices' silent items are shown."""


def list_items(
    connection: Connection,
    *,
    grid: str | None = None,
    at: str | None = None,
    exercise: str | None = "",
    closed: bool = False,
    numbers: Sequence[int] | None = None,
    limit: int = MAX_ROWS,
) -> list[Row]:
    """Work items by urgency; `exercise` None: of all exercises and real. Raise NotFound for unknown places."""
    for place in (grid, at):
        if place is not None:
            read_place(connection, place)
    wanted = ItemsWanted(at=at, grid=grid, exercise=exercise, closed=closed)
    return select_items(connection, Scope.ALL, wanted, Page(limit - 1), numbers=numbers)


def read_item(connection: Connection, ref: str) -> Row:
    """One work item by number or id, with its `history`; raise NotFound."""
    wanted = ItemsWanted(exercise=None, closed=True)
    found = select_items(connection, Scope.ALL, wanted, Page(1), ref=ref)
    if not found:
        raise NotFound(f"no work item is called {ref!r}: see `redwhistle queue list --all`")
    item = found[0]
    return {**item, "history": _rows(connection, "reading/history", {"item": item["id"]})}


def list_alerts(
    connection: Connection,
    *,
    at: str | None = None,
    exercise: str | None = "",
    closed: bool = False,
    limit: int = MAX_ROWS,
) -> list[Row]:
    """Alerts, the newest first."""
    if at is not None:
        read_place(connection, at)
    wanted = ItemsWanted(at=at, exercise=exercise, closed=closed)
    return select_alerts(connection, Scope.ALL, wanted, Page(limit - 1))


def select_items(
    connection: Connection,
    scope: Scope,
    wanted: ItemsWanted,
    page: Page,
    *,
    numbers: Sequence[int] | None = None,
    ref: str | None = None,
) -> list[Row]:
    """Work items in scope in the queue's order, one row more than the page has. `ref`: the one of this number or id."""
    named = {"id": None, "number": None} if ref is None else reference(ref)
    if named["number"] is not None:
        numbers = [named["number"]]
    values = {
        "id": named["id"],
        "numbers": None if numbers is None else list(numbers),
        "at": _text(wanted.at),
        "grid": _text(wanted.grid),
        "owner": _text(wanted.owner),
        "exercise": _text(wanted.exercise),
        "closed": wanted.closed,
        "limit": page.fetch,
    }
    after = page.keys("after_closed_at", "after_severity", "after_deadline_at", "after_number")
    return _rows(connection, "reading/items", {**values, **after, **scope.parameters()})


def select_alerts(
    connection: Connection, scope: Scope, wanted: ItemsWanted, page: Page, *, ref: str | None = None
) -> list[Row]:
    """Alerts in scope, the newest first, one row more than the page has. `ref`: the one of this number or id."""
    named = {"id": None, "number": None} if ref is None else reference(ref)
    values = {
        **named,
        "at": _text(wanted.at),
        "hazard": _text(wanted.hazard),
        "text": _text(wanted.text),
        "exercise": _text(wanted.exercise),
        "closed": wanted.closed,
        "limit": page.fetch,
    }
    after = page.keys("after_raised_at", "after_number")
    return _rows(connection, "reading/alerts", {**values, **after, **scope.parameters()})


def read_alert(
    connection: Connection, ref: str, now: datetime, *, limit: int = 500, scope: Scope = Scope.ALL
) -> Row:
    """One alert by number or id, with its `log`, `suppressed` items of its devices, and `linked` alert numbers."""
    wanted = ItemsWanted(exercise=None, closed=True)
    found = select_alerts(connection, scope, wanted, Page(1), ref=ref)
    if not found:
        raise NotFound(f"no alert is called {ref!r}: see `redwhistle alert list --all`")
    alert = found[0]
    log = _rows(connection, "reading/alert_log", {"alert": alert["id"], "limit": limit})
    near = {
        "site": alert["site"],
        "exercise": alert["exercise"],
        "devices": sorted({entry["device"] for entry in log}),
        "from": alert["raised_at"] - AROUND,
        "until": alert["closed_at"] or now,
        "limit": limit,
    }
    ids = sorted({linked for entry in log for linked in _linked(entry["why"])})
    numbers = _rows(connection, "reading/alert_numbers", {"ids": ids, **scope.parameters()})
    return {
        **alert,
        "log": log,
        "suppressed": _rows(connection, "reading/suppressions_near", near),
        "linked": sorted(row["number"] for row in numbers),
    }


def read_pack_source(connection: Connection, pack_hash: str) -> tuple[str, str] | None:
    """Name and text of a rule pack that was used once."""
    found = _rows(connection, "reading/pack_source", {"hash": pack_hash})
    return (found[0]["name"], found[0]["source"]) if found else None


def list_silences(
    connection: Connection,
    now: datetime,
    *,
    site: str | None = None,
    ended: bool = False,
    limit: int = MAX_ROWS,
) -> list[Row]:
    """Silences that are not over (or all), those that end first before the others."""
    return _rows(connection, "reading/silences", {"now": now, "site": site, "all": ended, "limit": limit})


def read_place(connection: Connection, place: str) -> Row:
    """A place with its `site` (None above compounds) and `time_zone`; raise NotFound."""
    found = _rows(connection, "reading/place", {"place": storable.text(place)})
    if not found:
        raise NotFound(f"no place is called {place!r}: see `redwhistle places tree`")
    return found[0]


def list_boxes(connection: Connection, *, at: str | None = None, box: str | None = None) -> list[Row]:
    """Boxes with their `lanes`; raise NotFound for an unknown place."""
    if at is not None:
        read_place(connection, at)
    return select_boxes(connection, Scope.ALL, Page(MAX_ROWS), at=at, box=box)


def select_boxes(
    connection: Connection, scope: Scope, page: Page, *, at: str | None = None, box: str | None = None
) -> list[Row]:
    """Boxes in scope by site and name with their `lanes`, one row more than the page has."""
    values = {"at": _text(at), "box": _text(box), "limit": page.fetch}
    after = page.keys("after_site", "after_box")
    boxes = _rows(connection, "reading/boxes", {**values, **after, **scope.parameters()})
    lanes = _rows(connection, "reading/lanes", {"boxes": [row["box"] for row in boxes]})
    of_box: dict[str, list[Row]] = {row["box"]: [] for row in boxes}
    for lane in lanes:
        of_box[lane["box"]].append(lane)
    return [{**row, "lanes": of_box[row["box"]]} for row in boxes]


def read_box(connection: Connection, box: str) -> Row:
    """One box with its `lanes` and `device_list`; raise NotFound."""
    found = list_boxes(connection, box=storable.text(box))
    if not found:
        raise NotFound(f"no box is called {box!r}: see `redwhistle box list`")
    return {**found[0], "device_list": _rows(connection, "reading/devices", {"box": box})}


def add_box(connection: Connection, box: str, site: str) -> None:
    """Register a box at a site; raise NotFound for an unknown site, or for a box that belongs to another."""
    place = read_place(connection, site)
    if place["level"] != "compound":
        raise NotFound(
            f"{site} is a {place['level']}: a box belongs to a compound (see `redwhistle places tree`)"
        )
    if not _rows(connection, "boxes/add", {"box": box, "site": site}):
        other = read_box(connection, box)["site"]
        raise NotFound(f"box {box} belongs to {other}: name it anew, or use --site {other}")


def list_quarantine(
    connection: Connection, *, box: str | None = None, settled: bool = False, limit: int = MAX_ROWS
) -> list[Row]:
    """What was set aside, the newest first, without the payloads."""
    return _rows(connection, "reading/quarantine", {"id": None, "box": box, "all": settled, "limit": limit})


def read_quarantine(connection: Connection, number: int) -> Row:
    """One item that was set aside, with its `payload` (bytes); raise NotFound."""
    found = _rows(connection, "reading/quarantine", {"id": number, "box": None, "all": True, "limit": 1})
    if not found:
        raise NotFound(
            f"nothing in quarantine has the number {number}: see `redwhistle quarantine list --all`"
        )
    payload = _rows(connection, "reading/quarantine_payload", {"id": number})[0]["payload"]
    return {**found[0], "payload": bytes(payload)}


def count_stored(connection: Connection) -> list[Row]:
    """Rows stored of each device: `box`, `device`, `readings`, `events`. Reads the whole series: for small databases."""
    return _rows(connection, "reading/stored", {})


def count_credentials(connection: Connection, texts: Sequence[str]) -> tuple[int, int]:
    """Events that carry a credential's hash, and events that hold one of `texts` (which must never be stored)."""
    row = _rows(connection, "reading/credentials", {"texts": list(texts)})[0]
    return row["hashed"], row["bare"]


def _linked(why: Any) -> list[str]:
    """Alert ids that a reason names; what is no id is left out."""
    found = []
    for one in why.get("linked") or [] if isinstance(why, Mapping) else []:
        with suppress(ValueError):
            found.append(str(UUID(str(one))))
    return found


def _text(value: str | None) -> str | None:
    return None if value is None else storable.text(value)


def _rows(connection: Connection, name: LiteralString, values: Mapping[str, Any]) -> list[Row]:
    with translated():
        return connection.cursor(row_factory=dict_row).execute(statement(name), values).fetchall()
