"""Nothing that fails inside may swallow an alarm: rules that give no answer, broken items, another pack (DESIGN §4)."""

from dataclasses import replace
from typing import Any

import pytest

from server.alerts import engine, rules
from server.alerts.engine import deciding
from server.alerts.model import EventItem, Hazard, Quiet, Raise, Repeat, Severity, Suppressed, WakeItem
from tests.unit.engine_world import GATE, SITE, SMOKE_1, START_MS, World, every, only, pack

NEEDS_LEVEL = (
    "{id: picky, type: trigger, hazard: smoke, severity: 2, kinds: [smoke], when: item.data.level > 5.0}"
)
SOUND = "{id: sound, type: trigger, hazard: smoke, severity: 2, kinds: [smoke]}"


def test_an_alarm_whose_rule_fails_is_raised_plainly_and_the_failure_once() -> None:
    world = World(pack=pack(NEEDS_LEVEL))
    plain, failure = every(Raise, world.event(SMOKE_1, "smoke"))
    assert (plain.rule, plain.hazard, plain.quiet) == ("plain", Hazard.EMERGENCY, None)
    assert "picky" in plain.why["reason"]
    assert (failure.rule, failure.hazard, failure.place) == ("engine", Hazard.DEVICE, SITE)
    assert failure.severity is Severity.IMPORTANT, "the rule is about lives"
    assert (failure.why["failed_rule"], failure.why["error"]) == (
        "picky",
        "item.data.level > 5.0: no such field: level",
    )
    again = world.at(1).event(SMOKE_1, "smoke")
    assert not [d for d in again if not isinstance(d, Suppressed) and d.alert_id == failure.alert_id]
    world.close(failure.alert_id)
    assert "engine" in [d.rule for d in every(Raise, world.at(2).event(SMOKE_1, "smoke"))]


def test_a_failing_rule_leaves_the_others_alone() -> None:
    world = World(pack=pack(NEEDS_LEVEL, SOUND))
    assert [d.rule for d in every(Raise, world.event(SMOKE_1, "smoke"))] == ["sound", "engine"]


def test_a_condition_that_is_not_met_is_a_decision_and_is_noted() -> None:
    world = World(pack=pack(NEEDS_LEVEL))
    noted = only(Suppressed, world.event(SMOKE_1, "smoke", data={"level": 3.0}))
    assert (noted.reason, noted.rule) == (Quiet.CONDITION, "picky")
    assert only(Raise, world.event(SMOKE_1, "smoke", data={"level": 6.0})).rule == "picky"


def test_one_failed_rule_is_doubt_enough_although_another_says_no() -> None:
    other = "{id: other, type: trigger, hazard: smoke, severity: 2, kinds: [smoke], when: local.hour == 3}"
    raised = every(Raise, World(pack=pack(NEEDS_LEVEL, other)).event(SMOKE_1, "smoke"))
    assert [d.rule for d in raised] == ["plain", "engine"]


def test_an_answer_that_is_not_true_or_false_is_a_failure() -> None:
    world = World(pack=pack(SOUND.replace("}", ", when: item.data.note}")))
    failed = [
        d.why["failed_rule"]
        for d in every(Raise, world.event(SMOKE_1, "smoke", data={"note": "x"}))
        if d.rule == "engine"
    ]
    assert failed == ["sound"]


@pytest.mark.parametrize(
    "data", [{"level": "\ud800"}, {"level": 10**40}, {"level": [[[]]]}, {"level": None}, {"x\x00": 1}]
)
def test_odd_data_raises_an_alert_all_the_same(data: dict[str, Any]) -> None:
    world = World(pack=pack(NEEDS_LEVEL))
    assert every(Raise, world.event(SMOKE_1, "smoke", data=data))


def test_a_failed_override_leaves_the_more_urgent_grade() -> None:
    text = SOUND.replace("}", ", overrides: [{when: item.data.level > 5.0, severity: 1}]}")
    raised = every(Raise, World(pack=pack(text)).event(SMOKE_1, "smoke"))
    assert [(d.rule, d.severity) for d in raised] == [("sound", 1), ("engine", 2)]


def test_a_threshold_whose_condition_fails_raises_in_doubt() -> None:
    text = "{id: t, type: threshold, hazard: gas, severity: 2, metric: co_ppm, above: 50, when: item.data.ppm > 1.0}"
    raised = every(Raise, World(pack=pack(text)).reading(SMOKE_1, "co_ppm", 60))
    assert [d.rule for d in raised] == ["t", "engine"]


def test_a_failure_of_the_engine_itself_raises_the_alarm_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bool:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(deciding, "take_event", broken)
    monkeypatch.setattr(deciding, "take_reading", broken)
    world = World(engine_may_fail=True)
    plain, failure = every(Raise, world.event(SMOKE_1, "smoke"))
    assert (plain.rule, plain.place, plain.quiet) == ("plain", "b7-u1", None)
    assert "a fault of ours" in failure.why["error"]
    assert world.event(SMOKE_1, "smoke", active=False) == [], "no alarm, and the failure is told already"
    assert world.event(GATE, "gate_opened") == []
    assert world.reading(SMOKE_1, "temperature_c", 99) == []


def test_broken_items_come_out_as_alerts() -> None:
    wrong: dict[str, Any] = {"path": None, "place": 7}
    broken = replace(SMOKE_1, **wrong)
    pack_ = rules.default_pack()
    state = engine.new_state(SITE)
    _, decisions = engine.decide(pack_, state, EventItem("i", broken, "smoke", START_MS), START_MS)
    assert every(Raise, decisions)[0].rule == "plain"
    nothing: Any = object()
    _, decisions = engine.decide(pack_, state, nothing, START_MS)
    assert [d.rule for d in every(Raise, decisions)] == ["engine"]


def test_open_alerts_survive_a_change_of_rules() -> None:
    world = World()
    raised = only(Raise, world.event(SMOKE_1, "smoke"))
    world.at(1).reading(SMOKE_1, "temperature_c", 80)
    assert world.state.hot
    world.pack = pack("{id: other, type: trigger, hazard: smoke, severity: 3, kinds: [smoke]}")
    repeat = [d for d in world.at(2).event(SMOKE_1, "smoke") if not isinstance(d, Suppressed)]
    assert [d.alert_id for d in repeat] == [raised.alert_id]
    assert world.state.hot == frozenset(), "what a rule that is gone was waiting for is gone, too"
    assert world.state.pack == world.pack.hash
    assert world.close(raised.alert_id) == []
    assert world.open_ids() == []


def test_a_waking_without_need_changes_nothing() -> None:
    world = World()
    world.event(SMOKE_1, "smoke")
    before = world.state
    assert world.at(5).take(WakeItem("w", world.now_ms)) == []
    assert world.state is before


def test_time_that_runs_backwards_neither_crashes_nor_mutes() -> None:
    world = World()
    world.at(1000).event(SMOKE_1, "smoke")
    repeat = world.at(500).event(SMOKE_1, "smoke")
    assert only(Repeat, repeat).quiet is None
