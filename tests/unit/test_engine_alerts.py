"""One alert per hazard and place until a person closes it; ends, tests, plain alerts, lateness (E14, E30, E40)."""

import pytest

from redwhistle.contracts.events import EventKind, lane_of
from redwhistle.contracts.ids import Lane
from server.alerts.model import (
    LIFE_SAFETY,
    Certainty,
    ConditionEnded,
    Hazard,
    Quiet,
    Raise,
    Repeat,
    Severity,
    Suppressed,
    Upgrade,
)
from tests.unit.engine_world import CAMERA, GATE, SMOKE_1, SMOKE_2, SOS, World, device, every, only, pack


def test_a_first_smoke_alarm_is_suspected_and_told() -> None:
    raised = only(Raise, World().event(SMOKE_1, "smoke"))
    assert (raised.hazard, raised.severity, raised.certainty) == (Hazard.SMOKE, 2, Certainty.SUSPECTED)
    assert raised.place == "b7-u1"
    assert raised.quiet is None
    assert raised.why["rule"] == "smoke-alarm"
    assert raised.why["sources"][0]["device"] == "smoke-1"
    assert raised.why["title"]["zh"] == "烟感报警"


def test_the_same_alarm_n_times_is_one_alert_with_count_n() -> None:
    world = World()
    first = only(Raise, world.event(SMOKE_1, "smoke"))
    for number in range(2, 22):
        repeat = only(Repeat, world.at(number).event(SMOKE_1, "smoke"))
        assert (repeat.alert_id, repeat.count) == (first.alert_id, number)
        assert repeat.quiet is Quiet.COOLDOWN
    assert world.open_ids() == [first.alert_id]


def test_a_repeat_after_the_cooldown_is_told_again() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    assert only(Repeat, world.at(299).event(SMOKE_1, "smoke")).quiet is Quiet.COOLDOWN
    assert only(Repeat, world.at(301).event(SMOKE_1, "smoke")).quiet is None
    assert only(Repeat, world.at(302).event(SMOKE_1, "smoke")).quiet is Quiet.COOLDOWN


def test_a_second_fire_elsewhere_is_a_second_alert() -> None:
    world = World()
    first = only(Raise, world.event(CAMERA, "flame_seen", data={"score": 0.9}))
    other = device("camera-2", "camera", "b9")
    second = only(Raise, world.at(1).event(other, "flame_seen", data={"score": 0.9}))
    assert second.alert_id != first.alert_id
    assert (second.place, second.quiet) == ("b9", None)


def test_another_detector_at_the_same_place_is_news_where_lives_are_at_stake() -> None:
    world = World(pack=pack("{id: s, type: trigger, hazard: smoke, severity: 2, kinds: [smoke]}"))
    world.event(SMOKE_1, "smoke")
    twin = device("smoke-1b", "smoke", "b7", "b7-u1")
    assert only(Repeat, world.at(1).event(twin, "smoke")).quiet is None
    assert only(Repeat, world.at(2).event(twin, "smoke")).quiet is Quiet.COOLDOWN


def test_after_a_close_the_next_trigger_raises_anew_and_is_told() -> None:
    world = World()
    first = only(Raise, world.event(SOS, "sos"))
    assert world.at(1).close(first.alert_id) == []
    assert world.open_ids() == []
    second = only(Raise, world.at(2).event(SOS, "sos"))
    assert second.alert_id != first.alert_id
    assert second.quiet is None


def test_the_same_item_before_and_after_a_close_names_two_alerts() -> None:
    world = World()
    first = only(Raise, world.event(SMOKE_1, "smoke"))
    item, _ = world.log[0]
    world.close(first.alert_id)
    assert only(Raise, world.take(item)).alert_id != first.alert_id


def test_closing_an_unknown_alert_changes_nothing() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    before = world.state
    assert world.close("no such alert") == []
    assert world.state is before


@pytest.mark.parametrize("kind", ["smoke", "heat", "gas", "flame_seen", "sos", "water_level", "vibration"])
def test_the_end_of_a_condition_never_closes_a_life_safety_alert(kind: str) -> None:
    world = World()
    raised = only(Raise, world.event(SMOKE_1, kind))
    assert raised.hazard in LIFE_SAFETY
    ended = only(ConditionEnded, world.at(1).event(SMOKE_1, kind, active=False))
    assert (ended.alert_id, ended.resolves) == (raised.alert_id, False)
    assert world.open_ids() == [raised.alert_id]
    assert only(Suppressed, world.at(2).event(SMOKE_1, kind, active=False)).reason is Quiet.ENDED


def test_a_condition_ends_with_the_last_of_its_devices() -> None:
    world = World()
    twin = device("smoke-1b", "smoke", "b7", "b7-u1")
    world.event(SMOKE_1, "smoke")
    world.event(twin, "smoke")
    assert every(ConditionEnded, world.at(1).event(SMOKE_1, "smoke", active=False)) == []
    assert only(ConditionEnded, world.at(2).event(twin, "smoke", active=False)).resolves is False


@pytest.mark.parametrize("kind", sorted(EventKind))
def test_a_test_mark_raises_nothing_and_says_so(kind: str) -> None:
    world = World()
    (decision,) = world.event(SMOKE_1, kind, test=True)
    assert isinstance(decision, Suppressed)
    assert decision.reason is Quiet.TEST
    assert world.open_ids() == []


@pytest.mark.parametrize("kind", [kind for kind in EventKind if lane_of(kind) is Lane.ALARM])
def test_no_alarm_kind_goes_without_an_alert(kind: str) -> None:
    for world in (World(), World(pack=pack("{id: x, type: box, hazard: device, severity: 3}"))):
        raised = every(Raise, world.event(SMOKE_1, kind))
        assert raised
        assert raised[0].quiet is None


