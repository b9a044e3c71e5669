"""Stands in for the sensors: tells one simulator a compound what its devices say, as the story has it."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from server.demo import story
from server.demo.story import Beat

_KNOCK_EVERY_S = 1.0
_KEPT = 64


class Voice(Protocol):
    """A simulator that speaks for the devices of one box."""

    def say(self, beat: Beat, heard: Callable[[float, str], None]) -> None:
        """Let a device say it; `heard` gets the Unix time at which it went out, and what went out."""


class Feeder:
    """`voices`: of each box. `told` hears each message of the story as it went out; calm messages go untold."""

    def __init__(self, voices: Mapping[str, Voice], told: Callable[[Beat, str], None]) -> None:
        self._voices = voices
        self._told = told
        self._said: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._lock = threading.Lock()
        self._begin = threading.Event()

    def begin(self) -> None:
        """Let the story begin; until then only calm messages go out, one a second."""
        self._begin.set()

    def published_s(self, box: str, device: str, before_s: float) -> float | None:
        """When (Unix time) this device last said that something is wrong, at `before_s` or earlier."""
        with self._lock:
            return max((at_s for at_s in self._said[box, device] if at_s <= before_s), default=None)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Telling the story while the block runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,), name="feeder")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        while not self._begin.is_set() and not stop.is_set():
            self._play(story.calm(), stop)
            self._begin.wait(_KNOCK_EVERY_S)
        self._play(story.opening(), stop)
        began_s, number = time.monotonic(), 0
        while not stop.is_set():
            self._play(story.calm(), stop)
            if time.monotonic() - began_s >= (number + 1) * story.SCENE_EVERY_S:
                self._play(story.scene(number), stop)
                number += 1
            next_s = min(story.CALM_EVERY_S, began_s + (number + 1) * story.SCENE_EVERY_S - time.monotonic())
            stop.wait(max(next_s, 0.0))

    def _play(self, beats: Sequence[Beat], stop: threading.Event) -> None:
        began_s = time.monotonic()
        for beat in beats:
            if stop.wait(max(began_s + beat.after_s - time.monotonic(), 0.0)):
                return
            self._say(beat)

    def _say(self, beat: Beat) -> None:
        said_s = time.time()
        times = self._said[beat.compound.box, beat.device.id]
        if beat.alarming:
            with self._lock:
                times.append(said_s)
                del times[:-_KEPT]

        def heard(at_s: float, what: str) -> None:
            """It waited for its turn at the simulator: latency counts from when it went out."""
            with self._lock:
                if said_s in times:
                    times[times.index(said_s)] = at_s
            if beat.alarming or "card" in beat.options:
                self._told(beat, what)

        self._voices[beat.compound.box].say(beat, heard)
