"""What the server knows of boxes, devices and places, cached; names that were never seen get their row here.

A cache entry lives for `TTL_S`; a miss is looked up at once. Rows made here are committed before the batch that
needs them, so that no key of a rolled-back transaction is ever remembered.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from server.alerts.model import DEFAULT_TIMEZONE, Subject
from server.records import BootOffset, Device, LaneKey
from server.store.connection import Connection, translated
from server.store.sql import statement

TTL_S = 30.0


@dataclass(frozen=True, slots=True)
class _Place:
    path: tuple[str, ...]
    tags: tuple[str, ...]
    time_zone: str | None


class Registry:
    """Names to keys and subjects over the connection that `connect` gives, looked up between transactions. Not for two threads."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._site_of: dict[str, str] = {}
        self._sites: dict[str, bool] = {}
        self._devices: dict[tuple[str, str], Device] = {}
        self._places: dict[tuple[str, str], _Place] = {}
        self._metrics: dict[str, int] = {}
        self._exercises: dict[str, int] = {"": 0}
        self._boots: dict[str, dict[str, BootOffset]] = {}
        self._lanes: set[tuple[str, str, str]] = set()
        self._fresh_until: float = 0.0

    def forget_if_stale(self, monotonic_s: float) -> None:
        """Drop what may have changed elsewhere once `TTL_S` have passed; keys of metrics and lanes never change."""
        if monotonic_s >= self._fresh_until:
            self._fresh_until = monotonic_s + TTL_S
            self._forget_volatile()

    def forget(self) -> None:
        """Drop everything: another server, or another state of it, may answer from now on."""
        self._forget_volatile()
        self._metrics.clear()
        self._exercises = {"": 0}
        self._lanes.clear()

    def forget_box(self, box: str) -> None:
        """A box announced itself anew."""
        self._site_of.pop(box, None)
        for key in [k for k in self._devices if k[0] == box]:
            del self._devices[key]

    def learn_boxes(self, claimed: Iterable[tuple[str, str]]) -> None:
        """Look up (box, site) pairs; a box never seen before is noted under the site it names, if that site is known."""
        missing = {box: site for box, site in claimed if box not in self._site_of}
        if not missing:
            return
        boxes, sites = list(missing), list(missing.values())
        with self._transaction() as connection:
            rows = connection.execute(statement("boxes/sites_of"), {"boxes": boxes}).fetchall()
            if len(rows) < len(boxes):
                connection.execute(statement("boxes/register_seen"), {"boxes": boxes, "sites": sites})
                rows = connection.execute(statement("boxes/sites_of"), {"boxes": boxes}).fetchall()
            self._site_of.update(rows)
            known = [box for box in boxes if box in self._site_of]
            for box in known:
                self._boots[box] = {}
            for box, boot, offset_ms, synced in connection.execute(
                statement("boxes/boots_of"), {"boxes": known}
            ):
                self._boots[box][boot] = BootOffset(offset_ms, synced)
            self._load_devices(connection, known)

    def learn_devices(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Make sure that each (box, device) of a known box has a row and is cached."""
        missing = sorted({pair for pair in wanted if pair not in self._devices})
        if not missing:
            return
        boxes, devices = [b for b, _ in missing], [d for _, d in missing]
        with self._transaction() as connection:
            connection.execute(statement("devices/register_seen"), {"boxes": boxes, "devices": devices})
            self._load_devices(connection, sorted(set(boxes)))

    def learn_names(self, metrics: Iterable[str], exercises: Iterable[str]) -> None:
        """Make sure that these metrics and exercises have keys, as long as there are keys for new metrics."""
        new_metrics = sorted(set(metrics) - self._metrics.keys())
        if new_metrics:
            with self._transaction() as connection:
                connection.execute(statement("metrics/register_seen"), {"names": new_metrics})
                rows = connection.execute(
                    "SELECT name, metric_key FROM metrics WHERE name = ANY (%s)", (new_metrics,)
                ).fetchall()
            self._metrics.update(rows)
        new_exercises = sorted(set(exercises) - self._exercises.keys())
        if new_exercises:
            with self._transaction() as connection:
                connection.execute(
                    "INSERT INTO exercises SELECT nextval('exercise_keys'), e FROM unnest(%s::text[]) AS e"
                    " WHERE NOT EXISTS (SELECT FROM exercises AS x WHERE x.exercise = e)"
                    " ON CONFLICT (exercise) DO NOTHING",
                    (new_exercises,),
                )
                rows = connection.execute(
                    "SELECT exercise, exercise_key FROM exercises WHERE exercise = ANY (%s)", (new_exercises,)
                ).fetchall()
            self._exercises.update(rows)

    def learn_lanes(self, lanes: Iterable[LaneKey]) -> None:
        """Make sure that each (box, epoch, lane) has its progress row."""
        missing = sorted(set(lanes) - self._lanes)
        if missing:
            boxes, epochs, names = (list(column) for column in zip(*missing, strict=True))
            with self._transaction() as connection:
                connection.execute(
                    statement("intake/begin_progress"), {"boxes": boxes, "epochs": epochs, "lanes": names}
                )
            self._lanes.update(missing)

    def learn_boot(self, box: str, boot: str, offset: BootOffset) -> None:
        """Remember what is known of a boot's clock, unless as much is known already."""
        known = self._boots.setdefault(box, {}).get(boot)
        if known is not None and (known.synced or not offset.synced):
            return
        with self._transaction() as connection:
            connection.execute(
                statement("boxes/save_boot"),
                {"box": box, "boot": boot, "offset_ms": offset.offset_ms, "synced": offset.synced},
            )
        self._boots[box][boot] = offset

    def learn_sites(self, sites: Iterable[str]) -> None:
        """Look up which of these are compounds."""
        missing = sorted(set(sites) - self._sites.keys())
        if missing:
            with self._transaction() as connection:
                rows = connection.execute(statement("sites/known"), {"sites": missing}).fetchall()
            known = {row[0] for row in rows}
            self._sites.update({site: site in known for site in missing})

    def is_site(self, site: str) -> bool:
        """Whether a learned name is a compound's."""
        return self._sites.get(site, False)

    def site_of(self, box: str) -> str | None:
        """The compound that a learned box serves; None for a box of an unknown site."""
        return self._site_of.get(box)

    def device(self, box: str, device: str) -> Device:
        """A learned device."""
        return self._devices[box, device]

    def subject_at(self, subject: Subject, place: str | None) -> Subject:
        """The same device at a finer place of its compound; unchanged when that place is not known there."""
        where = self._places.get((subject.site, place)) if place else None
        if where is None:
            return subject
        return replace(subject, place=where.path[-1], path=where.path, tags=where.tags)

    def boots_of(self, box: str) -> dict[str, BootOffset]:
        return self._boots.get(box, {})

    def metric_key(self, name: str) -> int:
        return self._metrics[name]

    def exercise_key(self, name: str) -> int:
        return self._exercises[name]

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with translated():
                connection = self._connect()
                with connection.transaction():
                    yield connection
        except BaseException:
            self.forget()  # rows that were rolled back, or lost with a server, must not be remembered
            raise

    def _forget_volatile(self) -> None:
        self._site_of.clear()
        self._sites.clear()
        self._devices.clear()
        self._places.clear()
        self._boots.clear()

    def _load_devices(self, connection: Connection, boxes: list[str]) -> None:
        rows = connection.execute(statement("devices/of_boxes"), {"boxes": boxes}).fetchall()
        self._load_places(connection, sorted({row[-1] for row in rows} | {self._site_of[b] for b in boxes}))
        for box, device, key, _announced, kind, model, label, place, heartbeat_s, site in rows:
            where = self._places.get((site, place)) or _Place((site,), (), None)
            self._devices[box, device] = Device(
                key,
                Subject(
                    site=site,
                    box=box,
                    device=device,
                    kind=kind,
                    place=where.path[-1],
                    path=where.path,
                    tags=where.tags,
                    label=label or "",
                    model=model or "",
                    heartbeat_s=heartbeat_s,
                    timezone=where.time_zone or DEFAULT_TIMEZONE,
                ),
            )

    def _load_places(self, connection: Connection, sites: list[str]) -> None:
        rows = connection.execute(statement("sites/places_of_sites"), {"sites": sites}).fetchall()
        for site, place, path, tags, time_zone in rows:
            self._places[site, place] = _Place(tuple(path), tuple(sorted(set(tags))), time_zone)
