"""Crowds: dwell, hysteresis, cool-down, dropouts, zones."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.policy.crowd import CrowdChange, CrowdState, CrowdTurn, ZoneRules, step
from edge.agent.policy.zones import WHOLE_FRAME, area, contains, count_inside

RULES = ZoneRules(name="广场", limit=5, for_s=10, clear_below=4, clear_for_s=5, dropout_s=2, cooldown_s=30)


def play(rules: ZoneRules, counts: list[tuple[float, int]]) -> list[tuple[float, CrowdChange]]:
    """Steps through (seconds, count); gives the changes with their times."""
    state, said = CrowdState(), []
    for at_s, count in counts:
        state, change = step(rules, state, count, round(at_s * 1000))
        if change is not None:
            said.append((at_s, change))
    return said


def steady(first_s: int, last_s: int, count: int) -> list[tuple[float, int]]:
    return [(s, count) for s in range(first_s, last_s + 1)]


@pytest.mark.parametrize(
    ("counts", "turns"),
    [
        pytest.param(steady(0, 60, 5), [], id="the limit itself is allowed"),
        pytest.param(steady(0, 9, 6), [], id="not long enough"),
        pytest.param(steady(0, 30, 6), [(10, "formed")], id="long enough, said once"),
        pytest.param(
            [*steady(0, 5, 6), (6, 4), (7, 6), *steady(8, 12, 6)], [(10, "formed")], id="a dropout is bridged"
        ),
        pytest.param(
            [*steady(0, 5, 6), *steady(6, 8, 2), *steady(9, 18, 6)],
            [],
            id="a longer dip starts the dwell anew",
        ),
        pytest.param([(0, 6), (10, 6)], [], id="time that no frame saw does not count"),
        pytest.param(
            [*steady(0, 10, 6), *steady(11, 30, 4)], [(10, "formed")], id="between the limits it stays"
        ),
        pytest.param(
            [*steady(0, 10, 6), *steady(11, 16, 3)],
            [(10, "formed"), (16, "dissolved")],
            id="over after a calm",
        ),
        pytest.param(
            [*steady(0, 10, 6), *steady(11, 14, 3), (15, 6), *steady(16, 19, 3)],
            [(10, "formed")],
            id="a calm that is broken starts anew",
        ),
        pytest.param(
            [*steady(0, 10, 6), *steady(11, 16, 0), *steady(17, 60, 9)],
            [(10, "formed"), (16, "dissolved"), (46, "formed")],
            id="after the cool-down it is said again",
        ),
    ],
)
def test_crowd(counts: list[tuple[float, int]], turns: list[tuple[float, str]]) -> None:
    assert [(at_s, change.turn.value) for at_s, change in play(RULES, counts)] == turns


def test_change_carries_count_and_dwell() -> None:
    formed, dissolved = play(RULES, [*steady(0, 12, 8), *steady(13, 18, 1)])
    assert formed[1] == CrowdChange(CrowdTurn.FORMED, 8, 5, 10.0)
    assert dissolved[1] == CrowdChange(CrowdTurn.DISSOLVED, 1, 5, 18.0)


def test_a_zone_without_a_limit_has_no_crowd_and_ends_one_that_the_night_had() -> None:
    by_day, at_night = ZoneRules(name="stairs", clear_for_s=1), ZoneRules(name="stairs", limit=2, for_s=0)
    assert play(by_day, steady(0, 60, 500)) == []
    state, change = step(at_night, CrowdState(), 3, 0)
    assert change == CrowdChange(CrowdTurn.FORMED, 3, 2, 0.0)
    state, change = step(by_day, state, 3, 1000)
    assert change is None
    state, change = step(by_day, state, 3, 2000)
    assert change == CrowdChange(CrowdTurn.DISSOLVED, 3, 2, 2.0)


def test_nobody_allowed_ends_when_nobody_is_left() -> None:
    rules = ZoneRules(name="roof", limit=0, for_s=0, clear_for_s=1)
    said = play(rules, [(0, 1), (1, 1), (2, 0), (3, 0), (4, 0)])
    assert [(at_s, change.turn) for at_s, change in said] == [(0, CrowdTurn.FORMED), (3, CrowdTurn.DISSOLVED)]


frames = st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 12)), max_size=120)
zone_rules = st.builds(
    ZoneRules,
    name=st.just("z"),
    limit=st.integers(1, 8),
    for_s=st.floats(0, 20),
    clear_for_s=st.floats(0, 20),
    dropout_s=st.floats(0, 5),
    cooldown_s=st.floats(0, 30),
)


@given(rules=zone_rules, gaps=frames)
def test_invariants(rules: ZoneRules, gaps: list[tuple[int, int]]) -> None:
    now_ms, counts = 0, []
    for gap_ms, count in gaps:
        now_ms += gap_ms
        counts.append((now_ms / 1000, count))
    said, limit = play(rules, counts), rules.limit or 0
    turns = [change.turn for _, change in said]
    # One begins, then it ends, then one begins: never two active at once.
    assert turns[::2] == [CrowdTurn.FORMED] * len(turns[::2])
    assert turns[1::2] == [CrowdTurn.DISSOLVED] * len(turns[1::2])
    for at_s, change in said:
        if change.turn is CrowdTurn.FORMED:
            assert change.count > limit
            assert change.dwell_s >= rules.for_s
            window = [c for s, c in counts if at_s - change.dwell_s - 5e-4 <= s <= at_s]
            assert window[0] > limit
        else:
            assert change.count < max(limit, 1)
    for (ended_s, ended), (formed_s, formed) in pairwise(said):
        if ended.turn is CrowdTurn.DISSOLVED and formed.turn is CrowdTurn.FORMED:
            assert formed_s - ended_s >= rules.cooldown_s - 1e-9


def test_zones_hold_points() -> None:
    triangle = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    assert contains(triangle, (0.2, 0.2))
    assert not contains(triangle, (0.8, 0.8))
    assert count_inside(triangle, [(0.1, 0.1), (0.9, 0.9), (0.3, 0.3)]) == 2
    assert area(triangle) == pytest.approx(0.5)
    hollow = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0), (0.6, 0.4), (0.4, 0.4), (0.4, 1.0), (0.0, 1.0))
    assert not contains(hollow, (0.5, 0.8))
    assert contains(hollow, (0.5, 0.2))


@given(point=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_the_whole_frame_holds_every_point(point: tuple[float, float]) -> None:
    assert contains(WHOLE_FRAME, point)


@given(x=st.floats(0.01, 0.99), y=st.floats(0.0, 1.0), split=st.floats(0.05, 0.95))
def test_two_halves_share_no_point(x: float, y: float, split: float) -> None:
    left = ((0.0, 0.0), (split, 0.0), (split, 1.0), (0.0, 1.0))
    right = ((split, 0.0), (1.0, 0.0), (1.0, 1.0), (split, 1.0))
    assert contains(left, (x, y)) + contains(right, (x, y)) == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"polygon": [(0, 0), (1, 1)]}, "three corners"),
        ({"polygon": [(0, 0), (2, 0), (0, 1)]}, "relative"),
        ({"polygon": [(0, 0), (0.5, 0.5), (1, 1)]}, "no area"),
        ({"clear_below": 9}, "clear_below"),
        ({"for": 3}, "Extra inputs"),
    ],
)
def test_rules_say_what_is_wrong(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ZoneRules.model_validate({"name": "z", "limit": 5, **fields})


def test_an_end_without_a_limit_is_refused() -> None:
    with pytest.raises(ValidationError, match="goes with a limit"):
        ZoneRules.model_validate({"name": "z", "clear_below": 3})
