"""The reconnecting state machine, transition by transition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.uplink.link import (
    BACKOFF_MAX_MS,
    BACKOFF_MIN_MS,
    STEADY_MS,
    Link,
    LinkEvent,
    LinkState,
    backoff_ms,
    step,
)

NOW = 50_000
IN = {state: Link(state, 2, 10_000, 40_000 if state is LinkState.WAITING else None) for state in LinkState}


@pytest.mark.parametrize(
    ("state", "event", "after"),
    [
        (LinkState.IDLE, LinkEvent.START, LinkState.CONNECTING),
        (LinkState.CONNECTING, LinkEvent.ACCEPTED, LinkState.CONNECTED),
        (LinkState.CONNECTING, LinkEvent.FAILED, LinkState.WAITING),
        (LinkState.CONNECTING, LinkEvent.LOST, LinkState.WAITING),
        (LinkState.CONNECTED, LinkEvent.LOST, LinkState.WAITING),
        (LinkState.WAITING, LinkEvent.DUE, LinkState.CONNECTING),
        *[(state, LinkEvent.STOP, LinkState.STOPPED) for state in LinkState],
    ],
)
def test_transitions(state: LinkState, event: LinkEvent, after: LinkState) -> None:
    assert step(IN[state], event, NOW, 0.5).state is after


def test_every_other_event_changes_nothing() -> None:
    allowed = {
        (LinkState.IDLE, LinkEvent.START),
        (LinkState.CONNECTING, LinkEvent.ACCEPTED),
        (LinkState.CONNECTING, LinkEvent.FAILED),
        (LinkState.CONNECTING, LinkEvent.LOST),
        (LinkState.CONNECTED, LinkEvent.LOST),
        (LinkState.WAITING, LinkEvent.DUE),
    }
    for state in LinkState:
        for event in set(LinkEvent) - {LinkEvent.STOP}:
            if (state, event) not in allowed:
                assert step(IN[state], event, NOW, 0.5) == IN[state]


def test_waiting_grows_with_failures_and_begins_anew_after_a_steady_connection() -> None:
    link = step(Link(), LinkEvent.START, 0, 0)
    waits = []
    for _ in range(8):
        link = step(link, LinkEvent.FAILED, 0, 0.999)
        waits.append(link.until_ms or 0)
        link = step(link, LinkEvent.DUE, 0, 0)
    assert waits == sorted(waits)
    assert waits[0] <= 1_000 < waits[-1] <= BACKOFF_MAX_MS
    link = step(link, LinkEvent.ACCEPTED, 0, 0)
    thrown_out = step(link, LinkEvent.LOST, STEADY_MS - 1, 0.999)
    assert thrown_out.attempt == 9
    steady = step(link, LinkEvent.LOST, STEADY_MS, 0.999)
    assert steady.attempt == 1
    assert (steady.until_ms or 0) - STEADY_MS <= 1_000


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_bounded(attempt: int, jitter: float) -> None:
    assert BACKOFF_MIN_MS <= backoff_ms(attempt, jitter) <= BACKOFF_MAX_MS


@given(st.lists(st.sampled_from(list(LinkEvent)), max_size=30))
def test_a_waiting_link_always_knows_until_when(events: list[LinkEvent]) -> None:
    link = Link()
    for now, event in enumerate(events):
        link = step(link, event, now * 1_000, 0.3)
        assert (link.until_ms is not None) == (link.state is LinkState.WAITING)
        if link.until_ms is not None:
            assert BACKOFF_MIN_MS <= link.until_ms - link.since_ms <= BACKOFF_MAX_MS
