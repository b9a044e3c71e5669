"""Outboxes and observations for tests."""

from datetime import UTC, datetime
from pathlib import Path

from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen, Moment, ReadingSeen
from edge.agent.outbox.envelopes import seqs_of
from edge.agent.outbox.limits import Limits
from edge.agent.outbox.sqlite import SqliteOutbox
from redwhistle.clock import ManualClock
from redwhistle.contracts.envelope import Ack, Envelope
from redwhistle.contracts.events import EventKind, GateData, SmokeData
from redwhistle.contracts.ids import Lane, SeqRange

BOOT = "b" * 32
START = datetime(2026, 5, 24, 8, 0, tzinfo=UTC)
RESEND_MS = 5_000


def make_clock(boot: str = BOOT, *, synced: bool = True) -> BoxClock:
    return BoxClock(ManualClock(START, 1_000), boot, lambda: synced)


def open_outbox(
    folder: Path, limits: Limits | None = None, *, boot: str = BOOT, fingerprint: str = "this machine"
) -> SqliteOutbox:
    bounds = limits or Limits(reserve_bytes=64 * 1024)
    return SqliteOutbox(
        folder / "outbox.db",
        site="jinsha",
        box="box-1",
        clock=make_clock(boot),
        fingerprint=fingerprint,
        limits=bounds,
    )


def moment(at_ms: int = 1_779_609_600_000, *, synced: bool = True) -> Moment:
    return Moment(at_ms, 1_000, synced)


def smoke(device: str = "smoke-1", *, exercise: str | None = None, level: float | None = None) -> EventSeen:
    return EventSeen(device, EventKind.SMOKE, SmokeData(level=level), moment(), exercise=exercise)


def gate_opened(device: str = "gate-1") -> EventSeen:
    return EventSeen(device, EventKind.GATE_OPENED, GateData(direction="in"), moment())


def reading(
    value: float, device: str = "smoke-1", *, exercise: str | None = None, synced: bool = True
) -> ReadingSeen:
    return ReadingSeen(device, "temperature_c", value, moment(synced=synced), exercise)


def take(outbox: SqliteOutbox, lane: Lane, limit: int = 500, now_ms: int = 0) -> list[Envelope]:
    return list(outbox.take(lane, limit=limit, now_mono_ms=now_ms, resend_after_ms=RESEND_MS))


def take_all(outbox: SqliteOutbox, lane: Lane, now_ms: int = 0) -> list[Envelope]:
    found: list[Envelope] = []
    while envelopes := take(outbox, lane, now_ms=now_ms):
        found += envelopes
    return found


def seqs(envelopes: list[Envelope]) -> list[int]:
    return [seq for envelope in envelopes for seq in seqs_of(envelope)]


def values(envelopes: list[Envelope]) -> dict[int, float]:
    """Number → value of all readings."""
    return {
        seq: value
        for envelope in envelopes
        for block in envelope.readings
        for seq, value in zip(block.seq, block.value, strict=True)
    }


def ack(outbox: SqliteOutbox, lane: Lane, *ranges: SeqRange, epoch: str | None = None) -> int:
    return outbox.acknowledge(Ack(epoch=epoch or outbox.epoch, lane=lane, received=list(ranges), at_ms=0))
