"""Detectors on a Modbus line: asked in turn, each at its own pace; a dead unit does not stop its neighbours."""

import random
import threading
from collections.abc import Callable, Iterable
from typing import Any

from edge.agent.observation import Moment, Observation, ReadingSeen
from edge.agent.policy import debounce, inputs, link, polling, sampling
from edge.agent.policy.debounce import Contact
from edge.agent.policy.inputs import InputHealth
from edge.agent.policy.latch import Turn
from edge.agent.policy.link import LinkLimits, LinkPhase
from edge.agent.policy.polling import Poll
from edge.agent.policy.sampling import Sample
from edge.agent.ports import Sink
from edge.agent.sources.fields import read_report
from edge.agent.sources.handover import Handover
from edge.agent.sources.modbus_decode import Cells, plan, read_input, read_register, to_cells
from edge.agent.sources.modbus_line import Answer, Broken, PymodbusLine, Refusal, Silence
from edge.agent.sources.modbus_map import ModbusDeviceSettings, UnitSettings, heartbeat_of, poll_of
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.roster import Roster, fault
from redwhistle.logs import get_logger

LINE_UNREACHABLE = "modbus_unreachable"
REFUSED = "modbus_refused"
_WAIT_S = 0.25
_SILENCES = 3
"""So many in a row, of any units and with no answer between them, and the line is opened anew."""
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "the unit has failed",
}

_log = get_logger()


def build(settings: ModbusSettings, *, moment: Callable[[], Moment]) -> "ModbusSource":
    """The source of one line. Nothing is opened yet."""
    return ModbusSource(settings, PymodbusLine(settings), moment)


