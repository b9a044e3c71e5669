"""Bodies are read here, whole, before anything else is asked: of bounded size, within bounded time."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.middleware.wire import header, refuse
from server.api.problems import Code

WITHIN_S = 30.0
WITHOUT = frozenset({"GET", "HEAD", "OPTIONS"})


class Bodies:
    """Refuses a body over `max_bytes` (also a chunked one that does not say its length) and one that comes too slowly."""

    def __init__(self, app: ASGIApp, max_bytes: int, within_s: float = WITHIN_S) -> None:
        self._app = app
        self._max = max_bytes
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in WITHOUT:
            await self._app(scope, receive, send)
            return
        length = header(scope, b"content-length") or "0"
        if not (length.isascii() and length.isdigit()) or int(length) > self._max:
            await self._too_large(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._within_s):
                body = await self._read(receive)
        except TimeoutError:
            detail = f"the request did not arrive within {self._within_s:.0f} s: send it again"
            await refuse(scope, receive, send, Code.TOO_SLOW, detail)
            return
        if body is None:
            return  # the client has gone
        if len(body) > self._max:
            await self._too_large(scope, receive, send)
            return
        given = False

        async def receive_read() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_read, send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The body, up to one byte more than is allowed; None when the client goes away."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            if size > self._max or not message.get("more_body", False):
                return b"".join(parts)

    async def _too_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        await refuse(scope, receive, send, Code.TOO_LARGE, f"a request may have {self._max} bytes: send less")
