"""A sink that keeps what a source says, and the machine's own clock: what tests of sources at real peers need."""

from edge.agent.observation import EventSeen, Moment, ReadingSeen
from redwhistle.clock import SystemClock, to_ms
from redwhistle.contracts.events import DeviceData
from redwhistle.errors import OutboxError

CLOCK = SystemClock()


def moment(skew_ms: int = 0) -> Moment:
    """Now, with a wall clock that is right; a monotonic clock that runs ahead, where a test skips some time."""
    return Moment(to_ms(CLOCK.now()), CLOCK.monotonic_ms() + skew_ms, synced=True)


class RecordingSink:
    """Keeps what it is given; refuses the first `refusals` events, as a full disk would."""

    def __init__(self, refusals: int = 0) -> None:
        self.events: list[EventSeen] = []
        self.readings: list[ReadingSeen] = []
        self.refusals = refusals

    def event(self, seen: EventSeen) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OutboxError("the disk is full: free some space")
        self.events.append(seen)

    def reading(self, seen: ReadingSeen) -> None:
        self.readings.append(seen)

    def kinds(self, device: str | None = None) -> list[tuple[str, bool]]:
        """Kind and whether it begins, of each event; of one device where one is named."""
        return [(e.kind.value, e.data.active) for e in self.events if device in (None, e.device)]

    def said(self) -> list[tuple[str, str, bool]]:
        """Device, kind and whether it begins, of each event."""
        return [(e.device, e.kind.value, e.data.active) for e in self.events]

    def told(self) -> list[tuple[str, str, bool]]:
        """As `said`, with the code of a fault in the place of its kind."""
        return [
            (
                e.device,
                (e.data.code if isinstance(e.data, DeviceData) else None) or e.kind.value,
                e.data.active,
            )
            for e in self.events
        ]

    def codes(self) -> list[tuple[str, str, bool]]:
        """Device, code and whether it begins, of each event that has room for a code."""
        coded = [(e, getattr(e.data, "code", None)) for e in self.events if hasattr(e.data, "code")]
        return [(e.device, str(code), e.data.active) for e, code in coded]

    def values(self, device: str, metric: str) -> list[float]:
        """What one device measured."""
        return [r.value for r in self.readings if (r.device, r.metric) == (device, metric)]
