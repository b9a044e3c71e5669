"""One batch of lane messages, from bytes to committed rows and the answers to send: the order of acts, and nothing else.

DESIGN.md §3.4: progress rows locked, what is held dropped, the rest stored, the engine stepped, the ranges saved,
committed; only then are there answers.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from redwhistle.clock import from_ms
from redwhistle.contracts import codec, topics
from redwhistle.contracts.envelope import Ack, Rejection
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import BOX_DEVICE
from redwhistle.contracts.topics import Leaf, Topic
from redwhistle.errors import Blocked, ContractError, Malformed, Unavailable
from redwhistle.logs import get_logger
from redwhistle.ranges import Ranges, clip
from server.alerts.model import Item
from server.ingest import clocks
from server.ingest.assembly import Arrived, Assembler, Batch, Repeated
from server.ingest.parcels import open_parcel
from server.ingest.ports import Answer, Intake, Message, Screen, SiteKey
from server.records import LaneKey, QuarantineRow, ReadingRows, SeenBox

log = get_logger(part="ingest")

_SEEN_EVERY_MS = 10_000
_TOLD_AT_LEAST = 50_000
"""Devices of which it is remembered when the engine was told; above that the old ones go."""


@dataclass(frozen=True, slots=True)
class _Refused:
    message: Message
    topic: Topic | None
    error: ContractError


class Handler:
    """Handles batches of one lane over one intake. Not for two threads."""

    def __init__(self, intake: Intake, screen: Screen, *, presence_step_ms: int) -> None:
        self._intake = intake
        self._assembler = Assembler(intake.registry, screen, presence_step_ms=presence_step_ms)
        self._presence_step_ms = presence_step_ms
        self._told: dict[tuple[str, str, str], int] = {}
        self._told_limit = _TOLD_AT_LEAST
        self._seen: dict[str, tuple[int, bool]] = {}

    def handle(self, messages: Sequence[Message]) -> list[Answer]:
        """Store everything in `messages` in one transaction; return what to publish after it.

        Raises Unavailable when the same call may work later, another StoreError when something in the batch cannot
        be stored: then nothing was.
        """
        arrived, refused = _open(messages)
        self._learn(arrived, refused)
        registry = self._intake.registry
        strangers = [a for a in arrived if registry.site_of(a.lane.box) is None]
        arrived = [a for a in arrived if registry.site_of(a.lane.box) is not None]
        now_ms = max(m.received_ms for m in messages)
        now = from_ms(now_ms)
        lanes = {a.lane for a in arrived}
        with self._intake.transaction():
            progress = self._intake.lock_progress(lanes) if lanes else {}
            hot = self._intake.read_hot({self._site_key(a) for a in arrived if a.parcel.envelope.readings})
            batch = self._assembler.assemble(arrived, progress, hot, self._told)
            if batch.readings:
                self._intake.store_readings(_joined(batch.readings))
            self._intake.store_events(batch.events)
            self._check_repeated(batch)
            self._note_refused(batch, refused)
            batch.aside.extend(_stranger(a) for a in strangers)
            if batch.aside:
                self._intake.set_aside(batch.aside)
            seen = self._seen_boxes(arrived)
            if seen:  # boxes before sites, as everywhere: see StateHandler
                self._intake.note_seen(seen, now)
            if batch.twins:
                self._intake.note_twins(batch.twins, now)
            if batch.items:
                self._intake.step(batch.items, now)
            if lanes:
                self._intake.save_progress(batch.changes(), now)
        self._told.update(batch.told)
        self._forget_told(now_ms)
        self._seen.update({b.box: (now_ms, b.synced) for b in seen})
        return [*_acknowledgements(arrived, batch, now_ms), *_rejections(refused, now_ms)]

    def set_aside_whole(self, message: Message, error: Exception) -> list[Answer]:
        """Keep a message that breaks its transaction whole in quarantine, count its items as received, and say so.

        An alarm that cannot be stored as it is still raises a plain alert.
        """
        arrived, refused = _open([message])
        self._learn(arrived, refused)
        detail = f"could not be stored: {error}"
        try:
            batch = self._write_aside(message, arrived, refused, detail, with_engine=True)
        except (Unavailable, Blocked):
            raise
        except Exception:
            log.exception("quarantine_alert_failed", topic=message.topic)
            batch = self._write_aside(message, arrived, refused, detail, with_engine=False)
        return [
            *_acknowledgements(arrived, batch, message.received_ms),
            *_rejections(refused, message.received_ms),
        ]

    def _write_aside(
        self,
        message: Message,
        arrived: Sequence[Arrived],
        refused: Sequence[_Refused],
        detail: str,
        *,
        with_engine: bool,
    ) -> Batch:
        now = from_ms(message.received_ms)
        batch = Batch({})
        with self._intake.transaction():
            progress = self._intake.lock_progress({a.lane for a in arrived})
            for one in arrived:
                batch = self._assembler.assemble_aside(one, progress[one.lane], "not_stored", detail)
            self._note_refused(batch, refused)
            self._intake.set_aside(batch.aside)
            if batch.items and with_engine:
                self._intake.step(batch.items, now)
            self._intake.save_progress(batch.changes(), now)
        return batch

    def _forget_told(self, now_ms: int) -> None:
        """Keep the memory of what the engine was told bounded: what is older than a step keeps nothing from it."""
        if len(self._told) >= self._told_limit:
            since_ms = now_ms - self._presence_step_ms
            self._told = {key: at_ms for key, at_ms in self._told.items() if at_ms >= since_ms}
            self._seen = {box: seen for box, seen in self._seen.items() if seen[0] >= now_ms - _SEEN_EVERY_MS}
            self._told_limit = max(_TOLD_AT_LEAST, 2 * len(self._told))

    def _site_key(self, one: Arrived) -> SiteKey:
        return self._intake.registry.site_of(one.lane.box) or "", one.parcel.envelope.exercise or ""

    def _learn(self, arrived: Sequence[Arrived], refused: Sequence[_Refused]) -> None:
        registry = self._intake.registry
        registry.forget_if_stale(time.monotonic())
        claimed = [(a.lane.box, a.parcel.envelope.site) for a in arrived]
        claimed += [(r.topic.box, r.topic.site) for r in refused if r.topic is not None]
        registry.learn_boxes(claimed)
        registry.learn_sites(s for box, s in claimed if registry.site_of(box) not in (None, s))
        known = [a for a in arrived if registry.site_of(a.lane.box) is not None]
        devices = {(box, BOX_DEVICE) for box, _ in claimed if registry.site_of(box) is not None}
        metrics: set[str] = set()
        for one in known:
            box = one.lane.box
            for block in one.parcel.envelope.readings:
                devices.update((box, device) for device, _ in block.series)
                metrics.update(metric for _, metric in block.series)
            devices.update((box, event.device) for event in one.parcel.envelope.events)
            sent = one.parcel.envelope.sent
            registry.learn_boot(box, sent.boot, clocks.offset_of(sent, one.received_ms))
        registry.learn_devices(devices)
        registry.learn_names(metrics, {a.parcel.envelope.exercise or "" for a in known})
        registry.learn_lanes({a.lane for a in known})

    def _check_repeated(self, batch: Batch) -> None:
        """Alarms whose number is held: the same alarm sent again is dropped, another one is a twin's and is alarmed."""
        by_lane: dict[LaneKey, list[Repeated]] = {}
        for repeated in batch.repeated:
            by_lane.setdefault(repeated.lane, []).append(repeated)
        for lane, group in by_lane.items():
            key = batch.lanes[lane].progress.progress_key
            ids = self._intake.event_ids(key, [r.event.seq for r in group])
            unknown = [r.event.seq for r in group if r.event.seq not in ids]
            aside = self._intake.numbers_aside(lane, unknown) if unknown else frozenset()
            for repeated in group:
                held = ids.get(repeated.event.seq)
                if held != str(repeated.event.id) and repeated.event.seq not in aside:
                    self._note_twin(batch, repeated, held or "something else")

    def _note_twin(self, batch: Batch, repeated: Repeated, held: str) -> None:
        event, lane = repeated.event, repeated.lane
        batch.twins.add(lane.box)
        detail = f"{event.kind}: number {event.seq} is already that of {held}: two machines use the name {lane.box}"
        payload = event.model_dump_json().encode()
        batch.aside.append(QuarantineRow(repeated.topic, *lane, event.seq, "twin", detail, payload))
        if repeated.exercise:
            return
        doubt = self._assembler.doubt(
            lane.box, event.device, str(event.id), repeated.received_ms, "twin", detail, kind=event.kind
        )
        _add(batch.items, doubt)

    def _note_refused(self, batch: Batch, refused: Sequence[_Refused]) -> None:
        for one in refused:
            topic, message = one.topic, one.message
            batch.aside.append(
                QuarantineRow(
                    message.topic,
                    topic.box if topic else None,
                    None,
                    topic.leaf.value if topic else None,
                    None,
                    one.error.code,
                    one.error.detail,
                    message.payload,
                )
            )
            if topic is not None and topic.leaf is Leaf.ALARM:
                doubt = self._assembler.doubt(
                    topic.box,
                    BOX_DEVICE,
                    codec.digest(message.payload),
                    message.received_ms,
                    one.error.code,
                    one.error.detail,
                )
                _add(batch.items, doubt)

    def _seen_boxes(self, arrived: Sequence[Arrived]) -> list[SeenBox]:
        """Boxes whose row should say that they were heard; only of the telemetry lane, so that an alarm never waits."""
        latest: dict[str, SeenBox] = {}
        for one in arrived:
            envelope = one.parcel.envelope
            if envelope.lane is not Lane.TELEMETRY:
                continue
            at_ms, synced = self._seen.get(envelope.box, (0, not envelope.sent.synced))
            if synced != envelope.sent.synced or abs(one.received_ms - at_ms) >= _SEEN_EVERY_MS:
                latest[envelope.box] = SeenBox(
                    envelope.box,
                    envelope.sent.boot,
                    envelope.sent.synced,
                    envelope.sent.at_ms - one.received_ms,
                )
        return list(latest.values())


