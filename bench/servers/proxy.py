"""A TCP proxy on 127.0.0.1 whose line can be cut, stalled, swallowed, slowed and healed."""

import asyncio
import contextlib
import socket
import struct
import threading
from enum import StrEnum
from types import TracebackType
from typing import Self

from server.embedded.ports import LOOPBACK

_CHUNK_BYTES = 64 * 1024


class Line(StrEnum):
    """What becomes of bytes and connections."""

    OPEN = "open"
    """Everything passes."""
    CUT = "cut"
    """Connections are reset, new ones too, at once: the other side knows."""
    STALLED = "stalled"
    """Connections stand, new ones are accepted, nothing moves; all of it arrives after healing (a long outage as
    TCP sees it). The other side does not know."""
    BLACK_HOLE = "black hole"
    """Bytes are taken and thrown away, new connections are accepted and never answered. Connections that lost bytes
    are reset when the line heals."""


class CuttableProxy:
    """Forwards `port` to `target_port` of 127.0.0.1; a context manager. The methods may be called from any thread."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.port = 0
        self._line = Line.OPEN
        self._bytes_per_s: float | None = None
        self._moves = asyncio.Event()
        self._links: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @property
    def line(self) -> Line:
        """The line's state now."""
        return self._line

    @property
    def connections(self) -> int:
        """Connections that stand now."""
        return len(self._links)

    def cut(self) -> None:
        """Reset every connection, and new ones until healed."""
        self._set(Line.CUT)

    def stall(self) -> None:
        """Hold everything until healed; nothing is lost."""
        self._set(Line.STALLED)

    def black_hole(self) -> None:
        """Swallow everything until healed."""
        self._set(Line.BLACK_HOLE)

    def heal(self) -> None:
        """Let everything pass again."""
        self._set(Line.OPEN)

    def limit(self, bytes_per_s: float | None) -> None:
        """Slow each direction of each connection to about so many bytes a second; None for no limit."""
        self._bytes_per_s = bytes_per_s

    def start(self) -> None:
        """Begin to listen on `port`."""
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, LOOPBACK, self.port, limit=_CHUNK_BYTES), self._loop
        ).result(10)
        self._server = server
        self.port = server.sockets[0].getsockname()[1]
        self._set(self._line)

    def stop(self) -> None:
        """Close everything."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _set(self, line: Line) -> None:
        done = threading.Event()

        def apply() -> None:
            self._line = line
            for link in list(self._links):
                if line is Line.CUT or (line is not Line.BLACK_HOLE and link.lossy):
                    link.reset()
            if line is Line.STALLED:
                self._moves.clear()
            else:
                self._moves.set()
            done.set()

        self._loop.call_soon_threadsafe(apply)
        if not done.wait(10):
            raise TimeoutError("the proxy does not answer")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(writer)
        self._links.add(link)
        try:
            if self._line is Line.CUT:
                return
            if self._line is Line.BLACK_HOLE:
                link.lossy = True
                while await reader.read(_CHUNK_BYTES):
                    pass
                return
            await self._moves.wait()
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.target_port)
            link.far = far_writer
            if link.ended:
                return
            pumps = [
                asyncio.ensure_future(self._pump(link, reader, far_writer)),
                asyncio.ensure_future(self._pump(link, far_reader, writer)),
            ]
            _, pending = await asyncio.wait(pumps, return_when=asyncio.FIRST_EXCEPTION)
            for pump in pending:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            link.reset()
            self._links.discard(link)

    async def _pump(self, link: "_Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await self._moves.wait()
            data = await reader.read(_CHUNK_BYTES)
            await self._moves.wait()
            if not data:
                # Half-closed: tell the other side, let it finish what it says.
                if writer.can_write_eof():
                    writer.write_eof()
                return
            if self._line is Line.BLACK_HOLE:
                link.lossy = True
                continue
            if self._bytes_per_s is not None:
                await asyncio.sleep(len(data) / self._bytes_per_s)
            writer.write(data)
            await writer.drain()

    async def _close(self) -> None:
        self._server.close()
        self._moves.set()
        for link in list(self._links):
            link.reset()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Link:
    """One connection through the proxy; `lossy` once bytes of it were swallowed."""

    def __init__(self, near: asyncio.StreamWriter) -> None:
        self.near = near
        self.far: asyncio.StreamWriter | None = None
        self.lossy = False
        self.ended = False

    def reset(self) -> None:
        """Close both ends with a TCP reset, as a failing network does."""
        self.ended = True
        for writer in (self.near, self.far):
            if writer is not None:
                _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
