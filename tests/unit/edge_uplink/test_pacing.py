"""The window and the patience."""

from hypothesis import given
from hypothesis import strategies as st

from edge.agent.uplink.pacing import FULL_BATCH, MAX_UNCONFIRMED, SMALLEST_BATCH, Window, resend_after_ms
from redwhistle.contracts.ids import Lane


def test_a_fast_link_opens_the_window_and_a_slow_one_closes_it() -> None:
    window = Window()
    for _ in range(10):
        window = window.confirmed(20)
    assert window == Window(MAX_UNCONFIRMED, FULL_BATCH)
    window = window.confirmed(1_500)
    assert window == Window(1, FULL_BATCH // 2)
    for _ in range(10):
        window = window.confirmed(5_000)
    assert window == Window(1, SMALLEST_BATCH)


@given(st.lists(st.integers(0, 100_000)))
def test_the_window_never_leaves_its_bounds(confirmations: list[int]) -> None:
    window = Window()
    for took_ms in confirmations:
        window = window.confirmed(took_ms)
        assert 1 <= window.unconfirmed <= MAX_UNCONFIRMED
        assert SMALLEST_BATCH <= window.items <= FULL_BATCH


def test_resending_slows_down_while_the_server_is_silent_and_alarms_are_quicker() -> None:
    assert [resend_after_ms(Lane.TELEMETRY, s * 1000) for s in (0, 10, 40, 10_000)] == [
        5_000,
        5_000,
        20_000,
        60_000,
    ]
    assert [resend_after_ms(Lane.ALARM, s * 1000) for s in (0, 4, 20, 10_000)] == [
        2_000,
        2_000,
        10_000,
        15_000,
    ]


@given(st.integers(0, 10**9))
def test_alarms_never_wait_longer_than_telemetry(silent_ms: int) -> None:
    assert resend_after_ms(Lane.ALARM, silent_ms) <= resend_after_ms(Lane.TELEMETRY, silent_ms)
