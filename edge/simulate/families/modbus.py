"""Units on a Modbus line: the simulator is the unit, whose registers the box reads. Pure.

Registers are encoded as `sources.modbus_decode` decodes them.
"""

import struct

from edge.agent.sources.modbus_map import (
    InputSettings,
    ModbusDeviceSettings,
    NumberType,
    RegisterSettings,
    Table,
    UnitSettings,
)
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.simulate.families import detectors
from edge.simulate.steps import WORD, Cell, Cells, Step, Store, Wait
from edge.simulate.wishes import Act, Simulated, Wish
from redwhistle.errors import ConfigurationError

FAMILY = "modbus"
_FORMAT = {
    NumberType.UINT16: ">H",
    NumberType.INT16: ">h",
    NumberType.UINT32: ">I",
    NumberType.INT32: ">i",
    NumberType.FLOAT32: ">f",
}
_QUIET = frozenset({"tamper", "fault", "battery_low", "test"})
"""Inputs that are no alarms."""
_TEST_S = 1.0
_SETTLE_S = 0.2


class ModbusFamily:
    """Implements `families.port.Family` for one section."""

    def __init__(self, settings: ModbusSettings) -> None:
        self._settings = settings
        self._devices = {each.device: (unit, each) for unit, each in settings.map.devices()}

    def roster(self) -> list[Simulated]:
        return [
            Simulated(
                each.device,
                FAMILY,
                self._settings.name,
                each.label or f"unit {unit.unit}",
                _acts(each),
                detectors.NO_TEST if _input(each, "test") else "no input of it says `test`",
            )
            for unit, each in self._settings.map.devices()
        ]

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """Raises ConfigurationError."""
        del now_ms
        unit, device = self._devices[wish.device]
        match wish.act:
            case "alarm" | "clear" | "press":
                contact = _alarm_input(device, wish)
                on = self._contact(unit, contact, True)
                off = self._contact(unit, contact, False)
                lasting: list[Step] = [Wait(contact.for_s + _SETTLE_S)] if contact.for_s else []
                steps: list[Step] = [off] if wish.act == "clear" else [on, *lasting]
                if wish.act == "press" or wish.test:
                    steps += [Wait(_TEST_S), off] if wish.test else [off]
                if wish.test:
                    mark = _input(device, "test")
                    if mark is not None:
                        return [self._contact(unit, mark, True), *steps, self._contact(unit, mark, False)]
                return steps
            case "exceed":
                measure = detectors.beyond(device.limits[0])
            case "fault" | "fault-over":
                fault = _input(device, "fault")
                if fault is None:
                    raise ConfigurationError(f"{device.device}: no input of it says `fault`")
                return [self._contact(unit, fault, wish.act == "fault")]
            case _:
                measure = _reading(device, wish)
        register = next((each for each in device.registers if each.metric is measure.metric), None)
        if register is None:
            raise ConfigurationError(f"{device.device}: no register of it is {measure.metric.value}")
        return [Store(self._settings, unit.unit, value_cells(register, measure.value))]

    def _contact(self, unit: UnitSettings, contact: InputSettings, on: bool) -> Store:
        return Store(self._settings, unit.unit, contact_cells(contact, on))


def calm_cells(unit: UnitSettings) -> Cells:
    """What stands in a unit when nothing is wrong: every register calm, every contact at rest."""
    cells: dict[tuple[Table, int], int] = {}
    for device in unit.devices:
        for register in device.registers:
            value = detectors.calm_value(register.metric, device.limits)
            low = register.min if register.min is not None else value
            high = register.max if register.max is not None else value
            put(cells, value_cells(register, min(max(value, low), high)))
        for contact in device.inputs:
            put(cells, contact_cells(contact, False))
    return tuple(Cell(table, at, word) for (table, at), word in cells.items())


def put(memory: dict[tuple[Table, int], int], cells: Cells) -> None:
    """Write cells into a unit's memory; the bits beside a mask stay."""
    for each in cells:
        before = memory.get((each.table, each.address), 0)
        memory[each.table, each.address] = before & ~each.mask & WORD | each.value & each.mask


def contact_cells(contact: InputSettings, on: bool) -> Cells:
    """Where a contact stands, on or at rest."""
    bit = int(on != contact.inverted)
    if contact.bit is None:
        return (Cell(contact.table, contact.address, bit),)
    return (Cell(contact.table, contact.address, bit << contact.bit, 1 << contact.bit),)


def value_cells(register: RegisterSettings, value: float) -> Cells:
    """The words of a measured value, the nearest that the register can hold. Raises ConfigurationError."""
    raw = (value - register.offset) / register.scale if register.scale else 0.0
    exact = raw if register.type is NumberType.FLOAT32 else round(raw)
    try:
        data = struct.pack(_FORMAT[register.type], exact)
    except (struct.error, OverflowError):
        raise ConfigurationError(
            f"{register.metric.value} {value:g} does not fit the {register.type.value} register {register.address}"
        ) from None
    words = [int.from_bytes(data[n : n + 2], register.byte_order) for n in range(0, len(data), 2)]
    if register.word_order == "little":
        words.reverse()
    return tuple(Cell(register.table, register.address + n, word) for n, word in enumerate(words))


def _acts(device: ModbusDeviceSettings) -> tuple[Act, ...]:
    says = [each.says for each in device.inputs]
    marks = "test" in says
    acts: list[Act] = []
    if "sos" in says:
        acts.append(Act("press", "the button's contact closes and opens", test=marks))
    if any(each not in _QUIET and each != "sos" for each in says):
        acts.append(Act("alarm", "a contact closes; --input names another", frozenset({"input"}), marks))
        acts.append(Act("clear", "it opens", frozenset({"input"})))
    if device.limits:
        limit = device.limits[0]
        acts.append(Act("exceed", f"{limit.metric.value} beyond its limit, which is {limit.event}"))
    if device.registers:
        acts.append(Act("reading", "a measured value, by default a calm one", frozenset({"value", "metric"})))
    if "fault" in says:
        acts += [Act("fault", "its fault contact"), Act("fault-over", "it is well again")]
    return tuple(acts)


def _input(device: ModbusDeviceSettings, says: str) -> InputSettings | None:
    return next((each for each in device.inputs if each.says == says), None)


def _alarm_input(device: ModbusDeviceSettings, wish: Wish) -> InputSettings:
    wanted = "sos" if wish.act == "press" else wish.options.input
    for each in device.inputs:
        if each.says == wanted or (wanted is None and each.says not in _QUIET and each.says != "sos"):
            return each
    known = ", ".join(each.says for each in device.inputs)
    raise ConfigurationError(f"{device.device}: no input of it says {wanted!r}; it has {known}")


def _reading(device: ModbusDeviceSettings, wish: Wish) -> detectors.Measure:
    metrics = [each.metric for each in device.registers]
    return detectors.wanted_measure(device, device.kind, wish.options, metrics)
