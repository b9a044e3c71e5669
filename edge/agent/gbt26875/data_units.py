"""Application data: type, number of objects, the objects; to values and back.

The standard ends the objects of most types with a six-byte time and leaves it out in others; makers deviate both ways.
The length says which it is: all objects of a frame have a time or none has. More bytes than the objects need are kept
as `trailing`; fewer are an error.
"""

import struct
from dataclasses import astuple, dataclass
from enum import Enum
from typing import Any, cast

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.objects import InfoObject
from edge.agent.gbt26875.panel_time import TIME_BYTES, PanelTime
from redwhistle.errors import Malformed


@dataclass(frozen=True, slots=True)
class DataUnit:
    """What a frame says. `count` is the declared number of objects (an `Opaque` body holds all of them).

    `count` is None for data of a single byte, which some transmitters send as a sign of life.
    """

    type: int
    objects: tuple[InfoObject, ...]
    count: int | None
    trailing: bytes = b""


def decode_data(data: bytes) -> DataUnit | None:
    """The data of a frame, None for an empty one (a heartbeat, a confirmation); raise Malformed with the reason."""
    if not data:
        return None
    if len(data) == 1:
        return DataUnit(data[0], (o.Opaque(b""),), None)
    kind, count, body = data[0], data[1], data[2:]
    if kind in _VARIABLE:
        return _decode_variable(kind, count, body)
    shape = _FIXED.get(kind)
    if shape is None:
        return DataUnit(kind, (o.Opaque(body),), count)
    return _decode_fixed(kind, count, body, shape)


def encode_data(unit: DataUnit) -> bytes:
    """The bytes of a data unit; raise Malformed for objects that do not belong to its type or fit no field."""
    if unit.count is None:
        return bytes((unit.type,))
    head = bytes((unit.type, unit.count))
    if len(unit.objects) == 1 and isinstance(unit.objects[0], o.Opaque):
        return head + unit.objects[0].body + unit.trailing
    expected: Any = _VARIABLE.get(unit.type)
    shape = _FIXED.get(unit.type)
    if shape is not None:
        expected = shape.make
    if expected is None or any(type(each) is not expected for each in unit.objects):
        raise Malformed(f"objects that do not belong to data type {unit.type}")
    if unit.count != len(unit.objects):
        raise Malformed(f"{len(unit.objects)} objects, the count says {unit.count}")
    try:
        return head + b"".join(_encode_object(each, shape) for each in unit.objects) + unit.trailing
    except (struct.error, ValueError, TypeError) as error:
        raise Malformed(f"a value does not fit its field: {error}") from error


def one(kind: int, said: InfoObject) -> bytes:
    """The data of a frame with a single object."""
    return encode_data(DataUnit(kind, (said,), 1))


class _Timed(Enum):
    NEVER = 0
    USUALLY = 1
    SELDOM = 2
    ALWAYS = 3


@dataclass(frozen=True, slots=True)
class _Shape:
    make: type[Any]
    fields: struct.Struct
    timed: _Timed


def _shape(make: type[Any], layout: str, timed: _Timed) -> _Shape:
    return _Shape(make, struct.Struct("<" + layout), timed)


_READ_SYSTEM = _shape(o.ReadSystem, "BB", _Timed.NEVER)
_READ_COMPONENT = _shape(o.ReadComponent, "BBI", _Timed.NEVER)
_BARE = _shape(o.Bare, "B", _Timed.NEVER)

_FIXED: dict[int, _Shape] = {
    1: _shape(o.SystemState, "BBH", _Timed.USUALLY),
    2: _shape(o.ComponentState, "BBBIH31s", _Timed.USUALLY),
    3: _shape(o.AnalogValue, "BBBIBh", _Timed.USUALLY),
    4: _shape(o.Operation, "BBBB", _Timed.USUALLY),
    5: _shape(o.SoftwareVersion, "BBBB", _Timed.SELDOM),
    7: _shape(o.ComponentConfiguration, "BBBI31s", _Timed.SELDOM),
    8: _shape(o.SystemTime, "BB", _Timed.ALWAYS),
    21: _shape(o.TransmitterState, "B", _Timed.USUALLY),
    24: _shape(o.TransmitterOperation, "BB", _Timed.USUALLY),
    25: _shape(o.TransmitterVersion, "BB", _Timed.SELDOM),
    28: _shape(o.ClockTime, "", _Timed.ALWAYS),
    61: _READ_SYSTEM,
    62: _READ_COMPONENT,
    63: _READ_COMPONENT,
    64: _shape(o.ReadOperations, "BBB", _Timed.ALWAYS),
    65: _READ_SYSTEM,
    66: _READ_SYSTEM,
    67: _READ_COMPONENT,
    68: _READ_SYSTEM,
    81: _BARE,
    84: _shape(o.ReadTransmitterOperations, "B", _Timed.ALWAYS),
    85: _BARE,
    86: _BARE,
    88: _BARE,
    89: _BARE,
    90: _shape(o.ClockTime, "", _Timed.ALWAYS),
    91: _shape(o.DutyCheck, "B", _Timed.NEVER),
}
_VARIABLE: dict[int, type[Any]] = {6: o.SystemConfiguration, 26: o.TransmitterConfiguration}


