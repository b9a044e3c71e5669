"""What the reports of one fire transmission device mean: alarms, faults, readings. Pure.

Fire panels latch by themselves and say when they were reset; so does this. The panel's own clock goes into the note, the
box's moment is the event's.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import Field

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.data_units import DataUnit
from edge.agent.gbt26875.describe import state_words
from edge.agent.gbt26875.names import COMPONENT_TYPES, SYSTEM_TYPES, name_of
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.gbt26875.states import (
    Bits,
    ComponentBit,
    OperationBit,
    SystemBit,
    TransmitterBit,
    is_test_state,
)
from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.policy.latch import LatchRules
from edge.agent.policy.panel_alarms import SUMMARY_TYPES, alarm_kind
from edge.agent.policy.panel_conditions import Condition, Conditions, System
from edge.agent.policy.rules import Rules
from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind

FIRE = "fire"
MANUAL_CALL = "manual_call"
MAX_NOTE = 1000


class TestBit(StrEnum):
    """How bit 0 of a state is read. By the standard 0 means *under test*, but many transmitters never set it."""

    __test__ = False

    LEARN = "learn"
    """A 0 is a test once this transmitter has set the bit together with an alarm or a fault; until then, in doubt, real."""
    STANDARD = "standard"
    """A 0 is always a test. Only after a walk test has shown that real alarms come with the bit set."""
    UNUSED = "unused"
    """The bit says nothing."""


class PanelRules(Rules):
    """How one transmitter's reports are judged."""

    alarm: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=0, repeat_s=60))
    """The panel latches by itself, so no hold time of ours is needed."""
    fault: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=0, repeat_s=86400))
    test_bit: TestBit = TestBit.LEARN


@dataclass(frozen=True, slots=True)
class Subject:
    """What a component is here. `known`: it stands in the configuration itself, not only its zone."""

    device: str
    place: str | None = None
    kind: DeviceKind | None = None
    known: bool = True


class Directory(Protocol):
    """Finds who is meant; owned by the panel, answered from the configuration."""

    def find(self, system_type: int, system_address: int, address: int) -> Subject:
        """A component; one that nobody wrote down gets a name of its own, always the same."""