def _open(messages: Sequence[Message]) -> tuple[list[Arrived], list[_Refused]]:
    arrived: list[Arrived] = []
    refused: list[_Refused] = []
    for message in messages:
        topic = None
        try:
            topic = topics.parse(message.topic)
            arrived.append(Arrived(message.topic, open_parcel(topic, message.payload), message.received_ms))
        except ContractError as error:
            refused.append(_Refused(message, topic, error))
        except (
            Exception
        ) as error:  # whatever the bytes are, they are kept, answered and (in the alarm lane) alarmed
            log.error("message_unreadable", topic=message.topic, error=type(error).__name__)
            refused.append(_Refused(message, topic, Malformed(f"cannot be read: {type(error).__name__}")))
    return arrived, refused


def _joined(parts: Sequence[ReadingRows]) -> ReadingRows:
    return parts[0] if len(parts) == 1 else ReadingRows.concatenate(parts)


def _stranger(one: Arrived) -> QuarantineRow:
    """A box of a site that is not in the tree: its items stay with it, unacknowledged; one row tells that it calls."""
    detail = (
        f"{one.lane.box} says it serves {one.parcel.envelope.site}, which is no compound of the tree of places;"
        " import the compound (`redwhistle places import`) or correct `site` on the box. Its items wait on the box."
    )
    return QuarantineRow(
        one.topic, one.lane.box, one.lane.epoch, None, None, "unknown_site", detail, detail.encode()
    )


