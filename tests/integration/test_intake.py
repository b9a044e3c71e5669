"""Exactly once into the store: the same suite for the intake in memory and for PostgreSQL (E50, E51, E6, E11, twins)."""

import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import pytest
import uuid_utils

from bench.places import plant_compound
from redwhistle.contracts import codec
from redwhistle.contracts.envelope import Ack
from redwhistle.contracts.ids import Lane
from redwhistle.ranges import Ranges, normalise
from server.alerts.model import DoubtItem, EventItem, Item, PresenceItem, ReadingItem
from server.ingest.handler import Handler
from server.ingest.ports import Answer, Message, SiteKey
from server.ingest.testing import MemoryIntake
from server.store.connection import Connection
from server.store.intake import Intake

NOW = 1_780_000_000_000
BOOT = "a" * 32
EPOCH = "e" * 32


class HeatScreen:
    """Only temperatures of 57 and more are of interest."""

    def bounds(self, metric: str) -> tuple[float, float] | None:
        return (float("-inf"), 57.0) if metric == "temperature_c" else None


@dataclass
class Bench:
    """A handler over one of the two intakes, and a way to see what is stored."""

    handler: Handler
    memory: MemoryIntake | None
    url: str | None
    stepped: list[tuple[SiteKey, Item]]

    def handle(self, *messages: Message) -> list[Answer]:
        return self.handler.handle(messages)

    def reading_seqs(self) -> list[int]:
        if self.memory:
            return sorted(int(s) for rows in self.memory.stored.readings for s in rows.seq)
        return [r[0] for r in self.query("SELECT seq FROM readings ORDER BY seq")]

    def event_seqs(self) -> list[int]:
        if self.memory:
            return sorted(e.seq for e in self.memory.stored.events)
        return [r[0] for r in self.query("SELECT seq FROM events ORDER BY seq")]

    def quarantined(self) -> list[tuple[int | None, str]]:
        if self.memory:
            return sorted(((r.seq, r.code) for r in self.memory.stored.aside.values()), key=str)
        return sorted(((s, c) for s, c in self.query("SELECT seq, code FROM quarantine")), key=str)

    def twins(self) -> list[str]:
        seen = "SELECT box FROM boxes WHERE twin_seen_at IS NOT NULL"
        return sorted(self.memory.stored.twins) if self.memory else [r[0] for r in self.query(seen)]

    def times(self) -> list[int]:
        if self.memory:
            return sorted(e.time_ms for e in self.memory.stored.events)
        rows = self.query("SELECT (extract(epoch FROM time) * 1000)::bigint FROM events ORDER BY 1")
        return [r[0] for r in rows]

    def items(self) -> list[Item]:
        return [item for _, item in (self.memory.stored.stepped if self.memory else self.stepped)]

    def query(self, text: str) -> list[Any]:
        assert self.url is not None
        with psycopg.connect(self.url) as connection:
            return connection.execute(text).fetchall()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.servers)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "memory":
        memory = MemoryIntake({"jinyuan": ["jinyuan-b7"], "jinhe": []})
        yield Bench(Handler(memory, HeatScreen(), presence_step_ms=30_000), memory, None, [])
        return
    url: str = request.getfixturevalue("database")
    plant_places(url)
    stepped: list[tuple[SiteKey, Item]] = []

    def step(_: Connection, items: Mapping[SiteKey, Sequence[Item]], __: datetime) -> None:
        stepped.extend((site, item) for site, listed in sorted(items.items()) for item in listed)

    intake = Intake(url, name="test", stepper=step)
    yield Bench(Handler(intake, HeatScreen(), presence_step_ms=30_000), None, url, stepped)
    intake.close()


def plant_places(url: str) -> None:
    plant_compound(url, "jinyuan", "jinhe")
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO places (id, parent, level, name_zh) VALUES ('jinyuan-b7', 'jinyuan', 'building', '七栋')"
        )


