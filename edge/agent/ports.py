"""The small interfaces between the parts of the agent, owned by the parts that call them."""

import threading
from collections.abc import Sequence
from typing import Protocol

from edge.agent.observation import EventSeen, ReadingSeen
from redwhistle.contracts.envelope import Ack, Envelope
from redwhistle.contracts.ids import ItemKey, Lane


class Sink(Protocol):
    """Where sources put what they saw. Safe to call from any thread."""

    def event(self, seen: EventSeen) -> None:
        """Keep an event; for the alarm lane it is on disk, synced, when this returns. Raises OutboxError."""

    def reading(self, seen: ReadingSeen) -> None:
        """Keep a reading; it is on disk within a second. Raises OutboxError."""


class Source(Protocol):
    """One sensor family at one connection. Runs in a thread of its own and is restarted when it raises."""

    name: str

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Read until `stop` is set. Raise SourceError for what a restart may cure."""


class Outbox(Protocol):
    """Items on disk between a source and the server's acknowledgement."""

    epoch: str

    def put_event(self, seen: EventSeen) -> ItemKey:
        """Mint an identity and commit; the alarm lane with `synchronous=FULL`. Raises OutboxError."""

    def put_reading(self, seen: ReadingSeen) -> None:
        """Mint an identity and hold for the next flush. Raises OutboxError."""

    def flush(self) -> None:
        """Commit all held readings now."""

    def take(self, lane: Lane, *, limit: int, now_mono_ms: int, resend_after_ms: int) -> Sequence[Envelope]:
        """Envelopes of the oldest rows that were never sent, or not acknowledged within `resend_after_ms`.

        Rows taken are remembered as sent (in memory: after a restart everything unacknowledged is sent again).
        """

    def acknowledge(self, ack: Ack) -> int:
        """Delete the rows that the server holds, the only way a row leaves; return how many. Other epochs: none."""

    def pending(self, lane: Lane) -> int:
        """Rows not yet acknowledged."""


class Wake(Protocol):
    """Lets the outbox tell the uplink that something waits."""

    def __call__(self, lane: Lane) -> None:
        """Something was committed to `lane`."""
