"""What the uplink is put together from: the connection it needs, what it asks of the agent, and its times."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.agent.uplink.connection import Signal
from redwhistle.contracts.state import BoxState
from redwhistle.contracts.topics import Leaf


class Connection(Protocol):
    """One connection to the broker: `connection.MqttConnection`, or a double."""

    def open(self, will: bytes) -> None:
        """Raises LinkError."""

    def publish(self, leaf: Leaf, payload: bytes, *, retain: bool = False) -> int:
        """Raises LinkError."""

    def close(self) -> None: ...


Connect = Callable[[Callable[[Signal], None]], Connection]
"""Makes an unopened connection that puts its signals where it is told."""
DescribeState = Callable[[bool, str | None], BoxState]
"""The box's state message for (online, reason)."""
TakeCommand = Callable[[bytes, bool], None]
"""Gets each command's bytes and whether it was retained; returns at once."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of the uplink in milliseconds, all by the monotonic clock."""

    accept_ms: int = 10_000
    """For the broker's answer to our CONNECT."""
    telemetry_ms: int = 1_000
    """Between telemetry envelopes while there is no backlog."""
    silent_ms: int = 120_000
    """Without any acknowledgement while items are under way: the connection is opened anew."""
    tick_ms: int = 200
    farewell_ms: int = 1_500
