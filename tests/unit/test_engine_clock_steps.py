"""Ways to silence the engine: a server clock that was set ahead and back, and a silence that is about something else."""

from dataclasses import replace

from server.alerts.model import Quiet, Raise, Repeat
from tests.unit.engine_world import CAMERA, GATE, SMOKE_1, World, device, every, only, pack, with_heartbeat

AHEAD_S = 365 * 86_400.0
HEAT = device("heat-1", "heat", "b7", "b7-u1")


def test_a_value_that_began_while_the_clock_was_ahead_alarms_in_time() -> None:
    world = World()
    world.at(AHEAD_S).reading(HEAT, "temperature_c", 80.0)
    made = []
    for second in range(0, 60, 10):
        made += world.at(second).reading(HEAT, "temperature_c", 80.0)
    assert only(Raise, made).rule == "heat-reading"


def test_a_burnt_sensor_alarms_after_the_clock_was_set_back_and_the_site_woken() -> None:
    world = World()
    world.at(AHEAD_S).reading(HEAT, "temperature_c", 80.0)
    world.at(0).take_wake()
    assert only(Raise, world.wake(60)).rule == "heat-reading"


def test_a_device_is_missed_after_the_clock_was_set_back() -> None:
    world, camera = World(), with_heartbeat(CAMERA, 60)
    world.at(AHEAD_S).heard(camera)
    world.at(0).heard(camera)
    assert only(Raise, world.wake(600)).rule == "device-missing"


def test_a_device_is_missed_after_the_clock_was_set_back_and_the_site_woken() -> None:
    world, camera = World(), with_heartbeat(CAMERA, 60)
    world.at(AHEAD_S).heard(camera)
    world.at(0).take_wake()
    assert only(Raise, world.wake(600)).rule == "device-missing"


def test_a_box_is_lost_after_the_clock_was_set_back() -> None:
    world = World()
    world.at(AHEAD_S).box(online=True)
    world.at(0).box(online=False)
    assert only(Raise, world.wake(600)).rule == "box-lost"


def test_a_box_comes_back_after_the_clock_was_set_back() -> None:
    world = World()
    world.at(AHEAD_S).box(online=False)
    world.at(0).heard(CAMERA)
    assert every(Raise, world.wake(AHEAD_S + 600)) == []


def test_events_are_counted_after_the_clock_was_set_back() -> None:
    world = World(
        pack("{id: often, type: count, hazard: gate, severity: 3, kinds: [gate_denied], n: 3, window_s: 60}")
    )
    world.at(AHEAD_S).event(GATE, "gate_denied", lane="telemetry")
    made = []
    for second in range(3):
        made += world.at(second).event(GATE, "gate_denied", lane="telemetry")
    assert len(every(Raise, made)) == 1


def test_a_wake_up_with_a_sound_clock_changes_nothing() -> None:
    world = World()
    world.at(0).reading(HEAT, "temperature_c", 80.0)
    world.heard(with_heartbeat(CAMERA, 60))
    world.box(online=False)
    before = world.state
    world.at(1).take_wake()
    assert world.state == before


def test_a_silence_about_one_thing_does_not_mute_another_that_was_told() -> None:
    world = World()
    world.silence({"rule": "gate-held-open"}, start_s=-1, end_s=3600)
    forced = only(Raise, world.at(0).event(GATE, "gate_forced"))
    assert forced.quiet is None
    repeat = only(Repeat, world.at(60).event(GATE, "gate_held_open"))
    assert repeat.quiet is Quiet.COOLDOWN  # counted; the mark `silenced` would stand on the whole alert
    (alert,) = world.state.alerts.values()
    assert alert.quiet is None


def test_a_silence_about_all_of_an_alert_still_mutes_its_repeats() -> None:
    world = World()
    world.at(0).event(GATE, "gate_held_open")
    world.at(1).silence({"rule": "gate-held-open"}, start_s=1, end_s=3600)
    assert only(Repeat, world.at(900).event(GATE, "gate_held_open")).quiet is Quiet.SILENCED


def test_a_silenced_detector_does_not_mute_its_neighbours_fire() -> None:
    world, other = World(), replace(SMOKE_1, device="smoke-1b")
    world.silence({"device": "smoke-1"}, start_s=-1, end_s=3600, second="Wang")
    assert only(Raise, world.at(0).event(other, "smoke")).quiet is None
    world.at(1).event(SMOKE_1, "smoke")
    smoke = next(a for a in world.state.alerts.values() if a.hazard == "smoke")
    assert smoke.quiet is None
