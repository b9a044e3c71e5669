"""When a picture goes: after the alarms, one at a time, again until the server says something of it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import uuid_utils.compat

from edge.agent.outbox.evidence import SqliteEvidence
from edge.agent.uplink.pictures import (
    LOOK_MS,
    PATIENCE_MS,
    QUIET_MS,
    RESEND_FIRST_MS,
    RESEND_MOST_MS,
    Pictures,
    resend_after_ms,
)
from redwhistle.contracts.codec import decode_evidence, digest
from redwhistle.contracts.envelope import Ack, Rejection
from redwhistle.contracts.ids import Lane
from tests.unit.edge_evidence.making import EPOCH, open_pictures, taken


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SqliteEvidence]:
    opened = open_pictures(tmp_path)
    yield opened
    opened.close()


def go(
    pictures: Pictures, now_ms: int, *, alarms_wait: bool = False, line_is_busy: bool = False
) -> UUID | None:
    payload = pictures.next(now_ms, alarms_wait=alarms_wait, line_is_busy=line_is_busy)
    return None if payload is None else decode_evidence(payload).id


def ack(*pictures: UUID) -> Ack:
    return Ack(epoch=EPOCH, lane=Lane.TELEMETRY, evidence=list(pictures), at_ms=0)


def test_no_picture_goes_while_an_alarm_waits_nor_right_after_one(box: SqliteEvidence) -> None:
    box.put(taken())
    pictures = Pictures(box)
    assert go(pictures, 0, alarms_wait=True) is None
    pictures.note_alarm(100)
    assert go(pictures, 100 + QUIET_MS - 1) is None
    assert go(pictures, 100 + QUIET_MS) is not None


def test_a_picture_waits_for_a_busy_line_but_not_for_ever(box: SqliteEvidence) -> None:
    box.put(taken())
    pictures = Pictures(box)
    assert go(pictures, 0, line_is_busy=True) is None
    assert go(pictures, PATIENCE_MS - 1, line_is_busy=True) is None
    assert go(pictures, PATIENCE_MS, line_is_busy=True) is not None


def test_one_at_a_time_the_newest_first(box: SqliteEvidence) -> None:
    for _ in range(3):
        box.put(taken())
    newest_first = box.waiting()
    pictures, gone = Pictures(box), []
    for n in range(3):
        sent = go(pictures, n)
        assert sent is not None
        assert go(pictures, n) is None, "the next one waits for the server's word"
        pictures.acknowledge(ack(sent))
        gone.append(sent)
    assert gone == newest_first
    assert box.waiting() == []
    assert go(pictures, 10) is None
    box.put(taken())
    assert go(pictures, 10 + LOOK_MS - 1) is None
    assert go(pictures, 10 + LOOK_MS) is not None


def test_without_an_answer_it_goes_again_ever_more_seldom_and_lets_others_pass(box: SqliteEvidence) -> None:
    for _ in range(2):
        box.put(taken())
    pictures, now_ms, sent = Pictures(box), 0, []
    for n in range(1, 9):
        one = go(pictures, now_ms)
        assert one is not None
        sent.append(one)
        wait_ms = resend_after_ms(n)
        assert go(pictures, now_ms + wait_ms - 1) is None
        now_ms += wait_ms
    assert sent[:4] == [*box.waiting()] * 2
    assert [resend_after_ms(n) for n in (1, 2, 3, 99)] == [RESEND_FIRST_MS, 30_000, 60_000, RESEND_MOST_MS]
    pictures.begin()
    assert go(pictures, now_ms) is not None, "a new connection asks no patience"


def test_a_refused_picture_is_given_up_and_one_that_the_server_cannot_read_yet_is_not(
    box: SqliteEvidence,
) -> None:
    box.put(taken())
    pictures = Pictures(box)
    payload = pictures.next(0, alarms_wait=False, line_is_busy=False)
    assert payload is not None
    other = Rejection(sha256="0" * 64, code="malformed", detail="of an envelope")
    assert not pictures.reject(other)
    assert pictures.reject(Rejection(sha256=digest(payload), code="wrong_version", detail=""))
    assert len(box.waiting()) == 1
    payload = pictures.next(RESEND_FIRST_MS, alarms_wait=False, line_is_busy=False)
    assert payload is not None
    assert pictures.reject(Rejection(sha256=digest(payload), code="malformed", detail=""))
    assert box.waiting() == []
    assert box.given_up() == {"refused": 1}


def test_an_acknowledgement_of_a_lane_or_of_another_picture_changes_nothing(box: SqliteEvidence) -> None:
    box.put(taken())
    pictures = Pictures(box)
    pictures.acknowledge(Ack(epoch=EPOCH, lane=Lane.ALARM, received=[(1, 2**62)], at_ms=0))
    pictures.acknowledge(ack(uuid_utils.compat.uuid7()))
    assert len(box.waiting()) == 1


def test_a_failing_disk_never_reaches_the_uplink(tmp_path: Path) -> None:
    pictures = Pictures(open_pictures(tmp_path / "gone"))
    assert go(pictures, 0) is None
    pictures.acknowledge(ack(uuid_utils.compat.uuid7()))
    pictures.begin()
    assert go(pictures, 0) is None
