"""Frames and streams: checked vectors, every single-byte change, any bytes, any cutting."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.gbt26875.data_units import decode_data
from edge.agent.gbt26875.frame import (
    MAX_ADDRESS,
    MAX_FRAME_BYTES,
    Command,
    Damaged,
    Frame,
    Incomplete,
    decode_frame,
    encode_frame,
    examine,
    reply_to,
)
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.gbt26875.stream import StreamDecoder
from redwhistle.errors import ContractError, Malformed, TooLarge
from tests.unit.gbt26875_vectors import CENTRE, CONFIRM, DENY, MAINS_FAULT, SMOKE_FIRE, TRANSMITTER, VECTORS

byte = st.integers(0, 255)
times = st.builds(PanelTime, byte, byte, byte, byte, byte, byte)
frames = st.builds(
    Frame,
    serial=st.integers(0, 0xFFFF),
    source=st.integers(0, MAX_ADDRESS),
    destination=st.integers(0, MAX_ADDRESS),
    command=byte,
    time=times,
    data=st.binary(max_size=200) | st.sampled_from([b"@@", b"##", b"@@##@@", bytes(1024)]),
    version=st.tuples(byte, byte),
)


def good(decoder: StreamDecoder, data: bytes) -> list[Frame]:
    return [each for each in decoder.feed(data) if isinstance(each, Frame)]


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_a_checked_vector_there_and_back(vector: bytes) -> None:
    frame = decode_frame(vector)
    assert encode_frame(frame) == vector
    assert {frame.source, frame.destination} == {TRANSMITTER, CENTRE}
    assert (frame.serial, frame.version) == (1, (1, 1))
    assert frame.time.text() == f"2012-09-26 09:58:{vector[6]}"


def test_replies_are_the_vectors() -> None:
    time = PanelTime(0x23, 0x3A, 9, 0x1A, 9, 0x0C)
    frame = decode_frame(SMOKE_FIRE)
    assert encode_frame(reply_to(frame, Command.CONFIRM, time)) == CONFIRM
    assert encode_frame(reply_to(frame, Command.DENY, time)) == DENY


@given(frames)
def test_any_frame_there_and_back(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)) == frame


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_no_single_byte_change_is_decoded(vector: bytes) -> None:
    for at in range(len(vector)):
        for value in range(256):
            if value == vector[at]:
                continue
            changed = vector[:at] + bytes((value,)) + vector[at + 1 :]
            with pytest.raises(ContractError):
                decode_frame(changed)
            decoder = StreamDecoder()
            found = [*decoder.feed(changed), *decoder.rescue()]
            assert not any(isinstance(each, Frame) for each in found), (at, value)
            assert decoder.held_bytes < MAX_FRAME_BYTES


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_no_beginning_and_no_lengthening_is_decoded(vector: bytes) -> None:
    for length in range(len(vector)):
        assert isinstance(examine(vector[:length]), Incomplete)
        with pytest.raises(Malformed, match="incomplete"):
            decode_frame(vector[:length])
    with pytest.raises(Malformed, match="3 bytes follow"):
        decode_frame(vector + b"abc")


@given(frame=frames, data=st.data())
def test_no_single_byte_change_of_any_frame_passes_for_another(frame: Frame, data: st.DataObject) -> None:
    """The length is left out: bytes inside could form an end mark and a sum by chance. The vectors' are tested above."""
    whole = encode_frame(frame)
    at = data.draw(st.integers(0, len(whole) - 1).filter(lambda place: place not in {24, 25}))
    value = data.draw(byte.filter(lambda v: v != whole[at]))
    changed = whole[:at] + bytes((value,)) + whole[at + 1 :]
    with pytest.raises(ContractError):
        decode_frame(changed)


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (b"", "incomplete: 0 bytes"),
        (b"x", "no start mark"),
        (SMOKE_FIRE[:24] + b"\xff\xff" + SMOKE_FIRE[26:], "65535 bytes of data, 1024 are allowed"),
        (SMOKE_FIRE[:-1] + b"$", "no end mark"),
        (SMOKE_FIRE[:40] + b"!" + SMOKE_FIRE[41:], "checksum"),
    ],
)
def test_a_bad_frame_says_why(payload: bytes, fault: str) -> None:
    with pytest.raises(ContractError, match=fault):
        decode_frame(payload)


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("serial", -1, Malformed),
        ("serial", 65536, Malformed),
        ("source", 1 << 48, Malformed),
        ("command", 256, Malformed),
        ("time", PanelTime(256, 0, 0, 0, 0, 0), Malformed),
        ("data", bytes(1025), TooLarge),
    ],
)
def test_what_fits_no_field_is_not_encoded(field: str, value: object, error: type[Exception]) -> None:
    fields = {"serial": 1, "source": 1, "destination": 2, "command": 2, "time": PanelTime(0, 0, 0, 1, 1, 26)}
    with pytest.raises(error):
        encode_frame(Frame(**(fields | {field: value})))  # type: ignore[arg-type]


