"""The outbox keeps, numbers, takes, repeats and lets go."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uuid_utils.compat

from edge.agent.observation import EventSeen
from edge.agent.outbox.envelopes import seqs_of
from edge.agent.outbox.memory import AlarmMemory
from edge.agent.outbox.mint import draft_event
from redwhistle.contracts.codec import decode_envelope, encode
from redwhistle.contracts.events import EventKind, SmokeData
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES
from redwhistle.errors import OutboxError
from tests.unit.edge_outbox.making import (
    RESEND_MS,
    ack,
    gate_opened,
    moment,
    open_outbox,
    reading,
    seqs,
    smoke,
    take,
    take_all,
    values,
)


def test_each_lane_counts_from_one_without_gaps(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    keys = [outbox.put_event(smoke()) for _ in range(3)]
    for value in range(5):
        outbox.put_reading(reading(value))
    outbox.flush()
    assert [key.seq for key in keys] == [1, 2, 3]
    assert {(key.box, key.epoch, key.lane) for key in keys} == {("box-1", outbox.epoch, Lane.ALARM)}
    assert seqs(take(outbox, Lane.ALARM)) == [1, 2, 3]
    assert values(take(outbox, Lane.TELEMETRY)) == {1: 0, 2: 1, 3: 2, 4: 3, 5: 4}
    outbox.close()


def test_numbers_go_on_after_the_outbox_was_empty_and_reopened(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_event(smoke())
    outbox.put_reading(reading(1))
    outbox.flush()
    epoch = outbox.epoch
    assert ack(outbox, Lane.ALARM, (1, 1)) == 1
    assert ack(outbox, Lane.TELEMETRY, (1, 1)) == 1
    outbox.close()
    outbox = open_outbox(tmp_path)
    assert outbox.epoch == epoch
    assert outbox.put_event(smoke()).seq == 2
    outbox.put_reading(reading(2))
    outbox.flush()
    assert seqs(take(outbox, Lane.TELEMETRY)) == [2]
    outbox.close()


def test_an_alarm_is_committed_with_a_full_sync_and_telemetry_is_not(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    writer = outbox._store.writer._connection

    def synchronous() -> int:
        return int(writer.execute("PRAGMA synchronous").fetchone()[0])

    outbox.put_event(smoke())
    assert synchronous() == 2  # FULL
    outbox.put_event(gate_opened())
    assert synchronous() == 1  # NORMAL
    outbox.close()


def test_telemetry_keeps_the_order_in_which_it_was_seen(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_reading(reading(1))
    assert outbox.put_event(gate_opened()).seq == 2
    outbox.put_reading(reading(3))
    outbox.flush()
    (envelope,) = take(outbox, Lane.TELEMETRY)
    assert list(values([envelope])) == [1, 3]
    assert [event.seq for event in envelope.events] == [2]
    outbox.close()


def test_readings_flush_themselves_at_five_hundred(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for value in range(499):
        outbox.put_reading(reading(value))
    assert take(outbox, Lane.TELEMETRY) == []
    assert outbox.pending(Lane.TELEMETRY) == 499
    outbox.put_reading(reading(499))
    assert len(seqs(take(outbox, Lane.TELEMETRY))) == 500
    outbox.close()


def test_what_is_sent_is_repeated_only_after_its_time_and_byte_for_byte(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_event(smoke(level=0.1))
    outbox.put_event(gate_opened())
    for value in (0.1, 1e-9, 1e300, -0.0):
        outbox.put_reading(reading(value))
    outbox.flush()
    for lane in Lane:
        first = take(outbox, lane, now_ms=1_000)
        assert take(outbox, lane, now_ms=1_000 + RESEND_MS - 1) == []
        again = take(outbox, lane, now_ms=1_000 + RESEND_MS)
        assert [encode(e) for e in again] == [encode(e) for e in first]
    outbox.close()
    outbox = open_outbox(tmp_path)
    for lane in Lane:
        third = take(outbox, lane)
        assert third, "after a restart everything unacknowledged is due"
        assert decode_envelope(encode(third[0])) == third[0]
    outbox.close()


def test_after_a_new_connection_everything_is_due(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_event(smoke())
    assert take(outbox, Lane.ALARM)
    assert take(outbox, Lane.ALARM) == []
    assert outbox.in_flight(Lane.ALARM) == 1
    outbox.resend_all()
    assert outbox.in_flight(Lane.ALARM) == 0
    assert seqs(take(outbox, Lane.ALARM)) == [1]
    outbox.close()


def test_only_the_acknowledged_rows_of_its_epoch_and_lane_leave(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for value in range(10):
        outbox.put_reading(reading(value))
        outbox.put_event(smoke())
    outbox.flush()
    assert ack(outbox, Lane.TELEMETRY, (1, 10), epoch="f" * 32) == 0
    assert ack(outbox, Lane.TELEMETRY, (2, 4), (7, 7)) == 4
    assert ack(outbox, Lane.TELEMETRY, (2, 4), (7, 7)) == 0
    assert outbox.pending(Lane.TELEMETRY) == 6
    assert outbox.pending(Lane.ALARM) == 10
    assert seqs(take(outbox, Lane.TELEMETRY)) == [1, 5, 6, 8, 9, 10]
    assert ack(outbox, Lane.TELEMETRY, (1, 10)) == 6
    assert outbox.in_flight(Lane.TELEMETRY) == 0
    outbox.close()


def test_many_rows_leave_in_short_transactions(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for value in range(12_000):
        outbox.put_reading(reading(value))
    outbox.flush()
    before = outbox.counts().transactions
    assert ack(outbox, Lane.TELEMETRY, (1, 12_000)) == 12_000
    assert outbox.counts().transactions - before >= 3
    assert outbox.pending(Lane.TELEMETRY) == 0
    outbox.close()


def test_exercises_and_lanes_are_never_mixed(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(20):
        outbox.put_reading(reading(n, exercise="drill-1" if n % 2 else None))
        outbox.put_event(smoke(exercise="drill-1" if n % 3 else None))
    outbox.flush()
    for lane in Lane:
        envelopes = take(outbox, lane)
        assert {envelope.exercise for envelope in envelopes} == {None, "drill-1"}
        assert all(envelope.lane is lane for envelope in envelopes)
        assert sorted(seqs(envelopes)) == list(range(1, 21))
    outbox.resend_all()
    real = [
        value for e in take(outbox, Lane.TELEMETRY) if e.exercise is None for value in values([e]).values()
    ]
    assert real == list(range(0, 20, 2))
    outbox.close()


def test_a_new_block_begins_when_the_clock_becomes_synchronised(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(6):
        outbox.put_reading(reading(n, synced=n >= 3))
    outbox.flush()
    (envelope,) = take(outbox, Lane.TELEMETRY)
    assert [(block.synced, len(block)) for block in envelope.readings] == [(False, 3), (True, 3)]
    outbox.close()


def test_a_flickering_clock_and_large_events_still_fit_into_envelopes(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(100):
        outbox.put_reading(reading(n, synced=bool(n % 2)))
    note = "火" * 1000
    for _ in range(100):
        seen = EventSeen("smoke-1", EventKind.SMOKE, SmokeData(note=note), moment())
        outbox.put_event(seen)
    outbox.flush()
    for lane in Lane:
        envelopes = take_all(outbox, lane)
        assert sorted(seqs(envelopes)) == list(range(1, 101))
        for envelope in envelopes:
            payload = encode(envelope)
            assert len(payload) < MAX_ENVELOPE_BYTES * 3 // 4
            assert decode_envelope(payload) == envelope
    outbox.close()


def test_new_alarms_go_before_repeated_ones(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_event(smoke())
    take(outbox, Lane.ALARM, now_ms=0)
    outbox.put_event(smoke())
    envelopes = take(outbox, Lane.ALARM, now_ms=60_000)
    assert [seqs_of(envelope) for envelope in envelopes] == [[2], [1]]
    outbox.close()


def test_a_smaller_limit_cuts_a_repeated_batch(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(100):
        outbox.put_reading(reading(n))
    outbox.flush()
    take(outbox, Lane.TELEMETRY, limit=100)
    assert seqs(take(outbox, Lane.TELEMETRY, limit=30, now_ms=60_000)) == list(range(1, 31))
    assert seqs(take(outbox, Lane.TELEMETRY, limit=100, now_ms=60_000)) == list(range(31, 101))
    outbox.close()


def test_command_ids_are_remembered_across_a_restart(tmp_path: Path) -> None:
    import uuid

    ids = [uuid.UUID(int=n) for n in range(1, 1_003)]
    outbox = open_outbox(tmp_path)
    assert all(outbox.remember_command(one) for one in ids)
    outbox.close()
    outbox = open_outbox(tmp_path)
    assert not outbox.remember_command(ids[-1])
    assert not outbox.remember_command(ids[-900])
    assert outbox.remember_command(ids[0]), "the oldest are forgotten beyond a thousand"
    outbox.close()


def test_a_second_agent_cannot_open_the_outbox(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    with pytest.raises(OutboxError, match="another agent"):
        open_outbox(tmp_path)
    outbox.close()
    open_outbox(tmp_path).close()


def test_wakes_name_the_lane_after_the_commit(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    woken: list[tuple[Lane, int]] = []
    outbox.on_commit(lambda lane: woken.append((lane, outbox.pending(lane))))
    outbox.put_event(smoke())
    outbox.put_reading(reading(1))
    assert woken == [(Lane.ALARM, 1)]
    outbox.flush()
    assert woken == [(Lane.ALARM, 1), (Lane.TELEMETRY, 1)]
    outbox.close()


def test_many_threads_lose_nothing_and_share_no_number(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    keys: list[int] = []

    def work(thread: int) -> None:
        for n in range(100):
            outbox.put_reading(reading(thread * 1000 + n))
            if n % 10 == 0:
                keys.append(outbox.put_event(smoke()).seq)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.flush()
    assert sorted(keys) == list(range(1, 81))
    found = values(take_all(outbox, Lane.TELEMETRY))
    assert sorted(found) == list(range(1, 801))
    assert sorted(found.values()) == sorted(t * 1000 + n for t in range(8) for n in range(100))
    outbox.close()


def test_written_bytes_are_counted_about_right(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for round_ in range(20):
        for n in range(500):
            outbox.put_reading(reading(n, f"device-{round_}"))
        outbox.tend()
    counts = outbox.counts()
    assert counts.transactions >= 20
    assert 200_000 < counts.written_bytes < 5_000_000
    outbox.close()


class Interleaving:
    """The reader's connection; the first look at the readings comes after another thread's commit."""

    def __init__(self, connection: sqlite3.Connection, commit: Callable[[], None]) -> None:
        self.connection = connection
        self.commit: Callable[[], None] | None = commit

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if "FROM readings" in statement and self.commit is not None:
            commit, self.commit = self.commit, None
            commit()
        return self.connection.execute(statement, *values)

    def close(self) -> None:
        self.connection.close()


def test_what_is_committed_while_rows_are_read_is_not_skipped(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_reading(reading(1))
    outbox.flush()

    def commit() -> None:
        outbox.put_event(gate_opened())
        outbox.put_reading(reading(3))
        outbox.flush()

    outbox._store._reader = Interleaving(outbox._store._reader, commit)  # type: ignore[assignment]
    assert seqs(take_all(outbox, Lane.TELEMETRY)) == [1, 2, 3]
    outbox.close()


def test_alarms_in_memory_are_bounded_and_count_in_an_epoch_of_their_own() -> None:
    one, two = AlarmMemory("box-1", 2), AlarmMemory("box-1", 2)
    assert one.stream != two.stream
    draft = draft_event(smoke(), "b" * 32, uuid_utils.compat.uuid7())
    assert [one.put(draft, None).seq for _ in range(2)] == [1, 2]
    with pytest.raises(OutboxError, match="this one is lost"):
        one.put(draft, None)
    assert one.remove([(1, 1)]) == 1
    assert one.put(draft, None).seq == 3
