"""One detector over time (smoke, heat, gas, water, vibration, call button): alarms and tests held apart, health. Pure.

What a device says comes as a `DetectorReport`, whatever radio or bus carried it; what is to be said comes back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import Field

from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.policy import battery as batteries
from edge.agent.policy import latch as latches
from edge.agent.policy import limit as limits
from edge.agent.policy import liveness as lives
from edge.agent.policy import press as pressing
from edge.agent.policy.battery import Battery, BatteryRules
from edge.agent.policy.detector_report import Condition, DetectorReport, Press
from edge.agent.policy.event_data import Gas, build_data
from edge.agent.policy.latch import Latch, LatchRules, Turn
from edge.agent.policy.limit import Crossing, LimitRules
from edge.agent.policy.liveness import Liveness, LivenessRules
from edge.agent.policy.press import Presses, PressRules
from edge.agent.policy.rules import Rules, Seconds, passed_s
from redwhistle.contracts.events import BatteryData, DeviceData, EventData, EventKind, SosData
from redwhistle.contracts.readings import Metric

IMPLAUSIBLE = "implausible_reading"
_LONG_TEST = "测试标记过久，按真实报警处理 / its test mark has stood for too long: taken as a real alarm"


class DetectorRules(Rules):
    """How one detector's reports are judged."""

    alarm: LatchRules = LatchRules()
    """For an alarm and, apart from it, for the device's own test."""
    vibration: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=5, repeat_s=5))
    """For shaking: short, because two sensors that shake within seconds are a quake."""
    tamper: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=60, repeat_s=86400))
    fault: LatchRules = Field(default_factory=lambda: LatchRules(hold_s=60, repeat_s=86400))
    press: PressRules = PressRules()
    battery: BatteryRules = BatteryRules()
    liveness: LivenessRules = LivenessRules()
    test_most_s: Seconds = 600.0
    """A test mark that stands longer than this is a forgotten switch: alarms beside it are real again."""
    limits: tuple[LimitRules, ...] = Field(default=(), max_length=32)
    gas: Gas = "other"
    """Which gas the device smells, where it does not say so itself."""


@dataclass(frozen=True, slots=True)
class Held:
    """A condition that is held, with what it was."""

    condition: Condition
    latch: Latch = field(default_factory=Latch)


Holding = Mapping[str, Held]
"""Conditions by their key."""


@dataclass(frozen=True, slots=True)
class DetectorState:
    """Of one detector. `closed`: call contacts that are closed; `crossings`: by the number of the limit."""

    alive: Liveness
    alarms: Holding = field(default_factory=dict)
    tests: Holding = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    presses: Presses = field(default_factory=Presses)
    crossings: Mapping[int, Crossing] = field(default_factory=dict)
    test_since_ms: int | None = None
    implausible: frozenset[Metric] = frozenset()
    odd: Latch = field(default_factory=Latch)
    tamper: Latch = field(default_factory=Latch)
    fault: Latch = field(default_factory=Latch)
    battery: Battery = field(default_factory=Battery)


Step = tuple[DetectorState, list[EventSeen]]


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
    said: list[Observation] = []
    state = _note_test(state, report, moment)
    measured = dict(report.readings)
    state, crossed = _cross(rules, state, measured, moment)
    report = replace(report, conditions=(*report.conditions, *crossed))
    state, presses = _edges(state, report)
    state, events = _judge(rules, state, device, report.conditions, measured, moment, note)
    said.extend(events)
    state, events = _press(rules, state, device, presses, moment, note)
    said.extend(events)
    state, events = _hold_tests(rules, state, device, report, measured, moment, note)
    said.extend(events)
    alive, silent_s = lives.hear(state.alive, moment.mono_ms)
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
    """Let time pass: limits are crossed for long enough, held conditions end, a silent device becomes lost."""
    now_ms = moment.mono_ms
    said: list[Observation] = []
    for number, crossing in state.crossings.items():
        later = limits.tick(rules.limits[number], crossing, now_ms)
        if later is not crossing:
            state = replace(state, crossings={**state.crossings, number: later})
            rule = rules.limits[number]
            condition = _crossed(rule, number, later)
            state, events = _judge(
                rules, state, device, [condition], {rule.metric: later.value}, moment, None
            )
            said.extend(events)
    alarms, events = _tick_held(rules, state.alarms, device, moment, test=False)
    said.extend(events)
    tests, events = _tick_held(rules, state.tests, device, moment, test=True)
    said.extend(events)
    tamper, turn = latches.tick(rules.tamper, state.tamper, now_ms)
    said.extend(_say(turn, device, EventKind.TAMPER, DeviceData(active=False, code="tamper"), moment))
    fault, turn = latches.tick(rules.fault, state.fault, now_ms)
    said.extend(_say(turn, device, EventKind.DEVICE_FAULT, _fault_data(turn, "detector_fault"), moment))
    odd, turn = latches.tick(rules.fault, state.odd, now_ms)
    said.extend(_say(turn, device, EventKind.DEVICE_FAULT, _fault_data(turn, IMPLAUSIBLE), moment))
    alive, silent_s = lives.tick(rules.liveness, state.alive, now_ms)
    if silent_s is not None:
        said.append(lost(device, silent_s, moment))
    state = replace(state, alarms=alarms, tests=tests, tamper=tamper, fault=fault, odd=odd, alive=alive)
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


