"""One detector over time: presses and their echoes, limits, test marks, readings that cannot be."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.policy import debounce, detector, polling, sampling
from edge.agent.policy.debounce import Contact
from edge.agent.policy.detector import DetectorRules
from edge.agent.policy.detector_report import Condition, DetectorReport, Press
from edge.agent.policy.event_data import Action
from edge.agent.policy.limit import LimitRules
from edge.agent.policy.polling import Poll
from edge.agent.policy.sampling import Sample
from redwhistle.contracts.events import (
    DATA_OF,
    DeviceData,
    EventKind,
    GasData,
    HeatData,
    SosData,
    VibrationData,
    WaterLevelData,
)
from redwhistle.contracts.readings import Metric

FLOOD = LimitRules(metric=Metric.WATER_LEVEL_M, event=EventKind.WATER_LEVEL, above=0.3, clear=0.2, for_s=5)
RULES = DetectorRules(limits=(FLOOD,))


def moment(at_s: float) -> Moment:
    return Moment(1_700_000_000_000 + round(at_s * 1000), 1_000_000 + round(at_s * 1000), synced=True)


Step = tuple[float, DetectorReport | None]


def play(steps: Sequence[Step], rules: DetectorRules = RULES) -> list[Observation]:
    """(seconds, report), or None to let time pass."""
    state = detector.begin(moment(0).mono_ms)
    said: list[Observation] = []
    for at_s, report in steps:
        if report is None:
            state, more = detector.tick(rules, state, "d", moment(at_s))
        else:
            state, more = detector.hear(rules, state, "d", report, moment(at_s))
        said.extend(more)
    return said


def events(said: Sequence[Observation]) -> list[tuple[float, str, bool, bool]]:
    """(seconds, kind, active, test)"""
    return [
        ((s.moment.mono_ms - 1_000_000) / 1000, s.kind.value, s.data.active, s.test)
        for s in said
        if isinstance(s, EventSeen)
    ]


def pressed(action: Action = "single", *, test: bool | None = None) -> DetectorReport:
    return DetectorReport(presses=(Press(action),), kind=EventKind.SOS, test=test)


def closed(on: bool, *, test: bool | None = None) -> DetectorReport:
    return DetectorReport(conditions=(Condition(EventKind.SOS, on, "sos"),), kind=EventKind.SOS, test=test)


def water(level_m: float) -> DetectorReport:
    return DetectorReport(kind=EventKind.WATER_LEVEL, readings=((Metric.WATER_LEVEL_M, level_m),))


def alarm(kind: EventKind, value: bool, test: bool | None = None, key: str = "x") -> DetectorReport:
    return DetectorReport(conditions=(Condition(kind, value, key),), kind=kind, test=test)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(1, pressed())], [(1, False)], id="a press"),
        pytest.param([(1, pressed()), (2.9, pressed())], [(1, False)], id="an echo"),
        pytest.param([(1, pressed()), (3, pressed())], [(1, False), (3, False)], id="pressed again"),
        pytest.param(
            [(1 + n / 2, pressed()) for n in range(9)],
            [(1, False), (3, False), (5, False)],
            id="somebody who keeps pressing is heard",
        ),
        pytest.param([(1, pressed()), (2, pressed("hold"))], [(1, False), (2, False)], id="another gesture"),
        pytest.param([(1, pressed(test=True))], [(1, True)], id="E14: a test press"),
        pytest.param(
            [(1, pressed(test=True)), (1.5, pressed())],
            [(1, True), (1.5, False)],
            id="a test swallows no real press",
        ),
        pytest.param([(1, closed(True)), (2, closed(True)), (90, closed(True))], [(1, False)], id="a cord"),
        pytest.param(
            [(1, closed(True)), (4, closed(False)), (9, closed(True))],
            [(1, False), (9, False)],
            id="pulled twice",
        ),
        pytest.param(
            [(1, closed(True)), (1.3, closed(False)), (1.6, closed(True))], [(1, False)], id="it bounces"
        ),
        pytest.param([(1, closed(True, test=True)), (2, closed(True, test=True))], [(1, True)], id="test"),
    ],
)
def test_presses(steps: list[Step], expected: list[tuple[float, bool]]) -> None:
    assert events(play(steps)) == [(at_s, "sos", True, test) for at_s, test in expected]


def test_a_press_carries_its_gesture() -> None:
    (event,) = play([(1, pressed("double"))])
    assert isinstance(event, EventSeen)
    assert event.data == SosData(action="double")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([(1, water(0.3)), (60, water(0.3))], [], id="at the limit"),
        pytest.param([(1, water(0.4)), (4, water(0.1)), (9, water(0.4))], [], id="not for long enough"),
        pytest.param([(1, water(0.4)), (6, water(0.4))], [(6, True)], id="for long enough"),
        pytest.param([(1, water(0.4)), (5.9, None), (6, None)], [(6, True)], id="time passes, nothing new"),
        pytest.param(
            [(1, water(0.4)), (6, None), (7, water(0.25)), (80, None)], [(6, True)], id="between the marks"
        ),
        pytest.param(
            [(1, water(0.4)), (6, None), (7, water(0.2)), (65, None), (67, None)],
            [(6, True), (67, False)],
            id="below the second mark",
        ),
        pytest.param(
            [(1, water(0.4)), (6, None), (30, water(0.5)), (66, water(0.5))],
            [(6, True), (66, True)],
            id="said again after a minute",
        ),
    ],
)
def test_limits(steps: list[Step], expected: list[tuple[float, bool]]) -> None:
    assert events(play(steps)) == [(at_s, "water_level", active, False) for at_s, active in expected]


def test_a_limits_event_carries_level_and_limit() -> None:
    for steps in ([(1.0, water(0.4)), (6.0, water(0.5))], [(1.0, water(0.5)), (6.0, None)]):
        said = [s for s in play(steps) if isinstance(s, EventSeen)]
        assert said[0].data == WaterLevelData(level_m=0.5, limit_m=0.3)


def test_a_limit_from_below() -> None:
    rules = LimitRules(metric=Metric.WATER_LEVEL_M, event=EventKind.WATER_LEVEL, below=1, clear=2)
    said = play([(1, water(1.5)), (2, water(0.9))], DetectorRules(limits=(rules,)))
    assert events(said) == [(2, "water_level", True, False)]


def test_what_a_limit_means_for_each_kind() -> None:
    def first(metric: Metric, event: EventKind, value: float) -> object:
        rule = LimitRules.model_validate({"metric": metric, "event": event, "above": 1})
        report = DetectorReport(readings=((metric, value),))
        return next(
            s.data
            for s in play([(1, report)], DetectorRules(limits=(rule,), gas="methane"))
            if isinstance(s, EventSeen)
        )

    assert first(Metric.CO_PPM, EventKind.GAS, 60) == GasData(gas="co", ppm=60)
    assert first(Metric.GAS_LEL_PCT, EventKind.GAS, 20) == GasData(gas="methane", lel_pct=20)
    assert first(Metric.TEMPERATURE_C, EventKind.HEAT, 80) == HeatData(temperature_c=80)
    assert first(Metric.TILT_DEG, EventKind.VIBRATION, 3) == VibrationData(tilt_deg=3)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"above": 1, "below": 0}, "either above or below"),
        ({}, "either above or below"),
        ({"above": 1, "clear": 2}, "good side"),
        ({"below": 1, "clear": 0}, "good side"),
        ({"above": 1, "event": "sos"}, "event"),
        ({"above": float("nan")}, "finite"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        LimitRules.model_validate({"metric": "water_level_m", "event": "water_level", **fields})


def test_shaking_is_said_again_within_seconds() -> None:
    """Two sensors that shake within ten seconds are a quake: a latch of a minute would hide the second."""
    said = play([(n, alarm(EventKind.VIBRATION, True)) for n in range(1, 12)])
    assert [at_s for at_s, *_ in events(said)] == [1, 6, 11]


@pytest.mark.parametrize("kind", [EventKind.SMOKE, EventKind.GAS, EventKind.WATER_LEVEL, EventKind.VIBRATION])
def test_a_forgotten_test_switch_hides_no_alarm(kind: EventKind) -> None:
    steps: list[Step] = [(0, DetectorReport(kind=kind, test=True))]
    steps += [(t, alarm(kind, False, test=True)) for t in range(60, 601, 60)]
    said = play([*steps, (601, alarm(kind, True, test=True))])
    real = [s for s in said if isinstance(s, EventSeen) and not s.test]
    assert [(s.kind, s.data.active) for s in real] == [(kind, True)]
    assert "test mark" in str(real[0].data.note)
    within = play([*steps, (600, alarm(kind, True, test=True))])
    assert all(s.test for s in within if isinstance(s, EventSeen))


def test_two_conditions_of_one_kind_are_held_apart() -> None:
    both = [
        (1.0, alarm(EventKind.GAS, True, key="gas")),
        (2.0, alarm(EventKind.GAS, True, key="carbon_monoxide")),
    ]
    assert len(events(play(both))) == 2


def test_a_reading_that_cannot_be_is_a_fault_and_ends_when_it_is_good_for_a_minute() -> None:
    bad = DetectorReport(implausible=(Metric.WATER_LEVEL_M,))
    said = play([(1, bad), (2, bad), (3, water(0.1)), (61, None), (62, None)])
    assert events(said) == [(1, "device_fault", True, False), (62, "device_fault", False, False)]
    first = said[0]
    assert isinstance(first, EventSeen)
    assert isinstance(first.data, DeviceData)
    assert first.data.code == "implausible_reading"
    assert "water_level_m" in str(first.data.note)


def test_one_good_metric_does_not_hide_another_that_is_broken() -> None:
    bad = DetectorReport(implausible=(Metric.TEMPERATURE_C,))
    assert events(play([(1, bad), (2, water(0.1)), (90, water(0.1)), (99, None)])) == [
        (1, "device_fault", True, False)
    ]


reports = st.builds(
    DetectorReport,
    conditions=st.lists(
        st.builds(
            Condition,
            st.sampled_from([EventKind.SMOKE, EventKind.GAS, EventKind.SOS, EventKind.VIBRATION]),
            st.booleans(),
            st.sampled_from("ab"),
        ),
        max_size=3,
    ).map(tuple),
    presses=st.lists(st.builds(Press, st.sampled_from(["single", "hold"])), max_size=2).map(tuple),
    kind=st.none() | st.just(EventKind.SMOKE),
    test=st.none() | st.booleans(),
    tamper=st.none() | st.booleans(),
    fault=st.none() | st.booleans(),
    readings=st.lists(
        st.tuples(st.just(Metric.WATER_LEVEL_M), st.floats(-100, 100)), max_size=1, unique_by=lambda r: r[0]
    ).map(tuple),
    implausible=st.lists(st.just(Metric.TEMPERATURE_C), max_size=1).map(tuple),
)


@given(st.lists(st.tuples(st.integers(0, 700), st.none() | reports), max_size=25))
def test_whatever_comes_is_judged_and_fits_the_contract(
    steps: list[tuple[int, DetectorReport | None]],
) -> None:
    at_s, timed = 0, list[Step]()
    for gap_s, report in steps:
        at_s += gap_s
        timed.append((at_s, report))
    for each in play(timed):
        if isinstance(each, EventSeen):
            DATA_OF[each.kind].model_validate_json(each.data.model_dump_json())
        else:
            assert isinstance(each, ReadingSeen)


@given(st.lists(st.tuples(st.integers(0, 100), reports), max_size=15))
def test_a_condition_without_a_test_mark_that_is_not_held_is_always_said(
    steps: list[tuple[int, DetectorReport]],
) -> None:
    """Whatever came before: after a condition is quiet for ten minutes, its next report is an event."""
    at_s, timed = 0, list[Step]()
    for gap_s, report in steps:
        at_s += gap_s
        timed.append((at_s, report))
    quiet = DetectorReport(
        conditions=tuple(
            Condition(kind, False, key)
            for kind in (EventKind.SMOKE, EventKind.GAS, EventKind.VIBRATION)
            for key in "abz"
        )
    )
    timed += [(at_s + 1, quiet), (at_s + 601, None), (at_s + 602, alarm(EventKind.SMOKE, True, key="z"))]
    assert (at_s + 602, "smoke", True, False) in events(play(timed))


@pytest.mark.parametrize(
    ("for_s", "states", "expected"),
    [
        (0, [1, 0, 1], [1, 0, 1]),
        (2, [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 0]),
        (2, [1, 0, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_a_contact_that_bounces(for_s: float, states: list[int], expected: list[int]) -> None:
    """One state a second."""
    contact, counted = Contact(), []
    for second, state in enumerate(states):
        contact = debounce.hear(contact, bool(state), second * 1000, for_s=for_s)
        counted.append(int(contact.closed))
    assert counted == expected


@pytest.mark.parametrize(
    ("last", "value", "now_ms", "due"),
    [
        (None, 1.0, 0, True),
        (Sample(1.0, 0), 1.0, 9_999, False),
        (Sample(1.0, 0), 1.0, 10_000, True),
        (Sample(1.0, 0), 1.4, 100, False),
        (Sample(1.0, 0), 1.5, 100, True),
        (Sample(1.0, 0), 0.5, 100, True),
    ],
)
def test_sampling(last: Sample | None, value: float, now_ms: int, due: bool) -> None:
    assert sampling.is_due(last, value, now_ms, every_s=10, on_change=0.5) is due


def test_a_silent_unit_is_asked_less_and_less_and_after_its_neighbours() -> None:
    dead, pauses = Poll(due_ms=0), list[int]()
    for _ in range(6):
        now_ms = dead.due_ms
        dead = polling.silent(dead, 1, now_ms)
        pauses.append(dead.due_ms - now_ms)
    assert pauses == [1000, 2000, 4000, 8000, 10_000, 10_000]
    now_ms = dead.due_ms + 10
    polls = {"dead": dead, "live": Poll(due_ms=now_ms)}
    assert polling.choose(polls, now_ms) == "live"
    assert polling.choose({"dead": dead}, now_ms) == "dead"
    assert polling.choose({**polls, "live": Poll(now_ms + 40_000)}, now_ms + 40_000) == "dead", "patience"
    assert polling.answered(dead, 1, now_ms) == Poll(due_ms=dead.due_ms + 1000)


@given(
    st.dictionaries(st.integers(0, 5), st.integers(0, 1000), max_size=6),
    st.integers(0, 1000),
    st.floats(0, 5),
)
def test_nobody_due_means_waiting(due: dict[int, int], now_ms: int, most_s: float) -> None:
    polls = {key: Poll(due_ms=ms) for key, ms in due.items()}
    wait_s = polling.wait_s(polls, now_ms, most_s)
    assert 0 <= wait_s <= most_s
    assert (polling.choose(polls, now_ms) is None) == all(ms > now_ms for ms in due.values())
