"""The two state machines: a camera's reader and the local broker's connection."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.policy import link, reader
from edge.agent.policy.latch import Turn
from edge.agent.policy.link import LinkLimits, LinkPhase
from edge.agent.policy.reader import ReaderAct, ReaderLimits, ReaderPhase

LIMITS = ReaderLimits(stall_s=20, first_s=1, cap_s=30)


def test_a_hung_reader_is_killed_once_said_once_and_replaced() -> None:
    state = reader.begin(0)
    state, acts = reader.tick(LIMITS, state, 0)
    assert acts == (ReaderAct.START,)
    state, acts = reader.frame_came(state, 1000)
    assert acts == ()
    state = reader.asked(state, 1250)
    state, acts = reader.tick(LIMITS, state, 21_249)
    assert acts == ()
    state, acts = reader.tick(LIMITS, state, 21_250)
    assert acts == (ReaderAct.KILL, ReaderAct.SAY_STALLED)
    assert reader.silent_s(state, 21_250) == pytest.approx(20.25)
    state, acts = reader.tick(LIMITS, state, 22_250)
    assert acts == (ReaderAct.START,)
    state, acts = reader.tick(LIMITS, state, 42_250)
    assert acts == (ReaderAct.KILL,)
    state = replace(state, next_start_ms=0)
    state, acts = reader.tick(LIMITS, state, 45_000)
    state, acts = reader.frame_came(state, 46_000)
    assert acts == (ReaderAct.SAY_RECOVERED,)
    assert reader.frame_came(state, 46_250)[1] == ()


def test_a_reader_is_not_killed_before_it_could_open_and_the_stall_is_said_in_time() -> None:
    limits = ReaderLimits(stall_s=1, first_s=1, cap_s=30, open_s=15)
    state, _ = reader.tick(limits, reader.begin(0), 0)
    state, acts = reader.tick(limits, state, 1000)
    assert acts == (ReaderAct.SAY_STALLED,)
    state, acts = reader.tick(limits, state, 14_999)
    assert acts == ()
    assert reader.tick(limits, state, 15_000)[1] == (ReaderAct.KILL,)
    state, acts = reader.frame_came(state, 14_999)
    assert acts == (ReaderAct.SAY_RECOVERED,)
    state = reader.asked(state, 15_000)
    assert ReaderAct.KILL in reader.tick(limits, state, 16_000)[1]


def test_a_reader_that_dies_at_once_is_retried_ever_more_slowly_and_said_after_the_stall_time() -> None:
    state, starts, said = reader.begin(0), [], []
    for now_ms in range(0, 120_000, 250):
        state, acts = reader.tick(LIMITS, state, now_ms)
        said += [now_ms] if ReaderAct.SAY_STALLED in acts else []
        if ReaderAct.START in acts:
            starts.append(now_ms)
            state = reader.exited(LIMITS, state, now_ms)
    assert [b - a for a, b in pairwise(starts)] == [
        1000,
        2000,
        4000,
        8000,
        16000,
        30000,
        30000,
    ]
    assert said == [20_000]


def test_a_short_loss_is_not_said_and_a_steady_stream_forgives_failures() -> None:
    state, _ = reader.tick(LIMITS, reader.begin(0), 0)
    for now_ms in range(250, 12_000, 250):
        state, _ = reader.frame_came(state, now_ms)
    state = reader.exited(LIMITS, state, 12_000)
    assert state.failures == 1
    state, acts = reader.tick(LIMITS, state, 13_000)
    assert acts == (ReaderAct.START,)
    assert reader.frame_came(state, 13_500)[1] == ()


def test_an_ended_file_is_left_alone() -> None:
    state = reader.ended(reader.begin(0))
    assert reader.tick(LIMITS, state, 10**9) == (state, ())


@given(
    st.lists(
        st.tuples(st.integers(0, 15_000), st.sampled_from(["tick", "frame", "exit", "ask"])), max_size=80
    )
)
def test_reader_invariants(steps: list[tuple[int, str]]) -> None:
    """At most one process; a stall is said once until a frame comes; nothing hangs longer than the stall time."""
    state, now_ms, running, said = reader.begin(0), 0, False, False
    for gap_ms, what in steps:
        now_ms += gap_ms
        acts: tuple[ReaderAct, ...] = ()
        if what == "tick":
            waited_s = (now_ms - state.asked_ms) / 1000
            state, acts = reader.tick(LIMITS, state, now_ms)
            if running and waited_s >= LIMITS.stall_s:
                assert ReaderAct.KILL in acts
        elif running and what == "frame":
            state, acts = reader.frame_came(state, now_ms)
        elif running and what == "exit":
            state, running = reader.exited(LIMITS, state, now_ms), False
        elif running and what == "ask" and state.phase is ReaderPhase.STREAMING:
            state = reader.asked(state, now_ms)
        for act in acts:
            if act is ReaderAct.START:
                assert not running
                running = True
            elif act is ReaderAct.KILL:
                assert running
                running = False
            elif act is ReaderAct.SAY_STALLED:
                assert not said
                said = True
            else:
                assert said
                said = False


def test_link_backs_off_says_a_fault_once_and_ends_it() -> None:
    limits = LinkLimits(answer_s=10, fault_s=30)
    state, tries, faults = link.begin(0), [], []
    for now_ms in range(0, 100_000, 500):
        state, turn = link.tick(limits, state, now_ms)
        faults += [now_ms] if turn is Turn.RAISED else []
        if link.is_due(state, now_ms):
            tries.append(now_ms)
            state = link.failed(limits, link.connecting(state, now_ms), now_ms, 0.0)
    assert tries == [0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000]
    assert faults == [30_000]
    state, turn = link.connected(link.connecting(state, 100_000), 100_500)
    assert (turn, state.phase) == (Turn.ENDED, LinkPhase.CONNECTED)
    state = link.failed(limits, state, 200_000, 1.0)
    assert (state.failures, state.next_try_ms) == (1, 200_750)
    assert link.tick(limits, state, 229_999)[1] is None
    assert link.tick(limits, state, 230_000)[1] is Turn.RAISED


def test_link_gives_up_on_a_broker_that_accepts_and_says_nothing() -> None:
    state = link.connecting(link.begin(0), 0)
    assert not link.has_no_answer(LinkLimits(), state, 9_999)
    assert link.has_no_answer(LinkLimits(), state, 10_000)
