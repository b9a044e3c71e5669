"""Pictures into the database: once, tied to their alert whichever comes first, refused without a byte of them kept."""

import base64
import json
import struct
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redwhistle.clock import from_ms
from redwhistle.contracts import codec
from redwhistle.errors import StoreError
from server.ingest.evidence import EvidenceHandler
from server.ingest.ports import Message
from server.store.connection import connect
from server.store.evidence_keeping import EvidenceKeeper, remove_expired, tie_late
from tests.integration.evidence.making import (
    NOW_MS,
    PICTURE,
    TOPIC,
    World,
    acks,
    evidence,
    fire,
    message,
    picture,
    uuid7,
)

pytestmark = pytest.mark.servers

NOW = from_ms(NOW_MS)


def tied(world: World) -> list[tuple[int, int, bool]]:
    """(pictures of the item, its mark, whether the evidence is tied)."""
    return world.rows(
        "SELECT w.evidence, w.mark, e.tied FROM work_items w, evidence e WHERE w.exercise = e.exercise"
    )


def test_a_picture_after_its_alarm_stands_in_its_item_and_those_who_look_are_told(world: World) -> None:
    event = uuid7()
    world.alarms.handle([fire(event)])
    mark = world.one("SELECT mark FROM work_items")
    with psycopg.connect(world.url, autocommit=True) as listener:
        listener.execute("LISTEN rw_queue")
        one = evidence(event)
        (ack,) = acks(world.pictures.handle([message(one)]))
        assert (ack.evidence, ack.received, ack.rejected) == ([one.id], [], [])
        told = [json.loads(n.payload)["number"] for n in listener.notifies(timeout=5, stop_after=1)]
        assert told == [world.one("SELECT number FROM work_items")]
    assert tied(world) == [(1, mark + 1, True)]
    assert world.rows("SELECT box, device, site, place, time_source, jpeg, jpeg_bytes FROM evidence") == [
        ("box-1", "cam-1", "jinyuan", "jinyuan", 0, PICTURE, len(PICTURE))
    ]
    assert world.rows("SELECT taken_at, expires_at - received_at FROM evidence") == [
        (NOW - timedelta(seconds=3), timedelta(hours=72))
    ]


def test_the_same_picture_again_is_acknowledged_and_changes_nothing(world: World) -> None:
    event = uuid7()
    world.alarms.handle([fire(event)])
    one = evidence(event)
    first = world.pictures.handle([message(one), message(one)])
    before = tied(world)
    again = world.pictures.handle([message(one, NOW_MS + 60_000)])
    assert [ack.evidence for ack in acks([*first, *again])] == [[one.id]] * 3
    assert tied(world) == before
    assert world.one("SELECT count(*) FROM evidence") == 1


def test_a_picture_before_its_alarm_is_tied_when_that_comes(world: World) -> None:
    event = uuid7()
    world.pictures.handle([message(evidence(event))])
    with connect(world.url, name="job", autocommit=True) as connection:
        assert tie_late(connection, NOW) == 0
        world.alarms.handle([fire(event)])
        assert tied(world) == [(0, 1, False)]
        assert tie_late(connection, NOW + timedelta(seconds=15)) == 1
        assert [(count, found) for count, _, found in tied(world)] == [(1, True)]
        assert tie_late(connection, NOW + timedelta(seconds=30)) == 0


def test_a_picture_of_a_drill_never_stands_in_a_real_item(world: World) -> None:
    event = uuid7()
    world.alarms.handle([fire(event)])
    world.pictures.handle([message(evidence(event, exercise="drill-1"))])
    assert world.rows("SELECT evidence FROM work_items") == [(0,)]


def test_a_picture_of_another_compound_is_not_tied(world: World) -> None:
    event = uuid7()
    world.alarms.handle([fire(event)])
    strange = evidence(event, box="box-9", site="jinhe")
    topic = "rw/v1/jinhe/box-9/evidence"
    assert acks(world.pictures.handle([message(strange, topic=topic)]))[0].evidence == [strange.id]
    assert world.rows("SELECT evidence FROM work_items") == [(0,)]


def test_a_box_that_sends_without_end_displaces_its_own_oldest(world: World) -> None:
    event = uuid7()
    world.alarms.handle([fire(event)])
    world.intake.evidence = EvidenceKeeper(lambda: world.intake.connection, of_a_box=3)
    for n in range(5):
        world.pictures.handle([message(evidence(event), NOW_MS + n)])
    assert world.rows("SELECT removed_why, jpeg IS NULL FROM evidence ORDER BY received_at") == [
        ("displaced", True), ("displaced", True), (None, False), (None, False), (None, False)
    ]  # fmt: skip
    assert world.rows("SELECT evidence FROM work_items") == [(3,)]


def test_when_its_time_is_over_the_picture_goes_and_the_record_stays(world: World) -> None:
    event = uuid7()
    world.alarms.handle([fire(event)])
    world.pictures.handle([message(evidence(event))])
    with connect(world.url, name="job", autocommit=True) as connection:
        keep = timedelta(hours=72)
        assert remove_expired(connection, NOW + timedelta(hours=71, minutes=59), keep) == 0
        assert remove_expired(connection, NOW + timedelta(hours=72), keep) == 1
        assert remove_expired(connection, NOW + timedelta(hours=72), keep) == 0
    assert world.rows("SELECT jpeg, removed_why, jpeg_bytes FROM evidence") == [
        (None, "expired", len(PICTURE))
    ]
    assert world.rows("SELECT evidence FROM work_items") == [(0,)]


