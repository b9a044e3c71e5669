"""One connection, with bounded patience: a request's head has to arrive whole, in time, and of bounded size.

uvicorn bounds neither, so that a few bytes a minute would hold a connection for ever.
"""

import asyncio
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 20.0
MAX_HEAD_BYTES = 32 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a limit on size and time of a request's head."""

    head_s = HEAD_S
    max_head_bytes = MAX_HEAD_BYTES

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._head_bytes = 0
        """Received while a head was open: counts what the parser still holds, too."""
        self._read_bytes = 0
        """Of the head, as read by the parser."""
        self._in_head = False
        self._head_timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The clock of the first head begins to run."""
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head, then read it."""
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > self.max_head_bytes and not self.transport.is_closing():
            self._give_up(_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A head begins, maybe of a further request on the connection."""
        super().on_message_begin()
        self._read_bytes = 0
        if not self._in_head:
            self._begin_head()

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line of the head."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._end_head()
        super().on_headers_complete()

    def _count(self, size: int) -> None:
        self._read_bytes += size
        if self._read_bytes > self.max_head_bytes:
            raise ValueError("the request's head is too large")  # the parser gives up, and answers 400

    def _begin_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._head_timer = self.loop.call_later(self.head_s, self._too_slow)

    def _end_head(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        if self._in_head and not self.transport.is_closing():
            self._give_up(_TOO_SLOW if self._head_bytes else b"")

    def _give_up(self, answer: bytes) -> None:
        self._end_head()
        if answer:
            self.transport.write(answer)
        self.transport.close()