def test_an_alarm_that_no_rule_selects_is_raised_plainly() -> None:
    world = World()
    raised = only(Raise, world.event(SMOKE_1, "earth_opens"))
    assert (raised.rule, raised.hazard, raised.severity) == ("plain", Hazard.EMERGENCY, Severity.IMPORTANT)
    assert "earth_opens" in raised.why["reason"]


def test_an_unknown_kind_of_the_telemetry_lane_is_only_noted() -> None:
    world = World()
    assert only(Suppressed, world.event(GATE, "gate_counted", lane="telemetry")).reason is Quiet.NO_RULE
    assert world.event(GATE, "gate_opened") == []
    assert only(Raise, world.event(SMOKE_1, "smoke", lane="telemetry")).hazard is Hazard.SMOKE


def test_a_late_alarm_is_raised_and_says_how_late() -> None:
    world = World()
    raised = only(Raise, world.event(SMOKE_1, "smoke", ago_s=7200, late_ms=7_200_000))
    assert raised.late_ms == 7_200_000
    assert raised.why["late_ms"] == 7_200_000
    assert raised.at_ms == world.now_ms - 7_200_000
    assert raised.quiet is None


@pytest.mark.parametrize(
    ("kind", "device_kind", "hazard"),
    [
        ("smoke", "other", Hazard.EMERGENCY),
        ("", "smoke", Hazard.EMERGENCY),
        ("newer_kind", "camera", Hazard.EMERGENCY),
        ("", "other", Hazard.DEVICE),
        ("tamper", "smoke", Hazard.DEVICE),
    ],
)
def test_an_item_in_doubt_is_an_alert(kind: str, device_kind: str, hazard: Hazard) -> None:
    raised = only(Raise, World().doubt(device("x", device_kind, "b7"), kind))
    assert (raised.hazard, raised.severity, raised.quiet) == (hazard, Severity.IMPORTANT, None)
    assert raised.why["code"] == "malformed"


def test_a_more_urgent_trigger_upgrades_the_open_alert() -> None:
    world = World()
    held = only(Raise, world.event(GATE, "gate_held_open", data={}))
    upgrade = only(Upgrade, world.at(1).event(GATE, "gate_forced", data={}))
    assert (upgrade.alert_id, upgrade.severity, upgrade.quiet) == (held.alert_id, Severity.IMPORTANT, None)


def test_another_trouble_at_the_same_place_is_told() -> None:
    world = World()
    world.event(SMOKE_2, "device_lost")
    assert only(Repeat, world.at(1).event(SMOKE_2, "device_fault")).quiet is None
    assert only(Repeat, world.at(2).event(SMOKE_2, "device_fault")).quiet is Quiet.COOLDOWN


def test_alerts_of_a_drill_have_their_own_names() -> None:
    real = only(Raise, World().event(SMOKE_1, "smoke"))
    drill = only(Raise, World(exercise="drill-1").event(SMOKE_1, "smoke"))
    again = only(Raise, World().event(SMOKE_1, "smoke"))
    assert real.alert_id == again.alert_id
    assert real.alert_id != drill.alert_id


def test_device_alerts_resolve_when_the_last_cause_is_gone() -> None:
    world = World()
    lost = only(Raise, world.event(SMOKE_2, "device_lost"))
    world.at(1).event(SMOKE_2, "battery_low")
    assert every(ConditionEnded, world.at(2).event(SMOKE_2, "device_recovered")) == []
    ended = only(ConditionEnded, world.at(3).event(SMOKE_2, "battery_low", active=False))
    assert (ended.alert_id, ended.resolves) == (lost.alert_id, True)
    assert world.open_ids() == []


def test_what_needs_a_person_keeps_a_device_alert_open() -> None:
    world = World()
    world.event(SMOKE_2, "device_lost")
    world.at(1).event(SMOKE_2, "tamper")
    world.at(2).event(SMOKE_2, "tamper", active=False)
    ended = only(ConditionEnded, world.at(3).event(SMOKE_2, "device_recovered"))
    assert ended.resolves is False
    assert len(world.open_ids()) == 1


def test_more_lost_devices_than_an_alert_lists_leave_it_to_a_person() -> None:
    world = World()
    devices = [device(f"sensor-{number}", "smoke", "b7") for number in range(70)]
    for one in devices:
        world.event(one, "device_lost")
    for one in devices:
        world.event(one, "device_recovered")
    assert [d.resolves for d in every(ConditionEnded, world.made)] == [False]
    assert len(world.open_ids()) == 1


def test_a_close_by_a_person_ends_the_cooldown_of_what_resolved_before() -> None:
    world = World()
    world.event(SMOKE_1, "device_lost")
    world.at(1).event(SMOKE_1, "device_recovered")
    again = only(Raise, world.at(2).event(SMOKE_1, "device_lost"))
    assert again.quiet is Quiet.COOLDOWN
    world.at(3).close(again.alert_id)
    assert only(Raise, world.at(4).event(SMOKE_1, "device_lost")).quiet is None


def test_a_device_that_comes_and_goes_is_told_once_per_cooldown() -> None:
    world = World()
    for second in range(0, 60, 2):
        world.at(second).event(SMOKE_1, "device_lost")
        world.at(second + 1).event(SMOKE_1, "device_recovered")
    raised = every(Raise, world.made)
    assert len(raised) == 30
    assert [decision.quiet for decision in raised] == [None] + [Quiet.COOLDOWN] * 29
    # Lost for good within the cool-down: told when that is over.
    world.at(60).event(SMOKE_1, "device_lost")
    told = only(Repeat, world.wake(3700))
    assert told.quiet is None
    assert "announced_after_cooldown" in told.why
