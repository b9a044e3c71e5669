"""Suspected and confirmed: independent devices in one building, a call point alone (E39, GB 50116 4.1.6)."""

from server.alerts.model import Certainty, Decision, Hazard, Quiet, Raise, Repeat, Severity, Upgrade
from tests.unit.engine_world import (
    CALL_POINT,
    CAMERA,
    SMOKE_1,
    SMOKE_2,
    SMOKE_B9,
    YARD,
    World,
    device,
    every,
    only,
    pack,
)

FLAME = {"score": 0.9}


def _confirmed(decisions: list[Decision]) -> list[Raise | Upgrade]:
    return [
        decision
        for decision in decisions
        if isinstance(decision, (Raise, Upgrade)) and decision.certainty is Certainty.CONFIRMED
    ]


def test_one_camera_is_a_suspicion() -> None:
    raised = only(Raise, World().event(CAMERA, "flame_seen", data=FLAME))
    assert (raised.hazard, raised.severity, raised.certainty) == (Hazard.FIRE, 2, Certainty.SUSPECTED)


def test_one_device_that_says_it_twice_confirms_nothing() -> None:
    world = World()
    for second in range(20):
        world.at(second).event(CAMERA, "flame_seen", data=FLAME)
        world.event(CAMERA, "smoke_seen", data=FLAME)
        world.reading(CAMERA, "temperature_c", 90)
    assert _confirmed(world.made) == []


def test_camera_and_smoke_detector_confirm_and_upgrade_the_fire_alert() -> None:
    world = World()
    fire = only(Raise, world.event(CAMERA, "flame_seen", data=FLAME))
    decisions = world.at(30).event(SMOKE_1, "smoke")
    smoke = only(Raise, decisions)
    upgrade = only(Upgrade, decisions)
    assert smoke.hazard is Hazard.SMOKE
    assert (upgrade.alert_id, upgrade.severity, upgrade.certainty) == (
        fire.alert_id,
        Severity.URGENT,
        Certainty.CONFIRMED,
    )
    assert upgrade.linked == (smoke.alert_id,)
    assert upgrade.quiet is None
    assert {source["device"] for source in upgrade.why["sources"]} == {"camera-1", "smoke-1"}


def test_two_detectors_of_one_building_raise_a_confirmed_fire_at_the_first_of_them() -> None:
    world = World()
    first = only(Raise, world.event(SMOKE_1, "smoke"))
    decisions = world.at(60).event(SMOKE_2, "heat")
    second, fire = every(Raise, decisions)
    assert (second.hazard, second.place) == (Hazard.SMOKE, "b7-u2")
    assert (fire.hazard, fire.severity, fire.certainty, fire.place) == (
        Hazard.FIRE,
        1,
        Certainty.CONFIRMED,
        "b7-u1",
    )
    assert set(fire.why["linked"]) == {first.alert_id, second.alert_id}


def test_detectors_of_two_buildings_confirm_nothing() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    world.at(1).event(SMOKE_B9, "smoke")
    assert _confirmed(world.made) == []
    assert len(every(Raise, world.made)) == 2


def test_devices_further_apart_in_time_than_the_window_confirm_nothing() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    world.at(1801).event(SMOKE_2, "smoke")
    assert _confirmed(world.made) == []


def test_the_time_of_the_events_counts_not_their_arrival() -> None:
    world = World()
    world.at(4000).event(SMOKE_1, "smoke")
    world.event(SMOKE_2, "smoke", ago_s=3900, late_ms=3_900_000)
    assert _confirmed(world.made) == []
    world.event(CAMERA, "flame_seen", data=FLAME, ago_s=3800, late_ms=3_800_000)
    (confirmed,) = _confirmed(world.made)
    assert {source["device"] for source in confirmed.why["sources"]} == {"smoke-2", "camera-1"}


def test_a_call_point_confirms_alone() -> None:
    raised = only(Raise, World().event(CALL_POINT, "manual_call"))
    assert (raised.hazard, raised.severity, raised.certainty) == (Hazard.FIRE, 1, Certainty.CONFIRMED)


def test_a_call_point_confirms_what_a_camera_suspects_elsewhere_in_the_building() -> None:
    world = World()
    camera = device("camera-2", "camera", "b7", "b7-u2")
    suspected = only(Raise, world.event(camera, "flame_seen", data=FLAME))
    decisions = world.at(5).event(CALL_POINT, "manual_call")
    assert only(Raise, decisions).place == "b7"
    assert only(Upgrade, decisions).alert_id == suspected.alert_id


def test_the_override_works_without_a_trigger_rule() -> None:
    world = World(
        pack=pack(
            "{id: f, type: fusion, hazard: fire, severity: 1, kinds: [smoke], override: [manual_call], window_s: 60}"
        )
    )
    raised = only(Raise, world.event(CALL_POINT, "manual_call"))
    assert (raised.rule, raised.certainty, raised.place) == ("f", Certainty.CONFIRMED, "b7")


