"""Plays a recorded log into the sink, on an absolute schedule: a late line does not make the next one later."""

import threading
from itertools import count

from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.ports import Sink
from edge.agent.sources.replay_log import LogLine, ReadingLine, check_log, read_log
from edge.agent.sources.replay_settings import ReplaySettings
from redwhistle.errors import SourceError


class ReplaySource:
    """The whole log is checked before its first line is played. After a failure it goes on where it stood."""

    def __init__(self, settings: ReplaySettings, clock: BoxClock) -> None:
        self.name = settings.name
        self._settings = settings
        self._clock = clock
        self._began_ms: int | None = None
        self._next = (0, 0)
        """Round and line number from which to play."""

    def run(self, sink: Sink, stop: threading.Event) -> None:
        settings = self._settings
        length_s = check_log(settings.file)
        if length_s <= 0 and settings.loop:
            raise SourceError(
                f"{settings.file}: all lines have t_s 0, which cannot be looped; give the last line a time"
            )
        if self._began_ms is None:
            self._began_ms = self._clock.mono_ms()
        rounds = count() if settings.loop else range(settings.repeat)
        for played in rounds:
            if played < self._next[0]:
                continue
            for number, line in read_log(settings.file):
                if (played, number) < self._next:
                    continue
                due_ms = self._began_ms + (played * length_s + line.t_s) * 1000 / settings.speed
                if not self._wait_until(due_ms, stop):
                    return
                self._play(line, sink)
                self._next = (played, number + 1)
            self._next = (played + 1, 0)

    def _wait_until(self, due_ms: float, stop: threading.Event) -> bool:
        """False when told to stop."""
        late_ms = self._clock.mono_ms() - due_ms
        return not (stop.is_set() if late_ms >= 0 else stop.wait(-late_ms / 1000))

    def _play(self, line: LogLine, sink: Sink) -> None:
        moment = self._clock.moment()
        exercise = self._settings.exercise
        if isinstance(line, ReadingLine):
            sink.reading(ReadingSeen(line.device, line.metric, line.value, moment, exercise))
        else:
            sink.event(
                EventSeen(line.device, line.kind, line.typed_data(), moment, line.test, line.place, exercise)
            )
