"""Runs each source in a thread, restarts it when it fails, and says so once for each episode of failure."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen
from edge.agent.ports import Sink, Source
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.errors import OutboxError
from redwhistle.logs import get_logger

SOURCE_FAILED = "source_failed"


@dataclass(frozen=True, slots=True)
class Restarts:
    """Times of restarting, in seconds."""

    first_s: float = 1.0
    """Before the first restart; doubling with each further failure."""
    most_s: float = 30.0
    steady_s: float = 60.0
    """A source that ran so long has recovered; its next failure is a new episode."""

    def wait_s(self, failures: int) -> float:
        """Before the restart that follows `failures` (≥ 1) failures in a row."""
        return float(min(self.first_s * 2 ** min(failures - 1, 16), self.most_s))


class Supervisor:
    """Owns the sources' threads. A box starts with any of its devices missing: a source that cannot open is retried."""

    def __init__(self, sink: Sink, clock: BoxClock, restarts: Restarts | None = None) -> None:
        self._sink = sink
        self._clock = clock
        self._restarts = restarts or Restarts()
        self._log = get_logger()
        self._running: list[_Running] = []

    def start(self, sources: Iterable[Source]) -> None:
        """Run `sources` beside those that run already."""
        for source in sources:
            running = _Running(source, self._sink, self._clock, self._restarts)
            self._running.append(running)
            running.start()

    def stop(self, timeout_s: float) -> list[str]:
        """Ask all sources to stop and wait; return the names of those that did not (their threads are left behind)."""
        stopping, self._running = self._running, []
        end = time.monotonic() + timeout_s
        for running in stopping:
            running.stop.set()
        late = [r.source.name for r in stopping if not r.join(max(end - time.monotonic(), 0))]
        for name in late:
            self._log.error(
                "source_did_not_stop", source=name, why=f"not within {timeout_s} s; its thread is left behind"
            )
        return late

    def names(self) -> list[str]:
        """Of the sources whose threads live."""
        return [running.source.name for running in self._running if running.is_alive()]


class _Running:
    """One source and its thread."""

    def __init__(self, source: Source, sink: Sink, clock: BoxClock, restarts: Restarts) -> None:
        self.source = source
        self.stop = threading.Event()
        self._sink = sink
        self._clock = clock
        self._restarts = restarts
        self._log = get_logger(source=source.name)
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"source-{source.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self.stop.is_set():
            began_ms = self._clock.mono_ms()
            steady = threading.Timer(self._restarts.steady_s, self._note_steady)
            steady.daemon = True
            steady.start()
            try:
                self.source.run(self._sink, self.stop)
            except Exception as error:
                steady.cancel()
                if self.stop.is_set():
                    return
                ran_s = (self._clock.mono_ms() - began_ms) / 1000
                self._note_failure(error, ran_s)
                self.stop.wait(self._restarts.wait_s(self._failures))
            else:
                steady.cancel()
                if not self.stop.is_set():
                    self._log.info("source_ended", why="it has nothing more to read")
                    self._note_steady()
                return

    def _note_failure(self, error: Exception, ran_s: float) -> None:
        self._failures += 1
        why = f"{type(error).__name__}: {error}"
        wait_s = self._restarts.wait_s(self._failures)
        if self._failures == 1:
            self._log.error("source_failed", why=why, ran_s=round(ran_s, 1), restart_s=wait_s, exc_info=error)
            self._report(EventKind.DEVICE_FAULT, DeviceData(code=SOURCE_FAILED, note=_as_note(why)))
        else:
            self._log.warning("source_failed", why=why, failures=self._failures, restart_s=wait_s)

    def _note_steady(self) -> None:
        if self._failures and not self.stop.is_set():
            self._failures = 0
            self._log.info("source_recovered")
            self._report(EventKind.DEVICE_RECOVERED, DeviceData(code=SOURCE_FAILED, active=False))

    def _report(self, kind: EventKind, data: DeviceData) -> None:
        try:
            self._sink.event(EventSeen(self.source.name, kind, data, self._clock.moment()))
        except OutboxError as error:
            self._log.error("report_lost", kind=kind.value, why=str(error))


def _as_note(text: str) -> str:
    """`text` as the wire takes it: no control characters, at most 1,000."""
    return "".join(c if c >= " " and not "\ud800" <= c <= "\udfff" else " " for c in text)[:1000]