def reading_message(
    first: int, n: int, *, box: str = "box-1", device: str = "t-1", value: float = 20.0, **more: Any
) -> Message:
    block = {
        "boot": BOOT,
        "synced": True,
        "series": [[device, "temperature_c"], ["h-1", "humidity_pct"]],
        "seq": list(range(first, first + n)),
        "row_series": [i % 2 for i in range(n)],
        "value": [value] * n,
        "at_ms": [NOW - 1000] * n,
        "mono_ms": [5] * n,
    }
    return envelope("telemetry", box=box, readings=[{**block, **more.pop("block", {})}], **more)


def event_message(*seqs: int, **more: Any) -> Message:
    return envelope("alarm", events=[event(seq) for seq in seqs], **more)


def event(seq: int, **more: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "id": str(uuid_utils.uuid7()),
        "device": "smoke-1",
        "kind": "smoke",
        "at_ms": NOW - 1000,
        "mono_ms": 5,
        "boot": BOOT,
        "synced": True,
        **more,
    }


def envelope(
    lane: str, *, box: str = "box-1", site: str = "jinyuan", epoch: str = EPOCH, **more: Any
) -> Message:
    sent = {"at_ms": NOW, "mono_ms": 1000, "boot": BOOT, "synced": True}
    message = {"v": 1, "site": site, "box": box, "epoch": epoch, "lane": lane, "sent": sent, **more}
    return Message(f"rw/v1/{site}/{box}/{lane}", json.dumps(message).encode(), NOW)


def acks(answers: Sequence[Answer]) -> list[Ack]:
    return [codec.decode_ack(a.payload) for a in answers]


def held(answers: Sequence[Answer]) -> Ranges:
    return normalise(r for ack in acks(answers) for r in ack.received)


def test_what_is_acknowledged_is_stored(bench: Bench) -> None:
    answers = bench.handle(reading_message(1, 10), event_message(1, 2))
    assert {(a.lane, tuple(a.received)) for a in acks(answers)} == {
        (Lane.TELEMETRY, ((1, 10),)),
        (Lane.ALARM, ((1, 2),)),
    }
    assert bench.reading_seqs() == list(range(1, 11))
    assert bench.event_seqs() == [1, 2]
    assert {a.topic for a in answers} == {"rw/v1/jinyuan/box-1/ack"}


def test_an_acknowledgement_always_says_the_highest_number_held(bench: Bench) -> None:
    bench.handle(reading_message(100, 5))
    (ack,) = acks(bench.handle(reading_message(1, 5)))
    assert ack.received == [(1, 5), (100, 104)]


def test_a_batch_of_ten_thousand_delivered_twice_changes_no_count(bench: Bench) -> None:
    batch = [reading_message(1 + 500 * i, 500) for i in range(20)]
    first = bench.handle(*batch)
    again = bench.handle(*batch)
    assert bench.reading_seqs() == list(range(1, 10_001))
    assert held(first) == held(again) == ((1, 10_000),)


