"""What the server refuses is sent apart until the bad item stands alone; nothing of it is lost."""

from pathlib import Path

import pytest

from edge.agent.outbox.envelopes import seqs_of
from edge.agent.outbox.report import read_report
from redwhistle.contracts.envelope import Rejection
from redwhistle.contracts.ids import Lane
from tests.unit.edge_outbox.making import (
    ack,
    open_outbox,
    reading,
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
