"""One actuator over time: who holds it and until when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.orders import Act, Order
from edge.agent.policy.actuation import Holding, take, tick

orders = st.builds(
    Order,
    actuator=st.just("siren-1"),
    act=st.sampled_from(Act),
    cause=st.just("test"),
    for_s=st.none() | st.floats(0.1, 1000),
    message=st.sampled_from([None, "fire"]),
    exercise=st.sampled_from([None, "drill-1", "drill-2"]),
)


def on(for_s: float | None = 60, exercise: str | None = None) -> Order:
    return Order("siren-1", Act.ON, "reflex", for_s=for_s, exercise=exercise)


@given(st.lists(st.tuples(orders, st.integers(0, 100_000)), max_size=10), st.none() | st.floats(1, 600))
def test_a_drill_never_takes_it_from_a_real_alarm_and_no_limit_is_passed(
    played: list[tuple[Order, int]], most_on_s: float | None
) -> None:
    holding: Holding | None = None
    for order, now_ms in sorted(played, key=lambda each: each[1]):
        holding = tick(holding, now_ms).holding
        before = holding
        taken = take(holding, order, now_ms, most_on_s=most_on_s)
        holding = taken.holding
        if before is not None and before.order.exercise is None and order.exercise is not None:
            assert (taken.refusal is not None, holding) == (True, before)
        if order.exercise is None:
            assert taken.refusal is None, "a real order always counts"
            assert (holding is None) == (order.act is Act.OFF)
        if holding is not None and most_on_s is not None:
            assert holding.until_ms is not None
            assert holding.until_ms <= now_ms + round(most_on_s * 1000)


def test_it_ends_by_its_time_and_says_so_for_the_same_exercise() -> None:
    holding = take(None, on(60, "drill-1"), 1000, most_on_s=600).holding
    assert tick(holding, 60_999).effect is None
    over = tick(holding, 61_000)
    assert over.holding is None
    assert over.effect is not None
    assert (over.effect.act, over.effect.exercise) == (Act.OFF, "drill-1")


def test_a_repeat_makes_it_longer_and_never_shorter() -> None:
    holding = take(None, on(60), 0, most_on_s=600).holding
    longer = take(holding, on(60), 30_000, most_on_s=600)
    assert longer.effect is not None, "a siren with a clock of its own must hear again"
    assert longer.holding is not None
    assert longer.holding.until_ms == 90_000
    shorter = take(longer.holding, on(1), 31_000, most_on_s=600).holding
    assert shorter is not None
    assert shorter.until_ms == 90_000
    endless = take(take(None, on(None), 0, most_on_s=None).holding, on(5), 10, most_on_s=None).holding
    assert endless is not None
    assert endless.until_ms is None


def test_a_message_that_is_spoken_is_not_begun_anew() -> None:
    speak = Order("speaker-1", Act.SPEAK, "reflex", message="fire", for_s=60)
    holding = take(None, speak, 0, most_on_s=600).holding
    assert take(holding, speak, 1000, most_on_s=600).effect is None
    other = Order("speaker-1", Act.SPEAK, "reflex", message="flood", for_s=60)
    assert take(holding, other, 1000, most_on_s=600).effect == other


def test_a_real_alarm_takes_it_from_a_drill() -> None:
    holding = take(None, on(60, "drill-1"), 0, most_on_s=600).holding
    taken = take(holding, on(60), 1000, most_on_s=600)
    assert taken.effect == on(60)
    assert taken.holding is not None
    assert taken.holding.order.exercise is None
    off = Order("siren-1", Act.OFF, "drill", exercise="drill-1")
    assert take(taken.holding, off, 2000, most_on_s=600).refusal is not None


@pytest.mark.parametrize("began", ["command 7", "reflex sos"])
def test_the_end_of_a_cause_ends_only_what_it_began(began: str) -> None:
    """A person, or a call for help that has no end, holds the siren: the end of the smoke does not stop it."""
    over = Order("siren-1", Act.OFF, "smoke: over", ends="reflex smoke")
    held = take(None, Order("siren-1", Act.ON, began, for_s=60), 0, most_on_s=600).holding
    assert take(held, over, 5_000, most_on_s=600).effect is None
    assert take(held, over, 5_000, most_on_s=600).holding == held
    own = take(None, Order("siren-1", Act.ON, "reflex smoke", for_s=60), 0, most_on_s=600).holding
    assert take(own, over, 5_000, most_on_s=600).effect == over
    # The longer of two causes decides: what came with less time changes nothing.
    both = take(held, Order("siren-1", Act.ON, "reflex smoke", for_s=20), 1_000, most_on_s=600).holding
    assert take(both, over, 5_000, most_on_s=600).holding == held
