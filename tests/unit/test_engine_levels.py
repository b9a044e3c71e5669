"""Thresholds: hysteresis, duration, key places and hours, flapping (E30), the screen; counts and sequences."""

import math
from dataclasses import replace

import pytest

from server.alerts.model import ConditionEnded, Hazard, Quiet, Raise, ReadingItem, Repeat, Suppressed, Upgrade
from tests.unit.engine_world import GATE, SMOKE_1, START_MS, World, device, every, only, pack

CROWD = "{id: people, type: threshold, hazard: crowd, severity: 3, metric: people_count, above: 50, clear: 40"
CAM = device("camera-1", "camera", "b7")
SCHOOL = device("camera-school", "camera", "b1", tags=("school",))


def test_at_the_limit_is_over_it_and_under_clear_ends_it() -> None:
    world = World(pack=pack(CROWD + "}"))
    assert world.reading(CAM, "people_count", 49.999) == []
    assert only(Raise, world.reading(CAM, "people_count", 50)).why["above"] == 50
    assert world.reading(CAM, "people_count", 40) == [], "between clear and limit nothing is said"
    ended = only(ConditionEnded, world.reading(CAM, "people_count", 39.9))
    assert ended.resolves is False
    assert world.state.hot == frozenset()


def test_below_is_the_same_upside_down() -> None:
    text = "{id: b, type: threshold, hazard: device, severity: 4, metric: battery_pct, below: 15, clear: 30, resolves: true}"
    world = World(pack=pack(text))
    assert world.reading(CAM, "battery_pct", 15.1) == []
    assert only(Raise, world.reading(CAM, "battery_pct", 15)).why["below"] == 15
    assert world.reading(CAM, "battery_pct", 30) == []
    assert only(ConditionEnded, world.reading(CAM, "battery_pct", 30.1)).resolves is True
    assert world.open_ids() == []


def test_a_short_excess_raises_nothing() -> None:
    world = World(pack=pack(CROWD + ", for_s: 60}"))
    world.reading(CAM, "people_count", 60)
    world.at(59).reading(CAM, "people_count", 10)
    world.wake(500)
    assert world.made == []
    assert world.state.wake_at_ms is None


def test_a_lasting_excess_raises_with_the_next_reading() -> None:
    world = World(pack=pack(CROWD + ", for_s: 60}"))
    world.reading(CAM, "people_count", 60)
    assert world.at(30).reading(CAM, "people_count", 45) == []
    assert world.at(59).reading(CAM, "people_count", 55) == []
    assert only(Raise, world.at(60).reading(CAM, "people_count", 55)).why["since_ms"] == START_MS


def test_a_sensor_that_falls_silent_over_its_limit_raises_by_the_clock() -> None:
    world = World()
    world.reading(SMOKE_1, "temperature_c", 80)
    assert world.wake(29.999) == []
    raised = only(Raise, world.wake(30))
    assert (raised.hazard, raised.rule, raised.why["value"]) == (Hazard.SMOKE, "heat-reading", 80)


def test_flapping_at_a_threshold_is_told_once() -> None:
    world = World(pack=pack(CROWD + "}"))
    for second in range(60):
        world.at(second).reading(CAM, "people_count", 60 if second % 2 == 0 else 30)
    told = [d for d in world.made if isinstance(d, (Raise, Repeat, Upgrade)) and d.quiet is None]
    assert len(told) == 1
    assert len(world.open_ids()) == 1
    last = every(Repeat, world.made)[-1]
    assert (last.count, last.quiet) == (30, Quiet.COOLDOWN)


def test_a_lasting_excess_is_repeated_once_per_cooldown() -> None:
    world = World(pack=pack(CROWD + "}"))
    for second in range(0, 900, 10):
        world.at(second).reading(CAM, "people_count", 60)
    assert [type(d).__name__ for d in world.made] == ["Raise", "Repeat", "Repeat"]
    assert all(not isinstance(d, (Raise, Repeat)) or d.quiet is None for d in world.made)


def test_after_a_close_the_next_reading_over_the_limit_raises_anew() -> None:
    world = World(pack=pack(CROWD + "}"))
    first = only(Raise, world.reading(CAM, "people_count", 60))
    world.at(5).close(first.alert_id)
    second = only(Raise, world.at(10).reading(CAM, "people_count", 60))
    assert second.alert_id != first.alert_id
    assert (second.rule, second.quiet) == ("people", None)


def test_old_readings_never_clear() -> None:
    world = World(pack=pack(CROWD + "}"))
    world.at(100).reading(CAM, "people_count", 60)
    assert world.at(101).reading(CAM, "people_count", 0, ago_s=50) == []
    assert ("camera-1", "people_count") in world.state.hot
    only(ConditionEnded, world.at(102).reading(CAM, "people_count", 0))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_never_crashes_and_nan_never_clears(value: float) -> None:
    world = World(pack=pack(CROWD + "}"))
    world.reading(CAM, "people_count", 60)
    decisions = world.at(1).reading(CAM, "people_count", value)
    if math.isnan(value):
        assert decisions == []
        assert world.state.hot
    assert world.open_ids()


def test_infinitely_much_is_over_the_limit() -> None:
    assert (
        only(Raise, World(pack=pack(CROWD + "}")).reading(CAM, "people_count", math.inf)).why["value"]
        == "inf"
    )


