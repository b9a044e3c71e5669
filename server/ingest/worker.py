"""The loop of one kind of message: take a batch, have it stored, settle it; wait when the database cannot serve."""

import threading
import time
from collections.abc import Sequence
from typing import Protocol

from redwhistle.errors import Blocked, Unavailable
from redwhistle.logs import get_logger
from server.ingest.ports import Answer, Message
from server.ingest.receiver import Delivery, Receiver

log = get_logger(part="ingest")

_RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Handles(Protocol):
    """Stores batches of messages."""

    def handle(self, messages: Sequence[Message]) -> list[Answer]: ...
    def set_aside_whole(self, message: Message, error: Exception) -> list[Answer]: ...


class Meter(Protocol):
    """Counts what went through, for /metrics."""

    def batch(self, kind: str, messages: int, seconds: float) -> None: ...
    def set_aside(self, kind: str) -> None: ...
    def unavailable(self, kind: str) -> None: ...


class Worker:
    """Runs in a thread of its own: `run` returns when `stop` is set, with nothing half done."""

    def __init__(
        self, kind: str, receiver: Receiver, handler: Handles, *, at_most: int, linger_s: float, meter: Meter
    ) -> None:
        self._kind = kind
        self._receiver = receiver
        self._handler = handler
        self._at_most = at_most
        self._linger_s = linger_s
        self._meter = meter

    def run(self, stop: threading.Event) -> None:
        """Handle messages until `stop` is set."""
        while not stop.is_set():
            deliveries = self._receiver.take(at_most=self._at_most, wait_s=0.25, linger_s=self._linger_s)
            if deliveries:
                started = time.perf_counter()
                self._settle(deliveries, stop)
                self._meter.batch(self._kind, len(deliveries), time.perf_counter() - started)

    def _settle(self, deliveries: Sequence[Delivery], stop: threading.Event) -> None:
        try:
            answers = self._store([d.message for d in deliveries], stop)
            if answers is not None:
                self._receiver.settle(deliveries, answers)
        except Exception:  # a worker that ends would leave its share of the messages to nobody
            log.exception("ingest_batch_failed", kind=self._kind, messages=len(deliveries))
            self._receiver.settle(deliveries, [])  # the boxes have no answer and send again

    def _store(self, messages: Sequence[Message], stop: threading.Event) -> list[Answer] | None:
        """The answers, or None when stopped before the database could serve. A batch that cannot be stored is halved."""
        for attempt in range(1_000_000):
            try:
                return self._handler.handle(messages)
            except Unavailable as error:
                self._pause(attempt, error, stop)
                if stop.is_set():
                    return None
            except Exception as error:  # whatever it is, the neighbours go on
                if len(messages) == 1 and isinstance(error, Blocked):
                    return self._leave(messages[0], error)
                if len(messages) == 1:
                    log.exception("ingest_cannot_store", kind=self._kind, topic=messages[0].topic)
                    return self._set_aside(messages[0], error, stop)
                log.warning("ingest_batch_halved", kind=self._kind, messages=len(messages), error=str(error))
                middle = len(messages) // 2
                first = self._store(messages[:middle], stop)
                second = self._store(messages[middle:], stop) if first is not None else None
                return None if first is None or second is None else [*first, *second]
        return None

    def _set_aside(self, message: Message, error: Exception, stop: threading.Event) -> list[Answer] | None:
        self._meter.set_aside(self._kind)
        for attempt in range(1_000_000):
            try:
                return self._handler.set_aside_whole(message, error)
            except Unavailable as unavailable:
                self._pause(attempt, unavailable, stop)
                if stop.is_set():
                    return None
            except Blocked as blocked:
                return self._leave(message, blocked)
            except Exception:
                log.exception("ingest_cannot_set_aside", kind=self._kind, topic=message.topic)
                return []  # not acknowledged to the box, which keeps it and sends it again
        return None

    def _leave(self, message: Message, error: Blocked) -> list[Answer]:
        """Not answered: its box keeps it and sends it again, and the other boxes need not wait for that."""
        self._meter.unavailable(self._kind)
        log.error("ingest_blocked", kind=self._kind, topic=message.topic, error=str(error))
        return []

    def _pause(self, attempt: int, error: Exception, stop: threading.Event) -> None:
        self._meter.unavailable(self._kind)
        wait_s = _RETRY_S[min(attempt, len(_RETRY_S) - 1)]
        log.warning("ingest_waiting_for_database", kind=self._kind, error=str(error), retry_in_s=wait_s)
        stop.wait(wait_s)
