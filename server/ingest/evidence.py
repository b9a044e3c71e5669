"""Pictures from the boxes: read strictly, stored once, acknowledged by their id. Never the picture of what is refused.

Nothing here waits for an alarm or lets one wait: a subscription, a connection and a transaction of its own. What does
not hold to the contract leaves its digest and its length in quarantine, not a byte of what may show a person.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import numpy as np

from redwhistle.clock import from_ms
from redwhistle.contracts import codec, topics
from redwhistle.contracts.envelope import Ack, Rejection
from redwhistle.contracts.evidence import Evidence
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.topics import Leaf, Topic
from redwhistle.errors import ContractError, Malformed
from redwhistle.logs import get_logger
from server.ingest import clocks
from server.ingest.ports import Answer, Intake, Message
from server.records import EvidenceRow, QuarantineRow

log = get_logger(part="ingest")

HOURLY = 240
"""Pictures of one box in an hour: a box sends one for a device and kind in ten minutes. What is over waits on the box."""
_HOUR_MS = 3_600_000
_NO_EPOCH = "0" * 32


class Keeper(Protocol):
    """The store's door for pictures; called inside the intake's transaction."""

    def keep(self, row: EvidenceRow, now: datetime) -> bool:
        """Store a picture and tie it to its alerts; False when it is held already."""


class EvidenceIntake(Intake, Protocol):
    """An intake that also keeps pictures."""

    @property
    def evidence(self) -> Keeper: ...
    def transaction(self) -> AbstractContextManager[object]: ...


class EvidenceHandler:
    """Handles pictures one by one, each in a transaction of its own. Not for two threads."""

    def __init__(self, intake: EvidenceIntake, *, hourly: int = HOURLY) -> None:
        self._intake = intake
        self._hourly = hourly
        self._taken: dict[str, tuple[int, int]] = {}
        """Box → the hour, and how many pictures it had in it."""

    def handle(self, messages: Sequence[Message]) -> list[Answer]:
        """Store each picture; answer for those that are stored or refused for good. Raises StoreError, Unavailable."""
        return [answer for message in messages if (answer := self._handle_one(message)) is not None]

    def set_aside_whole(self, message: Message, error: Exception) -> list[Answer]:
        """Note a picture that cannot be stored, without it, and let its box forget it."""
        topic, refused = None, Malformed(f"could not be stored: {error}")
        try:
            topic = topics.parse(message.topic)
        except ContractError as fault:
            refused = Malformed(fault.detail)
        answer = self._refuse(message, topic, refused)
        return [] if answer is None else [answer]

    def _handle_one(self, message: Message) -> Answer | None:
        topic = None
        try:
            topic = topics.parse(message.topic)
            evidence = _read(topic, message.payload)
        except ContractError as error:
            return self._refuse(message, topic, error)
        registry = self._intake.registry
        registry.forget_if_stale(time.monotonic())
        registry.learn_boxes([(evidence.box, evidence.site)])
        if registry.site_of(evidence.box) is None:
            log.warning("evidence_of_unknown_site", box=evidence.box, says=evidence.site)
            return None  # it waits on the box, as the box's items do
        if self._is_over(evidence.box, message.received_ms):
            return None
        registry.learn_devices([(evidence.box, evidence.device)])
        registry.learn_boot(
            evidence.box, evidence.sent.boot, clocks.offset_of(evidence.sent, message.received_ms)
        )
        row = self._row(evidence, message.received_ms)
        with self._intake.transaction():
            is_new = self._intake.evidence.keep(row, from_ms(message.received_ms))
        log.info(
            "evidence_stored" if is_new else "evidence_held_already",
            evidence=str(row.id),
            alarm=str(row.event),
            box=row.box,
            device=row.device,
            bytes=len(row.jpeg),
        )
        ack = Ack(
            epoch=evidence.epoch, lane=Lane.TELEMETRY, evidence=[evidence.id], at_ms=message.received_ms
        )
        return Answer(topics.build(evidence.site, evidence.box, Leaf.ACK), codec.encode(ack))

    def _row(self, evidence: Evidence, received_ms: int) -> EvidenceRow:
        registry = self._intake.registry
        device = registry.device(evidence.box, evidence.device).subject
        subject = registry.subject_at(device, evidence.place)
        times, sources = clocks.correct(
            np.array([evidence.at_ms], dtype=np.int64),
            np.array([evidence.mono_ms], dtype=np.int64),
            boot=evidence.boot,
            synced=evidence.synced,
            sent=evidence.sent,
            received_ms=received_ms,
            boots=registry.boots_of(evidence.box),
        )
        return EvidenceRow(
            id=evidence.id,
            event=evidence.event,
            box=evidence.box,
            epoch=evidence.epoch,
            device=evidence.device,
            site=subject.site,
            place=subject.place,
            exercise=evidence.exercise or "",
            taken_ms=int(times[0]),
            device_ms=evidence.at_ms,
            time_source=int(sources[0]),
            received_ms=received_ms,
            width_px=evidence.width_px,
            height_px=evidence.height_px,
            people_blurred=evidence.people_blurred,
            method=evidence.method,
            jpeg=evidence.jpeg,
        )

    def _is_over(self, box: str, received_ms: int) -> bool:
        hour = received_ms // _HOUR_MS
        since, count = self._taken.get(box, (hour, 0))
        count = count if since == hour else 0
        if len(self._taken) > 50_000:
            self._taken = {name: seen for name, seen in self._taken.items() if seen[0] == hour}
        self._taken[box] = (hour, count + 1)
        if count == self._hourly:
            log.error("evidence_too_much", box=box, hourly=self._hourly, note="the rest waits on the box")
        return count >= self._hourly

    def _refuse(self, message: Message, topic: Topic | None, error: ContractError) -> Answer | None:
        """Keep the reason, the digest and the length; tell the box that this will never be taken."""
        sha256 = codec.digest(message.payload)
        noted = codec.json_text({"sha256": sha256, "bytes": len(message.payload), "kept": False}).encode()
        box = topic.box if topic else None
        row = QuarantineRow(
            message.topic, box, None, Leaf.EVIDENCE.value, None, error.code, error.detail, noted
        )
        with self._intake.transaction():
            self._intake.set_aside([row])
        log.warning("evidence_refused", topic=message.topic, code=error.code, why=error.detail)
        if topic is None:
            return None
        rejection = Rejection(sha256=sha256, code=error.code, detail=_clean(error.detail))
        ack = Ack(epoch=_NO_EPOCH, lane=Lane.TELEMETRY, rejected=[rejection], at_ms=message.received_ms)
        return Answer(topics.build(topic.site, topic.box, Leaf.ACK), codec.encode(ack))


def _read(topic: Topic, payload: bytes) -> Evidence:
    if topic.leaf is not Leaf.EVIDENCE:
        raise Malformed(f"came under the leaf {topic.leaf}")
    evidence = codec.decode_evidence(payload)
    if (evidence.site, evidence.box) != (topic.site, topic.box):
        raise Malformed(
            f"says it is from {evidence.site}/{evidence.box}, but came under {topic.site}/{topic.box}"
        )
    return evidence


def _clean(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode()
    return "".join(max(c, " ") for c in clean)[:900]
