"""Dead man and boxes: 2.3 missed heartbeats, a lost box mutes its sensors and nothing else (E12, E13, E31)."""

from server.alerts.engine import PRESENCE_STEP_MS
from server.alerts.model import ConditionEnded, Hazard, Quiet, Raise, Severity, Suppressed
from tests.unit.engine_world import (
    BOX,
    SMOKE_1,
    SMOKE_2,
    START_MS,
    World,
    device,
    every,
    only,
    replay,
    with_heartbeat,
)

SENSOR = with_heartbeat(SMOKE_1, 100)
DUE_S = 2.3 * 100 + PRESENCE_STEP_MS / 1000


def test_a_silent_device_is_missed_after_2_3_heartbeats_and_a_step() -> None:
    world = World()
    world.heard(SENSOR)
    assert world.state.wake_at_ms == START_MS + round(DUE_S * 1000)
    assert world.wake(DUE_S - 0.001) == []
    raised = only(Raise, world.wake(DUE_S))
    assert (raised.hazard, raised.rule, raised.device, raised.quiet) == (
        Hazard.DEVICE,
        "device-missing",
        "smoke-1",
        None,
    )
    assert raised.why["sources"][0]["last_heard_ms"] == START_MS


def test_a_device_that_is_heard_is_not_missed() -> None:
    world = World()
    for second in range(0, 2000, 100):
        world.wake(second)
        world.heard(SENSOR)
    assert world.made == []


def test_events_and_readings_that_reach_the_engine_are_signs_of_life() -> None:
    world = World()
    for second in range(0, 2000, 200):
        world.wake(second)
        world.event(SENSOR, "smoke")
        world.wake(second + 100)
        world.reading(SENSOR, "temperature_c", 60)
    assert not [d for d in every(Raise, world.made) if d.hazard is Hazard.DEVICE]


def test_a_device_that_the_box_calls_lost_is_not_heard_by_it() -> None:
    world = World()
    world.heard(SENSOR)
    world.at(200).event(SENSOR, "device_lost")
    assert [d.why["rule"] for d in world.wake(DUE_S) if not isinstance(d, (Suppressed, ConditionEnded))] == [
        "device-missing"
    ]


def test_a_missed_device_that_is_heard_resolves() -> None:
    world = World()
    world.heard(SENSOR)
    raised = only(Raise, world.wake(DUE_S))
    ended = only(ConditionEnded, world.at(DUE_S + 5).heard(SENSOR))
    assert (ended.alert_id, ended.resolves) == (raised.alert_id, True)
    assert world.open_ids() == []


def test_presence_fresher_than_a_step_is_not_taken() -> None:
    world = World()
    world.heard(SENSOR)
    before = world.state
    assert world.at(29.999).heard(SENSOR) == []
    assert world.state is before
    assert world.at(5000).heard(SENSOR, ago_s=4980) == [], "also when a wake-up is overdue"
    assert world.state is before
    world.at(30).heard(SENSOR)
    assert world.state is not before


def test_devices_without_a_heartbeat_are_not_watched() -> None:
    world = World()
    world.heard(SMOKE_1)
    assert world.state.seen == {}
    assert world.state.wake_at_ms is None


def test_a_backlog_of_old_presence_is_given_time_to_catch_up() -> None:
    world = World()
    assert world.heard(SENSOR, ago_s=5000) == []
    assert world.wake(10) == []
    world.heard(SENSOR)
    assert world.wake(DUE_S) == []


def test_a_box_away_for_two_minutes_is_lost_and_resolves_when_it_is_back() -> None:
    world = World()
    world.box(online=True)
    world.at(10).box(online=False)
    assert world.wake(129.9) == []
    raised = only(Raise, world.wake(130))
    assert (raised.rule, raised.severity, raised.hazard) == ("box-lost", Severity.NORMAL, Hazard.DEVICE)
    ended = only(ConditionEnded, world.at(200).box(online=True))
    assert (ended.alert_id, ended.resolves) == (raised.alert_id, True)


def test_a_box_that_is_back_in_time_raises_nothing() -> None:
    world = World()
    world.box(online=False)
    world.at(119).box(online=True)
    assert world.wake(1000) == []


def test_a_will_said_again_does_not_start_the_time_anew() -> None:
    world = World()
    world.box(online=False)
    world.at(100).box(online=False)
    assert only(Raise, world.wake(120)).rule == "box-lost"


def test_an_older_will_after_a_newer_birth_is_not_believed() -> None:
    world = World()
    world.at(50).box(online=True)
    world.at(51).box(online=False, ago_s=10)
    assert world.wake(1000) == []


def test_a_box_that_sends_is_back_although_its_birth_message_is_missing() -> None:
    world = World()
    world.box(online=False)
    raised = only(Raise, world.wake(120))
    ended = only(ConditionEnded, world.at(300).event(SMOKE_2, "gate_opened"))
    assert ended.alert_id == raised.alert_id


def test_a_lost_box_mutes_the_silence_of_its_sensors() -> None:
    world = World()
    world.heard(SENSOR)
    world.at(140).box(online=False)
    decisions = world.wake(2000)
    lost = only(Raise, decisions)
    assert lost.rule == "box-lost"
    muted = only(Suppressed, decisions)
    assert (muted.reason, muted.rule, muted.device) == (Quiet.INHIBITED, "device-missing", "smoke-1")
    assert lost.alert_id in muted.detail


def test_sensors_of_another_box_are_missed_as_ever() -> None:
    world = World()
    world.heard(SENSOR)
    world.box(online=False, subject=device("box", "box", box="box-2"))
    assert sorted(d.rule for d in every(Raise, world.wake(2000))) == ["box-lost", "device-missing"]


def test_after_the_box_is_back_its_sensors_have_their_full_time() -> None:
    world = World()
    world.heard(SENSOR)
    world.at(140).box(online=False)
    world.wake(2000)
    world.box(online=True)
    assert world.wake(2000 + DUE_S - 1) == []
    assert only(Raise, world.wake(2000 + DUE_S)).rule == "device-missing"


def test_a_lost_box_mutes_no_fire() -> None:
    world = World()
    world.box(online=False)
    world.wake(500)
    assert only(Raise, world.event(SMOKE_1, "smoke", ago_s=501, late_ms=501_000)).quiet is None


def test_a_closed_box_alert_comes_again_with_a_new_will_only() -> None:
    world = World()
    world.box(online=False)
    raised = only(Raise, world.wake(120))
    world.close(raised.alert_id)
    assert world.wake(5000) == []
    world.box(online=False)
    assert only(Raise, world.wake(6000)).rule == "box-lost"


def test_devices_missed_in_the_same_moment_are_said_in_the_same_order_after_a_restart() -> None:
    world = World()
    for name in ("z", "a", "m", "b"):
        world.heard(device(name, "smoke", f"b-{name}", heartbeat_s=100))
    world.wake(1000)
    assert [d.device for d in every(Raise, world.made)] == ["a", "b", "m", "z"]
    expected = replay(world)
    assert replay(world, cut_every=1) == expected


def test_the_box_itself_can_be_watched_like_a_device() -> None:
    world = World()
    world.heard(with_heartbeat(BOX, 60))
    assert only(Raise, world.wake(1000)).device == "box"
