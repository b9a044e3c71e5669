"""A source over doubled GPIO lines, in a thread, with what it says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edge.agent.observation import EventSeen, Moment, ReadingSeen
from edge.agent.ports import Source
from redwhistle.clock import SystemClock, to_ms

CHIP = "/dev/gpiochip0"
CLOCK = SystemClock()


def moment() -> Moment:
    return Moment(to_ms(CLOCK.now()), CLOCK.monotonic_ms(), synced=True)


class Said:
    """Implements `ports.Sink`."""

    def __init__(self) -> None:
        self.events: list[EventSeen] = []
        self.readings: list[ReadingSeen] = []

    def event(self, seen: EventSeen) -> None:
        self.events.append(seen)

    def reading(self, seen: ReadingSeen) -> None:
        self.readings.append(seen)

    def kinds(self) -> list[tuple[str, str, bool]]:
        return [(each.device, each.kind.value, each.data.active) for each in self.events]

    def codes(self) -> list[tuple[str, str, bool]]:
        return [
            (each.device, str(getattr(each.data, "code", "")), each.data.active)
            for each in self.events
            if hasattr(each.data, "code")
        ]

    def values(self, device: str, metric: str) -> list[float]:
        return [each.value for each in self.readings if (each.device, each.metric) == (device, metric)]


@contextmanager
def running(source: Source) -> Iterator[Said]:
    said, stop = Said(), threading.Event()
    thread = threading.Thread(target=source.run, args=(said, stop))
    thread.start()
    try:
        yield said
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
