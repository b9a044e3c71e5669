"""Sources fail, hang and end; the others go on, and each episode of failure is told once."""

import threading
import time
from collections.abc import Callable

from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.ports import Sink
from edge.agent.supervisor import Restarts, Supervisor
from redwhistle.clock import SystemClock
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.errors import SourceError

CLOCK = BoxClock(SystemClock(), "b" * 32, lambda: True)
QUICK = Restarts(first_s=0.01, most_s=0.02, steady_s=60)


class ListSink:
    def __init__(self) -> None:
        self.events: list[EventSeen] = []
        self.readings: list[ReadingSeen] = []

    def event(self, seen: EventSeen) -> None:
        self.events.append(seen)

    def reading(self, seen: ReadingSeen) -> None:
        self.readings.append(seen)


class ScriptedSource:
    """Runs `script` with the number of the run, from 1."""

    def __init__(self, name: str, script: Callable[[int, threading.Event], None]) -> None:
        self.name = name
        self.script = script
        self.runs = 0

    def run(self, sink: Sink, stop: threading.Event) -> None:
        self.runs += 1
        self.sink = sink
        self.script(self.runs, stop)


def wait(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def _wait_for(event: threading.Event) -> None:
    event.wait()


def fail(_run: int, _stop: threading.Event) -> None:
    raise SourceError("the line is dead\nand\0so on")


def work(_run: int, stop: threading.Event) -> None:
    stop.wait()


def test_a_failing_source_is_restarted_and_told_once_while_others_work() -> None:
    sink = ListSink()
    supervisor = Supervisor(sink, CLOCK, QUICK)
    bad, good = ScriptedSource("camera-1", fail), ScriptedSource("smoke-1", work)
    supervisor.start([bad, good])
    wait(lambda: bad.runs >= 5)
    assert good.runs == 1
    assert supervisor.stop(2) == []
    (event,) = sink.events
    assert (event.device, event.kind) == ("camera-1", EventKind.DEVICE_FAULT)
    assert isinstance(event.data, DeviceData)
    assert event.data.code == "source_failed"
    assert "the line is dead" in (event.data.note or "")


def test_a_recovery_ends_the_episode() -> None:
    sink = ListSink()

    def fail_first_and_third(run: int, stop: threading.Event) -> None:
        if run == 1:
            raise SourceError("once")
        if run == 2:
            wait(lambda: len(sink.events) == 2)
            raise SourceError("again")
        stop.wait()

    supervisor = Supervisor(sink, CLOCK, Restarts(first_s=0.01, most_s=0.02, steady_s=0.05))
    supervisor.start([ScriptedSource("camera-1", fail_first_and_third)])
    wait(lambda: len(sink.events) == 4)
    supervisor.stop(2)
    assert [event.kind for event in sink.events] == [
        EventKind.DEVICE_FAULT,
        EventKind.DEVICE_RECOVERED,
        EventKind.DEVICE_FAULT,
        EventKind.DEVICE_RECOVERED,
    ]


def test_a_source_that_ends_is_not_restarted() -> None:
    sink = ListSink()
    supervisor = Supervisor(sink, CLOCK, QUICK)
    source = ScriptedSource("replay", lambda _run, _stop: None)
    supervisor.start([source])
    wait(lambda: supervisor.names() == [])
    assert source.runs == 1
    assert sink.events == []


def test_a_source_that_hangs_is_left_behind_in_time() -> None:
    release = threading.Event()
    supervisor = Supervisor(ListSink(), CLOCK, QUICK)
    supervisor.start(
        [ScriptedSource("camera-1", lambda _run, _stop: _wait_for(release)), ScriptedSource("b", work)]
    )
    began = time.monotonic()
    assert supervisor.stop(0.3) == ["camera-1"]
    assert time.monotonic() - began < 2
    release.set()


def test_restarts_wait_longer_and_longer() -> None:
    restarts = Restarts()
    waits = [restarts.wait_s(n) for n in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert restarts.wait_s(10**6) == 30
