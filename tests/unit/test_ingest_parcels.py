"""The door for bytes: anything either opens, with its bad items set apart, or is refused with a reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.contracts.topics import Leaf, Topic
from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES
from redwhistle.errors import ContractError, Malformed, TooLarge
from server.ingest.parcels import Parcel, open_parcel

TELEMETRY = Topic("jinyuan", "box-1", Leaf.TELEMETRY)
ALARM = Topic("jinyuan", "box-1", Leaf.ALARM)
BOOT = "a" * 32
EVENT_ID = "0198c5a2-7b1e-7c3d-8e4f-0123456789ab"


def header(lane: str = "telemetry", **more: Any) -> dict[str, Any]:
    stamp = {"at_ms": 1_780_000_000_000, "mono_ms": 5, "boot": BOOT, "synced": True}
    return {"v": 1, "site": "jinyuan", "box": "box-1", "epoch": "e" * 32, "lane": lane, "sent": stamp, **more}


def event(seq: int, **more: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "id": EVENT_ID,
        "device": "smoke-1",
        "kind": "smoke",
        "at_ms": 1_780_000_000_000,
        "mono_ms": 5,
        "boot": BOOT,
        "synced": True,
        "data": {"active": True},
        **more,
    }


def columns(n: int = 3, **more: Any) -> dict[str, Any]:
    return {
        "boot": BOOT,
        "synced": True,
        "series": [["t-1", "temperature_c"], ["t-2", "temperature_c"]],
        "seq": list(range(1, n + 1)),
        "row_series": [i % 2 for i in range(n)],
        "value": [20.0] * n,
        "at_ms": [1_780_000_000_000] * n,
        "mono_ms": [5] * n,
        **more,
    }


def opened(message: dict[str, Any], topic: Topic = TELEMETRY) -> Parcel:
    return open_parcel(topic, json.dumps(message).encode())


def open_or_none(topic: Topic, payload: bytes) -> Parcel | None:
    """Anything but a parcel or a ContractError with a text fails the test."""
    try:
        return open_parcel(topic, payload)
    except ContractError as error:
        if not error.detail:
            raise AssertionError("a refusal without a reason") from error
        return None


def seqs(parcel: Parcel) -> list[int]:
    return [seq for block in parcel.envelope.readings for seq in block.seq]


@given(st.binary(max_size=400))
def test_any_bytes_open_or_are_refused(payload: bytes) -> None:
    parcel = open_or_none(TELEMETRY, payload)
    assert parcel is None or parcel.envelope.box == "box-1"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON, _JSON, _JSON, st.sampled_from(["alarm", "telemetry"]))
def test_any_json_in_any_place_opens_or_is_refused(events: Any, readings: Any, gaps: Any, lane: str) -> None:
    message = header(lane, events=events, readings=readings, gaps=gaps)
    parcel = open_or_none(ALARM if lane == "alarm" else TELEMETRY, json.dumps(message).encode())
    if parcel is not None and isinstance(events, list):
        assert len(parcel.envelope.events) + len(parcel.bad) >= len(events)


@pytest.mark.parametrize("bad", ["x", None, [1], True, float("nan"), float("inf"), "1e400"])
def test_one_bad_reading_is_set_apart_and_its_neighbours_stay(bad: Any) -> None:
    block = columns()
    block["value"][1] = bad
    parcel = opened(header(readings=[block]))
    assert seqs(parcel) == [1, 3]
    assert [b.seq for b in parcel.bad] == [2]


def test_columns_of_unequal_length_are_set_apart_by_number() -> None:
    parcel = opened(header(readings=[columns(value=[1.0])], events=[event(9)]))
    assert seqs(parcel) == []
    assert sorted(b.seq or 0 for b in parcel.bad) == [1, 2, 3]
    assert [e.seq for e in parcel.envelope.events] == [9]


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"level": "high"}},
        {"data": {"note": "a\u0000b"}},
        {"data": {"x": "y" * 9000}},
        {"kind": "meteor", "data": {"x": float("nan")}},
        {"kind": "meteor", "data": {"x": ["a\u0000"]}},
        {"kind": "meteor", "data": {"x": "\ud800"}},
        {"device": "Not A Slug"},
        {"id": "0198c5a2-7b1e-4c3d-8e4f-0123456789ab"},
        {"at_ms": -5},
        {"at_ms": 1e30},
        {"kind": "x" * 100},
    ],
)
def test_one_bad_event_is_set_apart_with_its_kind(change: dict[str, Any]) -> None:
    parcel = opened(header("alarm", events=[event(1), event(2, **change), event(3)]), ALARM)
    assert [e.seq for e in parcel.envelope.events] == [1, 3]
    assert [(b.seq, bool(b.detail)) for b in parcel.bad] == [(2, True)]


def test_an_unknown_kind_and_unknown_fields_are_kept() -> None:
    parcel = opened(
        header("alarm", events=[event(1, kind="meteor", colour="red", data={"size": 3})], mood="calm"), ALARM
    )
    assert parcel.bad == ()
    assert parcel.envelope.events[0].kind == "meteor"


def test_an_envelope_under_a_foreign_topic_is_refused() -> None:
    with pytest.raises(Malformed, match="came under"):
        opened(header(), Topic("jinyuan", "box-2", Leaf.TELEMETRY))
    with pytest.raises(Malformed, match="lane"):
        opened(header("alarm"), TELEMETRY)


def test_an_oversized_envelope_is_refused() -> None:
    with pytest.raises(TooLarge):
        open_parcel(TELEMETRY, b" " * (MAX_ENVELOPE_BYTES + 1))


def test_broken_utf8_is_refused_or_set_apart() -> None:
    payload = json.dumps(header("alarm", events=[event(1)])).encode().replace(b"smoke-1", b"smoke\xff1")
    with pytest.raises(Malformed):
        open_parcel(ALARM, payload)
