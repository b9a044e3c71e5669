"""One client's connection: takes from its inbox and sends, at the client's own pace, until either side ends it."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE_BYTES = 65_536
"""A long text is sent in pieces, each of which waits until the one before has left: a slow client holds little memory."""
HEADERS = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # a proxy in front must pass each event on at once
}


class Subscription(Protocol):
    """A client's end of the hub."""

    async def take(self) -> Sequence[bytes] | None:
        """Wait for what comes next; None when the stream has ended."""

    def end(self) -> None:
        """The client has gone."""

    def leave(self) -> None:
        """The connection is over."""


class EventStreamResponse(Response):
    """Sends a subscription's events as text/event-stream."""

    media_type = "text/event-stream"

    def __init__(self, subscription: Subscription) -> None:
        super().__init__(headers=HEADERS)
        self._subscription = subscription
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until the client goes, or the subscription ends."""
        del scope
        gone = asyncio.ensure_future(_await_gone(receive))
        gone.add_done_callback(lambda _: self._subscription.end())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while (pieces := await self._subscription.take()) is not None:
                for body in _portions(pieces):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._subscription.leave()


async def _await_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _portions(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """The same bytes, short pieces put together and long ones cut: none longer than `PIECE_BYTES`."""
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        if length and length + len(piece) > PIECE_BYTES:
            yield b"".join(waiting)
            waiting, length = [], 0
        if len(piece) > PIECE_BYTES:
            for start in range(0, len(piece), PIECE_BYTES):
                yield piece[start : start + PIECE_BYTES]
        else:
            waiting.append(piece)
            length += len(piece)
    if length:
        yield waiting[0] if len(waiting) == 1 else b"".join(waiting)