class ModbusSource:
    """Implements `edge.agent.ports.Source`."""

    def __init__(self, settings: ModbusSettings, line: PymodbusLine, moment: Callable[[], Moment]) -> None:
        self.name = settings.name
        self._settings = settings
        self._line = line
        self._moment = moment
        self._limits = LinkLimits(fault_s=settings.fault_s)
        self._handover = Handover()
        self._units = {each.device: unit for unit, each in settings.map.devices()}
        self._devices = {each.device: each for _, each in settings.map.devices()}
        self._spans = {name: plan(each) for name, each in self._devices.items()}
        rules = {
            each.device: each.rules_with(settings.rules, heartbeat_of(unit, each))
            for unit, each in settings.map.devices()
        }
        self._roster = Roster(settings.name, rules, settings.rules, settings.inputs)
        self._contacts: dict[tuple[str, str], Contact] = {}
        self._samples: dict[tuple[str, str], Sample] = {}
        self._refusals: dict[str, InputHealth] = {}
        self._polls: dict[str, Poll] = {}
        self._silences = 0
        self._link = link.begin(0)
        self._log = _log.bind(source=settings.name, line=settings.where())

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Ask until `stop` is set; stops within twice the time-out. Raises OutboxError."""
        now_ms = self._moment().mono_ms
        self._polls = {name: Poll(due_ms=now_ms) for name in self._devices}
        self._link = link.begin(now_ms, faulty=self._link.faulty)
        try:
            self._handover.give(sink)
            while not stop.is_set():
                self._turn(sink, stop)
        finally:
            self._line.close()

    def _turn(self, sink: Sink, stop: threading.Event) -> None:
        moment = self._moment()
        self._handover.give(sink, self._roster.tick(moment))
        self._link, turn = link.tick(self._limits, self._link, moment.mono_ms)
        self._say_link(sink, turn, moment)
        if self._link.phase is LinkPhase.WAITING:
            if link.is_due(self._link, moment.mono_ms):
                self._open(sink)
            else:
                stop.wait(_WAIT_S)
            return
        chosen = polling.choose(self._polls, moment.mono_ms)
        if chosen is None:
            stop.wait(polling.wait_s(self._polls, moment.mono_ms, _WAIT_S))
            return
        self._handover.give(sink, self._ask(chosen))

    def _open(self, sink: Sink) -> None:
        self._link = link.connecting(self._link, self._moment().mono_ms)
        opened = self._line.open()
        moment = self._moment()
        if not opened:
            self._fail(moment, "it cannot be opened")
            return
        self._log.info("modbus_line_open")
        self._silences = 0
        self._link, turn = link.connected(self._link, moment.mono_ms)
        self._say_link(sink, turn, moment)

    def _ask(self, name: str) -> Iterable[Observation]:
        """All questions of one device; those that are answered count, whatever becomes of the others."""
        unit, device = self._units[name], self._devices[name]
        cells: dict[Any, int] = {}
        refusal: Refusal | None = None
        for span in self._spans[name]:
            outcome = self._line.ask(unit.unit, span)
            match outcome:
                case Answer():
                    cells.update(to_cells(span, outcome.values))
                    self._silences = 0
                case Refusal():
                    refusal = outcome
                    self._silences = 0
                case Silence():
                    self._note_silence(unit, device)
                    break
                case Broken():
                    self._fail(self._moment(), outcome.why)
                    break
        else:
            now_ms = self._moment().mono_ms
            self._polls[name] = polling.answered(self._polls[name], poll_of(unit, device), now_ms)
        moment = self._moment()
        said = list(self._hear(device, cells, moment)) if cells else []
        if refusal is not None or cells:
            said.extend(self._judge_refusal(unit, device, refusal, moment))
        return said

    def _hear(self, device: ModbusDeviceSettings, cells: Cells, moment: Moment) -> Iterable[Observation]:
        fields: dict[str, Any] = {}
        for register in device.registers:
            value = read_register(register, cells)
            if value is not None:
                fields[register.metric.value] = value
        for each in device.inputs:
            on = read_input(each, cells)
            if on is not None:
                key = (device.device, each.says)
                before = self._contacts.get(key, Contact())
                contact = debounce.hear(before, on, moment.mono_ms, for_s=each.for_s)
                self._contacts[key] = contact
                fields[each.says] = contact.closed
        said = self._roster.hear(device.device, read_report(fields, device.kind), moment)
        return [each for each in said if not isinstance(each, ReadingSeen) or self._is_due(device, each)]

    def _is_due(self, device: ModbusDeviceSettings, seen: ReadingSeen) -> bool:
        register = next(each for each in device.registers if each.metric.value == seen.metric)
        key, now_ms = (seen.device, seen.metric), seen.moment.mono_ms
        due = sampling.is_due(
            self._samples.get(key),
            seen.value,
            now_ms,
            every_s=register.every_s,
            on_change=register.on_change,
        )
        if due:
            self._samples[key] = Sample(seen.value, now_ms)
        return due

    def _note_silence(self, unit: UnitSettings, device: ModbusDeviceSettings) -> None:
        """The whole unit is silent, not one device on it: none of its devices costs a further time-out now."""
        moment = self._moment()
        silent = polling.silent(self._polls[device.device], poll_of(unit, device), moment.mono_ms)
        for each in unit.devices:
            self._polls[each.device] = silent
        if silent.silences == 1:
            self._log.warning("modbus_unit_silent", unit=unit.unit, device=device.device)
        self._silences += 1
        if self._silences >= _SILENCES:
            self._fail(moment, "nobody on it answers")

    def _judge_refusal(
        self, unit: UnitSettings, device: ModbusDeviceSettings, refusal: Refusal | None, moment: Moment
    ) -> Iterable[Observation]:
        health = self._refusals.get(device.device, InputHealth())
        if refusal is None:
            self._refusals[device.device], turn = inputs.good(health)
            return (fault(device.device, REFUSED, False, moment),) if turn is Turn.ENDED else ()
        health, turn, log = inputs.bad(self._settings.inputs, health, moment.mono_ms)
        self._refusals[device.device] = health
        meaning = _EXCEPTIONS.get(refusal.code, "unknown")
        if log:
            self._log.warning(
                "modbus_refused", unit=unit.unit, device=device.device, code=refusal.code, why=meaning
            )
        if turn is not Turn.RAISED:
            return ()
        note = (
            f"Modbus 单元拒绝读取 / unit {unit.unit} refuses to be read "
            f"(exception {refusal.code}, {meaning}): check its register map"
        )
        return (fault(device.device, REFUSED, True, moment, note),)

    def _fail(self, moment: Moment, why: str) -> None:
        self._line.close()
        self._silences = 0
        self._link = link.failed(self._limits, self._link, moment.mono_ms, random.random())
        self._log.warning("modbus_line_down", why=why, failures=self._link.failures)

    def _say_link(self, sink: Sink, turn: Turn | None, moment: Moment) -> None:
        if turn is None:
            return
        active = turn is Turn.RAISED
        where = self._settings.where()
        note = (
            f"Modbus 线路不通 / the line {where} cannot be opened; check cable and power" if active else None
        )
        self._handover.give(
            sink, (fault(self._settings.line_device, LINE_UNREACHABLE, active, moment, note),)
        )
