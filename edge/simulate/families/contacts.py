"""Dry contacts and Wiegand readers: another GPIO line, wired to the box's, does what a contact would. Pure."""

from collections.abc import Sequence
from typing import TypeVar

from edge.agent.policy.wiegand import make_frame
from edge.agent.sources.contact_settings import (
    ContactDeviceSettings,
    ContactInputSettings,
    ContactSettings,
)
from edge.agent.sources.door_settings import DoorSettings
from edge.agent.sources.gpio_lines import ContactLineSettings
from edge.agent.sources.osdp_settings import OsdpDoorSettings, OsdpSettings
from edge.agent.sources.wiegand_settings import WiegandDoorSettings, WiegandSettings
from edge.simulate.steps import Close, Present, Pulses, Step, Wait
from edge.simulate.wishes import Act, Options, Simulated, Wish
from redwhistle.errors import ConfigurationError

Reader = TypeVar("Reader")
CONTACT_FAMILY = "contact"
WIEGAND_FAMILY = "wiegand"
OSDP_FAMILY = "osdp"
CARD = 4512345
"""Made up; fits 26 bits."""
_PRESS_S = 0.5
_TEST_S = 1.5
_QUIET = frozenset({"tamper", "fault", "battery_low", "test", "gate"})
_CARD_ACT = Act("card", "a card is read", frozenset({"card", "bits", "reader"}))
_DOOR = (Act("opened", "the door's contact opens"), Act("closed", "the door's contact closes"))


class ContactFamily:
    """Implements `families.port.Family` for one section."""

    def __init__(self, settings: ContactSettings) -> None:
        self._settings = settings
        self._devices = {each.device: each for each in settings.devices}

    def roster(self) -> list[Simulated]:
        return [
            Simulated(
                each.device,
                CONTACT_FAMILY,
                self._settings.name,
                each.label or f"GPIO {each.inputs[0].line}",
                _contact_acts(each),
                "no input of it says `test`" if _of(each, "test") is None else "only its alarm can be a test",
            )
            for each in self._settings.devices
        ]

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """Raises ConfigurationError."""
        del now_ms
        device = self._devices[wish.device]
        match wish.act:
            case "opened" | "closed":
                return self._actuate(_needed(device, "gate"), wish.act == "opened")
            case "press":
                contact = _needed(device, "sos")
                steps = [*self._actuate(contact, True), Wait(_PRESS_S), *self._actuate(contact, False)]
            case "clear":
                return self._actuate(_alarm_of(device, wish.options), False)
            case "cut":
                return self._cut(device)
            case "mend":
                return [each for one in device.inputs for each in self._actuate(one, False)]
            case _:
                contact = _alarm_of(device, wish.options)
                steps = self._actuate(contact, True)
                if wish.test:
                    steps += [Wait(_TEST_S), *self._actuate(contact, False)]
        if not wish.test:
            return steps
        mark = _needed(device, "test")
        return [*self._actuate(mark, True), Wait(_PRESS_S), *steps, *self._actuate(mark, False)]

    def _actuate(self, contact: ContactInputSettings, on: bool) -> list[Step]:
        """The contact leaves its normal position, or is at rest; its supervision shows a sound cable."""
        steps = [_close(self._settings.chip, contact, on)]
        if contact.opposite_line is not None:
            steps.append(Close(self._settings.chip, contact.opposite_line, not on))
        if contact.loop_line is not None:
            steps.append(Close(self._settings.chip, contact.loop_line, True))
        return steps

    def _cut(self, device: ContactDeviceSettings) -> list[Step]:
        lines = [line for each in device.inputs if _supervised(each) for line in each.lines()]
        return [Close(self._settings.chip, line, False) for line in lines]


