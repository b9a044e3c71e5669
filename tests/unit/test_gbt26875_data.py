"""Application data: every type the standard defines, byte for byte; deviations of makers; nothing crashes."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.data_units import DataUnit, decode_data, encode_data
from edge.agent.gbt26875.describe import describe_frame, describe_unit, frame_lines, state_words
from edge.agent.gbt26875.frame import Command, Frame, decode_frame
from edge.agent.gbt26875.names import ANALOG_TYPES, COMPONENT_TYPES, DATA_TYPES, SYSTEM_TYPES, name_of
from edge.agent.gbt26875.objects import InfoObject
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.gbt26875.states import (
    BIT_NAMES,
    ComponentBit,
    OperationBit,
    SystemBit,
    TransmitterBit,
    is_test_state,
    name_bits,
)
from redwhistle.errors import ContractError, Malformed
from tests.unit.gbt26875_vectors import CONFIRM, MAINS_FAULT, SMOKE_FIRE, TIME, component

T = TIME
STAMP = bytes(TIME).hex()
TEXT = "三楼走廊".encode("gb18030").ljust(31, b"\0")

# (type, object, bytes after type and count) as the standard has them
GOLDEN: list[tuple[int, InfoObject, str]] = [
    (1, o.SystemState(1, 3, 0x2103, T), "0103 0321" + STAMP),
    (2, o.ComponentState(1, 1, 40, 0x2000A, 3, TEXT, T), "010128 0a000200 0300" + TEXT.hex() + STAMP),
    (3, o.AnalogValue(1, 1, 30, 7, 3, -55, T), "01011e 07000000 03 c9ff" + STAMP),
    (4, o.Operation(1, 1, 0x05, 9, T), "0101 05 09" + STAMP),
    (5, o.SoftwareVersion(1, 1, 2, 7), "0101 02 07"),
    (6, o.SystemConfiguration(1, 1, b"\xc8\xfd"), "0101 02 c8fd"),
    (7, o.ComponentConfiguration(1, 1, 40, 7, TEXT), "010128 07000000" + TEXT.hex()),
    (8, o.SystemTime(1, 1, T), "0101" + STAMP),
    (21, o.TransmitterState(8, T), "08" + STAMP),
    (24, o.TransmitterOperation(0x20, 4, T), "20 04" + STAMP),
    (25, o.TransmitterVersion(3, 1), "03 01"),
    (26, o.TransmitterConfiguration(b"abc"), "03 616263"),
    (28, o.ClockTime(T), STAMP),
    (61, o.ReadSystem(1, 2), "0102"),
    (62, o.ReadComponent(1, 2, 0x2000A), "0102 0a000200"),
    (63, o.ReadComponent(1, 2, 7), "0102 07000000"),
    (64, o.ReadOperations(1, 2, 5, T), "0102 05" + STAMP),
    (65, o.ReadSystem(1, 2), "0102"),
    (66, o.ReadSystem(1, 2), "0102"),
    (67, o.ReadComponent(1, 2, 7), "0102 07000000"),
    (68, o.ReadSystem(1, 2), "0102"),
    (81, o.Bare(), "00"),
    (84, o.ReadTransmitterOperations(5, T), "05" + STAMP),
    (85, o.Bare(), "00"),
    (86, o.Bare(), "00"),
    (88, o.Bare(), "00"),
    (89, o.Bare(), "00"),
    (90, o.ClockTime(T), STAMP),
    (91, o.DutyCheck(10), "0a"),
]


@pytest.mark.parametrize(("kind", "said", "body"), GOLDEN, ids=lambda value: str(value)[:24])
def test_every_type_of_the_standard_byte_for_byte(kind: int, said: InfoObject, body: str) -> None:
    data = bytes((kind, 1)) + bytes.fromhex(body)
    assert decode_data(data) == DataUnit(kind, (said,), 1)
    assert encode_data(DataUnit(kind, (said,), 1)) == data
    twice = bytes((kind, 2)) + bytes.fromhex(body) * 2
    assert decode_data(twice) == DataUnit(kind, (said, said), 2)
    assert describe_unit(DataUnit(kind, (said,), 1))["type"]["zh"] == DATA_TYPES[kind].zh
    for cut in range(1, len(data) - 2):
        _never_more_than_it_holds(data[:-cut])


def _never_more_than_it_holds(data: bytes) -> None:
    try:
        unit = decode_data(data)
    except Malformed:
        return
    assert unit is not None
    assert encode_data(unit) == data, "read without a time, and whole"


def test_all_types_that_have_a_name_are_tested() -> None:
    assert {kind for kind, _, _ in GOLDEN} == set(DATA_TYPES)


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 7, 21, 24, 25])
def test_makers_who_add_or_leave_out_the_time_are_understood(kind: int) -> None:
    (said,) = [said for number, said, _ in GOLDEN if number == kind]
    for time in (None, T):
        values = {field.name: getattr(said, field.name) for field in fields(said)} | {"time": time}
        other: Any = type(said)(**values)
        for count in (1, 3):
            unit = DataUnit(kind, (other,) * count, count)
            assert decode_data(encode_data(unit)) == unit


@pytest.mark.parametrize(
    "said", [o.SystemConfiguration(1, 1, b"abcd", T), o.TransmitterConfiguration(b"abcd", T)]
)
def test_a_description_with_a_time(said: InfoObject) -> None:
    unit = DataUnit(6 if isinstance(said, o.SystemConfiguration) else 26, (said, said), 2)
    assert decode_data(encode_data(unit)) == unit


def test_more_bytes_than_the_objects_need_are_kept() -> None:
    unit = decode_data(decode_frame(SMOKE_FIRE).data + b"more")
    assert unit is not None
    assert unit.trailing == b"more"
    assert isinstance(unit.objects[0], o.ComponentState)


@pytest.mark.parametrize(
    "data", [b"\x02\x02" + bytes(46), b"\x15\x01", b"\x06\x01\x01\x01\x05ab", b"\x5b\x01"]
)
def test_fewer_bytes_than_announced_are_an_error(data: bytes) -> None:
    with pytest.raises(Malformed, match="announced"):
        decode_data(data)


@pytest.mark.parametrize("kind", [0, 9, 20, 22, 27, 40, 69, 82, 92, 128, 254, 255])
def test_other_types_are_kept_as_they_are(kind: int) -> None:
    data = bytes((kind, 3)) + b"whatever"
    assert decode_data(data) == DataUnit(kind, (o.Opaque(b"whatever"),), 3)


@given(
    st.binary(max_size=200)
    | st.tuples(st.sampled_from(sorted(DATA_TYPES)), st.binary(max_size=120)).map(
        lambda p: bytes((p[0],)) + p[1]
    )
)
def test_any_data_are_decoded_byte_for_byte_or_refused(data: bytes) -> None:
    try:
        unit = decode_data(data)
    except ContractError:
        return
    if unit is None:
        assert data == b""
        return
    assert encode_data(unit) == data
    frame = Frame(1, 2, 3, Command.SEND, TIME, data)
    assert describe_frame(frame)["data_bytes"] == len(data)
    assert all(frame_lines(frame))


@pytest.mark.parametrize(
    "unit",
    [
        DataUnit(1, (o.DutyCheck(1),), 1),
        DataUnit(1, (o.SystemState(1, 1, 1, T),), 2),
        DataUnit(2, (o.ComponentState(1, 1, 1, 1, 1, b"short", T),), 1),
        DataUnit(21, (o.TransmitterState(256, T),), 1),
        DataUnit(28, (o.ClockTime(None),), 1),
        DataUnit(26, (o.TransmitterConfiguration(bytes(256)),), 1),
        DataUnit(200, (o.DutyCheck(1),), 1),
    ],
)
def test_what_does_not_belong_together_is_not_encoded(unit: DataUnit) -> None:
    with pytest.raises(Malformed):
        encode_data(unit)


def test_the_vectors_in_words() -> None:
    told = describe_frame(decode_frame(SMOKE_FIRE))
    (smoke,) = told["data"]["objects"]
    assert smoke["component_type"] == {"value": 40, "zh": "感烟火灾探测器", "en": "smoke detector"}
    assert smoke["system_type"]["en"] == "fire alarm system"
    assert smoke["address"] == {"zone": 10, "number": 2, "value": 0x2000A}
    assert smoke["state"] == {"value": 2, "set": ["fire"]}
    assert (smoke["test"], smoke["text"]) == (True, "")
    assert smoke["time"]["text"] == "2012-09-26 09:58:02"
    (mains,) = describe_frame(decode_frame(MAINS_FAULT))["data"]["objects"]
    assert mains["state"] == {"value": 8, "set": ["mains_fault"]}
    confirm = describe_frame(decode_frame(CONFIRM))
    assert (confirm["command"]["en"], confirm["data"]) == ("confirm", None)


def test_values_have_units_and_signs() -> None:
    cold = o.AnalogValue(1, 1, 30, 7, 3, -55, T)
    assert (cold.value, ANALOG_TYPES[3].unit) == (-5.5, "°C")
    units = {1: 1, 2: 100, 3: 10, 4: 10, 5: 10, 6: 10, 7: 1, 8: 10, 9: 10, 10: 10, 11: 10, 12: 1}
    assert {number: known.steps_per_unit for number, known in ANALOG_TYPES.items()} == units
    assert o.AnalogValue(1, 1, 30, 7, 99, 5, T).value is None


def test_bits_have_the_places_of_the_standard() -> None:
    order = "normal fire fault shielded supervised started feedback delayed"
    assert name_bits(SystemBit, 0xFFFF) == [
        *order.split(),
        *["mains_fault", "backup_fault", "bus_fault", "manual", "configured", "reset", "bit_14", "bit_15"],
    ]
    assert name_bits(ComponentBit, 0x1FF) == [*order.split(), "power_fault"]
    assert name_bits(ComponentBit, 0x200) == ["bit_9"]
    assert name_bits(TransmitterBit, 0xFF) == [
        *["normal", "fire", "fault", "mains_fault", "backup_fault", "channel_fault", "line_fault", "bit_7"]
    ]
    assert name_bits(OperationBit, 0xFF) == [
        *["reset", "silenced", "manual_alarm", "cleared", "self_test", "acknowledged", "test", "bit_7"]
    ]
    assert (is_test_state(0), is_test_state(2), is_test_state(1), is_test_state(3)) == (
        True,
        True,
        False,
        False,
    )
    for bits in (SystemBit, ComponentBit, TransmitterBit, OperationBit):
        assert {member.name for member in bits} <= set(BIT_NAMES)
    assert state_words(ComponentBit, 7) == "火警、故障 / fire, fault"


def test_every_name_is_there_in_both_languages() -> None:
    for table in (SYSTEM_TYPES, COMPONENT_TYPES, DATA_TYPES):
        for number in range(256):
            name = name_of(table, number)
            assert name.zh
            assert name.en.isascii()
    assert name_of(COMPONENT_TYPES, 78).zh == "图像摄像方式火灾探测器"
    assert "reserved" in name_of(COMPONENT_TYPES, 2).en
    assert "own" in name_of(COMPONENT_TYPES, 200).en


@given(st.text(max_size=40))
def test_text_is_padded_to_its_field_and_cut_after_a_whole_character(text: str) -> None:
    padded = o.pad_text(text)
    assert len(padded) == 31
    assert "\ufffd" not in padded.rstrip(b"\0").decode("gb18030")


@given(st.binary(max_size=31))
def test_any_bytes_are_readable_text(text: bytes) -> None:
    assert o.show_text(text).isprintable()


def test_text_of_the_wire() -> None:
    assert o.show_text(component(2).text) == "三楼走廊"
    assert o.show_text(b"  A1 \0\0rest") == "A1"


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (PanelTime(2, 58, 9, 26, 9, 12), "2012-09-26 09:58:02"),
        (PanelTime(0, 0, 0, 0, 0, 0), None),
        (PanelTime(60, 0, 0, 1, 1, 26), None),
        (PanelTime(0, 0, 24, 1, 1, 26), None),
        (PanelTime(0, 0, 0, 30, 2, 26), None),
        (PanelTime(0, 0, 0, 1, 1, 200), None),
    ],
)
def test_a_time_is_a_date_or_none(time: PanelTime, text: str | None) -> None:
    assert time.text() == text


def test_the_time_of_a_zone() -> None:
    assert PanelTime.of(1_790_000_000_000, 480).text() == "2026-09-21 22:13:20"
    assert PanelTime.of(1_790_000_000_000, 0).text() == "2026-09-21 14:13:20"
