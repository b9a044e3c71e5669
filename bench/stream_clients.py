"""Child of the stream's benchmark: thousands of real clients of the live stream in one process, on bare connections.

Task: port, tokens, clients, events (how many changes each client is to get), within_s (of silence, then it gives up), out
(file). Answer: got (deliveries), ended (streams that ended), resets, connected_s, processor_s. The file holds for each delivery the
item's number, its count and when it was received (ns of the machine's monotonic clock), as int64 of shape (n, 3).

What many clients receive is mostly the same bytes: they are read once.
"""

import asyncio
import re
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import cast

import numpy as np

from bench.child import await_go, give_answer, read_task
from bench.sse import ChunkReader

CHANGE = re.compile(rb'"kind":"item","item":\{"id":"[^"]*","number":(\d+),.*?"count":(\d+),')
AT_ONCE = 100
"""How many clients connect at the same time."""


class Crowd:
    """All clients; what they received."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self.complete = asyncio.Event()
        self.received: list[tuple[int, tuple[tuple[int, int], ...]]] = []
        self.got = 0
        self.ended = 0
        self.resets = 0
        self.last_ns = time.monotonic_ns()
        self._read: dict[bytes, tuple[tuple[int, int], ...]] = {}

    def note(self, now_ns: int, changes: tuple[tuple[int, int], ...]) -> None:
        """One client received these."""
        self.received.append((now_ns, changes))
        self.got += len(changes)
        self.last_ns = now_ns
        if self.got >= self._wanted:
            self.complete.set()

    async def await_all(self, silence_s: float) -> None:
        """Return when everything has arrived, or nothing has for so long."""
        self.last_ns = time.monotonic_ns()
        while not self.complete.is_set() and time.monotonic_ns() - self.last_ns < silence_s * 1e9:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.complete.wait()

    def changes(self, text: bytes) -> tuple[tuple[int, int], ...]:
        """Number and count of each item that changes in these whole events."""
        found = self._read.get(text)
        if found is None:
            if len(self._read) > 200:
                self._read.clear()
            found = tuple((int(number), int(count)) for number, count in CHANGE.findall(text))
            self.resets += text.count(b"event: reset\n")
            self._read[text] = found
        return found


class StreamClient(asyncio.Protocol):
    """One client; `started` when its snapshot is there."""

    def __init__(self, crowd: Crowd, request: bytes, started: "asyncio.Future[None]") -> None:
        self._crowd, self._request, self._started = crowd, request, started
        self._chunks = ChunkReader()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(self._request)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        text = self._rest + self._chunks.feed(data)
        end = text.rfind(b"\n\n") + 2
        self._rest = text[end:] if end >= 2 else text
        if end < 2:
            return
        whole = text[:end]
        if not self._started.done():
            if b"event: snapshot\n" in whole:
                self._started.set_result(None)
            return
        if changes := self._crowd.changes(whole):
            self._crowd.note(now_ns, changes)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._crowd.ended += 1
        if not self._started.done():
            self._started.set_exception(ConnectionError("the stream ended before its snapshot"))


async def connect_all(
    crowd: Crowd, port: int, tokens: list[str], clients: int
) -> list[asyncio.BaseTransport]:
    """Connect the clients, each with one of the tokens; all have their snapshot."""
    loop = asyncio.get_running_loop()
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> asyncio.BaseTransport:
        head = f"GET /api/v1/stream HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer "
        request = f"{head}{tokens[number % len(tokens)]}\r\n\r\n".encode()
        async with turns:
            started: asyncio.Future[None] = loop.create_future()
            transport, _ = await loop.create_connection(
                lambda: StreamClient(crowd, request, started), "127.0.0.1", port
            )
            await started
            return transport

    return list(await asyncio.gather(*(one(number) for number in range(clients))))


def main() -> int:
    """Connect, say ready, receive, answer."""
    task = read_task()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(task["events"] * task["clients"])

    async def run() -> dict[str, float]:
        began_s = time.monotonic()
        transports = await connect_all(crowd, task["port"], task["tokens"], task["clients"])
        connected_s = time.monotonic() - began_s
        await asyncio.to_thread(await_go)
        used_s = time.process_time()
        await crowd.await_all(task["within_s"])
        told = {
            "got": crowd.got,
            "ended": crowd.ended,
            "resets": crowd.resets,
            "connected_s": round(connected_s, 2),
            "processor_s": round(time.process_time() - used_s, 2),
        }
        for transport in transports:
            transport.close()
        return told

    try:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            told = runner.run(run())
    except ImportError:  # pragma: no cover  # a system without it
        told = asyncio.run(run())
    rows = [(number, count, at_ns) for at_ns, changes in crowd.received for number, count in changes]
    np.save(Path(task["out"]), np.array(rows, dtype=np.int64).reshape(-1, 3))
    give_answer(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
