"""A door over time: openings with and without leave, tailgating, and counts."""

from hypothesis import given
from hypothesis import strategies as st

from edge.agent.policy import door
from edge.agent.policy.door import DoorRules, DoorState
from edge.agent.policy.gate import GateAct, GateReport

RULES = DoorRules(grant_s=5, held_open_s=60)
acts = st.sampled_from(["card", "exit", "open", "close", "release", "lock", "pass", "wait"])


def play(steps: list[tuple[int, str]], rules: DoorRules = RULES) -> list[GateReport]:
    state, said = DoorState(open=False), list[GateReport]()
    for at_ms, act in steps:
        state, more = door.tick(rules, state, at_ms)
        said += more
        match act:
            case "card":
                state, more = door.hear_card(rules, state, f"card-{at_ms}", "in", at_ms, has_contact=True)
            case "exit":
                state, more = door.hear_exit(rules, state, at_ms)
            case "open" | "close":
                state, more = door.hear_contact(rules, state, act == "open", at_ms)
            case "release" | "lock":
                state, more = door.hear_release(state, act == "release", at_ms)
            case "pass":
                state, more = door.hear_passage(rules, state, "in")
            case _:
                more = ()
        said += more
    return said


def acts_of(*steps: tuple[int, str]) -> list[str]:
    return [each.act.value for each in play([(at_s * 1000, act) for at_s, act in steps])]


def test_openings() -> None:
    assert acts_of((0, "card"), (5, "open"), (9, "close")) == ["opened", "closed"]
    assert acts_of((0, "card"), (6, "open")) == ["denied", "forced"]
    assert acts_of((0, "open")) == ["forced"]
    assert acts_of((0, "exit"), (2, "open")) == ["opened"]
    assert acts_of((0, "release"), (100, "open"), (300, "wait")) == ["opened"]
    assert acts_of((0, "release"), (1, "lock"), (4, "open")) == ["opened"]
    assert acts_of((0, "release"), (1, "lock"), (9, "open")) == ["forced"]
    assert acts_of((0, "exit"), (1, "open"), (61, "wait"), (99, "wait")) == ["opened", "held_open"]


def test_a_second_card_while_it_is_open_lets_a_second_person_pass() -> None:
    two = acts_of((0, "card"), (1, "open"), (2, "pass"), (3, "card"), (4, "pass"))
    assert two == ["opened", "passed", "opened", "passed"]
    three = acts_of((0, "card"), (1, "open"), (2, "pass"), (3, "pass"), (4, "pass"))
    assert three == ["opened", "passed", "passed", "tailgating", "passed"]


def test_a_card_held_twice_is_one_person() -> None:
    state, _ = door.hear_card(RULES, DoorState(open=False), "card-1", "in", 0, has_contact=True)
    state, _ = door.hear_card(RULES, state, "card-1", "in", 500, has_contact=True)
    _, said = door.hear_contact(RULES, state, True, 1000)
    assert [each.people for each in said] == [1]


@given(st.lists(st.tuples(st.integers(0, 20_000), acts), max_size=40))
def test_whatever_happens_each_opening_is_told_once_and_each_person_counted(
    steps: list[tuple[int, str]],
) -> None:
    steps = sorted(steps, key=lambda each: each[0])
    said = play(steps)
    opened, is_open = 0, False
    for _, act in steps:
        opened += act == "open" and not is_open
        is_open = act == "open" if act in {"open", "close"} else is_open
    told = [each for each in said if each.act in {GateAct.OPENED, GateAct.FORCED}]
    assert len(told) >= opened, "several cards may be told for one opening, none is not told"
    assert sum(each.act is GateAct.PASSED for each in said) == sum(act == "pass" for _, act in steps)
    assert sum(each.act is GateAct.OPENED for each in said) <= sum(
        act in {"card", "exit", "lock", "release"} for _, act in steps
    ) + sum(act == "open" for _, act in steps)


@given(st.lists(st.tuples(st.integers(0, 20_000), acts), max_size=40))
def test_without_card_button_or_release_every_opening_is_forced(steps: list[tuple[int, str]]) -> None:
    quiet = [each for each in sorted(steps, key=lambda each: each[0]) if each[1] in {"open", "close", "wait"}]
    said = play(quiet)
    assert not [each for each in said if each.act is GateAct.OPENED]
    changes, is_open = 0, False
    for _, act in quiet:
        if act == "open" and not is_open:
            changes += 1
        is_open = act == "open" if act != "wait" else is_open
    assert sum(each.act is GateAct.FORCED for each in said) == changes
