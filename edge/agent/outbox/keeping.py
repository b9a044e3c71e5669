"""Items on their way into the outbox: numbered inside the transaction that stores them."""

import sqlite3
from contextlib import suppress

import uuid_utils.compat

from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.outbox import statements
from edge.agent.outbox.database import is_full
from edge.agent.outbox.held import HeldReadings
from edge.agent.outbox.memory import AlarmMemory
from edge.agent.outbox.mint import check_reading, draft_event
from edge.agent.outbox.rows import EventRow
from edge.agent.outbox.sending import merge_ranges
from edge.agent.outbox.store import Store
from redwhistle.contracts.events import Event, lane_of
from redwhistle.contracts.ids import ItemKey, Lane
from redwhistle.errors import KeptInMemory, OutboxError

FLUSH_ROWS = 500
"""Held readings that trigger a flush, and the most that one transaction writes."""


class Keeper:
    """The way in. Safe from any thread."""

    def __init__(self, store: Store, memory: AlarmMemory, held: HeldReadings, box: str) -> None:
        self._store = store
        self._memory = memory
        self._held = held
        self._box = box

    def put_event(self, seen: EventSeen) -> ItemKey:
        """Mint and commit. Raises Malformed, KeptInMemory for an alarm in memory, OutboxError for a lost item."""
        draft = draft_event(seen, self._store.clock.boot, seen.id or uuid_utils.compat.uuid7())
        lane = lane_of(seen.kind)
        try:
            try:
                return self._store_event(draft, seen.exercise, lane)
            except sqlite3.Error as error:
                self._store.react(error)
                if is_full(error):
                    self._store.make_room(urgent=lane is Lane.ALARM)
                return self._store_event(draft, seen.exercise, lane)
        except sqlite3.Error as error:
            if lane is Lane.ALARM:
                key = self._memory.put(draft, seen.exercise)
                raise KeptInMemory(
                    f"the disk refuses the alarm {draft.kind} of {draft.device} ({error}); it is sent from memory "
                    f"as {key.epoch[:8]}/{key.seq}. Free or replace the disk."
                ) from error
            self._held.count_lost()
            raise OutboxError(
                f"the disk refuses the event {draft.kind} of {draft.device} ({error}): it is lost, and counted as a "
                "gap. Free or replace the disk."
            ) from error

    def put_reading(self, seen: ReadingSeen) -> bool:
        """Hold one; True when enough are held for a flush. Raises Malformed."""
        return self._held.add(check_reading(seen)) % FLUSH_ROWS == 0

    def flush_some(self) -> bool:
        """Commit up to FLUSH_ROWS held readings; False when there was nothing. Raises OutboxError; they stay held."""
        store = self._store
        if not len(self._held) and not self._held.lost:
            return False
        try:
            try:
                with store.writer.gate.enter():
                    flushed = self._flush_inside()
                    store.keep_bounds_inside()
            except sqlite3.Error as error:
                store.react(error)
                if is_full(error):
                    store.make_room(urgent=False)
                with store.writer.gate.enter():
                    flushed = self._flush_inside()
        except sqlite3.Error as error:
            raise OutboxError(
                f"the disk refuses readings ({error}): {len(self._held)} wait in memory. Free or replace the disk."
            ) from error
        return flushed

    def move_memory_to_disk(self) -> None:
        """Give alarms that the disk refused before their place on it, under the identity that they have."""
        if not len(self._memory):
            return
        store = self._store
        rows: list[EventRow] = []

        def move(connection: sqlite3.Connection) -> int:
            epoch_id = store.add_epoch(connection, self._memory.stream.epoch)
            return sum(
                statements.insert_event(
                    connection,
                    epoch_id,
                    Lane.ALARM,
                    store.writer.name_id(connection, row.exercise),
                    row.seq,
                    row.item.model_dump_json(exclude_none=True),
                )
                for row in rows
            )

        with suppress(sqlite3.Error), store.writer.gate.enter(urgent=True):
            rows += self._memory.rows()
            store.rows[Lane.ALARM] += store.writer.run_inside(move, synced=True)
            self._memory.remove(merge_ranges((row.seq, row.seq) for row in rows))

    def _store_event(self, draft: Event, exercise: str | None, lane: Lane) -> ItemKey:
        store = self._store
        urgent = lane is Lane.ALARM

        def insert(connection: sqlite3.Connection) -> int:
            seq = statements.next_seqs(connection, store.epoch_id, lane, 1)
            item = draft.model_copy(update={"seq": seq}).model_dump_json(exclude_none=True)
            exercise_id = store.writer.name_id(connection, exercise)
            statements.insert_event(connection, store.epoch_id, lane, exercise_id, seq, item)
            return seq

        with store.writer.gate.enter(urgent=urgent):
            if not urgent:
                self._flush_inside()  # what was read before the event is numbered before it
            seq = store.writer.run_inside(insert, synced=urgent)
            store.rows[lane] += 1
            if not urgent:
                with suppress(sqlite3.Error):  # it is stored: a failure here must not store it again
                    store.keep_bounds_inside()
            store.shorten_log_inside()
            return ItemKey(self._box, store.epoch, lane, seq)

    def _flush_inside(self) -> bool:
        """One transaction of held readings, for a holder of the gate."""
        store = self._store
        seen, lost = self._held.take(FLUSH_ROWS)
        if not seen and not lost:
            return False
        boot = store.clock.boot

        def insert(connection: sqlite3.Connection) -> int:
            added = 0
            if lost:
                first = statements.next_seqs(connection, store.epoch_id, Lane.TELEMETRY, lost)
                at_ms = store.clock.moment().at_ms
                bounds = (first, first + lost - 1)
                added = statements.declare(
                    connection, store.epoch_id, bounds, lost, at_ms, "the disk was full"
                )
            if seen:
                first = statements.next_seqs(connection, store.epoch_id, Lane.TELEMETRY, len(seen))
                boot_id = store.writer.name_id(connection, boot)
                statements.insert_readings(
                    connection,
                    [
                        (
                            store.epoch_id,
                            seq,
                            boot_id,
                            row.moment.synced,
                            store.writer.name_id(connection, row.exercise),
                            store.writer.series_id(connection, row.device, row.metric),
                            row.value,
                            row.moment.at_ms,
                            row.moment.mono_ms,
                        )
                        for seq, row in enumerate(seen, first)
                    ],
                )
            return added + len(seen)

        try:
            store.make_place_inside(len(seen))
            store.rows[Lane.TELEMETRY] += store.writer.run_inside(insert)
            store.shorten_log_inside()
        except BaseException:
            self._held.put_back(seen, lost)
            raise
        store.dropped += lost
        return True
