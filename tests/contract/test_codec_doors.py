"""The codec under any input: a model or a ContractError, nothing else; the limits; topics."""

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redwhistle.contracts.codec import (
    decode_ack,
    decode_command,
    decode_envelope,
    decode_evidence,
    decode_reply,
    decode_state,
    encode,
    read_json_object,
)
from redwhistle.contracts.commands import Command, Reply
from redwhistle.contracts.envelope import Ack, Envelope
from redwhistle.contracts.evidence import Evidence
from redwhistle.contracts.ids import SLUG
from redwhistle.contracts.state import BoxState
from redwhistle.contracts.topics import FROM_BOX, TO_BOX, Leaf, Topic, build, parse, subscribe_all
from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES, MAX_ITEMS
from redwhistle.errors import ContractError, Malformed, TooLarge

GOLDEN = Path(__file__).parent / "golden"
FILES = {file.stem: file.read_bytes() for file in sorted(GOLDEN.glob("*.json"))}
Message = Envelope | Ack | BoxState | Command | Reply | Evidence
DECODERS: list[Callable[[bytes], Message]] = [
    decode_envelope,
    decode_ack,
    decode_state,
    decode_command,
    decode_reply,
    decode_evidence,
]

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def must_be_model_or_contract_error(payload: bytes) -> None:
    for decode in DECODERS:
        try:
            model = decode(payload)
        except ContractError:
            continue
        once = encode(model)
        assert encode(decode(once)) == once


@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b'{"v": 1e999}')
@example(b"[" * 200_000)
@example(b'{"v":' * 20_000)
@example(b"9" * 5000)
def test_any_bytes(payload: bytes) -> None:
    must_be_model_or_contract_error(payload)
    with contextlib.suppress(ContractError):
        assert isinstance(read_json_object(payload), dict)


def paths_in(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths_in(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += paths_in(inner, (*path, number))
    return found


@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_golden_payload_with_one_value_replaced(name: str, data: st.DataObject) -> None:
    document = json.loads(FILES[name])
    path = data.draw(st.sampled_from([path for path in paths_in(document) if path]))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data.draw(json_values)
    must_be_model_or_contract_error(json.dumps(document).encode())


@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_golden_payload_with_one_byte_replaced(name: str, data: st.DataObject) -> None:
    whole = FILES[name]
    at = data.draw(st.integers(0, len(whole) - 1))
    must_be_model_or_contract_error(whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :])


@pytest.mark.parametrize("decode", DECODERS)
def test_too_many_bytes(decode: Callable[[bytes], Message]) -> None:
    with pytest.raises(TooLarge):
        decode(b" " * (MAX_ENVELOPE_BYTES + 1))
    with pytest.raises(Malformed):
        decode(b" " * MAX_ENVELOPE_BYTES)


def with_gaps(count: int) -> bytes:
    document = json.loads(FILES["v1-envelope-empty"])
    document["gaps"] = [
        {"seq": n, "dropped": [1, 1], "count": 1, "at_ms": 0, "reason": ""} for n in range(1, count + 1)
    ]
    return json.dumps(document, separators=(",", ":")).encode()


def test_too_many_items() -> None:
    assert len(decode_envelope(with_gaps(MAX_ITEMS)).gaps) == MAX_ITEMS
    with pytest.raises(ContractError):
        decode_envelope(with_gaps(MAX_ITEMS + 1))
    document = json.loads(with_gaps(MAX_ITEMS))
    document["events"] = json.loads(FILES["v1-event-smoke"])["events"]
    with pytest.raises(TooLarge, match="1001 items"):
        decode_envelope(json.dumps(document, separators=(",", ":")).encode())


def test_nothing_is_written_that_a_reader_would_refuse_for_its_size() -> None:
    command = decode_command(FILES["v1-command"])
    with pytest.raises(TooLarge):
        encode(command.model_copy(update={"args": {"x": "x" * MAX_ENVELOPE_BYTES}}))
    with pytest.raises(Malformed):
        encode(command.model_copy(update={"args": {"x": "\ud800"}}))


slugs = st.from_regex(SLUG.replace("$", r"\Z"))


@given(slugs, slugs, st.sampled_from(Leaf))
def test_a_topic_there_and_back(site: str, box: str, leaf: Leaf) -> None:
    assert parse(build(site, box, leaf)) == Topic(site, box, leaf)


@given(
    st.text()
    | st.lists(slugs | st.sampled_from(["rw", "v1", "+", "#", "", *Leaf, "a\n", "A"]), max_size=7).map(
        "/".join
    )
)
@example("rw/v1/site\n/box/ack")
@example("rw/v1/site/box/ack\n")
@example("rw/v1/site/box/ack/")
@example("/rw/v1/site/box/ack")
@example("rw/v1/+/box/ack")
@example("rw/v2/site/box/ack")
@example("$share/g/rw/v1/site/box/ack")
def test_any_other_text_is_no_topic(text: str) -> None:
    try:
        topic = parse(text)
    except Malformed:
        return
    assert build(*topic) == text
    assert not set(text) & set("+#\n\0 ")


@given(st.text(max_size=70))
@example("a\n")
@example("")
@example("+")
@example("a" * 65)
@example("-a")
def test_a_name_that_cannot_be_in_a_topic(name: str) -> None:
    if re.fullmatch(SLUG, name):
        assert parse(build(name, "box", Leaf.ACK)).site == name
    else:
        with pytest.raises(Malformed, match="lower-case"):
            build(name, "box", Leaf.ACK)


def test_every_leaf_has_one_direction_and_a_filter() -> None:
    assert set(Leaf) == FROM_BOX | TO_BOX
    assert not FROM_BOX & TO_BOX
    assert subscribe_all(Leaf.ALARM) == "rw/v1/+/+/alarm"
    assert subscribe_all(Leaf.TELEMETRY, "ingest") == "$share/ingest/rw/v1/+/+/telemetry"
