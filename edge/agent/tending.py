"""The outbox's second hand: flush, checkpoint and retry once a second, in a thread of its own."""

import threading
from collections.abc import Callable
from typing import Protocol

from edge.agent.ports import Finding
from redwhistle.errors import OutboxError
from redwhistle.logs import get_logger


class Tended(Protocol):
    """What is tended: the outbox."""

    def tend(self) -> None:
        """Raises OutboxError."""

    def take_findings(self) -> list[Finding]:
        """What was unusual since the last call."""


class Tender:
    """Tends each second until stopped, and passes on what the outbox found.

    A failure is logged when it begins, each minute, and when it ends.
    """

    def __init__(
        self, outbox: Tended, report: Callable[[Finding], None], every_s: float = 1.0, remind_s: float = 60.0
    ) -> None:
        self._report = report
        self._outbox = outbox
        self._every_s = every_s
        self._remind = max(round(remind_s / every_s), 1)
        self._log = get_logger()
        self._stop = threading.Event()
        self._failures = 0
        self.rounds = 0
        """Completed since the start: a watchdog sees that the agent lives."""
        self._thread = threading.Thread(target=self._run, name="outbox-tender", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.tend_once()
            self.rounds += 1

    def tend_once(self) -> None:
        """One round; never raises."""
        try:
            self._outbox.tend()
        except OutboxError as error:
            if self._failures % self._remind == 0:
                self._log.error("outbox_failing", why=str(error), rounds=self._failures + 1)
            self._failures += 1
        except Exception as error:
            self._log.exception("outbox_tender_failed", why=f"{type(error).__name__}: {error}")
        else:
            if self._failures:
                self._log.info("outbox_recovered", rounds=self._failures)
            self._failures = 0
        try:
            for finding in self._outbox.take_findings():
                self._report(finding)
        except Exception as error:
            self._log.exception("finding_not_reported", why=f"{type(error).__name__}: {error}")
