"""How much telemetry may be under way, and how long to wait for the server: pure."""

from dataclasses import dataclass, replace

from redwhistle.contracts.ids import Lane

FULL_BATCH = 500
SMALLEST_BATCH = 25
MAX_UNCONFIRMED = 8
FAST_MS = 250
SLOW_MS = 1_000


@dataclass(frozen=True, slots=True)
class Window:
    """What the link bears: envelopes that the broker has not confirmed yet, and items in each.

    It begins small, grows while confirmations come fast and shrinks when they take long, so that what lies in the
    socket's buffer before an alarm is about a second's worth on any link.
    """

    unconfirmed: int = 1
    items: int = 100

    def confirmed(self, took_ms: int) -> "Window":
        """The window after a telemetry envelope was confirmed `took_ms` after it was handed over."""
        if took_ms <= FAST_MS:
            return Window(min(self.unconfirmed + 1, MAX_UNCONFIRMED), min(self.items * 2, FULL_BATCH))
        if took_ms > SLOW_MS:
            return Window(1, max(self.items // 2, SMALLEST_BATCH))
        return replace(self, unconfirmed=max(self.unconfirmed - 1, 1)) if took_ms > SLOW_MS // 2 else self


def resend_after_ms(lane: Lane, silent_ms: int) -> int:
    """When an unacknowledged item goes again, if the server has been silent for `silent_ms` while something waited.

    Doubling with the silence: telemetry from 5 s to 60 s, alarms from 2 s to 15 s.
    """
    least, most = (2_000, 15_000) if lane is Lane.ALARM else (5_000, 60_000)
    return min(max(silent_ms // 2, least), most)
