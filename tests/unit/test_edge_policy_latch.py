"""Latch, battery, liveness, unreadable input, back-off: the small policies under the sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.policy import battery, inputs, latch, liveness
from edge.agent.policy.backoff import delay_s
from edge.agent.policy.battery import Battery, BatteryRules
from edge.agent.policy.inputs import InputHealth, InputRules
from edge.agent.policy.latch import Latch, LatchRules, Turn
from edge.agent.policy.liveness import Liveness, LivenessRules

LATCH = LatchRules(hold_s=60, repeat_s=60)


def play(rules: LatchRules, reports: list[tuple[float, bool | None]]) -> list[tuple[float, Turn]]:
    """(seconds, report); None lets time pass alone."""
    state, said = Latch(), []
    for at_s, value in reports:
        now_ms = round(at_s * 1000)
        state, turn = (
            latch.tick(rules, state, now_ms) if value is None else latch.hear(rules, state, value, now_ms)
        )
        if turn is not None:
            said.append((at_s, turn))
    return said


@pytest.mark.parametrize(
    ("reports", "turns"),
    [
        pytest.param([(0, False), (9, False)], [], id="nothing"),
        pytest.param(
            [(0, True), (1, False), (30, None)], [(0, Turn.RAISED)], id="E16: one second, and it stays"
        ),
        pytest.param(
            [(0, True), (1, False), (59, None), (60, None), (99, None)],
            [(0, Turn.RAISED), (60, Turn.ENDED)],
            id="over after the hold time, said once",
        ),
        pytest.param(
            [(0, True), (1, False), (2, True), (3, False), (62, None)],
            [(0, Turn.RAISED), (62, Turn.ENDED)],
            id="flapping is one event, held from the last true",
        ),
        pytest.param(
            [(0, True), (99999, None)], [(0, Turn.RAISED)], id="a true that falls silent never ends"
        ),
        pytest.param(
            [(0, True), (30, True), (60, True), (61, True)],
            [(0, Turn.RAISED), (60, Turn.REPEATED)],
            id="still true is said again after a minute",
        ),
        pytest.param(
            [(0, True), (70, False), (80, True)],
            [(0, Turn.RAISED), (70, Turn.ENDED), (80, Turn.RAISED)],
            id="a late false ends at once, the next true is new",
        ),
    ],
)
def test_latch(reports: list[tuple[float, bool | None]], turns: list[tuple[float, Turn]]) -> None:
    assert play(LATCH, reports) == turns


@given(
    steps=st.lists(st.tuples(st.integers(0, 50_000), st.sampled_from([True, False, None])), max_size=60),
    hold_s=st.floats(0, 100),
    repeat_s=st.floats(0, 100),
)
def test_a_true_is_never_swallowed(
    steps: list[tuple[int, bool | None]], hold_s: float, repeat_s: float
) -> None:
    rules = LatchRules(hold_s=hold_s, repeat_s=repeat_s)
    state, now_ms, active, told_ms, true_ms = Latch(), 0, False, None, None
    for gap_ms, value in steps:
        now_ms += gap_ms
        state, turn = (
            latch.tick(rules, state, now_ms) if value is None else latch.hear(rules, state, value, now_ms)
        )
        if turn is Turn.ENDED:
            assert active
            assert true_ms is not None
            assert now_ms - true_ms >= hold_s * 1000 - 1
            active = False
        elif turn is not None:
            assert active == (turn is Turn.REPEATED)
            assert value is True
            active, told_ms = True, now_ms
        if value is True:
            true_ms = now_ms
            # Every true is either said now or lies within `repeat_s` of one that was said.
            assert active
            assert told_ms is not None
            assert now_ms - told_ms <= repeat_s * 1000 + 1
    assert state.active == active


DAY_S = 86400


@pytest.mark.parametrize(
    ("reports", "turns"),
    [
        pytest.param([(0, 80, False)], [], id="full"),
        pytest.param([(0, 14.9, None)], [(0, Turn.RAISED)], id="under 15 %"),
        pytest.param([(0, 15, None)], [], id="15 % is not low"),
        pytest.param([(0, 90, True)], [(0, Turn.RAISED)], id="the device's own flag counts"),
        pytest.param([(0, 10, None), (10, 9, None)], [(0, Turn.RAISED)], id="once"),
        pytest.param(
            [(0, 10, None), (DAY_S, 9, None)],
            [(0, Turn.RAISED), (DAY_S, Turn.REPEATED)],
            id="again after a day",
        ),
        pytest.param(
            [(0, 10, None), (10, 17, None)], [(0, Turn.RAISED)], id="between the limits nothing changes"
        ),
        pytest.param([(0, 10, None), (10, 20, False)], [(0, Turn.RAISED), (10, Turn.ENDED)], id="recovered"),
        pytest.param(
            [(0, None, True), (10, None, False)], [(0, Turn.RAISED), (10, Turn.ENDED)], id="flag alone"
        ),
        pytest.param(
            [(0, 10, None), (1, 30, None), (2, 10, None), (3, 30, None)],
            [(0, Turn.RAISED), (1, Turn.ENDED)],
            id="flapping warns once a day",
        ),
        pytest.param(
            [(0, 10, None), (5, None, None)], [(0, Turn.RAISED)], id="a message without it says nothing"
        ),
    ],
)
def test_battery(reports: list[tuple[int, float | None, bool | None]], turns: list[tuple[int, Turn]]) -> None:
    state, said = Battery(), []
    for at_s, charge, flag in reports:
        state, turn = battery.hear(BatteryRules(), state, charge, flag, at_s * 1000)
        if turn is not None:
            said.append((at_s, turn))
    assert said == turns


def test_a_device_is_lost_after_2_3_heartbeats_once_and_found_again() -> None:
    rules = LivenessRules(heartbeat_s=100)
    state, silent_s = liveness.tick(rules, Liveness(heard_ms=0), 229_999)
    assert silent_s is None
    state, silent_s = liveness.tick(rules, state, 230_000)
    assert silent_s == 230
    state, silent_s = liveness.tick(rules, state, 999_000)
    assert silent_s is None
    state, silent_s = liveness.hear(state, 1_000_000)
    assert silent_s == 1000
    assert liveness.hear(state, 1_000_001)[1] is None


def test_a_device_without_heartbeat_is_never_lost_by_silence() -> None:
    state, silent_s = liveness.tick(LivenessRules(heartbeat_s=None), Liveness(heard_ms=0), 10**12)
    assert (state.lost, silent_s) == (False, None)
    state, silent_s = liveness.lose(state, 5000)
    assert (state.lost, silent_s) == (True, 5)
    assert liveness.lose(state, 6000) == (state, None)


def test_unreadable_input_is_logged_rarely_and_a_fault_when_it_persists() -> None:
    rules, health, logged, turns = (
        InputRules(fault_after=3, fault_for_s=10, log_every_s=60),
        InputHealth(),
        0,
        [],
    )
    for at_s in range(100):
        health, turn, log = inputs.bad(rules, health, at_s * 1000)
        logged += log
        turns += [(at_s, turn)] if turn else []
    assert (logged, turns, health.total) == (2, [(10, Turn.RAISED)], 100)
    health, turn = inputs.good(health)
    assert turn is Turn.ENDED
    assert inputs.good(health)[1] is None


def test_a_burst_of_unreadable_input_is_no_fault() -> None:
    health = InputHealth()
    for _ in range(1000):
        health, turn, _ = inputs.bad(InputRules(), health, 5)
        assert turn is None


@given(failures=st.integers(-5, 10_000), spread=st.floats(0, 1))
def test_back_off_is_bounded(failures: int, spread: float) -> None:
    assert 0.75 <= delay_s(failures, first_s=1, cap_s=30, spread=spread) <= 30


def test_back_off_doubles() -> None:
    assert [delay_s(n, first_s=1, cap_s=30) for n in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
