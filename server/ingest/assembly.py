"""From opened envelopes and what the lanes hold to the rows, ranges and engine items of one batch. No IO.

Each lane's ranges are taken from under its lock, so an item is here exactly once however often it was sent.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from redwhistle.contracts import codec
from redwhistle.contracts.envelope import Envelope
from redwhistle.contracts.events import Event, EventKind
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import BOX_DEVICE, ReadingColumns
from redwhistle.ranges import contains, normalise, subtract, union
from server.alerts.model import DoubtItem, EventItem, Item, PresenceItem, ReadingItem
from server.ingest import clocks
from server.ingest.lanes import LaneState
from server.ingest.parcels import BadItem, Parcel
from server.ingest.ports import Registry, Screen, SiteKey
from server.records import Device, EventRow, LaneKey, Progress, ProgressChange, QuarantineRow, ReadingRows

_NOT_HEARD = frozenset({EventKind.DEVICE_LOST, EventKind.DEVICE_FAULT})
"""The box speaks of a device that it does not hear: no sign of life."""
Presence = dict[tuple[str, str, str], int]
"""(box, device, exercise) → the newest time in ms at which the engine was told of it."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """An alarm whose number is held already: the same one again, or another machine under the same name."""

    lane: LaneKey
    event: Event
    topic: str
    received_ms: int
    exercise: str


@dataclass(slots=True)
class Batch:
    """Everything that one transaction writes."""

    lanes: dict[LaneKey, LaneState]
    readings: list[ReadingRows] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    aside: list[QuarantineRow] = field(default_factory=list)
    repeated: list[Repeated] = field(default_factory=list)
    items: dict[SiteKey, list[Item]] = field(default_factory=lambda: defaultdict(list))
    warm: dict[SiteKey, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    """The (device, metric) pairs that left their bounds in this batch: whatever they say next, the engine must see."""
    twins: set[str] = field(default_factory=set)
    """Boxes under whose name a second machine speaks."""
    presence: Presence = field(default_factory=dict)
    told: Presence = field(default_factory=dict)
    """What the engine is told in this batch; remembered once it is committed."""

    def changes(self) -> list[ProgressChange]:
        """The lanes' new rows."""
        return [
            ProgressChange(s.progress.progress_key, s.received, s.dropped, s.quarantined, s.duplicates)
            for s in self.lanes.values()
        ]


@dataclass(frozen=True, slots=True)
class Arrived:
    """An opened envelope with where and when it came."""

    topic: str
    parcel: Parcel
    received_ms: int

    @property
    def lane(self) -> LaneKey:
        envelope = self.parcel.envelope
        return LaneKey(envelope.box, envelope.epoch, envelope.lane.value)


