"""When numbers can be trusted, and when a new epoch must begin."""

import shutil
from pathlib import Path

from edge.agent.outbox.machine import read_fingerprint
from edge.agent.outbox.sqlite import SqliteOutbox
from edge.agent.ports import FindingCode
from redwhistle.contracts.ids import Lane
from tests.unit.edge_outbox.making import ack, gate_opened, open_outbox, reading, seqs, smoke, take


def codes(outbox: SqliteOutbox) -> list[FindingCode]:
    return [finding.code for finding in outbox.take_findings()]


def test_a_copied_card_counts_in_a_new_epoch_and_sends_its_old_rows_under_the_old_one(tmp_path: Path) -> None:
    original = open_outbox(tmp_path / "one")
    original.put_event(smoke())
    original.close()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    original = open_outbox(tmp_path / "one")
    copy = open_outbox(tmp_path / "two", fingerprint="another machine")
    assert copy.epoch != original.epoch
    assert codes(copy) == [FindingCode.NEW_EPOCH]
    assert original.put_event(smoke()).seq == 2
    assert copy.put_event(smoke()).seq == 1
    assert {(e.epoch, *seqs([e])) for e in take(copy, Lane.ALARM)} == {(original.epoch, 1), (copy.epoch, 1)}
    assert ack(copy, Lane.ALARM, (1, 1), epoch=original.epoch) == 1
    assert copy.pending(Lane.ALARM) == 1
    original.close()
    copy.close()


def test_a_power_cut_begins_a_new_epoch_and_a_killed_agent_does_not(tmp_path: Path) -> None:
    first = open_outbox(tmp_path)
    epoch = first.epoch
    first._lock_file.close()  # as when the process is gone
    second = open_outbox(tmp_path)
    assert second.epoch == epoch
    assert codes(second) == []
    second._lock_file.close()
    third = open_outbox(tmp_path, boot="c" * 32)
    assert third.epoch != epoch, "numbers of the last seconds before the cut may have been rolled back"
    assert codes(third) == [FindingCode.NEW_EPOCH]
    for outbox in (first, second, third):
        outbox.close()


def test_a_reboot_in_order_keeps_the_epoch(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_reading(reading(1))
    epoch = outbox.epoch
    outbox.close()
    outbox = open_outbox(tmp_path, boot="c" * 32)
    assert outbox.epoch == epoch
    outbox.put_reading(reading(2))
    outbox.flush()
    (envelope,) = take(outbox, Lane.TELEMETRY)
    assert [(block.boot[0], block.seq) for block in envelope.readings] == [("b", [1]), ("c", [2])]
    outbox.close()


def test_the_fingerprint_follows_what_can_be_read(tmp_path: Path) -> None:
    machine, board = tmp_path / "machine-id", tmp_path / "serial"
    machine.write_text("abc\n")
    one = read_fingerprint([machine, board])
    board.write_bytes(b"100000001\0")
    two = read_fingerprint([machine, board])
    assert one != two
    assert read_fingerprint([machine, board]) == two
    assert "abc" not in two


def test_an_older_copy_that_was_put_back_counts_in_a_new_epoch_and_loses_nothing(tmp_path: Path) -> None:
    """The server holds 1-5 of which the file knows nothing: its own 3 and 4 would be dropped there as known."""
    outbox = open_outbox(tmp_path)
    for _ in range(2):
        outbox.put_event(smoke())
    ack(outbox, Lane.ALARM, (1, 2))
    outbox.close()
    shutil.copytree(tmp_path, tmp_path / "backup")
    outbox = open_outbox(tmp_path / "backup")
    old = outbox.epoch
    for n in range(2):
        outbox.put_event(smoke(level=float(n), exercise="drill-1" if n else None))
        outbox.put_reading(reading(n))
        outbox.put_event(gate_opened())
    before = {event.id: event for e in take(outbox, Lane.ALARM) for event in e.events}
    assert [event.seq for event in before.values()] == [3, 4]
    assert ack(outbox, Lane.ALARM, (1, 5)) == 0
    assert outbox.epoch != old
    assert codes(outbox) == [FindingCode.NEW_EPOCH]
    envelopes = take(outbox, Lane.ALARM)
    assert {envelope.epoch for envelope in envelopes} == {outbox.epoch}
    after = {event.id: event for envelope in envelopes for event in envelope.events}
    assert {i: e.model_dump(exclude={"seq"}) for i, e in after.items()} == {
        i: e.model_dump(exclude={"seq"}) for i, e in before.items()
    }
    assert sorted(event.seq for event in after.values()) == [1, 2]
    assert [envelope.exercise for envelope in envelopes] == [None, "drill-1"]
    (telemetry,) = take(outbox, Lane.TELEMETRY)
    assert [event.seq for event in telemetry.events] == [2, 4]
    assert telemetry.readings[0].seq == [1, 3]
    assert outbox.put_event(smoke()).seq == 3
    assert outbox.pending(Lane.ALARM) == 3
    assert outbox.pending(Lane.TELEMETRY) == 4
    epoch = outbox.epoch
    outbox.close()
    outbox = open_outbox(tmp_path / "backup")
    assert outbox.epoch == epoch
    outbox.close()