def _decode_fixed(kind: int, count: int, body: bytes, shape: _Shape) -> DataUnit:
    bare = shape.fields.size
    timed = _has_time(count, bare, len(body), shape.timed)
    size = bare + (TIME_BYTES if timed else 0)
    if len(body) < count * size:
        raise Malformed(
            f"data type {kind}: {count} objects of {size} bytes are announced, {len(body)} bytes are there"
        )
    made: list[InfoObject] = []
    for start in range(0, count * size, size):
        values: tuple[Any, ...] = shape.fields.unpack_from(body, start)
        if timed:
            values += (PanelTime.read(body[start + bare : start + size]),)
        elif shape.timed is not _Timed.NEVER:
            values += (None,)
        made.append(shape.make(*values))
    return DataUnit(kind, tuple(made), count, body[count * size :])


def _has_time(count: int, bare: int, length: int, timed: _Timed) -> bool:
    """Whether objects carry a time: as the standard has it, unless only the other way fits the length."""
    match timed:
        case _Timed.NEVER:
            return False
        case _Timed.ALWAYS:
            return True
        case _Timed.USUALLY:
            return length != count * bare or not count
        case _Timed.SELDOM:
            return length == count * (bare + TIME_BYTES) and bool(count)


def _decode_variable(kind: int, count: int, body: bytes) -> DataUnit:
    plain = _read_variable(kind, count, body, timed=False)
    if plain is not None and not plain.trailing:
        return plain
    timed = _read_variable(kind, count, body, timed=True)
    if timed is not None and not timed.trailing:
        return timed
    if plain is None:
        raise Malformed(
            f"data type {kind}: {count} descriptions are announced, {len(body)} bytes are too few"
        )
    return plain


def _read_variable(kind: int, count: int, body: bytes, *, timed: bool) -> DataUnit | None:
    made: list[InfoObject] = []
    at, heads = 0, 2 if kind == 6 else 0
    for _ in range(count):
        text_at = at + heads + 1
        if len(body) < text_at:
            return None
        end = text_at + body[text_at - 1]
        after = end + TIME_BYTES if timed else end
        if len(body) < after:
            return None
        time = PanelTime.read(body[end:after]) if timed else None
        made.append(_VARIABLE[kind](*body[at : at + heads], body[text_at:end], time))
        at = after
    return DataUnit(kind, tuple(made), count, body[at:])


def _encode_object(said: InfoObject, shape: _Shape | None) -> bytes:
    time = cast("PanelTime | None", getattr(said, "time", None))
    stamp = b"" if time is None else bytes(time)
    if isinstance(said, o.SystemConfiguration | o.TransmitterConfiguration):
        heads = (
            bytes((said.system_type, said.system_address)) if isinstance(said, o.SystemConfiguration) else b""
        )
        return heads + bytes((len(said.text),)) + said.text + stamp
    if shape is None:
        raise TypeError(f"{type(said).__name__} has no fixed shape")
    values = astuple(said) if shape.timed is _Timed.NEVER else _without_time(said)
    if any(isinstance(value, bytes) and len(value) != o.TEXT_BYTES for value in values):
        raise ValueError(f"a component's text is {o.TEXT_BYTES} bytes: use pad_text")
    if time is None and shape.timed is _Timed.ALWAYS:
        raise ValueError(f"{type(said).__name__} needs a time")
    return shape.fields.pack(*values) + stamp


def _without_time(said: InfoObject) -> tuple[Any, ...]:
    return tuple(getattr(said, name) for name in said.__slots__ if name != "time")