class Assembler:
    """Puts batches together against one registry and one screen."""

    def __init__(self, registry: Registry, screen: Screen, *, presence_step_ms: int) -> None:
        self._registry = registry
        self._screen = screen
        self._presence_step_ms = presence_step_ms
        self._bounds: dict[str, tuple[float, float]] = {}

    def assemble(
        self,
        arrived: Sequence[Arrived],
        progress: Mapping[LaneKey, Progress],
        hot: Mapping[SiteKey, frozenset[tuple[str, str]]],
        told: Mapping[tuple[str, str, str], int],
    ) -> Batch:
        """One batch out of these envelopes; `told` is the presence that the engine is known to have."""
        batch = Batch({key: LaneState(p, p.received, p.dropped) for key, p in progress.items()})
        for one in arrived:
            self._take(one, batch, hot, told)
        for lane in batch.lanes.values():
            lane.settle()
        return batch

    def assemble_aside(self, one: Arrived, progress: Progress, code: str, detail: str) -> Batch:
        """A batch that sets every new item of one envelope aside; its numbers count as received."""
        batch = Batch({one.lane: LaneState(progress, progress.received, progress.dropped)})
        lane, envelope = batch.lanes[one.lane], one.parcel.envelope
        bad = [BadItem(None, code, detail, envelope.model_dump_json().encode())] if envelope.readings else []
        bad += [
            BadItem(e.seq, code, detail, e.model_dump_json().encode(), e.kind, e.device)
            for e in envelope.events
        ]
        for item in (*bad, *one.parcel.bad):
            if item.seq is None or not lane.holds(item.seq):
                if item.seq is not None:
                    lane.take(item.seq)
                self._set_aside(one, item, batch)
        for block in envelope.readings:
            lane.take_rising(np.array(block.seq, dtype=np.int64))
        lane.settle()
        for gap in envelope.gaps:
            lane.received = union(lane.received, normalise([(gap.seq, gap.seq), gap.dropped]))
        return batch

    def doubt(
        self, box: str, device: str, item_id: str, at_ms: int, code: str, detail: str, *, kind: str = ""
    ) -> tuple[SiteKey, Item] | None:
        """An engine item for an alarm that could not be read; None where not even the site is known."""
        site = self._registry.site_of(box)
        if site is None:
            return None
        try:
            subject = self._registry.device(box, device).subject
        except KeyError:
            subject = self._registry.device(box, BOX_DEVICE).subject
        return (site, ""), DoubtItem(item_id, subject, at_ms, code, detail, kind)

    def _take(
        self,
        one: Arrived,
        batch: Batch,
        hot: Mapping[SiteKey, frozenset[tuple[str, str]]],
        told: Mapping[tuple[str, str, str], int],
    ) -> None:
        envelope = one.parcel.envelope
        lane = batch.lanes[one.lane]
        for block in envelope.readings:
            seqs = np.array(block.seq, dtype=np.int64)
            fresh = lane.mask_new(seqs)
            lane.duplicates += int(seqs.size - np.count_nonzero(fresh))
            if fresh.any():
                self._take_block(one, block, seqs, fresh, batch, hot)
                lane.take_rising(seqs[fresh])
        for event in envelope.events:
            if not lane.holds(event.seq):
                lane.take(event.seq)
                self._take_event(one, event, batch)
                continue
            lane.duplicates += 1
            if envelope.lane is Lane.ALARM:
                repeated = Repeated(one.lane, event, one.topic, one.received_ms, envelope.exercise or "")
                batch.repeated.append(repeated)
        for bad in one.parcel.bad:
            if bad.seq is None or not lane.holds(bad.seq):
                if bad.seq is not None:
                    lane.take(bad.seq)
                self._set_aside(one, bad, batch)
        for gap in envelope.gaps:
            lane.settle()
            if contains(lane.received, gap.seq):
                lane.duplicates += 1
                continue
            lane.received = union(lane.received, ((gap.seq, gap.seq),))
            lane.dropped = union(lane.dropped, subtract((gap.dropped,), lane.received))
            lane.received = union(lane.received, (gap.dropped,))
        self._tell_presence(one, batch, told)

    def _take_block(
        self,
        one: Arrived,
        block: ReadingColumns,
        seqs: NDArray[np.int64],
        fresh: NDArray[np.bool_],
        batch: Batch,
        hot: Mapping[SiteKey, frozenset[tuple[str, str]]],
    ) -> None:
        envelope, registry = one.parcel.envelope, self._registry
        exercise = envelope.exercise or ""
        devices = [registry.device(envelope.box, name) for name, _ in block.series]
        index = np.array(block.row_series, dtype=np.int64)[fresh]
        values = np.array(block.value, dtype=np.float64)[fresh]
        device_ms = np.array(block.at_ms, dtype=np.int64)[fresh]
        mono_ms = np.array(block.mono_ms, dtype=np.int64)[fresh]
        time_ms, source = clocks.correct(
            device_ms,
            mono_ms,
            boot=block.boot,
            synced=block.synced,
            sent=envelope.sent,
            received_ms=one.received_ms,
            boots=registry.boots_of(envelope.box),
        )
        n = index.shape[0]
        batch.readings.append(
            ReadingRows(
                time_ms=time_ms,
                received_ms=np.full(n, one.received_ms, dtype=np.int64),
                device_ms=device_ms,
                value=values,
                seq=seqs[fresh],
                progress_key=np.full(n, batch.lanes[one.lane].progress.progress_key, dtype=np.int32),
                device_key=np.array([d.device_key for d in devices], dtype=np.int32)[index],
                exercise_key=np.full(n, registry.exercise_key(exercise), dtype=np.int32),
                metric_key=np.array([registry.metric_key(m) for _, m in block.series], dtype=np.int16)[index],
                time_source=source,
            )
        )
        site = devices[0].subject.site
        warm = batch.warm[site, exercise]
        passing = self._passing(block, index, values, hot.get((site, exercise), frozenset()) | warm)
        warm.update(block.series[i] for i in np.unique(index[passing]).tolist())
        fresh_seqs = seqs[fresh]
        for row in np.flatnonzero(passing).tolist():
            metric = block.series[int(index[row])][1]
            batch.items[site, exercise].append(
                ReadingItem(
                    _item_id(envelope, int(fresh_seqs[row])),
                    devices[int(index[row])].subject,
                    metric,
                    float(values[row]),
                    int(time_ms[row]),
                )
            )
        newest = np.full(len(devices), -1, dtype=np.int64)
        np.maximum.at(newest, index, time_ms)
        for (device, _), at_ms in zip(block.series, newest.tolist(), strict=True):
            self._note_presence(batch, envelope.box, device, exercise, at_ms)

    def _passing(
        self,
        block: ReadingColumns,
        index: NDArray[np.int64],
        values: NDArray[np.float64],
        hot: frozenset[tuple[str, str]],
    ) -> NDArray[np.bool_]:
        """Which rows the engine must see: of a hot (device, metric), or of one that leaves its metric's bounds here."""
        low = np.empty(len(block.series))
        high = np.empty(len(block.series))
        for i, (device, metric) in enumerate(block.series):
            low[i], high[i] = (
                (np.inf, -np.inf) if hot and (device, metric) in hot else self._bounds_of(metric)
            )
        outside = ~((values > low[index]) & (values < high[index]))
        return np.isin(index, np.unique(index[outside])) if outside.any() else outside

    def _bounds_of(self, metric: str) -> tuple[float, float]:
        known = self._bounds.get(metric)
        if known is None:
            known = self._screen.bounds(metric) or (-np.inf, np.inf)
            if len(self._bounds) < 10_000:
                self._bounds[metric] = known
        return known

    def _take_event(self, one: Arrived, event: Event, batch: Batch) -> None:
        envelope, registry = one.parcel.envelope, self._registry
        exercise = envelope.exercise or ""
        device = registry.device(envelope.box, event.device)
        subject = registry.subject_at(device.subject, event.place)
        times, sources = clocks.correct(
            np.array([event.at_ms], dtype=np.int64),
            np.array([event.mono_ms], dtype=np.int64),
            boot=event.boot,
            synced=event.synced,
            sent=envelope.sent,
            received_ms=one.received_ms,
            boots=registry.boots_of(envelope.box),
        )
        time_ms = int(times[0])
        batch.events.append(
            EventRow(
                time_ms=time_ms,
                received_ms=one.received_ms,
                device_ms=event.at_ms,
                id=event.id,
                seq=event.seq,
                progress_key=batch.lanes[one.lane].progress.progress_key,
                device_key=device.device_key,
                exercise_key=registry.exercise_key(exercise),
                time_source=int(sources[0]),
                active=event.active,
                test=event.test,
                site=subject.site,
                place=subject.place,
                kind=event.kind,
                data=event.data,
            )
        )
        batch.items[subject.site, exercise].append(
            EventItem(
                id=str(event.id),
                subject=subject,
                kind=event.kind,
                at_ms=time_ms,
                active=event.active,
                test=event.test,
                late_ms=max(one.received_ms - time_ms, 0),
                data=event.data,
                lane=envelope.lane.value,
            )
        )
        self._doubt_site(envelope, event, device, time_ms, batch)
        if event.kind not in _NOT_HEARD:
            self._note_presence(batch, envelope.box, event.device, exercise, time_ms)

    def _doubt_site(
        self, envelope: Envelope, event: Event, device: Device, time_ms: int, batch: Batch
    ) -> None:
        """A box registered in one compound that says it stands in another: its alarm is raised in both."""
        said, known = envelope.site, device.subject
        is_alarm = envelope.lane is Lane.ALARM and event.active and not event.test
        if said == known.site or not is_alarm or envelope.exercise or not self._registry.is_site(said):
            return
        there = replace(known, site=said, place=said, path=(said,), tags=())
        detail = (
            f"{known.box} is registered at {known.site} and says it serves {said}: correct one of the two"
        )
        doubt = DoubtItem(str(event.id), there, time_ms, "other_site", detail, event.kind)
        batch.items[said, ""].append(doubt)

    def _set_aside(self, one: Arrived, bad: BadItem, batch: Batch) -> None:
        envelope = one.parcel.envelope
        batch.lanes[one.lane].quarantined += 1
        batch.aside.append(
            QuarantineRow(
                one.topic,
                envelope.box,
                envelope.epoch,
                envelope.lane.value,
                bad.seq,
                bad.code,
                bad.detail,
                bad.payload,
            )
        )
        if envelope.lane is Lane.ALARM and not envelope.exercise:
            item_id = _item_id(envelope, bad.seq) if bad.seq else codec.digest(bad.payload)
            doubt = self.doubt(
                envelope.box, bad.device, item_id, one.received_ms, bad.code, bad.detail, kind=bad.kind
            )
            if doubt is not None:
                batch.items[doubt[0]].append(doubt[1])

    @staticmethod
    def _note_presence(batch: Batch, box: str, device: str, exercise: str, at_ms: int) -> None:
        key = (box, device, exercise)
        if at_ms > batch.presence.get(key, -1):
            batch.presence[key] = at_ms

    def _tell_presence(self, one: Arrived, batch: Batch, told: Mapping[tuple[str, str, str], int]) -> None:
        """Tell the engine of devices heard, no oftener than it listens."""
        envelope = one.parcel.envelope
        exercise = envelope.exercise or ""
        names = {name for block in envelope.readings for name, _ in block.series}
        names.update(event.device for event in envelope.events)
        for name in sorted(names):
            key = (envelope.box, name, exercise)
            at_ms = batch.presence.get(key, -1)
            known = max(told.get(key, -1), batch.told.get(key, -1))
            if at_ms < 0:
                continue
            was_ahead = known > one.received_ms + clocks.AHEAD_MS  # our clock was set back since
            if known >= 0 and not was_ahead and at_ms < known + self._presence_step_ms:
                continue
            batch.told[key] = at_ms
            subject = self._registry.device(envelope.box, name).subject
            batch.items[subject.site, exercise].append(
                PresenceItem(f"{envelope.box}/{name}/{at_ms}", subject, at_ms)
            )


def _item_id(envelope: Envelope, seq: int) -> str:
    return f"{envelope.box}/{envelope.epoch}/{envelope.lane}/{seq}"