class FirePanel:
    """The panels behind one transmitter. Holds what is active; raises nothing, whatever the objects say."""

    def __init__(
        self,
        rules: PanelRules,
        device: str,
        directory: Directory,
        *,
        place: str | None,
        doubt: str | None = None,
    ) -> None:
        self._rules = rules
        self._device = device
        self._directory = directory
        self._place = place
        self._doubt = doubt
        self._held = Conditions()
        self._proven: set[Bits] = set()
        self._explained: set[Condition] = set()

    def hear(self, unit: DataUnit, moment: Moment) -> list[Observation]:
        """Take what one frame says."""
        said: list[Observation] = []
        for each in unit.objects:
            match each:
                case o.ComponentState():
                    said += self._hear_component(each, moment)
                case o.SystemState():
                    said += self._hear_system(each, moment)
                case o.TransmitterState():
                    said += self._hear_transmitter(each, moment)
                case o.AnalogValue():
                    said += self._hear_value(each, moment)
                case o.Operation():
                    system = (each.system_type, each.system_address)
                    said += self._hear_operation(each.operation, system, each.time, moment)
                case o.TransmitterOperation():
                    said += self._hear_operation(each.operation, None, each.time, moment)
                case _:
                    pass  # versions, configurations, clocks: for `decode` and the log
        return said

    def tick(self, moment: Moment) -> list[EventSeen]:
        """Let time pass: where a hold time is configured, held conditions end."""
        return self._held.tick(moment)

    def _hear_component(self, said: o.ComponentState, moment: Moment) -> list[EventSeen]:
        subject = self._directory.find(said.system_type, said.system_address, said.address)
        test, doubt = self._judge_test(ComponentBit, said.state)
        zone, number = o.split_address(said.address)
        name = name_of(COMPONENT_TYPES, said.component_type)
        kind, sure = alarm_kind(said.component_type, subject.kind)
        note = _join(
            f"{name.zh} / {name.en} {zone}-{number} {o.show_text(said.text)}".strip(),
            state_words(ComponentBit, said.state),
            None if subject.known else "未登记的部件 / component not in the configuration",
            None
            if sure
            else "部件类型未说明探测什么，按烟感报警 / the type does not say what it senses: taken as smoke",
            doubt,
            self._doubt,
            _panel_time(said.time),
        )
        report = _Report(
            subject.device, (said.system_type, said.system_address), said.address, test, note, subject.place
        )
        summary = said.component_type in SUMMARY_TYPES
        events = self._hear_fire(report, kind, bool(said.state & ComponentBit.FIRE), moment, summary=summary)
        return events + self._hear_faults(report, said.state, _COMPONENT_FAULTS, moment)

    def _hear_system(self, said: o.SystemState, moment: Moment) -> list[EventSeen]:
        system = (said.system_type, said.system_address)
        name = name_of(SYSTEM_TYPES, said.system_type)
        test, doubt = self._judge_test(SystemBit, said.state)
        note = _join(
            f"{name.zh} / {name.en} {said.system_address}",
            state_words(SystemBit, said.state),
            doubt,
            self._doubt,
            _panel_time(said.time),
        )
        events = self._reset(system, note, moment) if said.state & SystemBit.RESET else []
        report = _Report(self._device, system, 0, test, note, self._place)
        fire = bool(said.state & SystemBit.FIRE)
        events += self._hear_fire(report, EventKind.SMOKE, fire, moment, summary=True)
        return events + self._hear_faults(report, said.state, _SYSTEM_FAULTS, moment)

    def _hear_transmitter(self, said: o.TransmitterState, moment: Moment) -> list[EventSeen]:
        test, doubt = self._judge_test(TransmitterBit, said.state)
        note = _join(
            "用户信息传输装置 / fire transmission device",
            state_words(TransmitterBit, said.state),
            doubt,
            self._doubt,
            _panel_time(said.time),
        )
        report = _Report(self._device, None, 0, test, note, self._place)
        fire = bool(said.state & TransmitterBit.FIRE)
        events = self._hear_fire(report, EventKind.SMOKE, fire, moment, summary=True)
        return events + self._hear_faults(report, said.state, _TRANSMITTER_FAULTS, moment)

    def _hear_fire(
        self, report: "_Report", kind: EventKind, fire: bool, moment: Moment, *, summary: bool
    ) -> list[EventSeen]:
        """A controller's fire that a detector of the same transmitter has named already is that fire, not a second one."""
        real = Condition(report.device, kind, FIRE, report.system, report.source, summary)
        if summary:
            for test in (False, True):
                if not fire:
                    self._explained.discard(report.marked(real, test=test))
            meant = report.marked(real, test=report.test)
            named = self._held.holds(lambda c: c.code == FIRE and not c.summary and c.test == meant.test)
            if fire and named and not self._held.holds(lambda c: c == meant):
                self._explained.add(meant)
            if fire and meant in self._explained:
                return []
        return self._hear_bit(real, report, fire, self._rules.alarm, moment)

    def _hear_faults(
        self, report: "_Report", state: int, faults: dict[int, str], moment: Moment
    ) -> list[EventSeen]:
        events: list[EventSeen] = []
        for bit, code in faults.items():
            fault = Condition(report.device, EventKind.DEVICE_FAULT, code, report.system, report.source)
            events += self._hear_bit(fault, report, bool(state & bit), self._rules.fault, moment)
        return events

    def _hear_bit(
        self, real: Condition, report: "_Report", value: bool, rules: LatchRules, moment: Moment
    ) -> list[EventSeen]:
        """A set bit is a test or real; it leaves the other as it was. A clear bit ends both."""
        events: list[EventSeen] = []
        for test in (False, True):
            if value and test is not report.test:
                continue
            condition = report.marked(real, test=test)
            events += self._held.hear(condition, value, rules, moment, report.note, report.place)
        return events

    def _hear_value(self, said: o.AnalogValue, moment: Moment) -> list[ReadingSeen]:
        subject = self._directory.find(said.system_type, said.system_address, said.address)
        metric = _METRICS.get(said.analog_type)
        if metric is None or not subject.known or said.value is None:
            return []
        return [ReadingSeen(subject.device, metric, said.value, moment)]

    def _hear_operation(
        self, operation: int, system: System | None, time: PanelTime | None, moment: Moment
    ) -> list[EventSeen]:
        where = "消防主机 / fire panel" if system else "用户信息传输装置 / fire transmission device"
        note = _join(where, state_words(OperationBit, operation), self._doubt, _panel_time(time))
        events = self._reset(system, note, moment) if operation & OperationBit.RESET else []
        if operation & OperationBit.MANUAL_ALARM:
            test = bool(operation & OperationBit.TEST)
            call = Condition(self._device, EventKind.MANUAL_CALL, MANUAL_CALL, system, test=test)
            events += self._held.hear(call, True, self._rules.alarm, moment, note, self._place)
        return events

    def _reset(self, system: System | None, note: str, moment: Moment) -> list[EventSeen]:
        """A reset panel has forgotten its alarms and faults; what still is wrong it says again."""
        self._explained = {c for c in self._explained if system is not None and c.system != system}
        return self._held.end(lambda c: system is None or c.system == system, moment, note)

    def _judge_test(self, family: Bits, state: int) -> tuple[bool, str | None]:
        """Whether a state is a test, and why that is in doubt."""
        if state & 1 and state & _PROOF:
            self._proven.add(family)
        if self._rules.test_bit is TestBit.UNUSED or not is_test_state(state):
            return False, None
        if self._rules.test_bit is TestBit.STANDARD or family in self._proven:
            return True, None
        return False, _TEST_DOUBT if state & _PROOF else None


