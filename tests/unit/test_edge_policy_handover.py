"""Which model counts: by the number of boxes, by a look once in a while, with hysteresis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.policy.handover import Counted, CountMode, HandoverRules, HandoverState, count_people

RULES = HandoverRules()
_modes = st.sampled_from(list(CountMode))
_counts = st.lists(st.tuples(st.integers(0, 60), st.floats(0, 400)), max_size=40)


class _Crowd:
    """A crowd model that sees what it is told, and counts its looks."""

    def __init__(self) -> None:
        self.sees = 0.0
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return self.sees


def _play(
    seen: list[tuple[int, float]],
    mode: CountMode = CountMode.AUTO,
    probe_every: int = 4,
    rules: HandoverRules = RULES,
) -> tuple[list[Counted], list[int]]:
    """Counts, and after each picture how often the crowd model had looked."""
    crowd, state = _Crowd(), HandoverState()
    counts, looks = [], []
    for boxes, crowd.sees in seen:
        state, counted = count_people(rules, mode, state, boxes, crowd, probe_every)
        counts.append(counted)
        looks.append(crowd.looks)
    return counts, looks


def test_a_few_people_are_counted_by_boxes_and_the_crowd_model_looks_once_in_a_while() -> None:
    counts, looks = _play([(2, 1.0)] * 9)
    assert counts == [Counted(2, by_crowd=False)] * 9
    assert looks == [1, 1, 1, 1, 2, 2, 2, 2, 3]


def test_many_boxes_hand_over_and_few_give_back_with_hysteresis() -> None:
    counts, _ = _play([(9, 12.0), (10, 25.0), (7, 18.0), (6, 12.0), (5, 4.8), (9, 11.0)])
    assert [c.by_crowd for c in counts] == [False, True, True, True, False, False]
    assert [c.people for c in counts] == [9, 25, 18, 12, 5, 9]


def test_a_far_crowd_that_gives_few_boxes_is_found_by_the_look_once_in_a_while() -> None:
    counts, _ = _play([(0, 0.0), (5, 80.0), (5, 80.0), (5, 80.0), (5, 80.0), (5, 80.0), (0, 18.2), (1, 5.0)])
    assert [c.people for c in counts] == [0, 5, 5, 5, 80, 80, 18, 1]


def test_half_of_a_corridor_has_boxes_and_all_of_it_counts() -> None:
    assert _play([(7, 14.2)])[0] == [Counted(14, by_crowd=True)]


def test_a_view_that_weighs_like_a_crowd_can_be_made_to_need_boxes() -> None:
    rules = HandoverRules(probe_boxes=5)
    seen = [(0, 300.0), (4, 300.0), (5, 300.0)]
    counts, _ = _play(seen, probe_every=1, rules=rules)
    assert counts == [Counted(0, False), Counted(4, False), Counted(300, True)]


def test_a_look_that_sees_little_more_than_the_boxes_changes_nothing() -> None:
    counts, _ = _play([(9, 13.0)])
    assert counts == [Counted(9, by_crowd=False)]


def test_where_the_crowd_model_sees_fewer_than_the_boxes_the_boxes_count() -> None:
    assert _play([(12, 7.0)])[0] == [Counted(12, by_crowd=False)]


@given(_counts)
def test_mode_people_never_asks_the_crowd_model(seen: list[tuple[int, float]]) -> None:
    counts, looks = _play(seen, CountMode.PEOPLE)
    assert counts == [Counted(boxes, by_crowd=False) for boxes, _ in seen]
    assert not any(looks)


@given(_counts)
def test_mode_crowd_asks_it_for_every_picture(seen: list[tuple[int, float]]) -> None:
    counts, looks = _play(seen, CountMode.CROWD)
    assert counts == [Counted(round(crowd), by_crowd=True) for _, crowd in seen]
    assert looks == list(range(1, len(seen) + 1))


@given(_counts, _modes, st.integers(1, 6))
def test_there_are_never_fewer_than_boxes_and_no_picture_is_looked_at_twice(
    seen: list[tuple[int, float]], mode: CountMode, probe_every: int
) -> None:
    counts, looks = _play(seen, mode, probe_every)
    for (boxes, _), counted in zip(seen, counts, strict=True):
        assert mode is CountMode.CROWD or counted.people >= boxes
    assert all(0 <= now - before <= 1 for before, now in zip([0, *looks], looks, strict=False))


@given(_counts, st.integers(1, 6))
def test_the_crowd_model_never_rests_longer_than_it_may(
    seen: list[tuple[int, float]], probe_every: int
) -> None:
    _, looks = _play(seen, CountMode.AUTO, probe_every)
    for start in range(len(looks) - probe_every):
        assert looks[start + probe_every] > looks[start]


def test_numbers_without_hysteresis_are_refused() -> None:
    with pytest.raises(ValueError, match="down must be below up"):
        HandoverRules(up=6, down=6)
