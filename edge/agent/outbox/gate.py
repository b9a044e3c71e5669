"""A lock for one writer at a time in which an alarm goes before telemetry."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Telemetry waits while an alarm waits. Not re-entrant."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._taken = False
        self._urgent_waiting = 0

    @contextmanager
    def enter(self, *, urgent: bool = False) -> Iterator[None]:
        """Hold the gate; `urgent` ones enter before all others."""
        with self._condition:
            self._urgent_waiting += urgent
            try:
                while self._taken or (self._urgent_waiting and not urgent):
                    self._condition.wait()
            finally:
                self._urgent_waiting -= urgent
            self._taken = True
        try:
            yield
        finally:
            with self._condition:
                self._taken = False
                self._condition.notify_all()