def _acknowledgements(arrived: Sequence[Arrived], batch: Batch, now_ms: int) -> list[Answer]:
    spans: dict[LaneKey, tuple[str, int, int]] = {}
    for one in arrived:
        numbers = [n for n in _numbers(one) if n is not None]
        if numbers:
            site, low, high = spans.get(one.lane, (one.parcel.envelope.site, numbers[0], numbers[0]))
            spans[one.lane] = (site, min(low, *numbers), max(high, *numbers))
    return [
        Answer(
            topics.build(site, lane.box, Leaf.ACK),
            codec.encode(
                Ack(
                    epoch=lane.epoch,
                    lane=Lane(lane.lane),
                    received=list(_said(batch.lanes[lane].received, low, high)),
                    at_ms=now_ms,
                )
            ),
        )
        for lane, (site, low, high) in spans.items()
    ]


def _said(received: Ranges, low: int, high: int) -> Ranges:
    """The ranges about these numbers, and the last one: by the highest number a box notices an outbox put back from
    a copy, which would count numbers a second time."""
    about = clip(received, low, high, at_most=4000)
    return about if about and about[-1] == received[-1] else (*about, received[-1])


def _numbers(one: Arrived) -> list[int | None]:
    envelope = one.parcel.envelope
    numbers: list[int | None] = [seq for block in envelope.readings for seq in (block.seq[0], block.seq[-1])]
    numbers += [event.seq for event in envelope.events]
    numbers += [gap.seq for gap in envelope.gaps]
    return numbers + [bad.seq for bad in one.parcel.bad]


def _rejections(refused: Sequence[_Refused], now_ms: int) -> list[Answer]:
    answers = []
    for one in refused:
        if one.topic is None or one.topic.leaf not in _LANES:
            continue
        rejection = Rejection(
            sha256=codec.digest(one.message.payload), code=one.error.code, detail=_clean(one.error.detail)
        )
        ack = Ack(epoch=_NO_EPOCH, lane=_LANES[one.topic.leaf], rejected=[rejection], at_ms=now_ms)
        answers.append(Answer(topics.build(one.topic.site, one.topic.box, Leaf.ACK), codec.encode(ack)))
    return answers


_LANES = {Leaf.ALARM: Lane.ALARM, Leaf.TELEMETRY: Lane.TELEMETRY}
_NO_EPOCH = "0" * 32
"""A rejected message's own epoch could not be read; the box knows it by its digest."""


def _clean(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode()
    return "".join(max(c, " ") for c in clean)[:900]


def _add(items: dict[SiteKey, list[Item]], one: tuple[SiteKey, Item] | None) -> None:
    if one is not None:
        items.setdefault(one[0], []).append(one[1])
