"""The outbox on SQLite: the port `edge.agent.ports.Outbox`, kept in one file in WAL mode."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.outbox import statements
from edge.agent.outbox.database import lock_file
from edge.agent.outbox.envelopes import seqs_of
from edge.agent.outbox.held import HeldReadings
from edge.agent.outbox.keeping import Keeper
from edge.agent.outbox.leaving import Leaver
from edge.agent.outbox.limits import Counts, Limits
from edge.agent.outbox.memory import AlarmMemory
from edge.agent.outbox.store import Store
from edge.agent.ports import Finding, Wake
from redwhistle.contracts.envelope import Ack, Envelope, Rejection
from redwhistle.contracts.events import DeviceData, EventKind, lane_of
from redwhistle.contracts.ids import ItemKey, Lane
from redwhistle.contracts.readings import BOX_DEVICE
from redwhistle.errors import KeptInMemory, OutboxError, StorageRefused

REJECTED_ALARM = "alarm_rejected"
"""Code of the fault that the box reports when the server cannot read one of its alarms."""


class SqliteOutbox:
    """One box's outbox. Safe from any thread.

    A number is given out inside the transaction that stores its item: a crash leaves neither a hole nor a
    duplicate. Alarms are committed with `synchronous=FULL`, telemetry with NORMAL (`epochs` says why that is safe).

    When the disk refuses an alarm, telemetry and a reserve file make room and it is tried again. If it still
    cannot be stored, it is held in memory under an epoch of its own (`memory` says why), sent from there like any
    other, moved to the disk by `tend` as soon as that works, and `put_event` raises KeptInMemory: a full disk
    must not stop a fire alarm from leaving.
    """

    def __init__(
        self,
        path: Path,
        *,
        site: str,
        box: str,
        clock: BoxClock,
        fingerprint: str,
        limits: Limits | None = None,
    ) -> None:
        """Open or make the file; raise OutboxError when it cannot be used, StorageRefused when the disk does not."""
        bounds = limits or Limits()
        self._lock_file = lock_file(path.with_suffix(".lock"))
        try:
            self._store = Store(path, clock, fingerprint, bounds)
        except sqlite3.Error as error:
            self._lock_file.close()
            raise StorageRefused(
                f"the outbox {path} cannot be opened: {error}. Check the disk and data_dir."
            ) from error
        except BaseException:
            self._lock_file.close()
            raise
        self._memory = AlarmMemory(box, bounds.memory_alarms)
        self._held = HeldReadings(bounds.held_readings)
        self._keeper = Keeper(self._store, self._memory, self._held, box)
        self._leaver = Leaver(self._store, self._memory, site, box)
        self._store.on_replaced = self._leaver.forget_sent
        self._wake: Wake = _wake_nobody

    @property
    def epoch(self) -> str:
        """The epoch in which new items are minted."""
        return self._store.epoch

    def on_commit(self, wake: Wake) -> None:
        """Call `wake` with the lane after each commit of items."""
        self._wake = wake

    def put_event(self, seen: EventSeen) -> ItemKey:
        """Mint and commit. Raises Malformed, KeptInMemory for an alarm in memory, OutboxError for a lost item."""
        try:
            return self._keeper.put_event(seen)
        finally:
            self._wake(lane_of(seen.kind))

    def put_reading(self, seen: ReadingSeen) -> None:
        """Hold for the next flush, which follows within a second or at 500. Raises Malformed."""
        if self._keeper.put_reading(seen):
            with suppress(OutboxError):  # they stay held; `tend` tries again and says so
                self.flush()

    def flush(self) -> None:
        flushed = False
        try:
            while self._keeper.flush_some():
                flushed = True
        finally:
            if flushed:
                self._wake(Lane.TELEMETRY)

    def take(self, lane: Lane, *, limit: int, now_mono_ms: int, resend_after_ms: int) -> Sequence[Envelope]:
        return self._leaver.take(lane, limit=limit, now_mono_ms=now_mono_ms, resend_after_ms=resend_after_ms)

    def acknowledge(self, ack: Ack) -> int:
        return self._leaver.acknowledge(ack)

    def reject(self, envelope: Envelope, rejection: Rejection) -> None:
        """Halve it, or set its only item aside; an alarm set aside leaves a fault in its place: the server must know."""
        seqs = seqs_of(envelope)
        if len(seqs) > 1:
            self._leaver.split(envelope, seqs)
            self._wake(envelope.lane)
        elif seqs:
            self._leaver.set_item_aside(envelope, seqs[0], rejection)
            if envelope.lane is Lane.ALARM and envelope.events[0].data.get("code") != REJECTED_ALARM:
                self._report_rejected(envelope, rejection)
            self._wake(envelope.lane)

    def resend_all(self) -> None:
        self._leaver.forget_sent()

    def pending(self, lane: Lane) -> int:
        return self._store.rows[lane] + len(self._memory if lane is Lane.ALARM else self._held)

    def in_flight(self, lane: Lane, *, sent_after_mono_ms: int | None = None) -> int:
        return self._leaver.in_flight(lane, sent_after_mono_ms)

    def remember_command(self, command: UUID) -> bool:
        try:
            return self._store.writer.run(lambda c: statements.remember_command(c, command.hex), urgent=True)
        except sqlite3.Error as error:
            self._store.react(error)
            raise OutboxError(f"the command cannot be noted on disk: {error}. Check the disk.") from error

    def counts(self) -> Counts:
        """Numbers for health and for people."""
        return Counts(
            alarms=self.pending(Lane.ALARM),
            telemetry=self.pending(Lane.TELEMETRY),
            memory_alarms=len(self._memory),
            dropped=self._store.dropped,
            transactions=self._store.writer.transactions,
            written_bytes=self._store.writer.written_bytes,
        )

    def take_findings(self) -> list[Finding]:
        """What was unusual since the last call: a broken file, a new epoch."""
        return self._store.take_findings()

    def tend(self) -> None:
        """What is to be done each second: flush, move alarms from memory to the disk, checkpoint, keep the reserve.

        Raises OutboxError when the disk refuses; nothing is given up for that but what `Limits` says.
        """
        self._keeper.move_memory_to_disk()
        self.flush()
        try:
            self._store.tend()
        except sqlite3.Error as error:
            self._store.react(error)
            raise OutboxError(
                f"the outbox's log cannot be moved into its file: {error}. Check the disk."
            ) from error

    def close(self) -> None:
        """Flush, note that the file was closed in order, and let go of it. Raises OutboxError when the flush fails."""
        try:
            self._keeper.move_memory_to_disk()
            self.flush()
        finally:
            self._store.close()
            self._lock_file.close()

    def _report_rejected(self, envelope: Envelope, rejection: Rejection) -> None:
        event = envelope.events[0]
        note = (
            f"the server could not read alarm {event.seq} ({event.kind} of {event.device}): {rejection.code}"
        )
        fault = EventSeen(
            device=BOX_DEVICE,
            kind=EventKind.DEVICE_FAULT,
            data=DeviceData(code=REJECTED_ALARM, note=note),
            moment=self._store.clock.moment(),
            exercise=envelope.exercise,
        )
        with suppress(KeptInMemory):
            self.put_event(fault)


def _wake_nobody(lane: Lane) -> None:
    pass
