"""Dry contacts on GPIO lines: relays of detectors and panels, buttons, leak probes, gate contacts."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from edge.agent.gpio.port import Gpio
from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy import contact_line
from edge.agent.policy.contact_line import LineState, Wiring
from edge.agent.policy.gate import GateRules
from edge.agent.policy.inputs import InputRules
from edge.agent.policy.rules import passed_s
from edge.agent.ports import Sink
from edge.agent.sources.contact_settings import (
    ContactDeviceSettings,
    ContactInputSettings,
    ContactSettings,
)
from edge.agent.sources.doors import Doors
from edge.agent.sources.fields import read_report
from edge.agent.sources.gpio_lines import ContactLines, ContactLineSettings
from edge.agent.sources.handover import Handover
from edge.agent.sources.roster import Roster, fault
from redwhistle.contracts.state import DeviceKind
from redwhistle.errors import SourceError

LINE_OPEN = "line_open"
LINE_SHORT = "line_short"
_NOTES = {
    LineState.OPEN: (
        LINE_OPEN,
        "线路断开 / a wire is cut: an alarm on it would not be seen; check the cable",
    ),
    LineState.SHORT: (LINE_SHORT, "线路短路 / wires touch: it counts as an alarm; check the cable"),
}
_SHORT_ALARM = "线路短路，按报警处理 / its wires touch, taken as an alarm"


def build(settings: ContactSettings, *, moment: Callable[[], Moment], gpio: Gpio) -> "ContactSource":
    """The source of the contacts on one chip. Nothing is opened yet."""
    return ContactSource(settings, gpio, moment)


Closed = Mapping[int, bool]


@dataclass(slots=True)
class _Input:
    settings: ContactInputSettings
    device: ContactDeviceSettings
    wiring: Wiring = field(default_factory=Wiring)


class ContactSource:
    """Implements `edge.agent.ports.Source`. A contact is a state: one that is closed at the start alarms."""

    def __init__(self, settings: ContactSettings, gpio: Gpio, moment: Callable[[], Moment]) -> None:
        self.name = settings.name
        self._settings = settings
        self._gpio = gpio
        self._moment = moment
        self._handover = Handover()
        self._inputs = [_Input(each, device) for device in settings.devices for each in device.inputs]
        self._by_line = {line: each for each in self._inputs for line in each.settings.lines()}
        detectors = [each for each in settings.devices if each.kind is not DeviceKind.GATE]
        rules = {each.device: each.rules_with(settings.rules, None) for each in detectors}
        self._roster = Roster(settings.name, rules, settings.rules, InputRules())
        gates = [each for each in settings.devices if each.kind is DeviceKind.GATE]
        self._doors = Doors({each.device: (each.door, GateRules()) for each in gates})
        self._judged_ms: int | None = None

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Watch until `stop` is set. Raises SourceError when the lines cannot be taken or read, OutboxError."""
        lines = ContactLines(self._gpio, self._settings.chip, self._line_settings())
        try:
            closed = lines.closed
            self._handover.give(sink, self._judge_all(closed, self._moment()))
            while not stop.is_set():
                changes = lines.turn()
                moment = self._moment()
                # One after another: a press that began and ended before we looked is a press.
                for line, is_closed in changes:
                    closed[line] = is_closed
                    device = self._by_line[line].device
                    self._handover.give(sink, self._judge(device, closed, moment))
                if self._is_due(moment):
                    self._handover.give(sink, self._judge_all(closed, moment))
        finally:
            with suppress(SourceError):
                lines.close()

    def _is_due(self, moment: Moment) -> bool:
        last_ms = self._judged_ms
        return last_ms is None or passed_s(last_ms, moment.mono_ms) >= self._settings.repeat_s

    def _judge_all(self, closed: Closed, moment: Moment) -> list[Observation]:
        self._judged_ms = moment.mono_ms
        said = [each for device in self._settings.devices for each in self._judge(device, closed, moment)]
        return [*said, *self._roster.tick(moment), *self._doors.tick(moment)]

    def _judge(self, device: ContactDeviceSettings, closed: Closed, moment: Moment) -> list[Observation]:
        said: list[Observation] = []
        fields: dict[str, bool] = {}
        note = None
        for each in self._inputs:
            if each.device is not device:
                continue
            state = _read(each.settings, closed)
            said.extend(self._judge_wires(each, state, moment))
            if each.settings.says == "gate":
                # A cut wire of a gate's contact tells nothing of the gate.
                if state is not LineState.OPEN:
                    said.extend(self._doors.contact(device.device, state.alarms, moment))
                continue
            fields[each.settings.says] = state.alarms
            if each.wiring.told is LineState.SHORT:
                note = _SHORT_ALARM
        if fields:
            report = read_report(fields, device.kind)
            said.extend(self._roster.hear(device.device, report, moment))
        return [_noted(each, note) for each in said] if note else said

    def _judge_wires(self, one: _Input, state: LineState, moment: Moment) -> list[Observation]:
        one.wiring, what, begins = contact_line.judge(
            one.wiring, state, moment.mono_ms, one.settings.fault_for_s
        )
        if what is None:
            return []
        code, note = _NOTES[what]
        note = f"{note} (GPIO {one.settings.line})"
        return [fault(one.device.device, code, begins, moment, note if begins else None)]

    def _line_settings(self) -> dict[int, ContactLineSettings]:
        return {line: each.settings for line, each in self._by_line.items()}


def _read(settings: ContactInputSettings, closed: Closed) -> LineState:
    main = closed[settings.line]
    if settings.opposite_line is not None:
        return contact_line.read_pair(alarm_side=main, rest_side=closed[settings.opposite_line])
    single = contact_line.read_single(closed=main, normally_closed=settings.normally == "closed")
    if settings.loop_line is not None:
        return contact_line.read_looped(single, loop_closed=closed[settings.loop_line])
    return single


def _noted(seen: Observation, note: str) -> Observation:
    if not isinstance(seen, EventSeen) or seen.data.note is not None or not seen.data.active:
        return seen
    return replace(seen, data=seen.data.model_copy(update={"note": note}))
