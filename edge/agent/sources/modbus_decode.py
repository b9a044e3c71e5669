"""Registers as numbers, and questions that cover them. Pure.

Source: Modbus Application Protocol Specification V1.1b3: a register is 16 bits, high byte first; at most 125 registers
or 2,000 bits an answer. What two registers mean together is each maker's own.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.agent.sources.modbus_map import (
    InputSettings,
    ModbusDeviceSettings,
    NumberType,
    Order,
    RegisterSettings,
    Table,
)

MOST_WORDS = 125
MOST_BITS = 2000
_FORMAT = {
    NumberType.UINT16: ">H",
    NumberType.INT16: ">h",
    NumberType.UINT32: ">I",
    NumberType.INT32: ">i",
    NumberType.FLOAT32: ">f",
}

Cells = Mapping[tuple[Table, int], int]
"""What was read: words (0..65535) or bits (0, 1) by table and address."""


@dataclass(frozen=True, slots=True)
class Span:
    """One question: `count` words or bits from `start`."""

    table: Table
    start: int
    count: int


def plan(device: ModbusDeviceSettings) -> tuple[Span, ...]:
    """The fewest questions that read all of a device without reading anything else: some units refuse a whole answer
    for one register that they do not have."""
    wanted: set[tuple[Table, int]] = {(each.table, each.address) for each in device.inputs}
    for each in device.registers:
        wanted.update((each.table, each.address + n) for n in range(each.type.words))
    spans: list[Span] = []
    for table, address in sorted(wanted):
        last = spans[-1] if spans else None
        most = MOST_BITS if table.has_bits else MOST_WORDS
        if last and last.table is table and last.start + last.count == address and last.count < most:
            spans[-1] = Span(table, last.start, last.count + 1)
        else:
            spans.append(Span(table, address, 1))
    return tuple(spans)


def decode(words: Sequence[int], kind: NumberType, *, word_order: Order, byte_order: Order) -> float:
    """The number in one word or two; NaN and infinities come through."""
    ordered = words if word_order == "big" else list(reversed(words))
    data = b"".join(word.to_bytes(2, byte_order) for word in ordered)
    return float(struct.unpack(_FORMAT[kind], data)[0])


def read_register(register: RegisterSettings, cells: Cells) -> float | None:
    """The metric's value, NaN when it lies beyond what the sensor can measure; None: not read."""
    places = [(register.table, register.address + n) for n in range(register.type.words)]
    if any(place not in cells for place in places):
        return None
    words = [cells[place] for place in places]
    raw = decode(words, register.type, word_order=register.word_order, byte_order=register.byte_order)
    value = raw * register.scale + register.offset
    low = register.min if register.min is not None else float("-inf")
    high = register.max if register.max is not None else float("inf")
    return value if low <= value <= high else float("nan")


def read_input(contact: InputSettings, cells: Cells) -> bool | None:
    """Whether the contact is on; None: not read."""
    cell = cells.get((contact.table, contact.address))
    if cell is None:
        return None
    bit = cell if contact.bit is None else cell >> contact.bit & 1
    return bool(bit) != contact.inverted


def to_cells(span: Span, values: Iterable[int]) -> dict[tuple[Table, int], int]:
    """An answer by table and address."""
    return {(span.table, span.start + n): int(value) for n, value in enumerate(values)}
