"""Commands from the server: checked, run once, one after another, and always answered."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from edge.agent.moments import BoxClock
from edge.agent.ports import Outbox
from redwhistle.contracts.codec import decode_command
from redwhistle.contracts.commands import Command, Reply, ReplyStatus
from redwhistle.errors import ActuatorError, ContractError, OutboxError, RedWhistleError
from redwhistle.logs import get_logger

Handler = Callable[[Command], dict[str, Any]]
"""Does what is asked and returns the reply's data; raises a RedWhistleError to refuse (an ActuatorError: it
was tried and failed), with the reason for people."""

_WAITING = 100


class CommandRunner:
    """Commands run in a thread of their own: none of them holds up an alarm.

    A command runs at most once: its id is on disk before it begins. One that was retained by the broker, has
    expired or was seen before is not run. While this box's clock is not synchronised, expiry cannot be judged
    and does not count; the broker's own message expiry and the ids still hold.
    """

    def __init__(
        self,
        box: str,
        clock: BoxClock,
        outbox: Outbox,
        handlers: Mapping[str, Handler],
        answer: Callable[[Reply], None],
    ) -> None:
        self._box = box
        self._clock = clock
        self._outbox = outbox
        self._handlers = dict(handlers)
        self._answer = answer
        self._log = get_logger()
        self._queue: queue.Queue[tuple[bytes, bool] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="commands", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Let the running command end, drop those that wait, and end the thread."""
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def take(self, payload: bytes, retained: bool) -> None:
        """Queue a command and return at once; beyond a hundred that wait, new ones are dropped and logged."""
        try:
            self._queue.put_nowait((payload, retained))
        except queue.Full:
            self._log.error("command_dropped", why=f"{_WAITING} commands wait already; send it again later")

    def handle(self, payload: bytes, *, retained: bool) -> Reply | None:
        """Check and run one command; None for bytes that are no command (there is nothing to answer to)."""
        try:
            command = decode_command(payload)
        except ContractError as error:
            self._log.error("command_unreadable", code=error.code, why=error.detail)
            return None
        now = self._clock.moment()
        if retained:
            return self._reply(
                command, ReplyStatus.REFUSED, "a command must not be retained: publish it without retain"
            )
        if now.synced and now.at_ms > command.expires_at_ms:
            return self._reply(command, ReplyStatus.EXPIRED, "it expired before it arrived")
        handler = self._handlers.get(command.name)
        if handler is None:
            known = ", ".join(sorted(self._handlers))
            return self._reply(
                command, ReplyStatus.REFUSED, f"this box knows no command {command.name}; it knows {known}"
            )
        try:
            if not self._outbox.remember_command(command.id):
                return self._reply(command, ReplyStatus.DUPLICATE, "a command with this id ran before")
        except OutboxError as error:
            return self._reply(command, ReplyStatus.REFUSED, str(error))
        return self._run_handler(handler, command)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                reply = self.handle(item[0], retained=item[1])
            except Exception as error:
                self._log.exception("command_failed", why=f"{type(error).__name__}: {error}")
                continue
            if reply is not None:
                self._answer(reply)

    def _run_handler(self, handler: Handler, command: Command) -> Reply:
        try:
            data = handler(command)
        except ActuatorError as error:
            return self._reply(command, ReplyStatus.FAILED, str(error))
        except RedWhistleError as error:
            return self._reply(command, ReplyStatus.REFUSED, str(error))
        except Exception as error:
            self._log.exception("command_failed", command=str(command.id), name=command.name)
            return self._reply(command, ReplyStatus.FAILED, f"{type(error).__name__}: {error}")
        return self._reply(command, ReplyStatus.DONE, "", data)

    def _reply(
        self, command: Command, status: ReplyStatus, detail: str, data: dict[str, Any] | None = None
    ) -> Reply:
        self._log.info(
            "command_answered",
            command=str(command.id),
            name=command.name,
            status=status.value,
            why=detail or None,
        )
        text = "".join(c if c >= " " or c == "\n" else " " for c in detail)[:1000]
        return Reply(
            command=command.id,
            box=self._box,
            status=status,
            detail=text,
            at_ms=self._clock.moment().at_ms,
            data=data or {},
        )
