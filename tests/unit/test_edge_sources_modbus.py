"""Register maps, numbers in registers, and what a map's faults say."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pymodbus.client.mixin import ModbusClientMixin

from edge.agent.sources.modbus_decode import (
    MOST_BITS,
    MOST_WORDS,
    Span,
    decode,
    plan,
    read_input,
    read_register,
    to_cells,
)
from edge.agent.sources.modbus_map import (
    InputSettings,
    ModbusDeviceSettings,
    NumberType,
    RegisterSettings,
    Table,
    read_map,
)
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.settings import check_settings
from redwhistle.contracts.state import DeviceKind
from redwhistle.errors import ConfigurationError

CHECKOUT = Path(__file__).resolve().parents[2]
GOOD = """\
units:
  - unit: 1
    devices:
      - device: pit
        kind: water_level
        registers:
          - {address: 0, metric: water_level_m, scale: 0.001, min: 0, max: 5}
        inputs:
          - {address: 4, says: water_leak}
        limits:
          - {metric: water_level_m, event: water_level, above: 0.3, clear: 0.2, for_s: 5}
"""
KINDS = {
    NumberType.UINT16: ModbusClientMixin.DATATYPE.UINT16,
    NumberType.INT16: ModbusClientMixin.DATATYPE.INT16,
    NumberType.UINT32: ModbusClientMixin.DATATYPE.UINT32,
    NumberType.INT32: ModbusClientMixin.DATATYPE.INT32,
    NumberType.FLOAT32: ModbusClientMixin.DATATYPE.FLOAT32,
}


@given(st.sampled_from(NumberType), st.lists(st.integers(0, 65535), min_size=2, max_size=2), st.booleans())
def test_numbers_are_those_of_the_library(kind: NumberType, words: list[int], little: bool) -> None:
    words = words[: kind.words]
    ours = decode(words, kind, word_order="little" if little else "big", byte_order="big")
    theirs = ModbusClientMixin.convert_from_registers(
        words, KINDS[kind], word_order="little" if little else "big"
    )
    assert isinstance(theirs, int | float)
    assert ours == theirs or (math.isnan(ours) and math.isnan(theirs))


@pytest.mark.parametrize(
    ("kind", "words", "orders", "value"),
    [
        ("uint16", [0xFFFE], ("big", "big"), 65534),
        ("int16", [0xFFFE], ("big", "big"), -2),
        ("uint16", [0x0102], ("big", "little"), 0x0201),
        ("uint32", [1, 2], ("big", "big"), 65538),
        ("uint32", [1, 2], ("little", "big"), 131073),
        ("float32", [0x41BC, 0x0000], ("big", "big"), 23.5),
        ("float32", [0x0000, 0x41BC], ("little", "big"), 23.5),
        ("float32", [0xBC41, 0x0000], ("big", "little"), 23.5),
        ("float32", [0x0000, 0xBC41], ("little", "little"), 23.5),
    ],
)
def test_orders(kind: str, words: list[int], orders: tuple[str, str], value: float) -> None:
    register = RegisterSettings.model_validate(
        {
            "address": 7,
            "type": kind,
            "word_order": orders[0],
            "byte_order": orders[1],
            "metric": "temperature_c",
        }
    )
    assert read_register(register, to_cells(Span(Table.HOLDING, 7, len(words)), words)) == value


@pytest.mark.parametrize(
    ("raw", "value"), [(0, -1.0), (100, 9.0), (110, 10.0), (111, None), (0xFFFF, None), (None, "not read")]
)
def test_scale_offset_and_what_the_sensor_can_measure(raw: int | None, value: object) -> None:
    register = RegisterSettings.model_validate(
        {"address": 0, "scale": 0.1, "offset": -1, "metric": "water_level_m", "min": -1, "max": 10}
    )
    read = read_register(register, {} if raw is None else {(Table.HOLDING, 0): raw})
    if value is None:
        assert read is not None
        assert math.isnan(read)
    else:
        assert read == (None if value == "not read" else value)


@pytest.mark.parametrize(
    ("fields", "cells", "on"),
    [
        ({}, {(Table.DISCRETE, 3): 1}, True),
        ({}, {(Table.DISCRETE, 3): 0}, False),
        ({"inverted": True}, {(Table.DISCRETE, 3): 0}, True),
        ({"table": "coil"}, {(Table.COIL, 3): 1}, True),
        ({"table": "holding", "bit": 4}, {(Table.HOLDING, 3): 0b10000}, True),
        ({"table": "holding", "bit": 4}, {(Table.HOLDING, 3): 0b1101111}, False),
        ({"table": "input", "bit": 15}, {(Table.INPUT, 3): 0x8000}, True),
        ({}, {}, None),
    ],
)
def test_contacts(fields: dict[str, object], cells: dict[tuple[Table, int], int], on: bool | None) -> None:
    contact = InputSettings.model_validate({"address": 3, "says": "smoke", **fields})
    assert read_input(contact, cells) is on


registers = st.builds(
    lambda address, table, kind: RegisterSettings.model_validate(
        {"address": address, "table": table, "type": kind, "metric": "temperature_c"}
    ),
    st.integers(0, 65534),
    st.sampled_from(["holding", "input"]),
    st.sampled_from(NumberType),
)
contacts = st.builds(
    lambda address, table: InputSettings.model_validate(
        {"address": address, "table": table, "says": "smoke"}
    ),
    st.integers(0, 300) | st.integers(0, 65535),
    st.sampled_from(["coil", "discrete"]),
)


@given(st.lists(registers, max_size=40), st.lists(contacts, max_size=40))
def test_a_plan_reads_all_that_is_wanted_and_nothing_else(
    words: list[RegisterSettings], bits: list[InputSettings]
) -> None:
    device = ModbusDeviceSettings.model_construct(
        device="d", kind=DeviceKind.OTHER, registers=tuple(words), inputs=tuple(bits)
    )
    spans = plan(device)
    read = [(span.table, span.start + n) for span in spans for n in range(span.count)]
    assert len(read) == len(set(read))
    wanted = {(each.table, each.address) for each in bits}
    wanted |= {(each.table, each.address + n) for each in words for n in range(each.type.words)}
    assert set(read) == wanted
    assert all(span.count <= (MOST_BITS if span.table.has_bits else MOST_WORDS) for span in spans)


def test_neighbours_are_read_with_one_question() -> None:
    device = ModbusDeviceSettings.model_construct(
        device="d",
        kind=DeviceKind.OTHER,
        registers=tuple(
            RegisterSettings.model_validate({"address": a, "type": "float32", "metric": "temperature_c"})
            for a in range(0, 300, 2)
        ),
        inputs=(),
    )
    assert [span.count for span in plan(device)] == [125, 125, 50]


def write(folder: Path, text: str) -> Path:
    path = folder / "map.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_map_is_read_from_a_file_or_in_place(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    raw = {
        "site": "s",
        "box": "b",
        "data_dir": "d",
        "broker": {"host": "h"},
        "sources": [{"type": "modbus", "tcp": {"host": "10.0.0.9"}, "map": "map.yaml"}],
    }
    (section,) = check_settings(raw, tmp_path, "box.yaml").sources
    assert isinstance(section, ModbusSettings)
    assert section.map == read_map(tmp_path / "map.yaml")
    assert {info.id: info.heartbeat_s for info in section.device_infos()} == {"modbus-line": None, "pit": 10}
    again = {"type": "modbus", "tcp": {"host": "h"}, "map": section.map.model_dump()}
    assert ModbusSettings.model_validate(again).map == section.map


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("unit: 1", "unit: 300", "line 2: units.0.unit"),
        ("device: pit", "device: Pit", "line 4: units.0.devices.0.device"),
        ("metric: water_level_m, scale", "metric: people_count, scale", "not measured by a device"),
        ("scale: 0.001", "scal: 0.001", "line 7: units.0.devices.0.registers.0.scal"),
        ("scale: 0.001", "type: float64", "line 7"),
        ("address: 0,", "address: 65535, type: int32,", "beyond 65535"),
        ("min: 0, max: 5", "min: 5, max: 5", "min must lie below max"),
        ("says: water_leak", "says: flood", "line 9"),
        ("says: water_leak", "says: water_leak, bit: 3", "has no bits"),
        ("says: water_leak", "says: water_leak, table: holding", "give the `bit`"),
        ("above: 0.3", "above: 0.1", "good side"),
        ("{metric: water_level_m, event", "{metric: temperature_c, event", "no register of it"),
        ("          - {address: 4, says: water_leak}\n", "          []\n", ""),
        ("kind: water_level\n", "kind: camera\n", "line 5"),
        ("  - unit: 1\n", "  - unit: 1\n    unit: 2\n", "line 3: 'unit' is given twice"),
    ],
)
def test_a_fault_in_a_map_is_named_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    if not says:
        assert read_map(path).units
        return
    with pytest.raises(ConfigurationError, match=r"map\.yaml") as caught:
        read_map(path)
    assert says in str(caught.value)


def test_a_map_that_is_no_file_says_so(tmp_path: Path) -> None:
    for name in ("absent.yaml", "."):
        with pytest.raises(ValidationError, match="register map"):
            ModbusSettings.model_validate(
                {"type": "modbus", "tcp": {"host": "h"}, "map": str(tmp_path / name)}
            )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ({}, "either tcp or rtu"),
        ({"tcp": {"host": "h"}, "rtu": {"port": "/dev/x"}}, "either tcp or rtu"),
        ({"rtu": {"port": "/dev/x", "parity": "M"}}, "parity"),
        ({"tcp": {"host": ""}}, "host"),
    ],
)
def test_a_line_is_one_of_two(tmp_path: Path, lines: dict[str, object], says: str) -> None:
    path = write(tmp_path, GOOD)
    with pytest.raises(ValidationError, match=says):
        ModbusSettings.model_validate({"type": "modbus", "map": str(path), **lines})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["units", "unit", "devices", "device", "registers", "address", "kind", "metric"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_value_is_a_map_or_refused(value: object) -> None:
    try:
        section = ModbusSettings.model_validate({"type": "modbus", "tcp": {"host": "h"}, "map": value})
    except ValidationError:
        return
    assert section.map.devices()


@given(text=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_map_or_a_clear_error(text: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text)
    with pytest.raises(ConfigurationError, match=r"any\.yaml"):
        read_map(path)


@pytest.mark.slow
def test_a_box_without_such_a_line_does_not_load_the_library() -> None:
    program = "import sys, edge.wiring, edge.settings; sys.exit('pymodbus' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, check=False).returncode == 0
