"""Reflexes: what drives what, and that tests and drills drive nothing that they may not."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.observation import EventSeen, Moment
from edge.agent.orders import Act, Order
from edge.agent.policy import fire_release, reflex
from edge.agent.policy.fire_release import ReleaseRules, ReleaseState
from edge.agent.policy.reflex import DoRules, ReflexRules, ReflexState
from redwhistle.contracts.events import DATA_OF, EventData, EventKind

ACTUATORS = ("siren-1", "speaker-1", "relay-gate", "siren-2")
REFLEX_KINDS = tuple(reflex.ReflexKind.__args__)  # type: ignore[attr-defined] # a Literal's own


def moment(at_s: float = 0) -> Moment:
    return Moment(1_795_000_000_000 + round(at_s * 1000), 1_000_000 + round(at_s * 1000), synced=True)


def seen(
    kind: EventKind = EventKind.SMOKE,
    device: str = "smoke-1",
    at_s: float = 0,
    *,
    active: bool = True,
    test: bool = False,
    place: str | None = None,
    exercise: str | None = None,
) -> EventSeen:
    data = EventData(active=active)
    return EventSeen(device, kind, data, moment(at_s), test=test, place=place, exercise=exercise)


SMOKE = ReflexRules(
    name="smoke",
    when=(EventKind.SMOKE, EventKind.HEAT),
    do=(
        DoRules(actuator="siren-1", for_s=180),
        DoRules(actuator="speaker-1", act=Act.SPEAK, message="fire", languages=("zh", "ii")),
    ),
)
GATES = ReflexRules(
    name="gates", when=(EventKind.SMOKE,), places=("b1", "b2"), do=(DoRules(actuator="relay-gate"),)
)
WATER = ReflexRules(
    name="water",
    when=(EventKind.WATER_LEVEL,),
    devices=("pit-1",),
    do=(DoRules(actuator="siren-2"),),
    off_when_over=True,
)
RULES = (SMOKE, GATES, WATER)


def play(*steps: EventSeen, state: ReflexState | None = None) -> list[tuple[str, Act]]:
    state = state or ReflexState()
    given: list[tuple[str, Act]] = []
    for each in steps:
        state, orders = reflex.decide(RULES, state, each)
        given += [(order.actuator, order.act) for order in orders]
    return given


SOUND = [("siren-1", Act.ON), ("speaker-1", Act.SPEAK)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (seen(), SOUND),
        (seen(EventKind.HEAT, "heat-9"), SOUND),
        (seen(place="b1"), [*SOUND, ("relay-gate", Act.ON)]),
        (seen(place="b7"), SOUND),
        (seen(EventKind.WATER_LEVEL, "pit-1"), [("siren-2", Act.ON)]),
        (seen(EventKind.WATER_LEVEL, "pit-2"), []),
        (seen(EventKind.DEVICE_FAULT), []),
        (seen(EventKind.GATE_OPENED), []),
        (seen(active=False), []),
    ],
)
def test_what_drives_what(event: EventSeen, expected: list[tuple[str, Act]]) -> None:
    assert play(event) == expected


def test_an_order_says_all_that_the_rule_says() -> None:
    _, orders = reflex.decide([SMOKE], ReflexState(), seen())
    assert orders == (
        Order("siren-1", Act.ON, "reflex smoke", for_s=180),
        Order("speaker-1", Act.SPEAK, "reflex smoke", message="fire", languages=("zh", "ii")),
    )


def test_what_turns_off_with_its_cause_waits_for_the_last_of_them() -> None:
    pit = ReflexRules(
        name="pits", when=(EventKind.WATER_LEVEL,), do=(DoRules(actuator="siren-2"),), off_when_over=True
    )
    state = ReflexState()
    for device in ("pit-1", "pit-2"):
        state, _ = reflex.decide([pit], state, seen(EventKind.WATER_LEVEL, device))
    state, orders = reflex.decide([pit], state, seen(EventKind.WATER_LEVEL, "pit-1", active=False))
    assert orders == ()
    state, orders = reflex.decide([pit], state, seen(EventKind.WATER_LEVEL, "pit-2", active=False))
    assert [(each.actuator, each.act) for each in orders] == [("siren-2", Act.OFF)]


def test_the_end_of_one_rule_takes_nothing_from_another() -> None:
    """Smoke goes on: the end of the heat alarm neither stops the siren nor locks the gate."""
    heat = ReflexRules(
        name="heat",
        when=(EventKind.HEAT,),
        do=(DoRules(actuator="siren-1"), DoRules(actuator="relay-gate")),
        off_when_over=True,
    )
    rules = (SMOKE.model_copy(update={"when": (EventKind.SMOKE,)}), GATES, heat)
    state, _ = reflex.decide(rules, ReflexState(), seen(place="b1"))
    state, _ = reflex.decide(rules, state, seen(EventKind.HEAT, "heat-9", at_s=5))
    state, orders = reflex.decide(rules, state, seen(EventKind.HEAT, "heat-9", at_s=60, active=False))
    assert orders == ()

    alone, _ = reflex.decide(rules, ReflexState(), seen(EventKind.HEAT, "heat-9"))
    _, orders = reflex.decide(rules, alone, seen(EventKind.HEAT, "heat-9", at_s=60, active=False))
    assert [(each.actuator, each.act, each.ends) for each in orders] == [
        ("siren-1", Act.OFF, "reflex heat"),
        ("relay-gate", Act.OFF, "reflex heat"),
    ]


def test_a_silence_holds_for_what_goes_on_and_for_nothing_new() -> None:
    state, _ = reflex.decide(RULES, ReflexState(), seen())
    state, orders = reflex.silence(state, ["siren-1"], 600, moment(10).mono_ms)
    assert orders == (Order("siren-1", Act.OFF, "silenced"),)
    again = seen(at_s=60)
    assert play(again, state=state) == [("speaker-1", Act.SPEAK)]
    assert play(seen(device="smoke-2", at_s=60), state=state) == SOUND, "a second fire sounds"
    assert play(seen(EventKind.HEAT, at_s=60), state=state) == SOUND, "and so does another alarm there"
    assert play(seen(at_s=611), state=state) == SOUND, "a silence ends"
    over = seen(at_s=70, active=False)
    assert play(over, seen(at_s=80), state=state) == SOUND, "what was over and comes again is new"


def test_each_call_for_help_is_new_also_under_a_silence() -> None:
    rule = ReflexRules(name="sos", when=(EventKind.SOS,), do=(DoRules(actuator="siren-1"),))
    state, _ = reflex.decide([rule], ReflexState(), seen(EventKind.SOS))
    state, _ = reflex.silence(state, ["siren-1"], 600, moment(1).mono_ms)
    assert reflex.decide([rule], state, seen(EventKind.SOS, at_s=2))[1]


def rule_of_everything(actuators: tuple[str, ...]) -> ReflexRules:
    return ReflexRules(
        name="all",
        when=REFLEX_KINDS,
        do=tuple(DoRules(actuator=each) for each in actuators),
        off_when_over=True,
    )


names = st.sampled_from(ACTUATORS)
events = st.builds(
    seen,
    kind=st.sampled_from(EventKind),
    device=st.sampled_from(["smoke-1", "pit-1", "gate-1"]),
    at_s=st.floats(0, 100),
    active=st.booleans(),
    test=st.booleans(),
    place=st.sampled_from([None, "b1"]),
    exercise=st.sampled_from([None, "drill-1", "drill-2"]),
)


@given(st.lists(events, max_size=12), st.sets(names), st.sets(names))
def test_a_test_drives_nothing_and_a_drill_only_what_it_names(
    played: list[EventSeen], first: set[str], second: set[str]
) -> None:
    """Over all kinds and all actuators, whatever came before."""
    state = reflex.permit(ReflexState(), "drill-1", first, 3600, moment().mono_ms)
    state = reflex.permit(state, "drill-2", second, 3600, moment().mono_ms)
    permitted = {"drill-1": first, "drill-2": second}
    rules = (*RULES, rule_of_everything(ACTUATORS))
    for each in played:
        before = state
        state, orders = reflex.decide(rules, state, each)
        if each.test:
            assert (state, orders) == (before, ())
        for order in orders:
            assert order.exercise == each.exercise
            if each.exercise is not None:
                assert order.actuator in permitted[each.exercise]


@given(st.sampled_from(EventKind), names)
def test_without_a_permit_or_after_it_a_drill_drives_nothing(kind: EventKind, actuator: str) -> None:
    rules = [rule_of_everything(ACTUATORS)]
    drilled = seen(kind, at_s=100, exercise="drill-1")
    assert reflex.decide(rules, ReflexState(), drilled)[1] == ()
    state = reflex.permit(ReflexState(), "drill-1", [actuator], 99, moment().mono_ms)
    assert reflex.decide(rules, state, drilled)[1] == ()
    state = reflex.permit(state, "drill-1", [actuator], 101, moment().mono_ms)
    told = [each.actuator for each in reflex.decide(rules, state, drilled)[1]]
    assert told == ([actuator] if kind in REFLEX_KINDS else [])
    assert reflex.decide(rules, state, replace(drilled, exercise=None))[1] != () or kind not in REFLEX_KINDS


def test_a_real_alarm_drives_all_while_a_drill_goes_on() -> None:
    state = reflex.permit(ReflexState(), "drill-1", ["siren-2"], 3600, moment().mono_ms)
    assert play(seen(exercise="drill-1"), seen(), state=state) == SOUND


def test_a_fault_can_drive_nothing() -> None:
    for kind in set(DATA_OF) - set(REFLEX_KINDS):
        with pytest.raises(ValidationError):
            ReflexRules.model_validate({"name": "x", "when": [kind], "do": [{"actuator": "siren-1"}]})


def test_to_speak_something_must_be_said() -> None:
    with pytest.raises(ValidationError, match="message or a text"):
        DoRules(actuator="speaker-1", act=Act.SPEAK)


CHECK = ReleaseRules(gates=("gate-1", "gate-2"), within_s=10, released_by="relay-gate")


def test_a_gate_that_opens_in_time_is_said_and_one_that_does_not_is_a_fault() -> None:
    state, said = fire_release.hear_alarm(CHECK, ReleaseState(), seen())
    assert said == ()
    state, said = fire_release.hear_gate(state, "gate-1", True, moment(3))
    assert [(each.device, each.kind) for each in said] == [("gate-1", EventKind.GATE_OPENED)]
    assert said[0].data.model_dump()["reason"] == "fire_release"
    state, said = fire_release.tick(state, moment(9.9))
    assert said == ()
    state, said = fire_release.tick(state, moment(10))
    assert [(each.device, each.kind, each.data.active) for each in said] == [
        ("gate-2", EventKind.DEVICE_FAULT, True)
    ]
    assert fire_release.tick(state, moment(11))[1] == ()
    state, said = fire_release.hear_gate(state, "gate-2", True, moment(30))
    assert [(each.kind, each.data.active) for each in said] == [
        (EventKind.GATE_OPENED, True),
        (EventKind.DEVICE_FAULT, False),
    ]


def test_a_gate_that_stands_open_has_passed_and_repeats_of_one_fire_ask_no_more() -> None:
    state, _ = fire_release.hear_gate(ReleaseState(), "gate-1", False, moment(-9))
    state, _ = fire_release.hear_gate(state, "gate-1", True, moment(-5))
    state, said = fire_release.hear_alarm(CHECK, state, seen())
    assert [each.device for each in said] == ["gate-1"]
    state, said = fire_release.hear_alarm(CHECK, state, seen(at_s=60))
    assert said == ()
    state, said = fire_release.hear_alarm(CHECK, state, seen(at_s=601))
    assert [each.device for each in said] == ["gate-1"]


@given(st.sampled_from(EventKind), st.booleans(), st.booleans())
def test_only_a_real_fire_asks(kind: EventKind, test: bool, active: bool) -> None:
    asks = CHECK.answers(seen(kind, test=test, active=active))
    assert asks == (active and not test and kind in CHECK.when)


@pytest.mark.parametrize(("written", "act"), [("on", Act.ON), ("off", Act.OFF), ('"off"', Act.OFF)])
def test_an_act_as_people_write_it_in_yaml(written: str, act: Act) -> None:
    """Unquoted, YAML makes a truth of it."""
    assert DoRules.model_validate(yaml.safe_load(f"{{actuator: siren-1, act: {written}}}")).act is act


def test_a_gate_that_was_never_heard_to_close_is_not_believed_to_stand_open() -> None:
    state, _ = fire_release.hear_gate(ReleaseState(), "gate-1", True, moment(-5))
    state, said = fire_release.hear_alarm(CHECK, state, seen())
    assert said == ()
    _, said = fire_release.tick(state, moment(10))
    assert {each.device for each in said} == {"gate-1", "gate-2"}