@pytest.mark.parametrize("seed", range(6))
def test_any_cutting_order_and_repetition_stores_each_item_once(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    messages = []
    for _ in range(60):
        first = chance.randint(1, 300)
        messages.append(reading_message(first, chance.randint(1, 40)))
    while messages:
        cut = chance.randint(1, 12)
        answers = bench.handle(*messages[:cut])
        for first, last in held(answers):
            assert set(range(first, last + 1)) <= set(bench.reading_seqs())
        messages = messages[cut:]
    stored = bench.reading_seqs()
    assert len(stored) == len(set(stored))


def test_one_envelope_twice_in_one_batch_is_stored_once(bench: Bench) -> None:
    alarm = event_message(1)
    bench.handle(reading_message(1, 5), reading_message(3, 5), alarm, alarm)
    assert bench.reading_seqs() == [1, 2, 3, 4, 5, 6, 7]
    assert bench.event_seqs() == [1]
    assert [i for i in bench.items() if isinstance(i, DoubtItem)] == []


def test_one_bad_row_is_set_aside_and_the_rest_is_stored_and_acknowledged(bench: Bench) -> None:
    answers = bench.handle(reading_message(1, 3, block={"value": [1.0, "warm", 2.0]}))
    assert bench.reading_seqs() == [1, 3]
    assert bench.quarantined() == [(2, "malformed")]
    assert held(answers) == ((1, 3),)


def test_a_bad_alarm_is_set_aside_and_alarmed_all_the_same(bench: Bench) -> None:
    answers = bench.handle(envelope("alarm", events=[event(1, data={"level": "\u0000"}), event(2)]))
    assert held(answers) == ((1, 2),)
    doubts = [i for i in bench.items() if isinstance(i, DoubtItem)]
    assert [(d.kind, d.subject.device, d.subject.site) for d in doubts] == [("smoke", "smoke-1", "jinyuan")]
    bench.handle(envelope("alarm", events=[event(1, data={"level": "\u0000"})]))
    assert len([i for i in bench.items() if isinstance(i, DoubtItem)]) == 1


def test_garbage_is_kept_and_its_digest_is_told_to_the_box(bench: Bench) -> None:
    garbage = Message("rw/v1/jinyuan/box-1/telemetry", b"\xff\x00garbage", NOW)
    nowhere = Message("rw/v1/UPPER/box/telemetry", b"{}", NOW)
    answers = bench.handle(garbage, nowhere, reading_message(1, 2))
    rejected = [r for ack in acks(answers) for r in ack.rejected]
    assert [r.sha256 for r in rejected] == [codec.digest(garbage.payload)]
    assert bench.quarantined() == [(None, "malformed"), (None, "malformed")]
    assert bench.reading_seqs() == [1, 2]


def test_garbage_on_the_alarm_topic_of_a_known_site_raises_doubt(bench: Bench) -> None:
    bench.handle(Message("rw/v1/jinyuan/box-1/alarm", b"smoke!!", NOW))
    assert [type(i) for i in bench.items()] == [DoubtItem]


def test_a_box_of_an_unknown_site_is_not_acknowledged_and_leaves_one_note(bench: Bench) -> None:
    strange = envelope("alarm", site="atlantis", box="box-9", events=[event(1)])
    again = envelope("alarm", site="atlantis", box="box-9", events=[event(2)])
    assert bench.handle(strange, again, event_message(1))[0].topic == "rw/v1/jinyuan/box-1/ack"
    assert bench.handle(again) == []
    assert bench.event_seqs() == [1]
    assert bench.quarantined() == [(None, "unknown_site")]


def test_a_declared_gap_counts_as_dropped_and_not_as_a_hole(bench: Bench) -> None:
    gap = {"seq": 9, "dropped": [3, 8], "count": 6, "at_ms": NOW, "reason": "outbox full"}
    answers = bench.handle(reading_message(1, 4), envelope("telemetry", gaps=[gap]))
    assert held(answers) == ((1, 9),)
    if bench.url:
        rows = bench.query("SELECT received::text, dropped::text, hole_since FROM box_progress")
        assert rows == [("{[1,10)}", "{[5,9)}", None)]


def test_a_hole_is_dated_while_it_is_open(bench: Bench) -> None:
    bench.handle(reading_message(5, 2))
    if bench.url:
        assert bench.query("SELECT received::text, hole_since IS NOT NULL FROM box_progress") == [
            ("{[5,7)}", True)
        ]
    bench.handle(reading_message(1, 4))
    if bench.url:
        assert bench.query("SELECT received::text, hole_since IS NOT NULL FROM box_progress") == [
            ("{[1,7)}", False)
        ]


def test_another_alarm_under_a_held_number_is_a_twins_and_is_alarmed(bench: Bench) -> None:
    bench.handle(event_message(1))
    other = event_message(1)
    bench.handle(other)
    assert [c for _, c in bench.quarantined()] == ["twin"]
    doubts = [i for i in bench.items() if isinstance(i, DoubtItem)]
    assert [(d.code, d.kind) for d in doubts] == [("twin", "smoke")]
    assert bench.twins() == ["box-1"]


def test_two_outboxes_of_one_box_are_kept_apart(bench: Bench) -> None:
    bench.handle(reading_message(1, 3), reading_message(1, 3, epoch="f" * 32))
    assert bench.reading_seqs() == [1, 1, 2, 2, 3, 3]


def test_only_readings_beyond_the_screen_and_hot_ones_reach_the_engine(bench: Bench) -> None:
    bench.handle(reading_message(1, 4), reading_message(5, 4, value=60.0))
    seen = [(i.id.rsplit("/", 1)[1], i.metric) for i in bench.items() if isinstance(i, ReadingItem)]
    assert seen == [("5", "temperature_c"), ("7", "temperature_c")]


def test_the_engine_sees_a_reading_come_back_within_the_batch_in_which_it_left(bench: Bench) -> None:
    """However a log is cut into batches, the engine sees the same: a spike is a spike and no lasting heat."""
    bench.handle(
        reading_message(1, 2, value=60.0), reading_message(3, 2), reading_message(5, 2, device="t-2")
    )
    seen = [(i.subject.device, i.value) for i in bench.items() if isinstance(i, ReadingItem)]
    assert seen == [("t-1", 60.0), ("t-1", 20.0)]


def test_the_engine_is_told_of_a_device_heard_no_oftener_than_it_listens(bench: Bench) -> None:
    bench.handle(reading_message(1, 4))
    bench.handle(reading_message(5, 4))
    bench.handle(reading_message(9, 2, block={"at_ms": [NOW + 29_500] * 2}))
    told = [(i.subject.device, i.at_ms) for i in bench.items() if isinstance(i, PresenceItem)]
    assert told == [("h-1", NOW - 1000), ("t-1", NOW - 1000), ("h-1", NOW + 29_500), ("t-1", NOW + 29_500)]


def test_a_box_that_misses_a_device_is_no_sign_of_life_of_that_device(bench: Bench) -> None:
    bench.handle(
        envelope("alarm", events=[event(1, kind="device_lost"), event(2, kind="tamper", device="t-9")])
    )
    assert [i.subject.device for i in bench.items() if isinstance(i, PresenceItem)] == ["t-9"]


def test_an_exercise_is_kept_apart_from_what_is_real(bench: Bench) -> None:
    bench.handle(event_message(1), envelope("alarm", exercise="drill-7", events=[event(2)]))
    sites = [
        s
        for s, i in (bench.memory.stored.stepped if bench.memory else bench.stepped)
        if isinstance(i, EventItem)
    ]
    assert sites == [("jinyuan", ""), ("jinyuan", "drill-7")]


def test_the_finer_place_of_an_event_is_used_where_it_is_known(bench: Bench) -> None:
    bench.handle(envelope("alarm", events=[event(1, place="jinyuan-b7"), event(2, place="jinhe")]))
    places = [i.subject.place for i in bench.items() if isinstance(i, EventItem)]
    assert places == ["jinyuan-b7", "jinyuan"]


def test_an_absurd_clock_neither_loses_nor_misdates_an_alarm(bench: Bench) -> None:
    bench.handle(
        envelope(
            "alarm",
            events=[event(1, at_ms=0), event(2, at_ms=253_402_300_799_000), event(3, synced=False, at_ms=7)],
        )
    )
    assert bench.times() == [NOW - 995, NOW, NOW]


def test_a_message_that_breaks_its_transaction_is_kept_whole_and_acknowledged(bench: Bench) -> None:
    message = event_message(1, 2)
    answers = bench.handler.set_aside_whole(message, RuntimeError("no"))
    assert held(answers) == ((1, 2),)
    assert bench.quarantined() == [(1, "not_stored"), (2, "not_stored")]
    assert len([i for i in bench.items() if isinstance(i, DoubtItem)]) == 2
    assert held(bench.handle(message)) == ((1, 2),)
    assert bench.event_seqs() == []


@pytest.mark.servers
def test_a_failing_engine_leaves_nothing_half_stored(database: str) -> None:
    plant_places(database)

    def fail(*_: Any) -> None:
        raise RuntimeError("engine")

    intake = Intake(database, name="half", stepper=fail)
    handler = Handler(intake, HeatScreen(), presence_step_ms=30_000)
    with pytest.raises(RuntimeError):
        handler.handle([event_message(1), reading_message(1, 3)])
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
        assert connection.execute("SELECT received::text FROM box_progress").fetchall() == [("{}",), ("{}",)]
    answers = handler.set_aside_whole(event_message(1), RuntimeError("engine"))
    assert held(answers) == ((1, 1),)
    intake.close()


def test_ids_are_uuids() -> None:
    assert uuid.UUID(event(1)["id"]).version == 7
