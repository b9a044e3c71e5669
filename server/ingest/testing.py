"""An intake in memory that keeps the promises of the real one: for tests, and for trying rules without a database.

It passes the suite that the PostgreSQL intake passes (tests/integration/test_intake.py).
"""

import copy
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from server.alerts.model import Item, Subject
from server.ingest.ports import SiteKey
from server.records import (
    BootOffset,
    Device,
    EventRow,
    LaneKey,
    Progress,
    ProgressChange,
    QuarantineRow,
    ReadingRows,
    SeenBox,
)


@dataclass
class Stored:
    """What is committed."""

    progress: dict[LaneKey, Progress] = field(default_factory=dict)
    quarantined: dict[int, int] = field(default_factory=dict)
    readings: list[ReadingRows] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    aside: dict[tuple[str, str, int | None], QuarantineRow] = field(default_factory=dict)
    stepped: list[tuple[SiteKey, Item]] = field(default_factory=list)
    seen: dict[str, SeenBox] = field(default_factory=dict)
    twins: set[str] = field(default_factory=set)


class MemoryRegistry:
    """Names to keys for a fixed set of compounds."""

    def __init__(self, sites: Mapping[str, Sequence[str]], stored: "MemoryIntake") -> None:
        self._places = sites
        self._owner = stored
        self._site_of: dict[str, str] = {}
        self._devices: dict[tuple[str, str], Device] = {}
        self._names: dict[str, int] = {}
        self._boots: dict[str, dict[str, BootOffset]] = {}

    def forget_if_stale(self, monotonic_s: float) -> None:
        """Nothing here changes elsewhere."""

    def forget_box(self, box: str) -> None:
        """Nothing here changes elsewhere."""

    def learn_boxes(self, claimed: Iterable[tuple[str, str]]) -> None:
        for box, site in claimed:
            if site in self._places:
                self._site_of.setdefault(box, site)

    def learn_devices(self, wanted: Iterable[tuple[str, str]]) -> None:
        for box, device in wanted:
            site = self._site_of[box]
            subject = Subject(site=site, box=box, device=device, kind="other", place=site, path=(site,))
            self._devices.setdefault((box, device), Device(len(self._devices) + 1, subject))

    def learn_names(self, metrics: Iterable[str], exercises: Iterable[str]) -> None:
        for name in (*metrics, *exercises):
            self._names.setdefault(name, 0 if name == "" else len(self._names) + 1)

    def learn_lanes(self, lanes: Iterable[LaneKey]) -> None:
        for lane in lanes:
            self._owner.stored.progress.setdefault(
                lane, Progress(len(self._owner.stored.progress) + 1, (), ())
            )

    def learn_boot(self, box: str, boot: str, offset: BootOffset) -> None:
        known = self._boots.setdefault(box, {}).get(boot)
        if known is None or (offset.synced and not known.synced):
            self._boots[box][boot] = offset

    def learn_sites(self, sites: Iterable[str]) -> None:
        """All compounds are known from the start."""

    def is_site(self, site: str) -> bool:
        return site in self._places

    def site_of(self, box: str) -> str | None:
        return self._site_of.get(box)

    def device(self, box: str, device: str) -> Device:
        return self._devices[box, device]

    def subject_at(self, subject: Subject, place: str | None) -> Subject:
        if place is None or place not in self._places[subject.site]:
            return subject
        return replace(subject, place=place, path=(subject.site, place))

    def boots_of(self, box: str) -> Mapping[str, BootOffset]:
        return self._boots.get(box, {})

    def metric_key(self, name: str) -> int:
        return self._names[name]

    def exercise_key(self, name: str) -> int:
        return self._names[name]


class MemoryIntake:
    """`sites` gives each compound's inner places. A transaction that raises leaves nothing behind."""

    def __init__(self, sites: Mapping[str, Sequence[str]]) -> None:
        self.stored = Stored()
        self.registry = MemoryRegistry(sites, self)
        self.hot: dict[SiteKey, frozenset[tuple[str, str]]] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        before = copy.deepcopy(self.stored)
        try:
            yield
        except BaseException:
            self.stored = before
            raise

    def close(self) -> None:
        """Nothing is open."""

    def lock_progress(self, lanes: Iterable[LaneKey]) -> Mapping[LaneKey, Progress]:
        return {lane: self.stored.progress[lane] for lane in sorted(set(lanes))}

    def read_hot(self, sites: Iterable[SiteKey]) -> Mapping[SiteKey, frozenset[tuple[str, str]]]:
        return {site: self.hot[site] for site in sites if site in self.hot}

    def store_readings(self, rows: ReadingRows) -> None:
        self.stored.readings.append(rows)

    def store_events(self, rows: Sequence[EventRow]) -> None:
        self.stored.events.extend(rows)

    def event_ids(self, progress_key: int, seqs: Sequence[int]) -> Mapping[int, str]:
        wanted = set(seqs)
        return {
            e.seq: str(e.id) for e in self.stored.events if e.progress_key == progress_key and e.seq in wanted
        }

    def numbers_aside(self, lane: LaneKey, seqs: Sequence[int]) -> frozenset[int]:
        rows = self.stored.aside.values()
        held = {r.seq for r in rows if (r.box, r.epoch, r.lane) == lane and r.seq is not None}
        return frozenset(held.intersection(seqs))

    def set_aside(self, rows: Sequence[QuarantineRow]) -> None:
        for row in rows:
            self.stored.aside.setdefault((hashlib.sha256(row.payload).hexdigest(), row.topic, row.seq), row)

    def save_progress(self, changes: Sequence[ProgressChange], now: datetime) -> None:  # noqa: ARG002  the port's signature
        by_key = {c.progress_key: c for c in changes}
        for lane, progress in list(self.stored.progress.items()):
            change = by_key.get(progress.progress_key)
            if change is not None:
                self.stored.progress[lane] = Progress(progress.progress_key, change.received, change.dropped)
                self.stored.quarantined[progress.progress_key] = (
                    self.stored.quarantined.get(progress.progress_key, 0) + change.quarantined
                )

    def note_twins(self, boxes: Iterable[str], now: datetime) -> None:  # noqa: ARG002  the port's signature
        self.stored.twins.update(boxes)

    def note_seen(self, boxes: Sequence[SeenBox], now: datetime) -> None:  # noqa: ARG002  the port's signature
        self.stored.seen.update({b.box: b for b in boxes})

    def step(self, items: Mapping[SiteKey, Sequence[Item]], now: datetime) -> None:  # noqa: ARG002  the port's signature
        for site, listed in sorted(items.items()):
            self.stored.stepped.extend((site, item) for item in listed)