def _note_test(state: DetectorState, report: DetectorReport, moment: Moment) -> DetectorState:
    if report.test is not True:
        return replace(state, test_since_ms=None)
    if state.test_since_ms is not None:
        return state
    return replace(state, test_since_ms=moment.mono_ms)


def _is_testing(rules: DetectorRules, state: DetectorState, moment: Moment) -> bool:
    since_ms = state.test_since_ms
    return since_ms is not None and passed_s(since_ms, moment.mono_ms) <= rules.test_most_s


def _cross(
    rules: DetectorRules, state: DetectorState, measured: Mapping[Metric, float], moment: Moment
) -> tuple[DetectorState, list[Condition]]:
    """The limits of what was measured, as conditions."""
    crossed: list[Condition] = []
    crossings = dict(state.crossings)
    for number, rule in enumerate(rules.limits):
        if rule.metric in measured:
            crossing = limits.hear(
                rule, crossings.get(number, Crossing()), measured[rule.metric], moment.mono_ms
            )
            crossings[number] = crossing
            crossed.append(_crossed(rule, number, crossing))
    return replace(state, crossings=crossings), crossed


def _crossed(rule: LimitRules, number: int, crossing: Crossing) -> Condition:
    gas: Gas | None = "co" if rule.metric is Metric.CO_PPM else None
    key = f"limit-{number}"
    return Condition(rule.event, crossing.counts, key, gas=gas, limit=rule.mark)


def _edges(state: DetectorState, report: DetectorReport) -> tuple[DetectorState, list[Press]]:
    """A call contact that closes is a press; one that stays closed is no further one."""
    presses = list(report.presses)
    closed = state.closed
    for each in report.conditions:
        if each.kind is EventKind.SOS:
            if each.value and each.key not in closed:
                presses.append(Press("single", each.note))
            closed = closed | {each.key} if each.value else closed - {each.key}
    return replace(state, closed=closed), presses


def _judge(
    rules: DetectorRules,
    state: DetectorState,
    device: str,
    conditions: Iterable[Condition],
    measured: Mapping[Metric, float],
    moment: Moment,
    note: str | None,
) -> Step:
    """What is said of real conditions, and which are held; those under a test mark are left to `_hold_tests`."""
    said: list[EventSeen] = []
    alarms = dict(state.alarms)
    testing = _is_testing(rules, state, moment)
    if state.test_since_ms is not None and not testing:
        note = _join(note, _LONG_TEST)
    for each in conditions:
        held = alarms.get(each.key, Held(each))
        if each.kind is EventKind.SOS or (each.value and testing) or not (each.value or held.latch.active):
            continue
        latch, turn = latches.hear(_latch_rules(rules, each.kind), held.latch, each.value, moment.mono_ms)
        alarms[each.key] = Held(each, latch)
        said.extend(_say_condition(rules, turn, device, each, measured, moment, note))
    return replace(state, alarms=alarms), said


def _press(
    rules: DetectorRules,
    state: DetectorState,
    device: str,
    presses: Iterable[Press],
    moment: Moment,
    note: str | None,
) -> Step:
    said: list[EventSeen] = []
    test = _is_testing(rules, state, moment)
    kept = state.presses
    for each in presses:
        kept, say = pressing.hear(rules.press, kept, each.action, moment.mono_ms, test=test)
        if say:
            data = SosData(action=each.action, note=_join(note, each.note))
            said.append(EventSeen(device, EventKind.SOS, data, moment, test=test))
    return replace(state, presses=kept), said