def test_two_frames_in_one_read_and_one_in_single_bytes() -> None:
    decoder = StreamDecoder()
    assert good(decoder, SMOKE_FIRE + MAINS_FAULT) == [decode_frame(SMOKE_FIRE), decode_frame(MAINS_FAULT)]
    found = [frame for value in SMOKE_FIRE for frame in good(decoder, bytes((value,)))]
    assert found == [decode_frame(SMOKE_FIRE)]
    assert decoder.held_bytes == decoder.skipped_bytes == 0


@given(
    parts=st.lists(frames | st.binary(max_size=40).map(lambda b: b.replace(b"@", b"-")), max_size=8),
    data=st.data(),
)
def test_frames_between_garbage_are_found_however_the_stream_is_cut(
    parts: list[Frame | bytes], data: st.DataObject
) -> None:
    stream = b"".join(encode_frame(part) if isinstance(part, Frame) else part for part in parts)
    decoder, found, at = StreamDecoder(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, 120))
        found += good(decoder, stream[at : at + size])
        at += size
    assert found == [part for part in parts if isinstance(part, Frame)]


@given(st.lists(st.binary(max_size=3000) | st.sampled_from([b"@", b"@@", SMOKE_FIRE, SMOKE_FIRE[:50]])))
def test_any_bytes_never_crash_and_never_pile_up(reads: list[bytes]) -> None:
    decoder = StreamDecoder()
    for read in reads:
        decoder.feed(read)
        assert decoder.held_bytes < MAX_FRAME_BYTES
        decoder.rescue()
        assert decoder.held_bytes < MAX_FRAME_BYTES


def test_a_false_start_holds_back_nothing_once_the_line_is_quiet() -> None:
    decoder = StreamDecoder()
    false_start = b"@@" + bytes(22) + (1000).to_bytes(2, "little") + b"\x02"
    assert decoder.feed(false_start + SMOKE_FIRE) == []
    assert decoder.rescue() == [decode_frame(SMOKE_FIRE)]
    assert decoder.held_bytes == 0


def test_a_frame_still_on_its_way_survives_a_quiet_line() -> None:
    decoder = StreamDecoder()
    assert decoder.feed(SMOKE_FIRE[:60]) == []
    assert decoder.rescue() == []
    assert decoder.feed(SMOKE_FIRE[60:]) == [decode_frame(SMOKE_FIRE)]


def test_a_damaged_frame_is_told_with_whom_to_deny_and_the_next_one_is_read() -> None:
    decoder = StreamDecoder()
    damaged, frame = decoder.feed(SMOKE_FIRE[:40] + b"!" + SMOKE_FIRE[41:] + MAINS_FAULT)
    assert isinstance(damaged, Damaged)
    assert (damaged.header.serial, damaged.header.source) == (1, TRANSMITTER)
    assert frame == decode_frame(MAINS_FAULT)


def fuzz(rounds: int, seed: int) -> int:
    """Feed `rounds` buffers, random or made of changed vectors; return how many frames came out."""
    chance = random.Random(seed)
    vectors = list(VECTORS.values())
    decoder, found = StreamDecoder(), 0
    for _ in range(rounds):
        buffer = bytearray(chance.choice(vectors))
        for _ in range(chance.randrange(4)):
            buffer[chance.randrange(len(buffer))] = chance.randrange(256)
        if not chance.randrange(3):
            buffer = bytearray(chance.randbytes(chance.randrange(90)))
        if not chance.randrange(4):
            del buffer[chance.randrange(len(buffer) + 1) :]
        for each in decoder.feed(bytes(buffer)):
            if isinstance(each, Frame):
                found += 1
                try:
                    decode_data(each.data)
                except ContractError:
                    continue
        assert decoder.held_bytes < MAX_FRAME_BYTES
    return found


def test_fuzzed_buffers() -> None:
    assert fuzz(20_000, seed=26875) > 1_000


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_million_fuzzed_buffers() -> None:
    assert fuzz(1_000_000, seed=3) > 50_000
