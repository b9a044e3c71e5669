"""Boxes, devices, readings and events as somebody may see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from redwhistle.errors import NotFound
from server.records.looking import EventsWanted, Page
from server.rights.scope import Scope
from server.store import reading, readings
from server.store.connection import Connection
from server.store.looking import UNKNOWN, Row, require_place, rows
from server.store.pool import Pooled

LATEST_SINCE = timedelta(days=2)
"""Older values are not shown as a device's newest ones."""
EVENT_SINCE = timedelta(days=8)
HEARTBEATS = 2.3
"""So many regular silences without a word make a device silent (as in the default rules)."""


class DeviceLook:
    """Boxes and what hangs on them. Safe to use from many threads."""

    def __init__(self, pool: Pooled) -> None:
        self._pool = pool

    def boxes(self, scope: Scope, *, at: str | None, page: Page) -> Sequence[Row]:
        """A page of boxes with their `lanes`, one row more than asked for."""
        with self._pool.use() as connection:
            if at is not None:
                require_place(connection, scope, at)
            return reading.select_boxes(connection, scope, page, at=at)

    def box(self, scope: Scope, box: str) -> Row:
        """One box; raise NotFound."""
        with self._pool.use() as connection:
            found = reading.select_boxes(connection, scope, Page(1), box=box)
        if not found:
            raise NotFound(UNKNOWN)
        return found[0]

    def devices(
        self, scope: Scope, *, at: str | None, box: str | None, kind: str | None, page: Page, now: datetime
    ) -> Sequence[Row]:
        """A page of devices with `latest`, `last_event`, `last_heard_at`, `liveness` and `stale`."""
        with self._pool.use() as connection:
            if at is not None:
                require_place(connection, scope, at)
            return _devices(
                connection, scope, {"at": at, "box": box, "kind": kind, "device": None}, page, now
            )

    def device(self, scope: Scope, box: str, device: str, now: datetime) -> Row:
        """One device; raise NotFound."""
        with self._pool.use() as connection:
            wanted = {"at": None, "box": box, "kind": None, "device": device}
            found = _devices(connection, scope, wanted, Page(1), now)
        if not found:
            raise NotFound(UNKNOWN)
        return found[0]

    def readings(
        self,
        scope: Scope,
        devices: Sequence[tuple[str, str]],
        metrics: Sequence[str] | None,
        start: datetime,
        end: datetime,
        width: timedelta,
    ) -> Sequence[Row]:
        """Series with `points`, by device and metric; raise NotFound when one of the devices may not be seen."""
        with self._pool.use() as connection:
            asked = {
                "boxes": [box for box, _ in devices],
                "devices": [device for _, device in devices],
                **scope.parameters(),
            }
            names = {
                row["device_key"]: (row["box"], row["device"])
                for row in rows(connection, "looking/device_keys", asked)
            }
            if len(names) < len(devices):
                raise NotFound(UNKNOWN)
            wanted = None if metrics is None else list(metrics)
            known = _metrics(connection, wanted)
            found = readings.bucketed(connection, list(names), list(known), start, end, width)
        series: dict[tuple[int, int], list[Row]] = {}
        for bucket in found:
            point = {
                "t": bucket.start,
                "n": bucket.n,
                "min": bucket.min,
                "max": bucket.max,
                "avg": bucket.sum / bucket.n,
                "last": bucket.last,
            }
            series.setdefault((bucket.device_key, bucket.metric_key), []).append(point)
        return [
            {"box": names[device][0], "device": names[device][1], "metric": known[metric], "points": points}
            for (device, metric), points in series.items()
        ]

    def events(self, scope: Scope, wanted: EventsWanted, page: Page) -> Sequence[Row]:
        """A page of events, the newest first, one row more than asked for."""
        with self._pool.use() as connection:
            if wanted.at is not None:
                require_place(connection, scope, wanted.at)
            keys = None
            if wanted.device is not None:
                asked = {
                    "boxes": [wanted.device[0]],
                    "devices": [wanted.device[1]],
                    **scope.parameters(),
                }
                keys = [row["device_key"] for row in rows(connection, "looking/device_keys", asked)]
                if not keys:
                    raise NotFound(UNKNOWN)
            values = {
                "start": wanted.start,
                "end": wanted.end,
                "device_keys": keys,
                "kind": wanted.kind,
                "exercise": wanted.exercise,
                "at": wanted.at,
                "limit": page.fetch,
                **page.keys("after_time", "after_id"),
                **scope.parameters(),
            }
            return rows(connection, "looking/events", values)


def _devices(
    connection: Connection, scope: Scope, wanted: Mapping[str, Any], page: Page, now: datetime
) -> list[Row]:
    values = {
        **wanted,
        "limit": page.fetch,
        **page.keys("after_box", "after_device"),
        **scope.parameters(),
    }
    found = rows(connection, "looking/devices", values)
    keys = [row["device_key"] for row in found]
    latest: dict[int, list[Row]] = {key: [] for key in keys}
    events: dict[int, Row] = {}
    if keys:
        metrics = _metrics(connection, None)
        for one in readings.latest(connection, keys, since=now - LATEST_SINCE):
            shown = {"metric": metrics[one.metric_key], "value": one.value, "time": one.time}
            latest[one.device_key].append(shown)
        since = {"device_keys": keys, "since": now - EVENT_SINCE}
        events = {row.pop("device_key"): row for row in rows(connection, "looking/last_events", since)}
    return [_alive(row, latest[row["device_key"]], events.get(row["device_key"]), now) for row in found]


def _alive(row: Row, latest: list[Row], event: Row | None, now: datetime) -> Row:
    times = [one["time"] for one in latest] + ([event["time"]] if event else [])
    heard = max(times, default=None)
    liveness = "live"
    if not row["box_online"]:
        liveness = "box_lost"
    elif row["heartbeat_s"] is not None:
        quiet = timedelta(seconds=HEARTBEATS * row["heartbeat_s"])
        if heard is None:
            liveness = "unknown" if now - row["first_seen_at"] <= quiet else "silent"
        elif now - heard > quiet:
            liveness = "silent"
    return {
        **row,
        "latest": latest,
        "last_event": event,
        "last_heard_at": heard,
        "liveness": liveness,
        "stale": liveness in ("silent", "box_lost"),
    }


def _metrics(connection: Connection, names: list[str] | None) -> dict[int, str]:
    return {row["metric_key"]: row["name"] for row in rows(connection, "looking/metrics", {"names": names})}
