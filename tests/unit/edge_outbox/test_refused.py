"""What is refused: at the door, by the server, and by a row that cannot be read."""

import sqlite3
from pathlib import Path

import pytest

from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.outbox.envelopes import seqs_of
from edge.agent.outbox.report import read_report
from redwhistle.contracts.codec import decode_envelope, encode
from redwhistle.contracts.envelope import Rejection
from redwhistle.contracts.events import EventKind, SmokeData
from redwhistle.contracts.ids import Lane
from redwhistle.errors import Malformed
from tests.unit.edge_outbox.making import (
    ack,
    moment,
    open_outbox,
    reading,
    seqs,
    smoke,
    take,
)

REJECTION = Rejection(sha256="0" * 64, code="malformed", detail="events.0: broken")


@pytest.mark.parametrize("bad", [3, 8])
def test_a_rejected_envelope_is_halved_until_the_bad_item_stands_alone(tmp_path: Path, bad: int) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(10):
        outbox.put_reading(reading(n))
    outbox.flush()
    received: set[int] = set()
    for _ in range(20):
        for envelope in take(outbox, Lane.TELEMETRY):
            numbers = seqs_of(envelope)
            if bad in numbers:
                outbox.reject(envelope, REJECTION)
            else:
                received |= set(numbers)
                ack(outbox, Lane.TELEMETRY, *[(n, n) for n in numbers])
    assert received == set(range(1, 12)) - {bad}, "ten readings but one, and the gap record for it"
    assert outbox.pending(Lane.TELEMETRY) == 0
    outbox.close()
    report = read_report(tmp_path / "outbox.db")
    assert [(item.seq, item.code) for item in report.rejected] == [(bad, "malformed")]


def test_a_rejected_alarm_is_kept_and_the_server_is_told_by_another(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_event(smoke())
    (envelope,) = take(outbox, Lane.ALARM)
    outbox.reject(envelope, REJECTION)
    (fault,) = take(outbox, Lane.ALARM)
    (event,) = fault.events
    assert (event.seq, event.kind, event.data["code"]) == (2, "device_fault", "alarm_rejected")
    assert "smoke of smoke-1" in event.data["note"]
    outbox.reject(fault, REJECTION)
    assert outbox.pending(Lane.ALARM) == 0, "the fault about a rejection makes no further one"
    outbox.close()
    assert read_report(tmp_path / "outbox.db").rejected_count == 2


@pytest.mark.parametrize(
    "seen",
    [
        ReadingSeen("smoke-1", "temperature_c", float("nan"), moment()),
        ReadingSeen("smoke-1", "temperature_c", float("inf"), moment()),
        ReadingSeen("Rauch Melder", "temperature_c", 1, moment()),
        ReadingSeen("smoke-1\n", "temperature_c", 1, moment()),
        ReadingSeen("smoke-1", "Temp", 1, moment()),
        ReadingSeen("smoke-1", "temperature_c", 1, moment(), "no drill"),
    ],
)
def test_a_reading_that_could_never_be_sent_is_refused_at_the_door(tmp_path: Path, seen: ReadingSeen) -> None:
    outbox = open_outbox(tmp_path)
    with pytest.raises(Malformed):
        outbox.put_reading(seen)
    assert outbox.pending(Lane.TELEMETRY) == 0
    outbox.close()


def test_an_alarm_with_an_illegal_name_still_goes_out(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put_event(EventSeen("厨房 Smoke/1", EventKind.SMOKE, SmokeData(), moment(-5), place="no place"))
    (envelope,) = take(outbox, Lane.ALARM)
    (event,) = decode_envelope(encode(envelope)).events
    assert event.device == "smoke-1"
    assert "厨房 Smoke/1" in event.data["note"]
    assert (event.at_ms, event.synced, event.place) == (0, False, None)
    outbox.close()


def test_an_event_row_that_cannot_be_read_does_not_hold_up_the_others(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for _ in range(3):
        outbox.put_event(smoke())
    outbox.close()
    with sqlite3.connect(tmp_path / "outbox.db") as connection:
        connection.execute("UPDATE events SET item = '{' WHERE seq = 2")
    connection.close()
    outbox = open_outbox(tmp_path)
    assert seqs(take(outbox, Lane.ALARM)) == [1, 3]
    assert outbox.pending(Lane.ALARM) == 2
    assert [finding.code.value for finding in outbox.take_findings()] == ["outbox_unreadable"]
    outbox.close()
    assert read_report(tmp_path / "outbox.db").rejected[0].code == "unreadable"