def test_at_a_school_gate_at_closing_time_the_limit_is_lower() -> None:
    def count(people: float, hour: float, where: object = SCHOOL) -> list[Raise]:
        world = World()
        assert isinstance(where, type(SCHOOL))
        world.at((hour - 10) * 3600).reading(where, "people_count", people)
        return every(Raise, world.wake((hour - 10) * 3600 + 120))

    assert count(35, 10) == []
    assert count(35, 15.99) == []
    (raised,) = count(35, 16)
    assert (raised.severity, raised.why["above"]) == (2, 30)
    assert count(35, 17.98) != []
    assert count(35, 18) == []
    assert count(35, 16, CAM) == [], "no school there"
    assert count(35, 16 + 24) == [], "Saturday"
    assert count(55, 10)[0].severity == 3


def test_hours_are_those_of_the_compound() -> None:
    text = CROWD + ', overrides: [{when: "local.hour == 4 && local.minute == 0", above: 10}]}'
    there = replace(CAM, timezone="Europe/Paris")
    assert every(Raise, World(pack=pack(text)).reading(CAM, "people_count", 12)) == []
    assert every(Raise, World(pack=pack(text)).reading(there, "people_count", 12)), (
        "10:00 in Shanghai is 04:00 there"
    )


def test_an_unknown_time_zone_is_a_failed_rule_and_the_stricter_limit_holds() -> None:
    text = CROWD + ', overrides: [{when: "local.hour == 4", above: 10}]}'
    world = World(pack=pack(text))
    raised = every(Raise, world.reading(replace(CAM, timezone="Nowhere/Land"), "people_count", 12))
    assert sorted(decision.rule for decision in raised) == ["engine", "people"]


def test_more_urgent_limits_upgrade() -> None:
    world = World()
    world.reading(SMOKE_1, "gas_lel_pct", 12)
    assert only(Raise, world.wake(10)).severity == 2
    assert only(Upgrade, world.at(20).reading(SMOKE_1, "gas_lel_pct", 25)).severity == 1


def test_a_lasting_excess_that_becomes_more_urgent_with_the_hour_upgrades_at_once() -> None:
    text = CROWD + ', overrides: [{when: "local.minute >= 1", severity: 1}]}'
    world = World(pack=pack(text))
    assert only(Raise, world.reading(CAM, "people_count", 60)).severity == 3
    assert world.at(59).reading(CAM, "people_count", 60) == []
    upgrade = only(Upgrade, world.at(61).reading(CAM, "people_count", 60))
    assert (upgrade.severity, upgrade.quiet) == (1, None)


def test_other_devices_of_the_same_name_keep_their_own_levels() -> None:
    world = World(pack=pack(CROWD + "}"))
    here = device("camera-1", "camera", "b1", box="box-1")
    there = device("camera-1", "camera", "b2", box="box-2")
    world.reading(here, "people_count", 60)
    assert world.reading(there, "people_count", 0) == []
    assert world.state.hot == {("camera-1", "people_count")}
    assert only(Raise, world.reading(there, "people_count", 60)).place == "b2"


def test_readings_that_no_rule_looks_at_leave_the_same_state() -> None:
    world = World()
    before = world.state
    world.reading(CAM, "frames_per_s", 1e9)
    world.reading(CAM, "unheard_of", -1e9)
    assert world.state is before


def test_five_refusals_at_a_gate_in_two_minutes() -> None:
    world = World()
    for second in (0, 30, 60, 90):
        assert world.at(second).event(GATE, "gate_denied") == []
    raised = only(Raise, world.at(119).event(GATE, "gate_denied"))
    assert (raised.rule, raised.why["n"]) == ("gate-denied-often", 5)


def test_refusals_that_are_spread_out_or_at_other_gates_are_not_counted_together() -> None:
    world = World()
    for second in range(0, 400, 40):
        world.at(second).event(GATE, "gate_denied")
        world.event(device("gate-2", "gate"), "gate_denied", ago_s=1)
    assert world.made == []


def test_an_alarm_that_is_still_being_counted_says_so() -> None:
    world = World(
        pack=pack("{id: v, type: count, hazard: quake, severity: 2, kinds: [vibration], n: 2, window_s: 9}")
    )
    noted = only(Suppressed, world.event(SMOKE_1, "vibration"))
    assert (noted.reason, noted.rule, noted.detail) == (Quiet.CONDITION, "v", "1 of 2 in 9 s")
    only(Raise, world.at(9).event(SMOKE_1, "vibration"))


SEQUENCE = (
    "{id: s, type: sequence, hazard: gate, severity: 1, first: {kinds: [gate_denied]}, "
    "then: {kinds: [gate_opened]}, window_s: 60}"
)


def test_a_sequence_in_order_raises() -> None:
    world = World(pack=pack(SEQUENCE))
    world.event(GATE, "gate_denied")
    assert only(Raise, world.at(60).event(GATE, "gate_opened")).rule == "s"


def test_a_sequence_out_of_order_or_too_late_does_not() -> None:
    world = World(pack=pack(SEQUENCE))
    world.event(GATE, "gate_opened")
    world.at(1).event(GATE, "gate_denied")
    world.at(62).event(GATE, "gate_opened")
    assert world.made == []


def test_a_first_step_that_arrives_late_still_counts() -> None:
    world = World(pack=pack(SEQUENCE))
    world.at(50).event(GATE, "gate_opened")
    assert only(Raise, world.at(55).event(GATE, "gate_denied", ago_s=20)).rule == "s"


def test_a_reading_from_the_future_does_not_outlast_the_present() -> None:
    world = World(pack=pack(CROWD + "}"))
    world.take(ReadingItem("far", CAM, "people_count", 60, 10**15))
    only(ConditionEnded, world.at(1).reading(CAM, "people_count", 0))
