"""Silences: what they cover, what they never cover, and that they end on time (E32, E38)."""

import pytest

from server.alerts.model import Quiet, Raise, Repeat, Upgrade
from tests.unit.engine_world import GATE, SMOKE_1, SMOKE_2, SOS, World, device, every, only, pack


def test_a_covered_alert_is_raised_and_not_told_and_says_why() -> None:
    world = World()
    world.silence({"hazard": "gate"}, start_s=0, end_s=3600)
    raised = only(Raise, world.at(10).event(GATE, "gate_forced"))
    assert (raised.quiet, raised.quiet_by) == (Quiet.SILENCED, "silence-1")


def test_an_open_alert_is_told_at_the_end_of_its_silence_and_not_before() -> None:
    world = World()
    world.silence({"hazard": "gate"}, start_s=0, end_s=3600)
    raised = only(Raise, world.at(10).event(GATE, "gate_forced"))
    assert world.wake(3599.999) == []
    told = only(Repeat, world.wake(3600))
    assert (told.alert_id, told.quiet, told.count) == (raised.alert_id, None, 1)
    assert told.why["announced_after_silence"] == "silence-1"
    assert world.wake(10_000) == []


def test_a_closed_alert_is_not_told_after_its_silence() -> None:
    world = World()
    world.silence({"hazard": "gate"}, start_s=0, end_s=3600)
    raised = only(Raise, world.at(10).event(GATE, "gate_forced"))
    world.close(raised.alert_id)
    assert world.wake(5000) == []


def test_a_silence_covers_from_its_start_and_before_its_end_only() -> None:
    for second, quiet in ((99.999, None), (100, Quiet.SILENCED), (199.999, Quiet.SILENCED), (200, None)):
        world = World()
        world.silence({"hazard": "gate"}, start_s=100, end_s=200)
        assert only(Raise, world.at(second).event(GATE, "gate_forced")).quiet is quiet


@pytest.mark.parametrize("second", [None, "Li"])
def test_life_safety_is_not_silenced_by_one_person(second: str | None) -> None:
    world = World()
    world.silence({"site": "jinyuan"}, start_s=0, end_s=3600, second=second)
    assert only(Raise, world.event(SMOKE_1, "smoke")).quiet is None
    assert only(Raise, world.event(SOS, "sos")).quiet is None
    assert only(Raise, world.event(GATE, "gate_forced")).quiet is Quiet.SILENCED


def test_two_people_silence_life_safety_and_it_is_raised_all_the_same() -> None:
    world = World()
    world.silence({"hazard": "smoke"}, start_s=0, end_s=3600, second="Wang")
    assert only(Raise, world.event(SMOKE_1, "smoke")).quiet is Quiet.SILENCED
    # A silence on smoke does not reach the fire that two detectors confirm.
    raised = [d for d in every(Raise, world.at(1).event(SMOKE_2, "smoke")) if d.rule == "fire-confirmed"]
    assert [d.quiet for d in raised] == [None]


@pytest.mark.parametrize(
    ("matchers", "covers"),
    [
        ({"place": "b7"}, True),
        ({"place": "b7-u1"}, True),
        ({"place": "jinyuan"}, True),
        ({"place": "b7-u2"}, False),
        ({"device": "smoke-1"}, True),
        ({"device": "smoke-2"}, False),
        ({"rule": "tamper"}, True),
        ({"rule": "device-fault"}, False),
        ({"hazard": "device", "place": "b7"}, True),
        ({"hazard": "device", "place": "b9"}, False),
        ({"site": "jinhe"}, False),
        ({}, False),
        ({"colour": "red"}, False),
    ],
)
def test_all_matchers_must_match_and_a_place_covers_what_is_below(
    matchers: dict[str, str], covers: bool
) -> None:
    world = World()
    world.silence(matchers, start_s=0, end_s=3600)
    assert (only(Raise, world.event(SMOKE_1, "tamper")).quiet is Quiet.SILENCED) is covers


def test_a_silence_that_is_ended_early_tells_at_once() -> None:
    world = World()
    world.silence({"hazard": "gate"}, start_s=0, end_s=3600)
    world.at(10).event(GATE, "gate_forced")
    told = only(Repeat, world.at(20).silence({"hazard": "gate"}, start_s=0, end_s=20))
    assert told.quiet is None
    assert world.state.silences == {}


def test_an_approval_counts_from_when_it_is_given() -> None:
    world = World()
    world.silence({"hazard": "smoke"}, start_s=0, end_s=3600)
    assert only(Raise, world.event(SMOKE_1, "smoke")).quiet is None
    world.at(5).silence({"hazard": "smoke"}, start_s=0, end_s=3600, second="Wang")
    assert only(Repeat, world.at(301).event(SMOKE_1, "smoke")).quiet is Quiet.SILENCED


def test_when_one_silence_ends_another_may_still_cover() -> None:
    world = World()
    world.silence({"hazard": "gate"}, start_s=0, end_s=100)
    world.silence({"place": "jinyuan"}, start_s=0, end_s=200, name="silence-2")
    world.event(GATE, "gate_forced")
    assert world.wake(199.9) == []
    assert only(Repeat, world.wake(200)).quiet is None


def test_a_repeat_that_was_silenced_is_made_good() -> None:
    world = World()
    world.event(GATE, "gate_forced")
    world.at(1).silence({"hazard": "gate"}, start_s=1, end_s=1000)
    assert only(Repeat, world.at(2).event(GATE, "gate_forced")).quiet is Quiet.SILENCED
    assert only(Repeat, world.wake(1000)).quiet is None


def test_an_upgrade_is_never_cooled_down() -> None:
    rule = "{id: %s, type: trigger, hazard: gate, severity: %d, kinds: [%s], cooldown_s: 3600}"
    world = World(pack=pack(rule % ("a", 3, "gate_held_open"), rule % ("b", 1, "gate_forced")))
    world.event(GATE, "gate_held_open")
    assert only(Upgrade, world.at(1).event(GATE, "gate_forced")).quiet is None


def test_a_lost_box_mutes_what_its_rule_names_and_that_is_told_when_it_is_back() -> None:
    world = World(
        pack=pack(
            "{id: away, type: box, hazard: device, severity: 3, resolves: true, for_s: 10, inhibits: [fault]}",
            "{id: fault, type: trigger, hazard: device, severity: 3, kinds: [device_fault]}",
        )
    )
    sensor = device("smoke-1", "smoke", "b7")
    world.box(online=False)
    lost = only(Raise, world.wake(10))
    raised = only(Raise, world.at(20).event(sensor, "device_fault", ago_s=20))
    assert (raised.quiet, raised.quiet_by) == (Quiet.INHIBITED, lost.alert_id)
    told = only(Repeat, world.at(60).box(online=True))
    assert (told.alert_id, told.quiet) == (raised.alert_id, None)
    assert told.why["announced_after_inhibition"] == lost.alert_id
