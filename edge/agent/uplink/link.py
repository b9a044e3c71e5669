"""The connection to the broker as a state machine: pure. The shell feeds it events and acts on the state."""

from dataclasses import dataclass
from enum import StrEnum


class LinkState(StrEnum):
    """Where the connection stands."""

    IDLE = "idle"
    """Not started."""
    CONNECTING = "connecting"
    """An attempt is under way."""
    CONNECTED = "connected"
    """The broker accepted us."""
    WAITING = "waiting"
    """Until the next attempt."""
    STOPPED = "stopped"
    """For good."""


class LinkEvent(StrEnum):
    """What can happen to it."""

    START = "start"
    ACCEPTED = "accepted"
    FAILED = "failed"
    """The attempt did not succeed."""
    LOST = "lost"
    """An accepted connection ended."""
    DUE = "due"
    """The waiting time is over."""
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Link:
    """The state; `attempt` counts failures in a row, times are monotonic milliseconds."""

    state: LinkState = LinkState.IDLE
    attempt: int = 0
    since_ms: int = 0
    until_ms: int | None = None
    """When a waiting link tries again."""


BACKOFF_MIN_MS = 1_000
BACKOFF_MAX_MS = 30_000
STEADY_MS = 10_000
"""A connection that ends sooner counts as a failure, so that a broker that throws us out is not hammered."""


def step(link: Link, event: LinkEvent, now_ms: int, jitter: float) -> Link:
    """The next state; `jitter` in [0, 1) spreads boxes that lost the same broker. An event out of place changes nothing."""
    match link.state, event:
        case (LinkState.STOPPED, _):
            return link
        case (_, LinkEvent.STOP):
            return Link(LinkState.STOPPED, 0, now_ms)
        case (LinkState.IDLE, LinkEvent.START) | (LinkState.WAITING, LinkEvent.DUE):
            return Link(LinkState.CONNECTING, link.attempt, now_ms)
        case (LinkState.CONNECTING, LinkEvent.ACCEPTED):
            return Link(LinkState.CONNECTED, link.attempt, now_ms)
        case (LinkState.CONNECTING, LinkEvent.FAILED | LinkEvent.LOST):
            return _wait(link.attempt, now_ms, jitter)
        case (LinkState.CONNECTED, LinkEvent.LOST):
            return _wait(0 if now_ms - link.since_ms >= STEADY_MS else link.attempt, now_ms, jitter)
        case _:
            return link


def backoff_ms(attempt: int, jitter: float) -> int:
    """Waiting time before attempt `attempt` + 1: doubling from 1 s to 30 s, of which a random half is taken off."""
    full = min(BACKOFF_MIN_MS << min(attempt, 16), BACKOFF_MAX_MS)
    return max(round(full * (0.5 + jitter / 2)), BACKOFF_MIN_MS)


def _wait(attempt: int, now_ms: int, jitter: float) -> Link:
    return Link(LinkState.WAITING, attempt + 1, now_ms, now_ms + backoff_ms(attempt, jitter))
