"""The small interfaces between the parts of the agent, owned by the parts that call them."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.orders import Order
from redwhistle.contracts.envelope import Ack, Envelope, Rejection
from redwhistle.contracts.evidence import Evidence
from redwhistle.contracts.ids import ItemKey, Lane


class Sink(Protocol):
    """Where sources put what they saw. Safe to call from any thread."""

    def event(self, seen: EventSeen) -> None:
        """Keep an event; for the alarm lane it is on disk, synced, when this returns. Raises OutboxError.

        An alarm that the disk refuses is held in memory and sent from there: that is logged and does not raise.
        """

    def reading(self, seen: ReadingSeen) -> None:
        """Keep a reading; it is on disk within a second. Raises OutboxError."""


class Source(Protocol):
    """One sensor family at one connection. Runs in a thread of its own and is restarted when it raises."""

    name: str

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Read until `stop` is set. Raise SourceError for what a restart may cure."""


class Actuator(Protocol):
    """One siren, relay, loudspeaker or gate release. Used from one thread, its own: it may take its time, bounded."""

    @property
    def device(self) -> str:
        """Its id."""

    def apply(self, order: Order) -> None:
        """Carry out; the same order twice is harmless. Raises ActuatorError."""

    def tend(self) -> None:
        """Called a few times a second while it is on: goes on with what takes time. Raises ActuatorError."""

    def close(self) -> None:
        """Let go of lines and connections; never raises."""


class Outbox(Protocol):
    """Items on disk between a source and the server's acknowledgement."""

    @property
    def epoch(self) -> str:
        """In which new items are minted."""

    def put_event(self, seen: EventSeen) -> ItemKey:
        """Mint an identity and commit; the alarm lane with `synchronous=FULL`. Raises OutboxError."""

    def put_reading(self, seen: ReadingSeen) -> None:
        """Mint an identity and hold for the next flush. Raises OutboxError."""

    def flush(self) -> None:
        """Commit all held readings now."""

    def take(self, lane: Lane, *, limit: int, now_mono_ms: int, resend_after_ms: int) -> Sequence[Envelope]:
        """Envelopes of the oldest rows that were never sent, or not acknowledged within `resend_after_ms`.

        `limit` counts items in all envelopes together. Rows taken are remembered as sent (in memory: after a
        restart everything unacknowledged is sent again). Raises OutboxError.
        """

    def acknowledge(self, ack: Ack) -> int:
        """Delete the rows that the server holds, the only way a row leaves; return how many. Other epochs: none."""

    def reject(self, envelope: Envelope, rejection: Rejection) -> None:
        """The server could not read `envelope`: send it again in halves; set a single item aside, kept and counted."""

    def resend_all(self) -> None:
        """Forget what was sent: everything unacknowledged is due at once (after a new connection)."""

    def pending(self, lane: Lane) -> int:
        """Items not yet acknowledged, those held for the next flush among them."""

    def in_flight(self, lane: Lane, *, sent_after_mono_ms: int | None = None) -> int:
        """Envelopes taken and not wholly acknowledged; of those, the ones taken after a moment when one is given."""

    def remember_command(self, command: UUID) -> bool:
        """Keep a command's id on disk; False when it was there already. Raises OutboxError."""


class EvidenceOutbox(Protocol):
    """Blurred pictures that wait for the server."""

    def waiting(self) -> Sequence[UUID]:
        """Those that the server does not have, the newest first. Raises OutboxError."""

    def read(self, picture: UUID, /) -> Evidence | None:
        """One as it goes on the wire; None when it is gone. Raises OutboxError."""

    def drop(self, pictures: Collection[UUID], /) -> int:
        """Delete what the server has; return how many were here. Raises OutboxError."""

    def give_up(self, picture: UUID, reason: str, /) -> None:
        """Delete one that will never be taken, counted. Raises OutboxError."""


class FindingCode(StrEnum):
    """What an outbox may report about itself."""

    BROKEN = "outbox_broken"
    """The file was broken, is kept aside, and a new one took its place."""
    NEW_EPOCH = "outbox_new_epoch"
    """New items count in a new epoch."""
    DISK_FULL = "outbox_disk_full"
    """The disk had no room; telemetry is given up for alarms."""
    DROPPED = "outbox_dropped"
    """Items of an older epoch had to go without a gap record."""
    UNREADABLE = "outbox_unreadable"
    """Rows could not be read and were set aside."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something unusual; `why` is for people."""

    code: FindingCode
    why: str


class Wake(Protocol):
    """Lets the outbox tell the uplink that something waits."""

    def __call__(self, lane: Lane, /) -> None:
        """Something was committed to `lane`."""