def test_a_shortened_retention_holds_for_what_is_there(world: World) -> None:
    world.pictures.handle([message(evidence(uuid7()))])
    with connect(world.url, name="job", autocommit=True) as connection:
        assert remove_expired(connection, NOW + timedelta(hours=2), timedelta(hours=3)) == 0
        assert remove_expired(connection, NOW + timedelta(hours=2), timedelta(hours=2)) == 1


def with_exif(jpeg: bytes) -> bytes:
    body = b"Exif\0\0" + picture(200)
    return jpeg[:20] + struct.pack(">BBH", 0xFF, 0xE1, len(body) + 2) + body + jpeg[20:]


def raw(jpeg: bytes, **more: object) -> Message:
    document = json.loads(codec.encode(evidence(uuid7())))
    document |= {"jpeg": base64.b64encode(jpeg).decode(), **more}
    return Message(TOPIC, json.dumps(document).encode(), NOW_MS)


@pytest.mark.parametrize(
    ("sent", "code", "why"),
    [
        (raw(with_exif(PICTURE)), "malformed", "0xE1"),
        (raw(PICTURE + b"x" * 70_000), "malformed", "65536"),
        (raw(b"GIF89a" + bytes(500)), "malformed", "no JPEG"),
        (raw(picture(width_px=1930)), "malformed", "1930"),
        (raw(PICTURE, width_px=65), "malformed", "the message says"),
        (raw(PICTURE, box="box-2"), "malformed", "box-2"),
        (raw(PICTURE, v=2), "wrong_version", "version"),
        (Message(TOPIC, PICTURE, NOW_MS), "malformed", ""),
        (Message(TOPIC, b"x" * 300_000, NOW_MS), "too_large", "300000"),
        (Message("rw/v1/jinyuan/box-1/alarm", b"{}", NOW_MS), "malformed", "leaf"),
    ],
)
def test_what_is_refused_leaves_its_digest_and_its_length_and_nothing_else(
    world: World, sent: Message, code: str, why: str
) -> None:
    (ack,) = acks(world.pictures.handle([sent]))
    assert [(r.sha256, r.code) for r in ack.rejected] == [(codec.digest(sent.payload), code)]
    assert ack.evidence is None
    ((kept_code, detail, payload),) = world.rows("SELECT code, detail, payload FROM quarantine")
    assert (kept_code, json.loads(payload)) == (
        code, {"sha256": codec.digest(sent.payload), "bytes": len(sent.payload), "kept": False}
    )  # fmt: skip
    assert why in detail
    assert world.one("SELECT count(*) FROM evidence") == 0


def test_a_box_of_an_unknown_compound_keeps_its_picture(world: World) -> None:
    stranger = evidence(uuid7(), site="nowhere")
    assert world.pictures.handle([message(stranger, topic="rw/v1/nowhere/box-1/evidence")]) == []
    assert world.one("SELECT count(*) FROM evidence") == 0


def test_more_than_fits_into_an_hour_waits_on_the_box(world: World) -> None:
    few = EvidenceHandler(world.intake, hourly=2)
    sent = [message(evidence(uuid7())) for _ in range(4)]
    assert len(few.handle(sent)) == 2
    other = evidence(uuid7(), box="box-2")
    assert len(few.handle([message(other, topic="rw/v1/jinyuan/box-2/evidence")])) == 1
    later = [Message(m.topic, m.payload, m.received_ms + 3_600_000) for m in sent[2:]]
    assert len(few.handle(later)) == 2


def test_a_picture_that_cannot_be_stored_is_refused_without_it(world: World) -> None:
    sent = message(evidence(uuid7()))
    (ack,) = acks(world.pictures.set_aside_whole(sent, StoreError("it breaks a rule of the table")))
    assert [r.code for r in ack.rejected] == ["malformed"]
    assert PICTURE not in world.one("SELECT payload FROM quarantine")
    assert world.pictures.set_aside_whole(Message("x/y", b"z", NOW_MS), StoreError("no topic")) == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200),
    st.integers(0, 2000),
    st.sampled_from([TOPIC, "rw/v1/jinyuan/box-1/state", "\0", ""]),
)
def test_any_bytes_anywhere_are_stored_whole_or_refused(
    world: World, noise: bytes, at: int, topic: str
) -> None:
    good = codec.encode(evidence(uuid7()))
    for payload in (noise, good[:at] + noise + good[at:], good[:at]):
        answers = world.pictures.handle([Message(topic, payload, NOW_MS)])
        assert len(answers) <= 1
    assert world.one("SELECT bool_and(octet_length(payload) < 200) FROM quarantine") is not False


def test_the_database_itself_keeps_records_and_refuses_what_is_too_large(world: World) -> None:
    world.pictures.handle([message(evidence(uuid7()))])
    for forbidden in (
        "DELETE FROM evidence",
        "TRUNCATE evidence CASCADE",
        "UPDATE evidence SET jpeg = jpeg || jpeg",
        "UPDATE evidence SET jpeg = NULL",
        "UPDATE evidence SET jpeg_bytes = 70000",
    ):
        with psycopg.connect(world.url) as connection, pytest.raises(psycopg.Error):
            connection.execute(forbidden)
