"""Bounded, full and broken: telemetry goes first and is declared, alarms stay."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.agent.outbox.gaps import continues, to_runs
from edge.agent.outbox.limits import Limits
from edge.agent.outbox.sqlite import SqliteOutbox
from edge.agent.ports import FindingCode
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import GapRecord
from redwhistle.errors import KeptInMemory, OutboxError
from tests.unit.edge_outbox.making import ack, gate_opened, open_outbox, reading, seqs, smoke, take, take_all

SMALL = Limits(max_rows=1_000, reserve_bytes=64 * 1024)


def gaps_of(outbox: SqliteOutbox) -> list[GapRecord]:
    return [gap for envelope in take_all(outbox, Lane.TELEMETRY) for gap in envelope.gaps]


def fill(outbox: SqliteOutbox, count: int) -> None:
    for n in range(count):
        outbox.put_reading(reading(n))
    outbox.flush()


def test_a_full_outbox_drops_the_oldest_telemetry_and_no_alarm(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path, SMALL)
    for _ in range(300):
        outbox.put_event(smoke())
    fill(outbox, 5_000)
    assert outbox.pending(Lane.ALARM) == 300
    assert sum(outbox.pending(lane) for lane in Lane) <= 1_000
    envelopes = take_all(outbox, Lane.TELEMETRY)
    (gap,) = [gap for envelope in envelopes for gap in envelope.gaps]
    present = seqs(envelopes)
    assert gap.dropped[0] == 1
    assert gap.count + len(present) - 1 == 5_000
    assert sorted({*range(gap.dropped[0], gap.dropped[1] + 1), *present}) == list(range(1, 5_002))
    assert seqs(take_all(outbox, Lane.ALARM)) == list(range(1, 301))
    assert outbox.counts().dropped == gap.count
    outbox.close()


def test_a_gap_record_that_was_sent_never_changes(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path, SMALL)
    fill(outbox, 2_000)
    (first,) = gaps_of(outbox)
    fill(outbox, 500)
    outbox.close()
    outbox = open_outbox(tmp_path, SMALL)
    fill(outbox, 500)
    both = gaps_of(outbox)
    assert both[0] == first
    assert all(gap.dropped[0] > first.dropped[1] for gap in both[1:])
    assert sum(gap.count for gap in both) == outbox.pending(Lane.TELEMETRY) * 0 + 3_000 - (
        outbox.pending(Lane.TELEMETRY) - len(both)
    )
    outbox.close()


def test_bytes_bound_too(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path, Limits(max_rows=10**6, max_bytes=512 * 1024, reserve_bytes=64 * 1024))
    fill(outbox, 30_000)
    assert outbox._store.writer.used_bytes() < 768 * 1024
    assert outbox.counts().dropped > 10_000
    assert (tmp_path / "outbox.db").stat().st_size < 1024 * 1024
    outbox.close()


def test_lowered_limits_are_reached_step_by_step(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    fill(outbox, 12_000)
    outbox.close()
    outbox = open_outbox(tmp_path, SMALL)
    for _ in range(4):
        outbox.tend()
    assert outbox.pending(Lane.TELEMETRY) <= 1_000
    outbox.close()


def test_dropped_rows_of_an_older_epoch_are_reported_and_no_number_is_minted_there(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    fill(outbox, 900)
    old = outbox.epoch
    outbox.close()
    outbox = open_outbox(tmp_path, SMALL, fingerprint="another machine")
    fill(outbox, 600)
    envelopes = take_all(outbox, Lane.TELEMETRY)
    assert all(not envelope.gaps for envelope in envelopes if envelope.epoch == old)
    assert [finding.code for finding in outbox.take_findings()] == [
        FindingCode.NEW_EPOCH,
        FindingCode.DROPPED,
    ]
    outbox.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MiB; left out where mounting is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def clog(folder: Path) -> Path:
    """Take every free byte."""
    path = folder / "clog"
    with path.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return path


def test_alarms_find_room_on_a_full_disk(small_disk: Path) -> None:
    outbox = open_outbox(small_disk, Limits(reserve_bytes=1024 * 1024))
    fill(outbox, 2_000)
    clog(small_disk)
    stored = 0
    for _ in range(2_000):
        outbox.put_event(smoke())  # KeptInMemory would fail the test
        stored += 1
    assert outbox.pending(Lane.ALARM) == stored == 2_000
    assert outbox.counts().memory_alarms == 0
    outbox.close()
    outbox = open_outbox(small_disk)
    assert seqs(take_all(outbox, Lane.ALARM)) == list(range(1, stored + 1))
    outbox.close()


def test_alarms_leave_from_memory_when_the_disk_refuses_all_and_move_there_later(small_disk: Path) -> None:
    outbox = open_outbox(small_disk, Limits(reserve_bytes=64 * 1024))
    woken: list[Lane] = []
    outbox.on_commit(woken.append)
    clogs = [clog(small_disk)]
    in_memory = 0
    for _ in range(20_000):
        try:
            outbox.put_event(smoke())
        except KeptInMemory:
            in_memory += 1
            if in_memory == 3:
                break
        if (small_disk / "outbox.reserve").exists() is False and len(clogs) == 1:
            clogs.append(clog(small_disk))
    assert in_memory == 3
    assert woken[-1] is Lane.ALARM
    envelopes = take_all(outbox, Lane.ALARM)
    memory_epoch = ({envelope.epoch for envelope in envelopes} - {outbox.epoch}).pop()
    assert seqs([e for e in envelopes if e.epoch == memory_epoch]) == [1, 2, 3]
    before = [e.model_dump(exclude={"sent"}) for e in envelopes if e.epoch == memory_epoch]
    assert ack(outbox, Lane.ALARM, (1, 1), epoch=memory_epoch) == 1
    clogs[0].unlink()
    outbox.tend()
    assert outbox.counts().memory_alarms == 0
    outbox.close()
    outbox = open_outbox(small_disk)
    again = [e for e in take_all(outbox, Lane.ALARM) if e.epoch == memory_epoch]
    assert seqs(again) == [2, 3]
    assert [e.model_dump() for e in again[0].events] == before[0]["events"][1:]
    assert outbox.put_event(smoke()).epoch == outbox.epoch
    outbox.close()


@pytest.mark.slow
def test_readings_wait_in_memory_while_the_disk_is_full_and_the_lost_are_declared(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path, Limits(reserve_bytes=64 * 1024, held_readings=1_000))
    fill(outbox, 10)
    writer = outbox._store.writer._connection
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages}")
    for n in range(9_000):
        outbox.put_reading(reading(n))
    with pytest.raises(OutboxError, match="Free or replace the disk"):
        fill(outbox, 9_000)
    writer.execute("PRAGMA max_page_count = 1000000")
    outbox.tend()
    envelopes = take_all(outbox, Lane.TELEMETRY)
    gaps = [gap for envelope in envelopes for gap in envelope.gaps]
    covered = set(seqs(envelopes))
    for gap in gaps:
        covered |= set(range(gap.dropped[0], gap.dropped[1] + 1))
    assert covered == set(range(1, max(covered) + 1)), "every number is there or declared"
    assert sum(gap.count for gap in gaps) == outbox.counts().dropped > 0
    outbox.close()


def test_telemetry_events_on_a_full_disk_take_the_place_of_older_ones(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    writer = outbox._store.writer._connection
    writer.execute(f"PRAGMA max_page_count = {writer.execute('PRAGMA page_count').fetchone()[0] + 5}")
    for _ in range(200):
        outbox.put_event(gate_opened())
    writer.execute("PRAGMA max_page_count = 1000000")
    envelopes = take_all(outbox, Lane.TELEMETRY)
    gaps = [gap for envelope in envelopes for gap in envelope.gaps]
    assert gaps
    assert sum(gap.count for gap in gaps) + sum(len(envelope.events) for envelope in envelopes) == 200
    outbox.close()


@pytest.mark.parametrize("damage", [b"not a database at all, but something else" * 300, b""])
def test_a_broken_file_is_set_aside_and_a_new_epoch_begins(tmp_path: Path, damage: bytes) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_event(smoke())
    epoch = outbox.epoch
    outbox.close()
    path = tmp_path / "outbox.db"
    path.write_bytes(damage)
    outbox = open_outbox(tmp_path)
    assert outbox.epoch != epoch
    assert outbox.put_event(smoke()).seq == 1
    if damage:
        assert [finding.code for finding in outbox.take_findings()] == [FindingCode.BROKEN]
        assert (tmp_path / "outbox.corrupt-1").read_bytes() == damage
    outbox.close()


def test_alarms_that_can_be_read_from_a_broken_file_are_sent_with_their_identity(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for _ in range(5):
        outbox.put_event(smoke(exercise="drill-1"))
    fill(outbox, 20_000)
    before = {event.seq: event for e in take_all(outbox, Lane.ALARM) for event in e.events}
    epoch = outbox.epoch
    outbox.close()
    path = tmp_path / "outbox.db"
    with sqlite3.connect(path) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'readings'").fetchone()[0]
    connection.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    outbox = open_outbox(tmp_path)
    (finding,) = outbox.take_findings()
    assert finding.code is FindingCode.BROKEN
    assert "5 alarms" in finding.why
    (envelope,) = take(outbox, Lane.ALARM)
    assert (envelope.epoch, envelope.exercise) == (epoch, "drill-1")
    assert {event.seq: event for event in envelope.events} == before
    outbox.close()


def test_a_file_that_breaks_while_the_agent_runs_does_not_stop_alarms(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    fill(outbox, 5_000)
    outbox._store.writer.checkpoint("TRUNCATE")
    path = tmp_path / "outbox.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    for connection in (outbox._store.writer._connection, outbox._store._reader):
        connection.execute("PRAGMA cache_size = 0")
        connection.execute("PRAGMA shrink_memory")
    keys = [outbox.put_event(smoke()) for _ in range(3)]
    assert outbox.counts().memory_alarms == 0
    assert FindingCode.BROKEN in [finding.code for finding in outbox.take_findings()]
    assert seqs(take(outbox, Lane.ALARM)) == [1, 2, 3]
    assert {key.epoch for key in keys} == {outbox.epoch}
    outbox.close()


def test_runs_break_at_every_hole_and_a_record_goes_on_over_its_own_number_only() -> None:
    assert to_runs([1, 2, 4, 5, 9]) == [((1, 2), 2), ((4, 5), 2), ((9, 9), 1)]
    assert to_runs([]) == []
    assert continues(10, 99, 11)
    assert continues(10, 11, 12)
    assert not continues(10, 99, 12)
    assert not continues(10, 11, 13)


def test_a_later_gap_record_never_speaks_for_an_earlier_one(tmp_path: Path) -> None:
    """The server holds what came after the first record, but not that: it must still leave."""
    outbox = open_outbox(tmp_path, SMALL)
    fill(outbox, 2_000)
    (first,) = gaps_of(outbox)
    fill(outbox, 4_000)
    outbox.resend_all()
    envelopes = take_all(outbox, Lane.TELEMETRY)
    later = [gap for envelope in envelopes for gap in envelope.gaps if gap.seq != first.seq]
    assert max(gap.dropped[1] for gap in later) > first.seq, "so much was dropped that its place is passed"
    present = [(seq, seq) for seq in seqs(envelopes) if seq != first.seq]
    ack(outbox, Lane.TELEMETRY, *present, *(gap.dropped for gap in later))
    outbox.resend_all()
    assert [gap.seq for gap in gaps_of(outbox)] == [first.seq]
    outbox.close()