def _hold_tests(
    rules: DetectorRules,
    state: DetectorState,
    device: str,
    report: DetectorReport,
    measured: Mapping[Metric, float],
    moment: Moment,
    note: str | None,
) -> Step:
    """Conditions under a test mark; the mark alone is a test of the device's own kind."""
    said: list[EventSeen] = []
    tested: dict[str, Condition] = {}
    if _is_testing(rules, state, moment):
        tested = {c.key: c for c in report.conditions if c.value and c.kind is not EventKind.SOS}
        pressed = report.presses or any(c.kind is EventKind.SOS and c.value for c in report.conditions)
        if not tested and not pressed and report.kind is not None:
            tested = {report.kind.value: Condition(report.kind, True, report.kind.value)}
    tests = dict(state.tests)
    for key in {**tests, **tested}:
        held = tests.get(key) or Held(tested[key])
        condition = tested.get(key, held.condition)
        rule = _latch_rules(rules, condition.kind)
        latch, turn = latches.hear(rule, held.latch, key in tested, moment.mono_ms)
        tests[key] = Held(condition, latch)
        said.extend(_say_condition(rules, turn, device, condition, measured, moment, note, test=True))
    return replace(state, tests=tests), said


def _tick_held(
    rules: DetectorRules, holding: Holding, device: str, moment: Moment, *, test: bool
) -> tuple[Holding, list[EventSeen]]:
    said: list[EventSeen] = []
    kept = dict(holding)
    for key, held in holding.items():
        latch, turn = latches.tick(_latch_rules(rules, held.condition.kind), held.latch, moment.mono_ms)
        kept[key] = replace(held, latch=latch)
        said.extend(_say_condition(rules, turn, device, held.condition, {}, moment, None, test=test))
    return kept, said


def _hear_health(
    rules: DetectorRules, state: DetectorState, device: str, report: DetectorReport, moment: Moment
) -> Step:
    now_ms = moment.mono_ms
    said: list[EventSeen] = []
    if report.tamper is not None:
        tamper, turn = latches.hear(rules.tamper, state.tamper, report.tamper, now_ms)
        said.extend(_say(turn, device, EventKind.TAMPER, _fault_data(turn, "tamper"), moment))
        state = replace(state, tamper=tamper)
    if report.fault is not None:
        fault, turn = latches.hear(rules.fault, state.fault, report.fault, now_ms)
        said.extend(_say(turn, device, EventKind.DEVICE_FAULT, _fault_data(turn, "detector_fault"), moment))
        state = replace(state, fault=fault)
    if report.implausible or state.implausible:
        bad = (state.implausible - {metric for metric, _ in report.readings}) | set(report.implausible)
        odd, turn = latches.hear(rules.fault, state.odd, bool(bad), now_ms)
        names = "、".join(sorted(metric.value for metric in bad))
        note = f"读数超出可能范围 / cannot be true: {names}; check the sensor and its wiring" if bad else None
        said.extend(_say(turn, device, EventKind.DEVICE_FAULT, _fault_data(turn, IMPLAUSIBLE, note), moment))
        state = replace(state, odd=odd, implausible=frozenset(bad))
    battery, turn = batteries.hear(
        rules.battery, state.battery, report.battery_pct, report.battery_low, now_ms
    )
    charge = BatteryData(active=turn is not Turn.ENDED, battery_pct=report.battery_pct)
    said.extend(_say(turn, device, EventKind.BATTERY_LOW, charge, moment))
    return replace(state, battery=battery), said


def _latch_rules(rules: DetectorRules, kind: EventKind) -> LatchRules:
    return rules.vibration if kind is EventKind.VIBRATION else rules.alarm


def _say_condition(
    rules: DetectorRules,
    turn: Turn | None,
    device: str,
    condition: Condition,
    measured: Mapping[Metric, float],
    moment: Moment,
    note: str | None,
    *,
    test: bool = False,
) -> list[EventSeen]:
    data = build_data(
        condition.kind,
        measured,
        active=turn is not Turn.ENDED,
        note=_join(note, condition.note),
        gas=condition.gas or rules.gas,
        limit=condition.limit,
    )
    return _say(turn, device, condition.kind, data, moment, test=test)


def _say(
    turn: Turn | None, device: str, kind: EventKind, data: EventData, moment: Moment, *, test: bool = False
) -> list[EventSeen]:
    if turn is None:
        return []
    return [EventSeen(device=device, kind=kind, data=data, moment=moment, test=test)]


def _fault_data(turn: Turn | None, code: str, note: str | None = None) -> DeviceData:
    return DeviceData(active=turn is not Turn.ENDED, code=code, note=note)


def _join(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note)[:1000] or None