def test_a_kind_that_only_fusion_names_is_raised_plainly_until_it_is_confirmed() -> None:
    world = World(pack=pack("{id: f, type: fusion, hazard: fire, severity: 1, kinds: [smoke], window_s: 60}"))
    assert only(Raise, world.event(SMOKE_1, "smoke")).rule == "plain"
    assert only(Raise, world.at(1).event(SMOKE_2, "smoke")).rule == "f"


def test_a_yard_camera_counts_for_each_building() -> None:
    world = World()
    fire = only(Raise, world.event(YARD, "flame_seen", data=FLAME))
    assert only(Upgrade, world.at(10).event(SMOKE_1, "smoke")).alert_id == fire.alert_id
    # A second building: its fire is its own alert.
    other = [d for d in every(Raise, world.at(20).event(SMOKE_B9, "smoke")) if d.hazard is Hazard.FIRE]
    assert [(d.place, d.certainty) for d in other] == [("b9-u1", Certainty.CONFIRMED)]


def test_a_yard_camera_that_comes_second_confirms_too() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    decisions = world.at(10).event(YARD, "flame_seen", data=FLAME)
    assert _confirmed(decisions)


def test_a_third_device_repeats_the_confirmed_fire() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    world.at(1).event(SMOKE_2, "smoke")
    (fire,) = _confirmed(world.made)
    repeat = only(Repeat, world.at(2).event(device("smoke-3", "smoke", "b7", "b7-u3"), "smoke"))
    assert repeat.alert_id == fire.alert_id
    assert repeat.quiet is None, "another device is news"
    assert len(_confirmed(world.made)) == 1


def test_a_second_fire_in_the_building_hours_later_is_confirmed_on_its_own() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    world.at(1).event(SMOKE_2, "smoke")
    (old,) = _confirmed(world.made)
    world.at(20_000).event(device("smoke-5", "smoke", "b7", "b7-u5"), "smoke")
    world.at(20_001).event(device("smoke-6", "smoke", "b7", "b7-u6"), "smoke")
    fires = _confirmed(world.made)
    assert len(fires) == 2
    assert fires[1].alert_id != old.alert_id
    assert fires[1].quiet is None


def test_what_a_person_has_closed_confirms_nothing_any_more() -> None:
    world = World()
    smoke = only(Raise, world.event(SMOKE_1, "smoke"))
    world.at(10).close(smoke.alert_id)
    world.at(20).event(SMOKE_2, "smoke")
    assert _confirmed(world.made) == []
    world.at(30).event(SMOKE_1, "smoke")
    assert len(_confirmed(world.made)) == 1


def test_a_hot_sensor_and_a_detector_confirm() -> None:
    world = World()
    sensor = device("thermo-1", "heat", "b7", "b7-u1")
    world.reading(sensor, "temperature_c", 70)
    world.wake(60)
    assert every(Raise, world.made)[0].rule == "heat-reading"
    assert _confirmed(world.at(70).event(SMOKE_2, "smoke"))


def test_two_vibration_sensors_within_ten_seconds_are_an_earthquake() -> None:
    one, two = device("vibration-1", "vibration", "b7"), device("vibration-2", "vibration", "b9")
    world = World()
    assert only(Raise, world.event(one, "vibration")).severity == Severity.IMPORTANT
    assert _confirmed(world.at(11).event(two, "vibration")) == []
    (quake,) = _confirmed(world.at(20).event(one, "vibration"))
    assert (quake.hazard, quake.severity) == (Hazard.QUAKE, Severity.URGENT)


def test_of_two_suspicions_one_becomes_certain_and_names_the_other() -> None:
    world = World()
    first = only(Raise, world.event(CAMERA, "flame_seen", data=FLAME))
    decisions = world.at(1).event(device("camera-2", "camera", "b7", "b7-u2"), "flame_seen", data=FLAME)
    second, upgrade = only(Raise, decisions), only(Upgrade, decisions)
    assert (upgrade.alert_id, upgrade.linked) == (second.alert_id, (first.alert_id,)), (
        "the more specific place"
    )


def test_a_second_place_with_two_devices_of_its_own_is_certain_too() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    world.at(1).event(SMOKE_2, "smoke")
    camera = device("camera-5", "camera", "b7", "b7-u5")
    suspected = next(
        d for d in every(Raise, world.at(2).event(camera, "flame_seen", data=FLAME)) if d.place == "b7-u5"
    )
    assert suspected.certainty is Certainty.SUSPECTED
    upgrade = only(Upgrade, world.at(3).event(device("smoke-5", "smoke", "b7", "b7-u5"), "smoke"))
    assert upgrade.alert_id == suspected.alert_id


def test_repeats_of_a_confirmed_fire_keep_the_cooldown() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    world.at(1).event(SMOKE_2, "smoke")
    repeats = every(Repeat, world.at(2).event(SMOKE_2, "smoke"))
    assert {repeat.quiet for repeat in repeats} == {Quiet.COOLDOWN}
