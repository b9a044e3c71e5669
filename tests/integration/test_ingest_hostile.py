"""Messages made to get an alarm lost: what cannot be read is kept and alarmed, and nothing stands in a neighbour's way."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from redwhistle.ranges import Ranges
from server.alerts.model import DoubtItem, EventItem, Item, PresenceItem
from server.ingest.handler import Handler
from server.ingest.ports import Message, SiteKey
from server.ingest.testing import MemoryIntake
from server.store.connection import Connection
from server.store.intake import Intake
from tests.integration.test_intake import (
    BOOT,
    NOW,
    Bench,
    HeatScreen,
    acks,
    envelope,
    event,
    event_message,
    held,
    plant_places,
    reading_message,
)

EMPTY_BLOCK: dict[str, Any] = {
    "boot": BOOT,
    "synced": True,
    "series": [],
    "seq": [],
    "row_series": [],
    "value": [],
    "at_ms": [],
    "mono_ms": [],
}


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.servers)])
def over(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "memory":
        memory = MemoryIntake({"jinyuan": ["jinyuan-b7"], "jinhe": []})
        yield Bench(Handler(memory, HeatScreen(), presence_step_ms=30_000), memory, None, [])
        return
    url: str = request.getfixturevalue("database")
    plant_places(url)
    stepped: list[tuple[SiteKey, Item]] = []

    def step(_: Connection, items: Mapping[SiteKey, Sequence[Item]], __: datetime) -> None:
        stepped.extend((site, item) for site, listed in sorted(items.items()) for item in listed)

    intake = Intake(url, name="review", stepper=step)
    yield Bench(Handler(intake, HeatScreen(), presence_step_ms=30_000), None, url, stepped)
    intake.close()


def doubts(over: Bench) -> list[DoubtItem]:
    return [item for item in over.items() if isinstance(item, DoubtItem)]


def keyed_doubts(over: Bench) -> list[tuple[SiteKey, str]]:
    stepped = over.memory.stored.stepped if over.memory else over.stepped
    return [(key, item.code) for key, item in stepped if isinstance(item, DoubtItem)]


def raw_alarm(payload: bytes) -> Message:
    return Message("rw/v1/jinyuan/box-1/alarm", payload, NOW)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"v": "\\ud800"}',
        b'{"v": "a\\u0000b"}',
        b'{"v": 2, "\\ud800": 1}',
        b'{"v": 1, "site": "\\udfff"}',
        b"\xed\xa0\x80",
        b"[" * 5000,
        b'{"events": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"",
    ],
)
def test_whatever_is_on_an_alarm_topic_is_kept_and_alarmed(over: Bench, payload: bytes) -> None:
    answers = over.handle(raw_alarm(payload), event_message(1))
    assert over.event_seqs() == [1]
    assert held(answers) == ((1, 1),)
    assert len(over.quarantined()) == 1
    assert len(doubts(over)) == 1


def test_nesting_at_the_edge_of_what_can_be_read_is_kept_all_the_same(over: Bench) -> None:
    head = json.loads(envelope("alarm", events=[]).payload)
    for depth in (150, 200, 210, *range(900, 1000)):
        text = json.dumps({**head, "events": ["@"]}).replace('"@"', "[" * depth + "]" * depth)
        over.handle(raw_alarm(text.encode()))
    assert len(over.quarantined()) == 103


def test_a_block_without_rows_keeps_nothing_from_being_acknowledged(over: Bench) -> None:
    answers = over.handle(envelope("alarm", readings=[EMPTY_BLOCK], events=[event(1)]))
    assert held(answers) == ((1, 1),)
    message = envelope("alarm", readings=[EMPTY_BLOCK], events=[event(2)])
    assert held(over.handler.set_aside_whole(message, RuntimeError("no"))) == ((1, 2),)


def test_a_gap_record_that_runs_backwards_is_set_aside_alone(over: Bench) -> None:
    gap = {"seq": 9, "dropped": [8, 3], "count": 6, "at_ms": NOW, "reason": "outbox full"}
    answers = over.handle(reading_message(1, 2, gaps=[gap]))
    assert over.reading_seqs() == [1, 2]
    assert over.quarantined() == [(9, "malformed")]
    assert held(answers) == ((1, 2), (9, 9))


def test_no_gap_record_swallows_alarms_that_are_still_to_come(over: Bench) -> None:
    gap = {"seq": 1, "dropped": [1, 2**62], "count": 1, "at_ms": NOW, "reason": "outbox full"}
    over.handle(envelope("alarm", gaps=[gap]))
    over.handle(event_message(2, 3))
    assert over.event_seqs() == [2, 3]
    assert [d.code for d in doubts(over)] == ["malformed"]


def test_an_alarm_under_a_number_that_something_else_took_is_alarmed(over: Bench) -> None:
    over.handle(reading_message(1, 2))
    over.handle(envelope("alarm", readings=json.loads(reading_message(5, 1).payload)["readings"]))
    over.handle(event_message(5))
    assert [(d.code, d.kind) for d in doubts(over)] == [("twin", "smoke")]


def test_an_alarm_that_lies_in_quarantine_is_not_alarmed_again(over: Bench) -> None:
    message = event_message(1)
    over.handler.set_aside_whole(message, RuntimeError("no"))
    over.handle(message)
    over.handle(message)
    assert [d.code for d in doubts(over)] == ["not_stored"]
    assert over.event_seqs() == []


def test_a_twin_within_an_exercise_raises_nothing_real(over: Bench) -> None:
    over.handle(envelope("alarm", exercise="drill-7", events=[event(1)]))
    over.handle(envelope("alarm", exercise="drill-7", events=[event(1)]))
    assert [code for _, code in over.quarantined()] == ["twin"]
    assert keyed_doubts(over) == []
    over.handle(event_message(1))  # a real one under the same number is alarmed
    assert keyed_doubts(over) == [(("jinyuan", ""), "twin")]


def test_a_real_alarm_stays_one_when_its_number_is_an_exercises(over: Bench) -> None:
    over.handle(envelope("alarm", exercise="drill-7", events=[event(1)]), event_message(2))
    real = [i for i in over.items() if isinstance(i, EventItem)]
    assert len(real) == 2


def test_a_huge_message_is_kept_in_small(over: Bench) -> None:
    over.handle(raw_alarm(b'"' + b"x" * 3_000_000 + b'"'))
    assert over.quarantined() == [(None, "too_large")]
    if over.url:
        assert over.query("SELECT max(octet_length(payload)) <= 262144 FROM quarantine") == [(True,)]
    assert len(doubts(over)) == 1


@pytest.mark.timeout(40)
def test_a_message_made_to_be_costly_is_read_in_a_moment() -> None:
    """Each bad row was once tried together with everything else in its block."""
    n = 3_900
    block = {name: [0] * n for name in ("seq", "row_series", "value", "at_ms", "mono_ms")}
    payload = json.loads(envelope("telemetry", readings=[{**block, "junk": [0] * 90_000}]).payload)
    memory = MemoryIntake({"jinyuan": []})
    handler = Handler(memory, HeatScreen(), presence_step_ms=30_000)
    message = Message(
        "rw/v1/jinyuan/box-1/telemetry", json.dumps(payload, separators=(",", ":")).encode(), NOW
    )
    assert len(message.payload) <= 256 * 1024
    handler.handle([message])  # took two minutes
    assert memory.stored.aside


@pytest.mark.timeout(40)
def test_a_lane_with_many_holes_does_not_hold_the_others_up() -> None:
    memory = MemoryIntake({"jinyuan": []})
    handler = Handler(memory, HeatScreen(), presence_step_ms=30_000)
    handler.handle([event_message(1)])
    (lane,) = memory.stored.progress
    many: Ranges = tuple((2 * i + 1, 2 * i + 1) for i in range(200_000))
    before = memory.stored.progress[lane]
    memory.stored.progress[lane] = type(before)(before.progress_key, many, ())
    answers = handler.handle([event_message(*range(2, 3_202, 4))])  # one merge a number took minutes
    (ack,) = acks(answers)
    assert all(first <= 3_202 for first, _ in ack.received[:-1])
    assert len(memory.stored.events) == 1 + 800


def test_a_device_is_told_of_again_after_our_clock_was_set_back() -> None:
    memory = MemoryIntake({"jinyuan": []})
    handler = Handler(memory, HeatScreen(), presence_step_ms=30_000)
    year_ms = 365 * 86_400_000
    ahead = reading_message(1, 2, block={"at_ms": [NOW + year_ms] * 2})
    handler.handle([Message(ahead.topic, ahead.payload, NOW + year_ms)])
    handler.handle([reading_message(3, 2)])
    told = [i.at_ms for _, i in memory.stored.stepped if isinstance(i, PresenceItem)]
    assert told == [NOW + year_ms] * 2 + [NOW - 1000] * 2


def test_an_alarm_of_a_box_that_was_moved_is_raised_where_it_says_it_is_too(over: Bench) -> None:
    over.handle(event_message(1))
    over.handle(
        envelope(
            "alarm", site="jinhe", events=[event(2), event(3, data={"active": False}), event(4, test=True)]
        )
    )
    assert keyed_doubts(over) == [(("jinhe", ""), "other_site")]
    assert [d.subject.path for d in doubts(over)] == [("jinhe",)]
    assert len([i for i in over.items() if isinstance(i, EventItem)]) == 4


def test_what_is_remembered_of_made_up_devices_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.ingest.handler._TOLD_AT_LEAST", 10)
    handler = Handler(MemoryIntake({"jinyuan": []}), HeatScreen(), presence_step_ms=30_000)
    for i in range(100):
        message = envelope("alarm", events=[event(i + 1, device=f"made-up-{i}", at_ms=NOW + 60_000 * i)])
        handler.handle([Message(message.topic, message.payload, NOW + 60_000 * i)])
    assert len(handler._told) <= 20
