"""Items on their way out of the outbox: taken in envelopes, deleted when the server holds them, set aside when it cannot."""

import sqlite3
import threading
from collections import deque

from edge.agent.outbox import statements
from edge.agent.outbox.envelopes import pack, seqs_of
from edge.agent.outbox.memory import AlarmMemory
from edge.agent.outbox.rows import GapRow, Row, Stream
from edge.agent.outbox.sending import Batch, Sending, merge_ranges
from edge.agent.outbox.store import Store
from edge.agent.ports import FindingCode
from redwhistle.contracts.envelope import Ack, Envelope, Rejection
from redwhistle.contracts.ids import Lane, SeqRange
from redwhistle.errors import OutboxError


class Leaver:
    """The way out. Safe from any thread."""

    def __init__(self, store: Store, memory: AlarmMemory, site: str, box: str) -> None:
        self._store = store
        self._memory = memory
        self._site, self._box = site, box
        self._sending = Sending()
        self._lock = threading.Lock()

    def take(self, lane: Lane, *, limit: int, now_mono_ms: int, resend_after_ms: int) -> list[Envelope]:
        """New items before repeated ones in the alarm lane, the other way round in the telemetry lane."""
        try:
            with self._lock:
                if lane is Lane.ALARM:
                    envelopes = self._take_new(lane, limit, now_mono_ms)
                    left = limit - _count(envelopes)
                    return envelopes + self._take_due(lane, left, now_mono_ms, resend_after_ms)
                envelopes = self._take_due(lane, limit, now_mono_ms, resend_after_ms)
                return envelopes + self._take_new(lane, limit - _count(envelopes), now_mono_ms)
        except sqlite3.Error as error:
            self._store.react(error)
            raise OutboxError(
                f"the outbox cannot be read: {error}. It is tried again; check the disk."
            ) from error

    def acknowledge(self, ack: Ack) -> int:
        """Delete what the server holds. Raises OutboxError when the disk refuses: the rows stay and are sent again."""
        stream = Stream(ack.epoch, ack.lane)
        ranges = merge_ranges(ack.received)
        with self._lock:
            self._sending.acknowledge(stream, ranges)
        gone = 0
        if stream == self._memory.stream:
            with self._store.writer.gate.enter():  # the keeper moves alarms from memory to disk inside it
                gone = self._memory.remove(ranges)
        epoch_id = self._store.epoch_id_of(ack.epoch)
        if epoch_id is None:
            return gone
        if self._is_ahead(epoch_id, ack.lane, ranges):
            return gone
        return gone + self._delete(epoch_id, ack.lane, ranges)

    def split(self, envelope: Envelope, seqs: list[int]) -> None:
        """Send the items of a refused envelope again in two halves."""
        with self._lock:
            self._sending.split(Stream(envelope.epoch, envelope.lane), seqs)

    def set_item_aside(self, envelope: Envelope, seq: int, rejection: Rejection) -> None:
        """Move a single refused item to the table of the rejected; telemetry leaves a gap record."""
        store = self._store
        stream = Stream(envelope.epoch, envelope.lane)
        item = envelope.model_dump_json(include={"events", "readings", "gaps"}, exclude_none=True)
        now_ms = store.clock.moment().at_ms
        epoch_id = store.epoch_id_of(stream.epoch)
        declares = stream.lane is Lane.TELEMETRY and epoch_id == store.epoch_id and not envelope.gaps

        def move(connection: sqlite3.Connection) -> int:
            detail = rejection.detail
            statements.keep_rejected(connection, *stream, seq, rejection.code, detail, item, now_ms)
            if epoch_id is None:
                return 0
            deleted = statements.delete_range(connection, epoch_id, stream.lane, seq, seq)
            if declares and deleted:
                reason = f"the server refused it: {rejection.code}"
                deleted -= statements.declare(connection, epoch_id, (seq, seq), 1, now_ms, reason[:1000])
            return deleted

        try:
            with store.writer.gate.enter():
                store.rows[stream.lane] -= store.writer.run_inside(move, synced=stream.lane is Lane.ALARM)
        except sqlite3.Error as error:
            store.react(error)
            raise OutboxError(f"a refused item cannot be set aside: {error}. It is tried again.") from error
        with self._lock:
            self._sending.acknowledge(stream, [(seq, seq)])
        if stream == self._memory.stream:
            self._memory.remove([(seq, seq)])

    def forget_sent(self) -> None:
        with self._lock:
            self._sending.forget()

    def in_flight(self, lane: Lane) -> int:
        with self._lock:
            return self._sending.in_flight(lane)

    def _take_due(self, lane: Lane, limit: int, now_ms: int, resend_after_ms: int) -> list[Envelope]:
        envelopes: list[Envelope] = []
        left = limit
        while left > 0 and (batch := self._sending.take_due(lane, now_ms, resend_after_ms)) is not None:
            part, rest = batch.seqs[:left], batch.seqs[left:]
            self._sending.add(Batch(batch.stream, rest, batch.sent_at_ms))
            wanted = set(part)
            rows = [row for row in self._rows_of(batch.stream, part[0], part[-1], None) if row.seq in wanted]
            envelopes += self._send(batch.stream, rows, now_ms)
            left -= len(part)
        return envelopes

    def _take_new(self, lane: Lane, limit: int, now_ms: int) -> list[Envelope]:
        envelopes: list[Envelope] = []
        left = limit
        for stream in self._streams(lane):
            if left <= 0:
                break
            rows = self._rows_of(stream, self._sending.cursor(stream) + 1, _SEQ_MAX, left)
            envelopes += self._send(stream, rows, now_ms)
            left -= len(rows)
        return envelopes

    def _send(self, stream: Stream, rows: list[Row], now_ms: int) -> list[Envelope]:
        envelopes = pack(rows, stream, self._site, self._box, self._store.clock.stamp())
        for envelope in envelopes:
            self._sending.add(Batch(stream, tuple(seqs_of(envelope)), now_ms))
        return envelopes

    def _streams(self, lane: Lane) -> list[Stream]:
        streams = [Stream(epoch, lane) for epoch in self._store.epochs()]
        if lane is Lane.ALARM and self._memory.stream not in streams:
            streams.append(self._memory.stream)
        return streams

    def _rows_of(self, stream: Stream, lo: int, hi: int, limit: int | None) -> list[Row]:
        store = self._store
        epoch_id = store.epoch_id_of(stream.epoch)
        rows: list[Row] = []
        if epoch_id is not None:
            count = hi - lo + 1 if limit is None else limit
            with store.reading() as connection:
                rows, unreadable = statements.select_rows(connection, epoch_id, stream.lane, lo, hi, count)
            self._set_unreadable_aside(epoch_id, stream, unreadable)
            rows = self._freeze_gaps(epoch_id, rows)
        if stream == self._memory.stream:
            on_disk = {row.seq for row in rows}
            rows += [row for row in self._memory.rows() if lo <= row.seq <= hi and row.seq not in on_disk]
            rows.sort(key=lambda row: row.seq)
        return rows[:limit]

    def _freeze_gaps(self, epoch_id: int, rows: list[Row]) -> list[Row]:
        """Once it may have left, a gap record never changes again: the server drops a second one of its number."""
        seqs = [row.seq for row in rows if isinstance(row, GapRow)]
        if not seqs:
            return rows
        frozen = self._store.writer.run(lambda c: statements.freeze_gaps(c, epoch_id, seqs))
        return [frozen[row.seq] if isinstance(row, GapRow) else row for row in rows if _is_there(row, frozen)]

    def _is_ahead(self, epoch_id: int, lane: Lane, ranges: list[SeqRange]) -> bool:
        """Whether the server holds numbers of the current epoch that were never given out; then a new epoch begins."""
        store = self._store
        if not ranges or epoch_id != store.epoch_id:
            return False
        try:
            with store.reading() as connection:
                last = statements.last_seq(connection, epoch_id, lane)
            return ranges[-1][1] > last and store.begin_anew(epoch_id)
        except sqlite3.Error as error:
            store.react(error)
            raise OutboxError(
                f"acknowledged rows cannot be deleted: {error}. They are sent again."
            ) from error

    def _set_unreadable_aside(self, epoch_id: int, stream: Stream, unreadable: list[tuple[int, str]]) -> None:
        """An event that this program can no longer read must not hold up the others."""
        if not unreadable:
            return
        store = self._store
        now_ms = store.clock.moment().at_ms

        def move(connection: sqlite3.Connection) -> int:
            for seq, text in unreadable:
                detail = "the row in the outbox cannot be read"
                statements.keep_rejected(connection, *stream, seq, "unreadable", detail, text, now_ms)
                statements.delete_range(connection, epoch_id, stream.lane, seq, seq)
            return len(unreadable)

        with store.writer.gate.enter():
            store.rows[stream.lane] -= store.writer.run_inside(move, synced=True)
        store.find(FindingCode.UNREADABLE, f"{len(unreadable)} events could not be read and were set aside")

    def _delete(self, epoch_id: int, lane: Lane, ranges: list[SeqRange]) -> int:
        store = self._store
        left = deque(ranges)
        gone = 0

        def delete(connection: sqlite3.Connection) -> int:
            return statements.delete_some(connection, epoch_id, lane, left)

        try:
            while left:
                with store.writer.gate.enter():
                    deleted = store.writer.run_inside(delete)
                    store.rows[lane] -= deleted
                    gone += deleted
        except sqlite3.Error as error:
            store.react(error)
            raise OutboxError(
                f"acknowledged rows cannot be deleted: {error}. They are sent again."
            ) from error
        return gone


_SEQ_MAX = 2**63 - 1


def _count(envelopes: list[Envelope]) -> int:
    return sum(len(seqs_of(envelope)) for envelope in envelopes)


def _is_there(row: Row, frozen: dict[int, GapRow]) -> bool:
    return not isinstance(row, GapRow) or row.seq in frozen