@dataclass(frozen=True, slots=True)
class _Report:
    device: str
    system: System | None
    source: int
    test: bool
    note: str
    place: str | None

    @staticmethod
    def marked(condition: Condition, *, test: bool) -> Condition:
        return Condition(
            condition.device,
            condition.kind,
            condition.code,
            condition.system,
            condition.source,
            condition.summary,
            test,
        )


_PROOF = 0b110
"""Fire or fault: bit 0 set beside one of them shows that the transmitter does not use the bit as 'all is well'."""
_TEST_DOUBT = (
    "第0位为0（标准定义为测试），该装置从未置位过，按真实报警处理 / bit 0 is 0, by the standard a test; this transmitter has "
    "never set it with an alarm: taken as real (see test_bit)"
)
_COMPONENT_FAULTS: dict[int, str] = {
    ComponentBit.FAULT: "detector_fault",
    ComponentBit.SHIELDED: "shielded",
    ComponentBit.SUPERVISED: "supervisory",
    ComponentBit.POWER_FAULT: "power_fault",
}
_SYSTEM_FAULTS: dict[int, str] = {
    SystemBit.FAULT: "panel_fault",
    SystemBit.SHIELDED: "panel_shielded",
    SystemBit.SUPERVISED: "panel_supervisory",
    SystemBit.MAINS_FAULT: "mains_fault",
    SystemBit.BACKUP_FAULT: "backup_fault",
    SystemBit.BUS_FAULT: "bus_fault",
}
_TRANSMITTER_FAULTS: dict[int, str] = {
    TransmitterBit.FAULT: "transmitter_fault",
    TransmitterBit.MAINS_FAULT: "transmitter_mains_fault",
    TransmitterBit.BACKUP_FAULT: "transmitter_backup_fault",
    TransmitterBit.CHANNEL_FAULT: "channel_fault",
    TransmitterBit.LINE_FAULT: "line_fault",
}
_METRICS: dict[int, str] = {
    1: "event_count",
    2: "height_m",
    3: Metric.TEMPERATURE_C,
    4: "pressure_mpa",
    5: "pressure_kpa",
    6: Metric.GAS_LEL_PCT,
    7: "duration_s",
    8: "voltage_v",
    9: "current_a",
    10: "flow_l_per_s",
    11: "air_flow_m3_per_min",
    12: "air_speed_m_per_s",
}
"""Analog types as readings, in the units of the standard."""


def _panel_time(time: PanelTime | None) -> str | None:
    if time is None:
        return None
    return f"主机时间 / panel time {time.text() or '不明 unknown'}"


def _join(*parts: str | None) -> str:
    return "; ".join(part for part in parts if part)[:MAX_NOTE]
