"""A frame as plain values for scripts, and as lines for people."""

from typing import Any

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.data_units import DataUnit, decode_data
from edge.agent.gbt26875.frame import Frame
from edge.agent.gbt26875.names import (
    ANALOG_TYPES,
    COMMANDS,
    COMPONENT_TYPES,
    DATA_TYPES,
    SYSTEM_TYPES,
    Name,
    name_of,
)
from edge.agent.gbt26875.objects import InfoObject
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.gbt26875.states import (
    BIT_NAMES,
    TEST_STATE,
    Bits,
    ComponentBit,
    OperationBit,
    SystemBit,
    TransmitterBit,
    is_test_state,
    name_bits,
)


def describe_frame(frame: Frame) -> dict[str, Any]:
    """Every field under its name; numbers beside their meaning. Raises Malformed when the data do not fit their type."""
    unit = decode_data(frame.data)
    return {
        "serial": frame.serial,
        "version": list(frame.version),
        "time": _time(frame.time),
        "source": frame.source,
        "destination": frame.destination,
        "command": _named(COMMANDS, frame.command),
        "data_bytes": len(frame.data),
        "data": None if unit is None else describe_unit(unit),
    }


def describe_unit(unit: DataUnit) -> dict[str, Any]:
    """A data unit; `trailing` are bytes (in hex) that no object of the type needs."""
    return {
        "type": _named(DATA_TYPES, unit.type),
        "count": unit.count,
        "objects": [describe_object(each) for each in unit.objects],
        "trailing": unit.trailing.hex(),
    }


def describe_object(said: InfoObject) -> dict[str, Any]:
    """An information object; states and operations both as a number and as the names of their bits."""
    fields: dict[str, Any] = {}
    for name in said.__slots__:
        value = getattr(said, name)
        match name:
            case "time":
                fields[name] = None if value is None else _time(value)
            case "system_type":
                fields[name] = _named(SYSTEM_TYPES, value)
            case "component_type":
                fields[name] = _named(COMPONENT_TYPES, value)
            case "address":
                zone, number = o.split_address(value)
                fields[name] = {"zone": zone, "number": number, "value": value}
            case "text":
                fields[name] = o.show_text(value)
            case "body":
                fields[name] = value.hex()
            case "operation":
                fields[name] = _bits(OperationBit, value)
            case "state":
                fields |= _state(said, value)
            case "analog_type":
                fields |= _analog(value)
            case _:
                fields[name] = value
    if isinstance(said, o.AnalogValue):
        fields["value"] = said.value
    return fields


def frame_lines(frame: Frame) -> list[str]:
    """For people, Chinese first. Raises Malformed when the data do not fit their type."""
    told = describe_frame(frame)
    data = told["data"]
    lines = [
        f"命令 command      {_words(told['command'])}",
        f"流水号 serial     {frame.serial}",
        f"源地址 source     {frame.source}",
        f"目的 destination  {frame.destination}",
        f"时间 time         {told['time']['text'] or told['time']['bytes']}",
        f"版本 version      {frame.version[0]}.{frame.version[1]}",
    ]
    if data is None:
        return [*lines, "数据 data         无 / none"]
    lines.append(f"数据 data         {_words(data['type'])} × {data['count']}")
    for number, fields in enumerate(data["objects"], 1):
        lines += [f"  {number}. {name}: {_shown(value)}" for name, value in fields.items()]
    if data["trailing"]:
        lines.append(f"  多余字节 trailing: {data['trailing']}")
    return lines


def state_words(bits: Bits, value: int) -> str:
    """The bits that are set, without `normal`, in Chinese and English; for notes."""
    names = [name for name in name_bits(bits, value) if name != "normal"]
    if not names:
        return "正常 / normal"
    pairs = [BIT_NAMES.get(name.upper(), (name, name)) for name in names]
    return f"{'、'.join(zh for zh, _ in pairs)} / {', '.join(en for _, en in pairs)}"


def _time(time: PanelTime) -> dict[str, Any]:
    return {"text": time.text(), "bytes": bytes(time).hex()}


def _named(table: dict[int, Name], number: int) -> dict[str, Any]:
    name = name_of(table, number)
    return {"value": number, "zh": name.zh, "en": name.en}


def _bits(bits: Bits, value: int) -> dict[str, Any]:
    return {"value": value, "set": name_bits(bits, value)}


def _state(said: InfoObject, value: int) -> dict[str, Any]:
    bits: Bits = TransmitterBit
    if isinstance(said, o.SystemState):
        bits = SystemBit
    elif isinstance(said, o.ComponentState):
        bits = ComponentBit
    return {"state": _bits(bits, value), "test": is_test_state(value)}


def _analog(number: int) -> dict[str, Any]:
    known = ANALOG_TYPES.get(number)
    if known is None:
        return {
            "analog_type": {
                "value": number,
                "zh": f"未定义 {number}",
                "en": f"not defined {number}",
                "unit": "",
            }
        }
    return {"analog_type": {"value": number, "zh": known.zh, "en": known.en, "unit": known.unit}}


def _words(named: dict[str, Any]) -> str:
    return f"{named['zh']} / {named['en']} ({named['value']})"


def _shown(value: Any) -> str:
    match value:
        case {"zh": _, "en": _, "value": _}:
            return _words(value)
        case {"value": number, "set": names}:
            pairs = [BIT_NAMES.get(str(name).upper(), (str(name), str(name))) for name in names]
            words = ", ".join(f"{zh} {en}" for zh, en in pairs)
            return f"0x{number:04x} {words}".rstrip()
        case {"zone": zone, "number": number, "value": whole}:
            return f"{zone}-{number} (0x{whole:08x})"
        case {"text": text, "bytes": raw}:
            return str(text or f"不是日期 no date: {raw}")
        case bool():
            return f"{TEST_STATE[0]} {TEST_STATE[1]} (bit 0 = 0)" if value else "否 no"
        case _:
            return str(value)