class WiegandFamily:
    """Implements `families.port.Family` for one section."""

    def __init__(self, settings: WiegandSettings) -> None:
        self._settings = settings
        self._devices = {each.device: each for each in settings.devices}

    def roster(self) -> list[Simulated]:
        name = self._settings.name
        return [
            Simulated(each.device, WIEGAND_FAMILY, name, each.label or each.device, _door_acts(each))
            for each in self._settings.devices
        ]

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """Raises ConfigurationError."""
        del now_ms
        device: WiegandDoorSettings = self._devices[wish.device]
        if wish.act != "card":
            return _door_steps(self._settings.chip, device, wish.act)
        reader = _chosen(device.readers, wish.options)
        return [Pulses(self._settings.chip, reader.d0, reader.d1, _frame(wish.options))]


class OsdpFamily:
    """Implements `families.port.Family` for one section."""

    def __init__(self, settings: OsdpSettings) -> None:
        self._settings = settings
        self._devices = {each.device: each for each in settings.devices}

    def roster(self) -> list[Simulated]:
        name = self._settings.name
        return [
            Simulated(each.device, OSDP_FAMILY, name, each.label or each.device, _door_acts(each))
            for each in self._settings.devices
        ]

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """Raises ConfigurationError."""
        del now_ms
        device: OsdpDoorSettings = self._devices[wish.device]
        if wish.act != "card":
            return _door_steps(self._settings.chip, device, wish.act)
        reader = _chosen(device.readers, wish.options)
        return [Present(self._settings, reader.address, _frame(wish.options))]


def _contact_acts(device: ContactDeviceSettings) -> tuple[Act, ...]:
    says = [each.says for each in device.inputs]
    marks = "test" in says
    acts: list[Act] = []
    if "sos" in says:
        acts.append(Act("press", "the button's contact closes and opens", test=marks))
    if "gate" in says:
        acts += _DOOR
    if any(each not in _QUIET and each != "sos" for each in says):
        acts.append(Act("alarm", "a contact leaves its normal position", frozenset({"input"}), marks))
        acts.append(Act("clear", "it is at rest again", frozenset({"input"})))
    if any(_supervised(each) for each in device.inputs):
        acts += [Act("cut", "its supervised wires are cut"), Act("mend", "they are whole again")]
    return tuple(acts)


def _door_acts(device: DoorSettings) -> tuple[Act, ...]:
    return (_CARD_ACT, *(_DOOR if device.lines.contact is not None else ()))


def _door_steps(chip: str, device: DoorSettings, act: str) -> list[Step]:
    contact = device.lines.contact
    if contact is None:
        raise ConfigurationError(f"{device.device}: it has no `contact` among its lines")
    return [_close(chip, contact, act == "opened")]


def _close(chip: str, contact: ContactLineSettings, on: bool) -> Step:
    """`on`: it leaves its normal position."""
    return Close(chip, contact.line, on != (contact.normally == "closed"))


def _frame(options: Options) -> tuple[bool, ...]:
    length = options.bits or 26
    number = CARD if options.card is None else int(options.card)
    try:
        return make_frame(number, length)
    except ValueError:
        raise ConfigurationError(
            f"--card: a card of {length} bits has a number below {1 << (length - 2)}"
        ) from None


def _chosen(readers: Sequence[Reader], options: Options) -> Reader:
    """The reader that is meant, counted from 0."""
    number = options.reader or 0
    if number >= len(readers):
        raise ConfigurationError(f"--reader {number}: it has {len(readers)}, counted from 0")
    return readers[number]


def _supervised(contact: ContactInputSettings) -> bool:
    return contact.opposite_line is not None or contact.loop_line is not None


def _of(device: ContactDeviceSettings, says: str) -> ContactInputSettings | None:
    return next((each for each in device.inputs if each.says == says), None)


def _needed(device: ContactDeviceSettings, says: str) -> ContactInputSettings:
    found = _of(device, says)
    if found is None:
        raise ConfigurationError(f"{device.device}: no input of it says {says!r}")
    return found


def _alarm_of(device: ContactDeviceSettings, options: Options) -> ContactInputSettings:
    if options.input is not None:
        return _needed(device, options.input)
    return next(each for each in device.inputs if each.says not in _QUIET and each.says != "sos")
