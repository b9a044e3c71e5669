"""One fire detector over time: alarm and test held apart, tamper, fault, battery, silence. Pure."""

from dataclasses import dataclass, field, replace

from pydantic import Field

from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.policy import battery as batteries
from edge.agent.policy import latch as latches
from edge.agent.policy import liveness as lives
from edge.agent.policy.battery import Battery, BatteryRules
from edge.agent.policy.latch import Latch, LatchRules, Turn
from edge.agent.policy.liveness import Liveness, LivenessRules
from edge.agent.policy.rules import Rules
from redwhistle.contracts.events import BatteryData, DeviceData, EventData, EventKind, SmokeData
from redwhistle.contracts.readings import Metric


class DetectorRules(Rules):
    """How one detector's reports are judged."""

    alarm: LatchRules = LatchRules()
    """For the alarm and, apart from it, for the device's own test."""
    tamper: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=60, repeat_s=86400))
    fault: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=60, repeat_s=86400))
    battery: BatteryRules = BatteryRules()
    liveness: LivenessRules = LivenessRules()


@dataclass(frozen=True, slots=True)
class DetectorReport:
    """One message of a detector; None: not said. `readings` are (metric, value)."""

    smoke: bool | None = None
    test: bool | None = None
    tamper: bool | None = None
    fault: bool | None = None
    battery_low: bool | None = None
    battery_pct: float | None = None
    smoke_level: float | None = None
    temperature_c: float | None = None
    readings: tuple[tuple[Metric, float], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DetectorState:
    """Of one detector."""

    alive: Liveness
    alarm: Latch = field(default_factory=Latch)
    test: Latch = field(default_factory=Latch)
    tamper: Latch = field(default_factory=Latch)
    fault: Latch = field(default_factory=Latch)
    battery: Battery = field(default_factory=Battery)


def begin(now_ms: int) -> DetectorState:
    """A detector not heard yet: its silence counts from now."""
    return DetectorState(alive=Liveness(heard_ms=now_ms))


def hear(
    rules: DetectorRules,
    state: DetectorState,
    device: str,
    report: DetectorReport,
    moment: Moment,
    note: str | None = None,
) -> tuple[DetectorState, tuple[Observation, ...]]:
    """Take one report. A test never holds back a real alarm, nor ends one, and the other way round."""
    now_ms = moment.mono_ms
    said: list[Observation] = []
    testing = report.test is True
    state, events = _hear_alarm(rules, state, device, report, moment, note)
    said.extend(events)
    test, turn = latches.hear(rules.alarm, state.test, testing, now_ms)
    said.extend(_say(turn, device, EventKind.SMOKE, _smoke_data(turn, report, note), moment, test=True))
    state = replace(state, test=test)
    alive, silent_s = lives.hear(state.alive, now_ms)
    if silent_s is not None:
        said.append(recovered(device, silent_s, moment))
    state = replace(state, alive=alive)
    state, events = _hear_health(rules, state, device, report, moment)
    said.extend(events)
    said.extend(ReadingSeen(device, metric, value, moment) for metric, value in report.readings)
    return state, tuple(said)


def tick(
    rules: DetectorRules, state: DetectorState, device: str, moment: Moment
) -> tuple[DetectorState, tuple[Observation, ...]]:
    """Let time pass: held conditions end, a silent device becomes lost."""
    now_ms = moment.mono_ms
    said: list[Observation] = []
    alarm, turn = latches.tick(rules.alarm, state.alarm, now_ms)
    said.extend(_say(turn, device, EventKind.SMOKE, SmokeData(active=False), moment))
    test, turn = latches.tick(rules.alarm, state.test, now_ms)
    said.extend(_say(turn, device, EventKind.SMOKE, SmokeData(active=False), moment, test=True))
    tamper, turn = latches.tick(rules.tamper, state.tamper, now_ms)
    said.extend(_say(turn, device, EventKind.TAMPER, DeviceData(active=False, code="tamper"), moment))
    fault, turn = latches.tick(rules.fault, state.fault, now_ms)
    said.extend(
        _say(turn, device, EventKind.DEVICE_FAULT, DeviceData(active=False, code="detector_fault"), moment)
    )
    alive, silent_s = lives.tick(rules.liveness, state.alive, now_ms)
    if silent_s is not None:
        said.append(lost(device, silent_s, moment))
    state = replace(state, alarm=alarm, test=test, tamper=tamper, fault=fault, alive=alive)
    return state, tuple(said)


def lose(
    state: DetectorState, device: str, moment: Moment, note: str
) -> tuple[DetectorState, tuple[Observation, ...]]:
    """The radio's coordinator says that the device is gone."""
    alive, silent_s = lives.lose(state.alive, moment.mono_ms)
    if silent_s is None:
        return state, ()
    return replace(state, alive=alive), (lost(device, silent_s, moment, note),)


def lost(device: str, silent_s: float, moment: Moment, note: str | None = None) -> EventSeen:
    """The event that the box no longer hears `device`."""
    data = DeviceData(code="silent", silent_s=silent_s, note=note)
    return EventSeen(device=device, kind=EventKind.DEVICE_LOST, data=data, moment=moment)


def recovered(device: str, silent_s: float, moment: Moment) -> EventSeen:
    """The event that the box hears `device` again."""
    data = DeviceData(code="silent", silent_s=silent_s)
    return EventSeen(device=device, kind=EventKind.DEVICE_RECOVERED, data=data, moment=moment)


def _hear_alarm(
    rules: DetectorRules,
    state: DetectorState,
    device: str,
    report: DetectorReport,
    moment: Moment,
    note: str | None,
) -> tuple[DetectorState, list[EventSeen]]:
    if report.smoke is None or (report.smoke and report.test is True):
        return state, []
    alarm, turn = latches.hear(rules.alarm, state.alarm, report.smoke, moment.mono_ms)
    data = _smoke_data(turn, report, note)
    return replace(state, alarm=alarm), _say(turn, device, EventKind.SMOKE, data, moment)


def _hear_health(
    rules: DetectorRules, state: DetectorState, device: str, report: DetectorReport, moment: Moment
) -> tuple[DetectorState, list[EventSeen]]:
    now_ms = moment.mono_ms
    said: list[EventSeen] = []
    if report.tamper is not None:
        tamper, turn = latches.hear(rules.tamper, state.tamper, report.tamper, now_ms)
        data = DeviceData(active=turn is not Turn.ENDED, code="tamper")
        said.extend(_say(turn, device, EventKind.TAMPER, data, moment))
        state = replace(state, tamper=tamper)
    if report.fault is not None:
        fault, turn = latches.hear(rules.fault, state.fault, report.fault, now_ms)
        data = DeviceData(active=turn is not Turn.ENDED, code="detector_fault")
        said.extend(_say(turn, device, EventKind.DEVICE_FAULT, data, moment))
        state = replace(state, fault=fault)
    battery, turn = batteries.hear(
        rules.battery, state.battery, report.battery_pct, report.battery_low, now_ms
    )
    charge = BatteryData(active=turn is not Turn.ENDED, battery_pct=report.battery_pct)
    said.extend(_say(turn, device, EventKind.BATTERY_LOW, charge, moment))
    return replace(state, battery=battery), said


def _smoke_data(turn: Turn | None, report: DetectorReport, note: str | None) -> SmokeData:
    return SmokeData(
        active=turn is not Turn.ENDED,
        note=note,
        level=report.smoke_level,
        temperature_c=report.temperature_c,
    )


def _say(
    turn: Turn | None, device: str, kind: EventKind, data: EventData, moment: Moment, *, test: bool = False
) -> list[EventSeen]:
    if turn is None:
        return []
    return [EventSeen(device=device, kind=kind, data=data, moment=moment, test=test)]
